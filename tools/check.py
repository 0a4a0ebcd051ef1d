#!/usr/bin/env python3
"""Checks of the source tree that no compiler makes.

    tools/check.py                   all of them
    tools/check.py layers headers    some: layers, lengths, words, coroutines, format, headers

Each finding is one line, `file:line: what is wrong; what to do`. The last line is "N passed, N failed", in checks.
"""
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import coroutine_lint

# --- what is checked --------------------------------------------------------------------------------------------

# What a folder may include besides itself; docs/design.md draws the arrows.
CHAIN = ["core", "json", "api", "client", "runtime"]
MAY_INCLUDE = {
    **{layer: set(CHAIN[: i + 1]) for i, layer in enumerate(CHAIN)},
    "ipam": {"core", "ipam"},
    "gateway": {*CHAIN, "ipam", "gateway"},
    "testing": {*CHAIN, "ipam", "testing"},
    # The umbrella header.
    "gwctl.hpp": {*CHAIN},
}
# Headers that cost seconds a translation unit, or bind a user to the transport's innards.
LIB_ONLY = re.compile(r"^(boost/beast|boost/asio/ssl|openssl/)")

# A public header may cost this many times REFERENCE. gateway/route_source.hpp, the dearest, measures 2.2 to 2.7.
HEADER_BUDGET = 3.3
REFERENCE = "#include <boost/asio/awaitable.hpp>\n#include <string>\n"

LINES_SOFT, LINES_HARD = 400, 600

# Written so that this file does not contain what it looks for. An example in a comment may be at home with "me".
WORDS = [
    (re.compile(r"/(w[o]rk|f[a]rm|r[o]ot)/"), "a path of one machine; use a relative path or a variable"),
    (re.compile(r"/h[o]me/(?!me\b)\w|/Us[e]rs/\w"), "a path of one machine; use a relative path or a variable"),
    (re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b"), "unfinished work; finish it or describe the limit in prose"),
    (re.compile(r"\b(deb\.deb[i]an\.org|arch[i]ve\.ubuntu\.com|proxy\.gol[a]ng\.org|registry\.np[m]js\.org)\b"),
     "the host of a package registry; use the configured client"),
]

CLANG_FORMAT = 14  # later versions lay some code out differently
CPP = (".hpp", ".cpp")


class Tree:
    """The files under check, below `root`."""

    def __init__(self, root):
        self.root = Path(root)
        self._all = None
        self._cache = {}

    def files(self, *tops, suffixes=CPP):
        for path in self.all():
            if path.split("/")[0] in tops and path.endswith(suffixes):
                yield path

    def all(self):
        if self._all is None:
            try:
                out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=self.root, check=True,
                                     capture_output=True, text=True).stdout
                found = out.splitlines()
            except (OSError, subprocess.CalledProcessError):
                found = []
                for folder, subfolders, names in os.walk(self.root):
                    subfolders[:] = [s for s in subfolders
                                     if s not in (".git", ".cache", "__pycache__") and not s.startswith("build")]
                    found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names]
            self._all = sorted(p for p in found if (self.root / p).is_file())
        return self._all

    def text(self, path):
        """None for what is not text."""
        if path not in self._cache:
            data = (self.root / path).read_bytes()
            try:
                self._cache[path] = None if b"\0" in data else data.decode()
            except UnicodeDecodeError:
                self._cache[path] = None
        return self._cache[path]


# --- layers -----------------------------------------------------------------------------------------------------

INCLUDE = re.compile(r'^\s*#\s*include\s*(<([^>]+)>|"([^"]+)")', re.M)


def layer_of(path):
    """The layer that a file of include/ or lib/ belongs to, or None."""
    parts = path.split("/")
    if parts[:2] == ["include", "gwctl"] and len(parts) > 2:
        return parts[2]
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1]
    return None


def included_layer(tree, path, angled, quoted):
    if angled:
        return layer_of("include/" + angled) if angled.startswith("gwctl/") else None
    for base in (Path(path).parent, Path("lib"), Path("include")):
        target = os.path.normpath(base / quoted)
        if (tree.root / target).is_file():
            return layer_of(target)
    return None


