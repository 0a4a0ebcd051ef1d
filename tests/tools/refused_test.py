"""What a reconciler, a kind and a member must not be, the compiler says in a sentence of ours."""
import os
import re
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

KINDS = """
#include <gwctl/api/core_v1.hpp>
#include <gwctl/client/client.hpp>
#include <boost/describe/enum.hpp>
using namespace gwctl;
using core_v1::ConfigMap;
enum class plain_enum { a };
enum class shade { light };
BOOST_DESCRIBE_ENUM(shade, light)
struct limits {
    limits() = default;
    std::optional<std::int32_t> least;
    std::optional<bool> hard;
    std::optional<shade> tint;
};
BOOST_DESCRIBE_STRUCT(limits, (), (least, hard, tint))
struct counts {
    std::int32_t n = 0;
    bool done = false;
};
BOOST_DESCRIBE_STRUCT(counts, (), (n, done))
struct needed {
    static constexpr bool owns_all_fields = true;
    std::int32_t n = 0;
};
BOOST_DESCRIBE_STRUCT(needed, (), (n))
struct tree {
    std::string name;
    std::vector<tree> below;
    std::map<std::string, tree> beside;
};
BOOST_DESCRIBE_STRUCT(tree, (), (name, below, beside))
#define KIND(CONSTRUCTOR, ...)                                                                                         \\
    struct widget {                                                                                                    \\
        CONSTRUCTOR                                                                                                    \\
        static constexpr resource_type type{"example.com", "v1", "Widget", "widgets"};                                 \\
        ObjectMeta metadata;                                                                                           \\
        __VA_ARGS__ spec;                                                                                              \\
        counts status;                                                                                                 \\
    };                                                                                                                 \\
    BOOST_DESCRIBE_STRUCT(widget, (), (metadata, spec, status))
#define DECLARED widget() = default;
#define OWNING DECLARED static constexpr bool owns_all_fields = true;
"""

# A kind's constructor and the type of its spec, and what may be written of it.
WRITTEN = [
    ("DECLARED", "limits", "co_await c.apply(w); co_await c.create(w); co_await c.apply_status(widget());"),
    ("DECLARED", "std::map<std::string, std::vector<limits>>", "co_await c.apply(owned_by(ConfigMap(), w));"),
    ("DECLARED", "tree", "co_await c.apply(w);"),
    ("DECLARED", "std::vector<needed>", "co_await c.apply(w);"),
    ("DECLARED", "std::vector<std::int32_t>", "co_await c.apply(w);"),
    ("DECLARED", "std::vector<core_v1::ServicePort>", "co_await c.apply(w);"),
    ("OWNING", "counts", "co_await c.apply(w);"),
    ("DECLARED", "counts", "co_await c.create(w); co_await c.apply_status(w);"),  # nothing is owned that was not set
]

AGGREGATE = "declares its default constructor, `Widget() = default;`"
SENT = "make it a std::optional; or, when its schema requires it, put `static constexpr bool owns_all_fields = true;`"
NO_FORM = "or specialise gwctl::json::scalar_traits<T>"

# The same, and what the compiler has to say.
UNWRITTEN = [
    ("", "limits", "co_await c.apply(widget{});", AGGREGATE),
    ("", "limits", "co_await c.apply(w);", AGGREGATE),
    ("", "limits", "co_await c.create(widget{.metadata = {}});", AGGREGATE),
    ("", "limits", "co_await c.apply_status(widget{.status = {.n = 1}});", AGGREGATE),  # case aggregate-apply-status
    ("", "limits", "auto o = owned_by(ConfigMap(), widget{}); co_return;", AGGREGATE),
    ("DECLARED", "counts", "co_await c.apply(w);", SENT),
    ("DECLARED", "bool", "co_await c.apply(w);", SENT),
    ("DECLARED", "double", "co_await c.apply(w);", SENT),
    ("DECLARED", "std::int64_t", "co_await c.apply(w);", SENT),
    ("DECLARED", "shade", "co_await c.apply(w);", SENT),
    ("DECLARED", "std::vector<counts>", "co_await c.apply(w);", SENT),
    ("DECLARED", "std::map<std::string, counts>", "co_await c.apply(w);", SENT),
    ("DECLARED", "std::optional<std::map<std::string, std::vector<counts>>>", "co_await c.apply(w);", SENT),
    ("DECLARED", "std::uint16_t", "co_await c.create(w);", NO_FORM),
    ("DECLARED", "plain_enum", "co_await c.create(w);", NO_FORM),
    ("DECLARED", "std::vector<std::optional<float>>", "co_await c.create(w);", NO_FORM),
]


class Compiler(unittest.TestCase):
    @staticmethod
    def messages(source):
        flags = subprocess.run(["pkg-config", "--cflags", "fmt"], capture_output=True, text=True).stdout.split()
        command = [os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", "-Iinclude", *flags, "-x", "c++", "-"]
        done = subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
        return done.stderr

    @classmethod
    def errors(cls, source):
        return [line for line in cls.messages(source).splitlines() if "error:" in line]

    def test_what_is_right_compiles(self):
        self.assertEqual(self.errors(HEAD + ALLOWED), [])

    def test_what_would_never_be_called_does_not(self):
        sources = [f"{HEAD}{text}\nvoid install(controller_builder<ConfigMap>& b) {{ b.reconcile_with(a()); }}\n"
                   for text, _ in REFUSED]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for (text, expected), errors in zip(REFUSED, pool.map(self.errors, sources)):
                with self.subTest(text):
                    self.assertTrue(any(expected in e for e in errors), errors)

    @staticmethod
    def written(cases):
        """One source for all of them, since the headers are most of the cost; each stands on line 1 of "case_N"."""
        return KINDS + "".join(
            f'#line 1 "case_{n}"\nnamespace case_{n} {{ KIND({case[0]}, {case[1]}) '
            f"task<> write(client& c, widget w) {{ {case[2]} }} }}\n" for n, case in enumerate(cases))

    def test_what_can_be_written_compiles(self):
        self.assertEqual(self.errors(self.written(WRITTEN)), [])

    def test_what_must_not_be_written_does_not(self):
        # What one error says begins behind the error before it, and ends before the one after it.
        said = re.split(r"^(.*error:.*)$", self.messages(self.written(UNWRITTEN)), flags=re.M)
        errors = [(said[i], said[i - 1] + said[i] + said[i + 1]) for i in range(1, len(said), 2)]
        for n, case in enumerate(UNWRITTEN):
            with self.subTest(case):
                about = [what for what, around in errors if re.search(rf"\bcase_{n}\b", around)]
                self.assertTrue(any(case[3] in what for what in about), about)

    def test_the_compiler_names_the_member_that_apply_would_send(self):
        said = self.messages(self.written([("DECLARED", "std::map<std::string, counts>", "co_await c.apply(w);")]))
        self.assertIn("spec[].n", said)


if __name__ == "__main__":
    unittest.main()
