#!/usr/bin/env python3
"""What must be there by name: a test for each row of the contract, and for each mistake of the Go controller."""
import re
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def titles():
    for path in [*TESTS.rglob("*.cpp"), *TESTS.rglob("*.py")]:
        text = path.read_text()
        # Long titles are split over lines.
        text = re.sub(r'"\s*\n\s*"', "", text)
        yield from re.findall(r'(?:TEST_CASE|SECTION)\(\s*"([^"]*)"', text)
        yield from (name.replace("_", " ") for name in re.findall(r"^    def test_(\w+)", text, re.MULTILINE))


class Named(unittest.TestCase):
    def numbers(self, pattern):
        return {int(n) for title in titles() for n in re.findall(pattern, title)}

    def test_every_row_of_the_contract(self):
        self.assertEqual(set(range(1, 41)) - self.numbers(r"contract row (\d+)"), set())

    def test_every_mistake_of_the_go_controller(self):
        self.assertEqual(set(range(1, 31)) - self.numbers(r"seed B(\d+)"), set())


if __name__ == "__main__":
    unittest.main()