def check_layers(tree):
    for path in tree.files("include", "lib", "tools", "examples", "tests"):
        layer = layer_of(path)
        if layer and layer not in MAY_INCLUDE:
            yield f"{path}:1: '{layer}' is not a layer; move the file into one of {', '.join(MAY_INCLUDE)}"
            continue
        for match in INCLUDE.finditer(tree.text(path)):
            line = tree.text(path).count("\n", 0, match.start(1)) + 1
            name = match[2] or match[3]
            if LIB_ONLY.match(name) and not path.startswith(("lib/", "tests/")):  # a test may play the server
                yield (f"{path}:{line}: <{name}> may be included by lib/ only; "
                       "put what needs it behind a type-erased interface in lib/")
            target = included_layer(tree, path, match[2], match[3])
            if layer and target and target != layer and target not in MAY_INCLUDE[layer]:
                allowed = ", ".join(sorted(MAY_INCLUDE[layer] - {layer})) or "nothing"
                yield (f"{path}:{line}: {layer} may not include {target} (allowed: {allowed}); "
                       "move the code to a layer that may, or pass the thing in")
            if path.startswith("include/") and match[3]:
                yield f'{path}:{line}: "{name}" in quotes; a public header includes <gwctl/...>'


# --- lengths and words ------------------------------------------------------------------------------------------

def check_lengths(tree):
    for path in tree.files("include", "lib", "tools", "examples", "tests", suffixes=(".hpp", ".cpp", ".py", ".go")):
        lines = tree.text(path).count("\n")
        if lines > LINES_HARD:
            yield f"{path}:{LINES_HARD}: {lines} lines, the limit is {LINES_HARD}; split it by concept"
        elif lines > LINES_SOFT:
            print(f"note: {path} has {lines} lines, more than {LINES_SOFT}: does it hold two concepts?")


def check_words(tree):
    for path in tree.all():
        for number, line in enumerate((tree.text(path) or "").splitlines(), 1):
            for pattern, remedy in WORDS:
                if (found := pattern.search(line)):
                    yield f"{path}:{number}: '{found[0]}' is {remedy}"


def check_docs(tree):
    """Code that people copy compiles: every C++ block of the documentation stands in an example or a test."""
    sources = [tree.text(path) for path in tree.files("examples", "tests")]
    for path in tree.all():
        if not path.endswith(".md"):
            continue
        text = tree.text(path)
        for block in re.finditer(r"```cpp\n(.*?)```", text, re.S):
            if not any(block[1] in source for source in sources):
                line = text.count("\n", 0, block.start()) + 1
                yield f"{path}:{line}: this code is in no example or test; quote one of them, word for word"
    yield from check_test_numbers(tree)


NUMBERS_PAGE = "docs/test-numbers.md"
NUMBERED_ROW = re.compile(r"^\| (B?\d+) \| .* \| (.*) \|$")
# How the name of a test begins, by the heading of its table on the page.
NUMBERED = {
    "Pitfalls": re.compile(r"pitfalls? (\d+)(?: and (\d+))?\b"),
    "Rows of the contract": re.compile(r"contract row (\d+)\b"),
    "Seed bugs": re.compile(r"seed (B\d+)\b"),
}


def titles_of(text):
    """The names of the tests in a file."""
    text = re.sub(r'"\s*\n\s*"', "", text)  # long ones are split over lines
    yield from re.findall(r'TEST_CASE\(\s*"([^"]*)"', text)
    yield from (name.replace("_", " ") for name in re.findall(r"^    def test_(\w+)", text, re.M))


def check_test_numbers(tree):
    """The page says what the numbers in names of tests mean: each number has a test where the page says, and each
    numbered test a row."""
    if NUMBERS_PAGE not in tree.all():
        return
    files = {}  # (heading, number): where tests of that number are
    for path in tree.files("tests", suffixes=(".cpp", ".py")):
        for title in titles_of(tree.text(path)):
            for heading, name in NUMBERED.items():
                for number in filter(None, (found := name.match(title)) and found.groups() or ()):
                    files.setdefault((heading, number), set()).add(path)
    heading, rows = None, set()
    for line, text in enumerate(tree.text(NUMBERS_PAGE).splitlines(), 1):
        if text.startswith("## "):
            heading = text[3:]
        elif (row := NUMBERED_ROW.match(text)) and heading in NUMBERED:
            rows.add((heading, row[1]))
            there = files.get((heading, row[1]), set())
            said = {"tests/" + name for name in re.findall(r"`([^`]+)`", row[2])}
            for path in sorted(there ^ said):
                yield (f"{NUMBERS_PAGE}:{line}: {row[1]}: " +
                       (f"'{path}' is not named; name it" if path in there else
                        f"'{path}' has no test of that number; name the test by it, or leave the file out"))
            if not said:
                yield f"{NUMBERS_PAGE}:{line}: {row[1]} has no test; write one"
    for heading, number in sorted(set(files) - rows):
        path = sorted(files[heading, number])[0]
        yield f"{path}:1: the number {number} is not on {NUMBERS_PAGE} under '{heading}'; say there what it means"


