#!/usr/bin/env python3
"""Instructions of the gateway controller on a small and on a large cluster; fails when there are too many more.

    gateway_scale.py PROGRAM WHAT SMALL LARGE ROUTES ENDPOINTS

PROGRAM is bench-gateway_scale, SMALL and LARGE are numbers of Gateways, ROUTES those of a Gateway, ENDPOINTS those of a
route. WHAT: `changes` counts instructions for one change, `start` those for a cold start, divided by the number of
Gateways. The last line is "N passed, N failed".
"""
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

LIMITS = {"changes": 1.1, "start": 1.02}  # of the ratio


def instructions(program, what, gateways, shape, folder):
    """What was measured -> its instructions, on average."""
    subprocess.run(["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", "--quiet",
                    f"--callgrind-out-file={folder}/{gateways}.out", program, what, str(gateways), *shape],
                   check=True)
    counts = collections.defaultdict(list)
    for path in pathlib.Path(folder).glob(f"{gateways}.out*"):
        text = path.read_text()
        measured = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
        total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
        if measured and total and measured[1] != "warm-up":
            counts[measured[1]].append(int(total[1]))
    shared_by = gateways if what == "start" else 1
    return {measured: sum(all_of) / len(all_of) / shared_by for measured, all_of in counts.items()}


def main():
    program, what, small, large = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        few, many = pool.map(lambda n: instructions(program, what, n, sys.argv[5:7], folder), (small, large))
    print(f"{what:24} {small:>14} {large:>14}   ratio")
    for each in sorted(many):
        print(f"{each:24} {few[each]:14,.0f} {many[each]:14,.0f} {many[each] / few[each]:7.3f}")
    limit = LIMITS[what]
    failed = [each for each in many if many[each] > limit * few[each]]
    for each in failed:
        print(f"{each}: more than {limit} times as many; something looks at all there is, not at what depends on the "
              "change")
    print(f"{len(many) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed or not many else 0)


if __name__ == "__main__":
    main()
