#!/usr/bin/env python3
"""Sums up a run of `meson test`: test_summary.py TESTLOG.JSON MESON'S-EXIT-CODE < meson's-output

Prints a line per test program, the whole output of each that failed, and last "N passed, N failed", counting the
cases of Catch2, unittest and Go programs, what other programs close with in this same form, and else one for each. A
program that crashed, timed out or failed after its last case counts as a failed case, and so does a run without tests.
"""
import json
import re
import sys

CATCH2_ALL = re.compile(r"^All tests passed \(.* in (\d+) test cases?\)", re.M)
CATCH2_SOME = re.compile(r"^test cases:\s*(\d+)(.*)$", re.M)
# A script's own closing line, and Go's lines per test.
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
GO = re.compile(r"^ *--- (PASS|FAIL|SKIP): ", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in [\d.]+s\n\n(?:OK|FAILED)(.*)$", re.M)


def count(test):
    """(passed, failed, skipped) cases of one program, from the last summary that it printed."""
    out = test.get("stdout") or ""
    err = test.get("stderr") or ""
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    if test["result"] == "SKIP":
        return 0, 0, 1

    passed = failed = skipped = None
    if (found := list(CATCH2_ALL.finditer(out))):
        passed, failed, skipped = int(found[-1][1]), 0, 0
    elif (found := list(CATCH2_SOME.finditer(out))):
        numbers = {word: int(n) for n, word in re.findall(r"\|\s*(\d+) (passed|failed as expected|failed|skipped)",
                                                          found[-1][2])}
        passed = numbers.get("passed", 0) + numbers.get("failed as expected", 0)
        failed, skipped = numbers.get("failed", 0), numbers.get("skipped", 0)
    elif (found := list(PLAIN.finditer(out))):
        passed, failed, skipped = int(found[-1][1]), int(found[-1][2]), 0
    elif (found := GO.findall(out)):
        passed, failed, skipped = (found.count(word) for word in ("PASS", "FAIL", "SKIP"))
    elif (found := list(UNITTEST.finditer(err))):
        marks = {word: int(n) for word, n in re.findall(r"(failures|errors|skipped)=(\d+)", found[-1][2])}
        failed, skipped = marks.get("failures", 0) + marks.get("errors", 0), marks.get("skipped", 0)
        passed = int(found[-1][1]) - failed - skipped
    elif re.search(r"^No tests ran|^No test cases matched", out + err, re.M):
        return 0, 0 if good else 1, 0
    else:
        return (1, 0, 0) if good else (0, 1, 0)
    return passed, failed if good else max(failed, 1), skipped


def main(log_path, meson_status, meson_output):
    try:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        tests = []

    passed = failed = 0
    for test in sorted(tests, key=lambda t: t["name"]):
        # meson 1.0 names a test "project:suite / name" when it belongs to a suite.
        name = test["name"].rsplit(" / ", 1)[-1]
        p, f, s = count(test)
        passed, failed = passed + p, failed + f
        skipped = f", {s} skipped" if s else ""
        seconds = f"{test.get('duration') or 0:.1f} s"
        if f:
            print(f"\n===== {name}: {p} passed, {f} failed{skipped} ({test['result']}, {seconds})")
            print((test.get("stdout") or "").rstrip())
            print((test.get("stderr") or "").rstrip())
            print(f"===== end of {name}; again: {' '.join(test.get('command') or [])}\n")
        else:
            print(f"{name}: {p} passed{skipped} ({seconds})")
            if test["result"] == "SKIP":
                reason = ((test.get("stdout") or "") + (test.get("stderr") or "")).strip().splitlines()
                print(f"  skipped: {reason[-1] if reason else 'it gave no reason'}")

    if passed + failed == 0:
        print(meson_output.strip())
        print("no test was run: nothing matches, or the tests are not built (meson option 'tests')")
        failed = 1
    elif failed == 0 and meson_status != 0:
        print(meson_output.strip())
        print(f"meson test failed (exit code {meson_status}) though no test did")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.stdin.read()))