# --- coroutines -------------------------------------------------------------------------------------------------

def check_coroutines(tree):
    reviewed = 0
    for path in tree.files("include", "lib", "tools", "examples", "tests"):
        for line, finding, accepted in coroutine_lint.hazards_in(tree.text(path)):
            reviewed += accepted
            if not accepted:
                yield f"{path}:{line}: {finding}"
    if reviewed:
        print(f"note: {reviewed} co_await expressions are marked coroutine-reviewed")


# --- format -----------------------------------------------------------------------------------------------------

def check_format(tree):
    for name in (f"clang-format-{CLANG_FORMAT}", "clang-format"):
        try:
            version = subprocess.run([name, "--version"], capture_output=True, text=True).stdout.strip()
        except OSError:
            continue
        if re.search(rf"version {CLANG_FORMAT}\.", version):
            break
    else:
        print(f"skipped: format: there is no clang-format {CLANG_FORMAT} here (package clang-format-{CLANG_FORMAT})")
        return
    paths = list(tree.files("include", "lib", "tools", "examples", "tests"))
    for i in range(0, len(paths), 50):
        out = subprocess.run([name, "--dry-run", "--Werror", *paths[i : i + 50]], cwd=tree.root, capture_output=True,
                             text=True).stderr
        first = {}
        for path, line in re.findall(r"^(.+?):(\d+):\d+: error:", out, re.M):
            first.setdefault(path, []).append(line)
        for path, found in first.items():
            yield f"{path}:{found[0]}: {len(found)} places are not as .clang-format has it; run {name} -i {path}"


# --- headers ----------------------------------------------------------------------------------------------------

def compile_text(tree, text, flags):
    """(exit code, CPU seconds, diagnostics). CPU time, because other work on the machine must not fail the check."""
    command = [os.environ.get("CXX", "c++"), "-std=c++20", "-O0", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic",
               "-Werror", "-Iinclude", *flags, "-x", "c++", "-"]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as errors:
        source.write(text.encode())
        source.seek(0)
        process = subprocess.Popen(command, cwd=tree.root, stdin=source, stderr=errors,
                                   env={**os.environ, "LC_ALL": "C"})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return process.returncode, usage.ru_utime + usage.ru_stime, errors.read().decode(errors="replace")


def check_headers(tree, budget=HEADER_BUDGET, reference=REFERENCE):
    flags = subprocess.run(["pkg-config", "--cflags", "fmt"], capture_output=True, text=True).stdout.split()
    headers = list(tree.files("include", suffixes=(".hpp",)))

    def measure(header):
        # Twice, so that the include guard is compiled too.
        name = header[len("include/"):]
        status, seconds, errors = compile_text(tree, f"#include <{name}>\n#include <{name}>\n", flags)
        if status == 0 and seconds > budget * unit:
            seconds = min(compile_text(tree, f"#include <{name}>\n", flags)[1] for _ in range(2))
        return header, status, seconds / unit, errors

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # In the same company as the headers, since cores share caches.
        unit = min(pool.map(lambda _: compile_text(tree, reference, flags)[1], range(4)))
        results = list(pool.map(measure, headers))
    for header, status, ratio, errors in results:
        if status != 0:
            first = next((e for e in errors.splitlines() if "error:" in e), errors.strip().splitlines()[-1])
            yield f"{header}:1: does not compile alone ({first.strip()}); include what it uses"
        elif ratio > budget:
            yield (f"{header}:1: costs {ratio:.1f} times what <boost/asio/awaitable.hpp> with <string> costs, the budget "
                   f"is {budget:.1f}; move an include to lib/ or forward-declare")
    if results:
        header, _, ratio, _ = max(results, key=lambda r: r[2])
        print(f"note: the dearest of {len(results)} headers is {header}, {ratio:.2f} of a budget of {budget:.1f} "
              f"(reference {unit:.2f} s)")


# --- main -------------------------------------------------------------------------------------------------------

CHECKS = {
    "layers": check_layers,
    "lengths": check_lengths,
    "words": check_words,
    "docs": check_docs,
    "coroutines": check_coroutines,
    "format": check_format,
    "headers": check_headers,
}


def main(names):
    unknown = [n for n in names if n not in CHECKS]
    if unknown:
        print(f"tools/check.py: unknown check '{unknown[0]}'; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    tree = Tree(Path(__file__).resolve().parent.parent)
    failed = 0
    for name in names or CHECKS:
        findings = list(CHECKS[name](tree))
        print("\n".join([*findings, f"{name}: {len(findings) or 'no'} findings"]), flush=True)
        failed += bool(findings)
    print(f"{len(names or CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
