"""What a reconciler must not be, the compiler says in a sentence of ours."""
import os
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

HEAD = """
#include <gwctl/api/core_v1.hpp>
#include <gwctl/runtime/controller.hpp>
using namespace gwctl;
using core_v1::ConfigMap;
struct by_object { task<action> reconcile(context&, const ConfigMap&); };
struct by_key { task<action> reconcile(context&, object_key); };
task<action> function(context&, const ConfigMap&);
"""

ALLOWED = """
struct with_both : by_object {
    task<> cleanup(context&, const ConfigMap&);
    task<> deleted(context&, object_key);
};
struct by_reference : by_object { task<> deleted(context&, const object_key&); };
void install(controller_builder<ConfigMap>& b) {
    b.reconcile_with(function);
    b.reconcile_with(by_object());
    b.reconcile_with(by_key());
    b.reconcile_with(with_both());
    b.reconcile_with(by_reference());
}
"""

# Source, and a part of what the compiler has to say of it.
REFUSED = [
    ("struct a { int reconcile(context&, const ConfigMap&); };", "a reconciler is task<action>(context&, const T&)"),
    ("struct a : by_key { task<> cleanup(context&, const ConfigMap&); };", "by key has neither `cleanup` nor"),
    ("struct a : by_key { task<> deleted(context&, object_key); };", "by key has neither `cleanup` nor"),
    ("struct a : by_object { task<> cleanup(context&, object_key); };", "task<> cleanup(context&, const T&)"),
    ("struct a : by_object { void deleted(context&, object_key); };", "task<> deleted(context&, object_key)"),
]


class Compiler(unittest.TestCase):
    @staticmethod
    def errors(source):
        flags = subprocess.run(["pkg-config", "--cflags", "fmt"], capture_output=True, text=True).stdout.split()
        command = [os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", "-Iinclude", *flags, "-x", "c++", "-"]
        done = subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
        return [line for line in done.stderr.splitlines() if "error:" in line]

    def test_what_is_right_compiles(self):
        self.assertEqual(self.errors(HEAD + ALLOWED), [])

    def test_what_would_never_be_called_does_not(self):
        sources = [f"{HEAD}{text}\nvoid install(controller_builder<ConfigMap>& b) {{ b.reconcile_with(a()); }}\n"
                   for text, _ in REFUSED]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for (text, expected), errors in zip(REFUSED, pool.map(self.errors, sources)):
                with self.subTest(text):
                    self.assertTrue(any(expected in e for e in errors), errors)


if __name__ == "__main__":
    unittest.main()
