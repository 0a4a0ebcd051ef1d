#!/usr/bin/env python3
"""Tests of tools/fuzz, and that the parts of a target are all there. Nothing is built or fuzzed."""
import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
FUZZ = ROOT / "tests/fuzz"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("fuzz", str(ROOT / "tools/fuzz"))
fuzz = importlib.util.module_from_spec(importlib.util.spec_from_loader("fuzz", loader))
loader.exec_module(fuzz)


def names(pattern, text):
    return set(re.findall(pattern, text))


class Targets(unittest.TestCase):
    def setUp(self):
        self.meson = (FUZZ / "meson.build").read_text()
        self.listed = names(r"'(\w+)'", re.search(r"fuzz_targets = \[(.*?)\]", self.meson, re.S)[1])

    def test_each_source_is_built(self):
        sources = {p.stem for p in FUZZ.glob("*.cpp") if "int LLVMFuzzerTestOneInput" in p.read_text()}
        self.assertEqual(sources - {"corpus_main"}, self.listed)

    def test_each_target_has_a_corpus(self):
        folders = {p.name for p in (FUZZ / "corpus").iterdir() if any(p.iterdir())}
        self.assertEqual(folders, self.listed)

    def test_each_dictionary_is_of_a_target(self):
        self.assertLessEqual({p.stem for p in (FUZZ / "dictionaries").iterdir()}, self.listed)

    def test_each_target_is_documented(self):
        page = (ROOT / "docs/testing.md").read_text()
        table = page[page.index("## Fuzzing"):page.index("## The integration suite on a cluster")]
        for name in self.listed:
            self.assertIn(f"`{name}`", table)

    def test_each_mistake_is_one_change_of_what_is_there(self):
        found = re.findall(r"^  '(\w+)-\w+': \['([\w/]+)', '(.*)', '(.*)'\],$", self.meson, re.M)
        self.assertGreaterEqual(len(found), 3)
        for target, source, right, wrong in found:
            self.assertIn(target, self.listed)
            self.assertNotEqual(right, wrong)
            self.assertEqual((ROOT / "lib" / f"{source}.cpp").read_text().count(right), 1, source)


class Report(unittest.TestCase):
    def read(self, code, *lines):
        result = fuzz.Result("yaml")
        good = result.read(SimpleNamespace(returncode=code, stderr="\n".join(lines)), 0)
        return result, good

    def test_the_last_line_of_a_run_counts(self):
        result, good = self.read(0, "#2\tINITED cov: 10 ft: 20 corp: 1/1b exec/s: 0 rss: 30Mb",
                                 "#4096\tpulse  cov: 11 ft: 21 corp: 3/9b lim: 4 exec/s: 2048 rss: 31Mb",
                                 "#5000\tDONE   cov: 12 ft: 22 corp: 4/9b lim: 4 exec/s: 2048 rss: 31Mb",
                                 "stat::number_of_executed_units: 5001")
        self.assertTrue(good)
        self.assertEqual((result.executions, result.coverage, result.features, result.corpus), (5001, 12, 22, 4))

    def test_a_crash_names_its_input(self):
        result, good = self.read(77, "Running: a", "Running: b", "broken rule: x")
        self.assertFalse(good)
        self.assertEqual(result.crash, "b")
        result, _ = self.read(77, "artifact_prefix='c-'; Test unit written to c-crash-1")
        self.assertEqual(result.crash, "c-crash-1")


class Arguments(unittest.TestCase):
    def test_an_unknown_target_is_refused_with_those_there_are(self):
        done = subprocess.run([str(ROOT / "tools/fuzz"), "nothing"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no target 'nothing'; there are: decode ", done.stderr)


if __name__ == "__main__":
    unittest.main()
