#!/usr/bin/env python3
"""compare_junit.py EMBEDDED.XML KUBERNETES.XML: the cases that one program ran on two servers.

Fails unless both have the same cases, none skipped and none failed. Prints what failed, and last "N passed, N failed".
"""
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter


def read(path):
    """{case: (assertions that failed, skipped)}, and the text of the failures."""
    failures, skipped, names = [], [], Counter()
    for case in ElementTree.parse(path).iter("testcase"):
        # A case with sections has an entry for each; the part before the slash is the case.
        name = case.get("classname", "") + ": " + case.get("name", "")
        names[name] += 1
        for problem in [*case.findall("failure"), *case.findall("error")]:
            failures.append(f"{name}\n{(problem.text or problem.get('message') or '').strip()}")
        if case.find("skipped") is not None:
            skipped.append(name)
    return names, failures, skipped


def main(embedded_path, kubernetes_path):
    problems = 0
    results = {}
    for server, path in (("embedded", embedded_path), ("kubernetes", kubernetes_path)):
        try:
            names, failures, skipped = results[server] = read(path)
        except (OSError, ElementTree.ParseError) as e:
            print(f"{server}: no result: {e}")
            print("0 passed, 1 failed")
            return 1
        for failure in failures:
            print(f"--- {server}: {failure}\n")
        for name in skipped:
            print(f"{server}: skipped: {name}")
        problems += len(failures) + len(skipped)
    embedded, kubernetes = results["embedded"][0], results["kubernetes"][0]
    for name in sorted((embedded - kubernetes) + (kubernetes - embedded)):
        print(f"embedded server {embedded[name]} times, kubernetes {kubernetes[name]} times: {name}")
        problems += 1
    passed = sum(kubernetes.values()) - min(problems, sum(kubernetes.values()))
    print(f"{sum(embedded.values())} entries on the embedded server, {sum(kubernetes.values())} on Kubernetes")
    print(f"{passed} passed, {problems} failed")
    return 1 if problems or not passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
