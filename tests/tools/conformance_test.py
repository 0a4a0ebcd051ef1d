"""tools/conformance around stand-ins for what it builds and runs: exit codes, the last line, and what it shows."""
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# Runs what comes after "--", as the control plane does.
KUBERNETES = """#!/usr/bin/env bash
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""
SUITE = """#!/usr/bin/env bash
printf '%s\\n' "$@" > arguments
for argument; do
    case $argument in
        -verdict=*) printf '%s' "$VERDICT" > "${argument#*=}" ;;
        -report-output=*) echo report > "${argument#*=}" ;;
    esac
done
printf '%s' "$LOG"
exit "$STATUS"
"""
LOG = """=== RUN   TestConformance
=== RUN   TestConformance/GatewayOne
    helpers.go:1: the first says this
=== RUN   TestConformance/GatewayTwo
    helpers.go:1: the second says this
=== NAME  TestConformance/GatewayOne/part
    helpers.go:2: a part of the first says that
=== RUN   TestConformance/GatewayOneMore
    helpers.go:1: the third says this
=== NAME  TestConformance
    suite.go:1: the suite says this
    conformance.go:1: Conformance report:
        kind: ConformanceReport
--- FAIL: TestConformance (1.00s)
    --- FAIL: TestConformance/GatewayOne (1.00s)
"""


class Conformance(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for sub in ("tools", "build/kubernetes", "tests/kubernetes"):
            (self.root / sub).mkdir(parents=True)
        shutil.copy(REPOSITORY / "tools/conformance", self.root / "tools/conformance")
        self.program("tools/build", "#!/bin/sh\n")
        self.program("tests/kubernetes/build", "#!/bin/sh\n")
        self.program("build/gateway-api-controller", "#!/bin/sh\necho gateway-api-controller 1.2.3\n")
        self.program("build/kubernetes/kubernetes", KUBERNETES)
        self.program("build/kubernetes/conformance.test", SUITE)

    def program(self, path, text):
        (self.root / path).write_text(text)
        (self.root / path).chmod(0o755)

    def run_it(self, *arguments, verdict="", log=LOG, status=0):
        done = subprocess.run(["tools/conformance", *arguments], cwd=self.root, capture_output=True, text=True,
                              env={"PATH": "/usr/bin:/bin", "VERDICT": verdict, "LOG": log, "STATUS": str(status)})
        return done.returncode, done.stdout, done.stderr

    def suite_arguments(self):
        return (self.root / "arguments").read_text().splitlines()

    def test_a_good_run(self):
        code, out, _ = self.run_it(verdict="passed   GatewayOne\n1 passed, 0 failed\n")
        self.assertEqual(code, 0, out)
        self.assertEqual(out.splitlines()[-1], "1 passed, 0 failed")
        self.assertIn("The report is build/conformance-report.yaml", out)
        self.assertNotIn("says", out)
        self.assertIn("-version=v1.2.3", self.suite_arguments())

    def test_a_report_elsewhere_by_somebody(self):
        code, out, _ = self.run_it("reports/r.yaml", "--organization", "acme", "--version=v9", verdict="0 passed, 0 failed\n")
        self.assertEqual(code, 0, out)
        self.assertTrue((self.root / "reports/r.yaml").exists())
        given = self.suite_arguments()
        # The suite takes the last of each.
        self.assertGreater(len(given) - given[::-1].index("--version=v9"), given.index("-version=v1.2.3"))
        self.assertIn("--organization=acme", given)

    def test_a_failed_test_shows_the_end_of_its_log_and_of_no_other(self):
        code, out, _ = self.run_it(status=1, verdict="passed   GatewayTwo\nFAILED   GatewayOne   failed\n1 passed, 1 failed\n")
        self.assertEqual(code, 1)
        self.assertEqual(out.splitlines()[-1], "1 passed, 1 failed")
        self.assertIn("--- GatewayOne\n    helpers.go:1: the first says this\n    helpers.go:2: a part of the first", out)
        for other in ("the second", "the third", "the suite says", "--- FAIL"):
            self.assertNotIn(other, out)

    def test_a_suite_that_does_not_begin_shows_why(self):
        code, out, _ = self.run_it(status=1, verdict="FAILED   GatewayOne   did not run\n0 passed, 1 failed\n")
        self.assertEqual(code, 1)
        self.assertIn("the suite says this", out)
        self.assertNotIn("the first", out)
        self.assertNotIn("kind: ConformanceReport", out)

    def test_a_suite_that_ends_early_has_failed(self):
        code, out, err = self.run_it(status=3, log="panic: something\n")
        self.assertEqual((code, out.splitlines()[-1]), (1, "0 passed, 1 failed"))
        self.assertIn("panic: something", err)

    def test_a_bad_end_has_failed_though_the_tests_passed(self):
        code, out, err = self.run_it(status=1, verdict="passed   GatewayOne\n1 passed, 0 failed\n",
                                     log="the controller did not end well\n")
        self.assertEqual((code, out.splitlines()[-1]), (1, "0 passed, 1 failed"))
        self.assertIn("the controller did not end well", err)

    def test_one_test_writes_no_report(self):
        (self.root / "build/conformance-report.yaml").write_text("of yesterday")
        code, out, _ = self.run_it("--run-test", "GatewayOne", verdict="passed   GatewayOne\n1 passed, 0 failed\n")
        self.assertEqual(code, 0, out)
        self.assertIn("-run-test=GatewayOne", self.suite_arguments())
        self.assertEqual((self.root / "build/conformance-report.yaml").read_text(), "of yesterday")

    def test_a_report_of_an_earlier_run_does_not_stay(self):
        (self.root / "build/conformance-report.yaml").write_text("of yesterday")
        self.program("build/kubernetes/conformance.test", "#!/bin/sh\nexit 1\n")
        self.run_it()
        self.assertFalse((self.root / "build/conformance-report.yaml").exists())

    def test_without_go(self):
        self.program("tests/kubernetes/build", "#!/bin/sh\necho no Go here\nexit 77\n")
        code, out, _ = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("no Go here", out)
        self.assertEqual(out.splitlines()[-1], "0 passed, 1 failed")

    def test_wrong_usage(self):
        for arguments in (["--skip-tests=x"], ["--run-test"], ["--contact"]):
            code, _, err = self.run_it(*arguments)
            self.assertEqual(code, 2)
            self.assertIn(arguments[0].split("=")[0], err)


if __name__ == "__main__":
    unittest.main()
