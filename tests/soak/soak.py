#!/usr/bin/env python3
"""Controller and API server behind a fault proxy, for minutes or hours: soak.py BUILD --minutes N [--seed S]

Phases take turns. In a phase of trouble the cluster changes and requests meet faults, or no connection is let through at
all. In a calm one nothing changes and everything has to become right within a limit, which is when memory and descriptors
are measured. The last line is "N passed, M failed", in checks.
"""
import argparse
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import fixed_point
from api import Api
from programs import ApiServer, Controller, wait_for
from proxy import FaultProxy
from usage import Usage
from world import NAMESPACES, Load, World

RATE = 20  # changes of the cluster in a second
FAULTS = 0.05  # share of the requests and of the events of watches that meet one
TROUBLE = 15  # seconds of it
OUTAGE = 20
# Less than otherwise: recovery is to be seen, and not how fast an unoptimised build catches up.
OUTAGE_RATE = 5
# The longest pause between two attempts is 30 s, and what is missed is made up for in five.
RECOVERY = 35
START = 120
QUIET = 0.3
OUTAGE_EVERY = 5  # phases of trouble; the first is followed by one
FRESH_EVERY = 10


class Soak:
    def __init__(self, build, folder, seed):
        self.build, self.folder = build, folder
        self.passed = self.failed = 0
        self.begin = time.monotonic()
        self.server = ApiServer(build / "gwctl-apiserver", folder)
        self.api = Api(self.server.port)
        self.world = World(self.api, seed)
        self.proxy = FaultProxy(self.server.port, seed)
        self.controller = None
        self.slowest = {}
        self.usages = [Usage("controller, memory", "MiB", 8), Usage("controller, descriptors", "", 4),
                       Usage("API server, memory", "MiB", 40), Usage("API server, descriptors", "", 4)]

    def check(self, good, text):
        print(f"{time.monotonic() - self.begin:6.0f} s {'ok  ' if good else 'FAIL'} {text}", flush=True)
        self.passed += bool(good)
        self.failed += not good

    def alive(self):
        """Raises when a program has ended: nothing that follows would mean anything."""
        for program in (self.server, self.controller):
            if program.ended is not None:
                raise RuntimeError(f"{program.log.name.removesuffix('.log')} ended with {program.ended}:\n" +
                                   "\n".join(program.log.read_text(encoding="utf-8").splitlines()[-20:]))

    def settles(self, limit, what):
        """Checks that everything is right `limit` seconds after now, and stays so."""
        begin = time.monotonic()
        while True:
            self.alive()
            took = time.monotonic() - begin
            # To look is work for the server, so not while the controller is busy.
            if time.monotonic() - self.proxy.last_request > QUIET or took > limit:
                wrong = fixed_point.problems(self.api)
                if not wrong and not self.controller.ready():
                    wrong = ["the controller is not ready"]
                if not wrong or took > limit:
                    break
            time.sleep(0.1)
        if not wrong:
            time.sleep(1)
            wrong = [f"was right, and then: {each}" for each in fixed_point.problems(self.api)]
        self.slowest[what] = max(self.slowest.get(what, 0.0), took)
        self.check(not wrong, f"{what}: all is right after {took:.1f} s, of {limit}" if not wrong else
                   f"{what}: {len(wrong)} things are wrong after {took:.1f} s, of {limit}: " + "; ".join(wrong[:5]))

    def fresh_writes_nothing(self):
        """Another controller, that knows nothing but what is in the cluster, finds nothing to do."""
        proxy = FaultProxy(self.server.port)
        fresh = Controller(self.build / "gateway-api-controller", self.folder, "fresh", proxy.port)
        try:
            wait_for(fresh.ready, START, "a fresh controller's readiness")
            wait_for(lambda: time.monotonic() - proxy.last_request > 3, START, "a fresh controller's rest")
            self.check(not proxy.writes, f"a fresh controller writes {len(proxy.writes)} times: " +
                       ", ".join(proxy.writes[:5]))
        finally:
            fresh.stop()
            proxy.stop()

    def measure(self):
        # A cluster forgets Events after an hour; the embedded server keeps them until somebody deletes them.
        for i in range(NAMESPACES):
            self.api.delete_events(f"ns{i}")
        for usage, value in zip(self.usages, (self.controller.rss(), self.controller.descriptors(),
                                              self.server.rss(), self.server.descriptors())):
            usage.add(self.world.changes, value)

    def trouble(self):
        self.proxy.trouble(FAULTS)
        with Load(self.world, RATE):
            time.sleep(TROUBLE)
        self.proxy.calm()
        self.settles(RECOVERY, "after faults")

    def outage(self):
        self.proxy.refuse()
        with Load(self.world, OUTAGE_RATE):
            time.sleep(OUTAGE)
        self.alive()
        self.proxy.accept()
        self.settles(RECOVERY, "after an outage")

    def run(self, minutes):
        end = self.begin + 60 * minutes
        self.world.build()
        # Without leader election: a leader ends in an outage, as it has to, and would begin anew with empty caches.
        self.controller = Controller(self.build / "gateway-api-controller", self.folder, "controller", self.proxy.port)
        self.settles(START, "after the start")
        self.fresh_writes_nothing()
        turn = 0
        # A turn takes as long as its trouble and the limit of its recovery.
        while time.monotonic() + TROUBLE + RECOVERY < end or turn < 2:
            self.trouble()
            # The first turn is the warm-up: caches, buffers and tables have reached their size after it.
            if turn % OUTAGE_EVERY == 0:
                self.outage()
            self.measure()
            turn += 1
            if turn % FRESH_EVERY == 0:
                self.fresh_writes_nothing()
        self.fresh_writes_nothing()

    def report(self):
        for usage in self.usages:
            self.check(usage.flat(), str(usage))
        code = self.controller.stop()
        self.check(code == 0, f"the controller ends with {code} when it is asked to")
        print(f"{self.world.changes} changes; faults: " +
              ", ".join(f"{count} {name}" for name, count in sorted(self.proxy.seen.items())))
        print("slowest: " + ", ".join(f"{what} {took:.1f} s" for what, took in self.slowest.items()))

    def close(self):
        for program in (self.controller, self.server):
            if program is not None and program.ended is None:
                program.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100000, help="of changes and faults")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gwctl-soak-"))
    print(f"seed {arguments.seed}; logs are in {folder}")
    soak = Soak(arguments.build.resolve(), folder, arguments.seed)
    try:
        soak.run(arguments.minutes)
        soak.report()
    except Exception as why:  # whatever it is, it is counted
        soak.check(False, f"{type(why).__name__}: {why}")
        traceback.print_exc(file=sys.stdout)
    finally:
        soak.close()
    if soak.failed == 0:
        shutil.rmtree(folder)
    print(f"{soak.passed} passed, {soak.failed} failed")
    return 1 if soak.failed else 0


if __name__ == "__main__":
    sys.exit(main())
