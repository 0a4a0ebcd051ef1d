#!/usr/bin/env python3
"""Writes a source of the library with a mistake in it: mistake.py SOURCE OUTPUT RIGHT WRONG

The text RIGHT must be there once. `tools/fuzz --self-test` looks whether the fuzzers find the mistake.
"""
import sys
from pathlib import Path

source, output, right, wrong = sys.argv[1:]
text = Path(source).read_text()
if text.count(right) != 1:
    sys.exit(f'{source}: expected "{right}" once, found it {text.count(right)} times; say in tests/fuzz/meson.build what '
             f"is there now")
# What it includes is beside the source, and messages name the source.
Path(output).write_text(f'#line 1 "{source}"\n' + text.replace(right, wrong))
