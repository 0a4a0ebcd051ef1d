#!/usr/bin/env python3
"""Instructions for one change at 100 and at 1,000 Gateways of the same size; fails when their ratio exceeds 1.1.

    gateway_scale.py PROGRAM [SMALL LARGE]      PROGRAM is bench-gateway_scale
"""
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

ROUTES, ENDPOINTS = 2, 4  # of a Gateway, of a route
LIMIT = 1.1


def instructions(program, gateways, folder):
    """Change -> instructions for one, on average."""
    subprocess.run(["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", "--quiet",
                    f"--callgrind-out-file={folder}/{gateways}.out", program, "instructions", str(gateways), str(ROUTES),
                    str(ENDPOINTS)], check=True)
    counts = collections.defaultdict(list)
    for path in pathlib.Path(folder).glob(f"{gateways}.out*"):
        text = path.read_text()
        change = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
        total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
        if change and total and change[1] != "warm-up":
            counts[change[1]].append(int(total[1]))
    return {change: sum(all_of) / len(all_of) for change, all_of in counts.items()}


def main():
    program = sys.argv[1]
    small, large = map(int, sys.argv[2:4]) if len(sys.argv) > 2 else (100, 1000)
    with tempfile.TemporaryDirectory() as folder:
        few, many = (instructions(program, n, folder) for n in (small, large))
    print(f"{'change':12} {small:>14} {large:>14}   ratio")
    for change in sorted(many):
        print(f"{change:12} {few[change]:14,.0f} {many[change]:14,.0f} {many[change] / few[change]:7.3f}")
    failed = [change for change in many if many[change] > LIMIT * few[change]]
    if failed or not many:
        sys.exit(f"more than {LIMIT} times as many: {', '.join(failed) or 'nothing was measured'}")


if __name__ == "__main__":
    main()
