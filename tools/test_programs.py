#!/usr/bin/env python3
"""Prints the programs that a run of `meson test` needs, as targets of ninja: test_programs.py BUILD [meson's selection...]

The tests' meson.build files say what each needs: its own program, and its `depends`.
"""
import json
import os
import subprocess
import sys


def introspect(build, what):
    return json.loads(subprocess.check_output(["meson", "introspect", build, "--" + what]))


def selected(build, selection):
    """The names that meson selects, without project and suites: "gwctl:unit / unit-json" is unit-json."""
    listed = subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--list", *selection],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {line.rsplit(" / ", 1)[-1].strip() for line in listed.splitlines()}


def programs(tests, targets, names, build):
    """Paths within `build` of what the tests of these names need."""
    files = {target["id"]: target["filename"] for target in targets}
    needed = {each for test in tests if test["name"] in names for each in test["depends"]}
    return sorted(os.path.relpath(path, os.path.realpath(build)) for each in needed for path in files[each])


def main(build, *selection):
    for path in programs(introspect(build, "tests"), introspect(build, "targets"), selected(build, selection), build):
        print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
