"""What tools/test counts, for the outputs of Catch2 v2 and v3, unittest, and programs that end badly."""
import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import test_summary  # noqa: E402


def program(out="", result="OK", err="", name="p"):
    return {"name": name, "stdout": out, "stderr": err, "result": result, "duration": 0.1, "command": ["./p"]}


class Count(unittest.TestCase):
    def test_catch2(self):
        for out, counts in {
            "All tests passed (9 assertions in 1 test case)\n": (1, 0, 0),
            "All tests passed (9 assertions in 12 test cases)\n": (12, 0, 0),
            "test cases: 3 | 2 passed | 1 skipped\nassertions: 2 | 2 passed\n": (2, 0, 1),
            "test cases:  3 |  2 passed | 1 failed as expected\n": (3, 0, 0),
            "No tests ran\n": (0, 0, 0),
        }.items():
            self.assertEqual(test_summary.count(program(out)), counts, out)

    def test_catch2_failures(self):
        out = "test cases: 30 | 27 passed | 2 failed | 1 failed as expected\n"
        self.assertEqual(test_summary.count(program(out, "FAIL")), (28, 2, 0))

    def test_a_failure_after_the_last_case(self):
        out = "All tests passed (9 assertions in 12 test cases)\n"
        self.assertEqual(test_summary.count(program(out, "FAIL", "==1==ERROR: LeakSanitizer")), (12, 1, 0))

    def test_a_crash_or_a_timeout(self):
        self.assertEqual(test_summary.count(program("", "FAIL")), (0, 1, 0))
        self.assertEqual(test_summary.count(program("", "TIMEOUT")), (0, 1, 0))

    def test_unittest(self):
        self.assertEqual(test_summary.count(program(err="Ran 7 tests in 0.1s\n\nOK (skipped=2)\n")), (5, 0, 2))
        err = "Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n"
        self.assertEqual(test_summary.count(program("", "FAIL", err)), (4, 3, 0))

    def test_go(self):
        out = "=== RUN   TestA\n    --- PASS: TestA/one (0.01s)\n--- PASS: TestA (0.02s)\nPASS\n"
        self.assertEqual(test_summary.count(program(out)), (2, 0, 0))
        out = "    --- FAIL: TestA/one (0.01s)\n--- FAIL: TestA (0.02s)\n--- SKIP: TestB (0.00s)\nFAIL\n"
        self.assertEqual(test_summary.count(program(out, "FAIL")), (0, 2, 1))
        self.assertEqual(test_summary.count(program("--- PASS: TestA (0.02s)\npanic: x\n", "FAIL")), (1, 1, 0))

    def test_what_a_script_says(self):
        self.assertEqual(test_summary.count(program("3 passed, 1 failed\nmore\n17 passed, 0 failed\n")), (17, 0, 0))

    def test_any_other_program(self):
        self.assertEqual(test_summary.count(program("done")), (1, 0, 0))
        self.assertEqual(test_summary.count(program("no network", "SKIP")), (0, 0, 1))


class Summary(unittest.TestCase):
    def summary(self, tests, status=0):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
            log.write("".join(json.dumps(t) + "\n" for t in tests))
            log.flush()
            with contextlib.redirect_stdout(io.StringIO()) as out:
                code = test_summary.main(log.name, status, "what meson said")
        return code, out.getvalue()

    def test_a_good_run_shows_no_output_of_its_programs(self):
        code, out = self.summary([program("chatter\nAll tests passed (9 assertions in 12 test cases)\n")])
        self.assertEqual(code, 0)
        self.assertNotIn("chatter", out)
        self.assertEqual(out.splitlines()[-1], "12 passed, 0 failed")

    def test_a_bad_program_shows_all_of_its_output(self):
        bad = program("first line\n" + "more\n" * 500, "FAIL", "the reason")
        code, out = self.summary([program("done"), bad], status=1)
        self.assertEqual(code, 1)
        self.assertIn("first line", out)
        self.assertIn("the reason", out)
        self.assertEqual(out.splitlines()[-1], "1 passed, 1 failed")

    def test_no_test_is_a_failure(self):
        for tests in ([], [program("No tests ran\n")]):
            code, out = self.summary(tests)
            self.assertEqual((code, out.splitlines()[-1]), (1, "0 passed, 1 failed"))
            self.assertIn("what meson said", out)

    def test_meson_failing_by_itself_is_a_failure(self):
        code, out = self.summary([program("done")], status=2)
        self.assertEqual((code, out.splitlines()[-1]), (1, "1 passed, 1 failed"))


if __name__ == "__main__":
    unittest.main()
