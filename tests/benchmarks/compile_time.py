#!/usr/bin/env python3
"""Seconds to compile a user's translation unit, examples/1_watch.cpp, as the build compiles it.

usage: compile_time.py BUILD_DIRECTORY
Printed beside the seconds for <boost/asio/awaitable.hpp> and <string> alone, since only the ratio travels.
"""
import json
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time


def seconds(command, directory):
    runs = []
    for _ in range(3):
        start = time.monotonic()
        subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
        runs.append(time.monotonic() - start)
    return statistics.median(runs)


def main():
    build = pathlib.Path(sys.argv[1])
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"].endswith("examples/1_watch.cpp"):
            break
    else:
        sys.exit("compile_time.py: examples/1_watch.cpp is not built here; set -Dexamples=true")
    words = [w for w in shlex.split(entry["command"]) if not w.endswith("ccache")]
    with tempfile.TemporaryDirectory() as folder:
        output = ["-o", f"{folder}/out.o"]
        drop = {"-o", "-MF", "-MQ", "-MD"}
        command, skip = [], False
        for word in words:
            if skip:
                skip = False
            elif word in drop:
                skip = word != "-MD"
            else:
                command.append(word)
        example = seconds(command + output, entry["directory"])
        source = pathlib.Path(folder, "reference.cpp")
        source.write_text("#include <boost/asio/awaitable.hpp>\n#include <string>\n")
        reference = seconds([str(source) if w.endswith("1_watch.cpp") else w for w in command] + output, entry["directory"])
    print(f"examples/1_watch.cpp: {example:.1f} s; awaitable.hpp and <string> alone: {reference:.1f} s; "
          f"ratio {example / reference:.1f}")


if __name__ == "__main__":
    main()
