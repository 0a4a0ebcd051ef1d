"""Which programs tools/test builds for the tests that it is to run."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import test_programs  # noqa: E402

TARGETS = [
    {"id": "1@exe", "filename": ["/b/tests/unit-json"]},
    {"id": "2@exe", "filename": ["/b/gwctl-apiserver"]},
    {"id": "3@cus", "filename": ["/b/certificate", "/b/key"]},
]
TESTS = [
    {"name": "unit-json", "depends": ["1@exe"]},
    {"name": "examples", "depends": ["2@exe", "3@cus"]},
    {"name": "docs", "depends": []},
]


class Programs(unittest.TestCase):
    def test_of_the_tests_named(self):
        for names, wanted in [
            ({"unit-json"}, ["tests/unit-json"]),
            ({"unit-json", "examples"}, ["certificate", "gwctl-apiserver", "key", "tests/unit-json"]),
            ({"docs"}, []),
            ({"no such test"}, []),
        ]:
            self.assertEqual(test_programs.programs(TESTS, TARGETS, names, "/b"), wanted)


if __name__ == "__main__":
    unittest.main()
