#!/usr/bin/env python3
"""Instructions of the gateway controller on a small and on a large cluster; fails when there are too many more.

    gateway_scale.py PROGRAM WHAT SMALL LARGE      PROGRAM is bench-gateway_scale, the sizes are Gateways

`changes` counts those for one change, `start` those for a cold start, divided by the number of Gateways.
"""
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

SHAPES = {"changes": ("10", "10"), "start": ("2", "4")}  # routes of a Gateway, endpoints of a route
LIMITS = {"changes": 1.1, "start": 1.02}  # of the ratio


def instructions(program, what, gateways, folder):
    """What was measured -> its instructions, on average."""
    subprocess.run(["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", "--quiet",
                    f"--callgrind-out-file={folder}/{gateways}.out", program, what, str(gateways), *SHAPES[what]],
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
    with tempfile.TemporaryDirectory() as folder:
        few, many = (instructions(program, what, n, folder) for n in (small, large))
    print(f"{what:24} {small:>14} {large:>14}   ratio")
    for each in sorted(many):
        print(f"{each:24} {few[each]:14,.0f} {many[each]:14,.0f} {many[each] / few[each]:7.3f}")
    limit = LIMITS[what]
    failed = [each for each in many if many[each] > limit * few[each]]
    if failed or not many:
        sys.exit(f"more than {limit} times as many: {', '.join(failed) or 'nothing was measured'}")


if __name__ == "__main__":
    main()
