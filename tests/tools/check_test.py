"""Plants a violation of each rule of tools/check.py and looks for the finding."""
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import check  # noqa: E402
import coroutine_lint  # noqa: E402


class TreeCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def findings(self, rule, files):
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        with contextlib.redirect_stdout(io.StringIO()) as self.printed:
            return list(rule(check.Tree(self.root)))


class Layers(TreeCase):
    def expect(self, path, include, allowed):
        found = self.findings(check.check_layers, {path: f"// a comment\n#include {include}\n"})
        (self.root / path).unlink()
        self.assertEqual(len(found), 0 if allowed else 1, found)
        if not allowed:
            self.assertTrue(found[0].startswith(f"{path}:2: "), found[0])

    def test_a_layer_includes_those_below_it(self):
        self.expect("include/gwctl/api/a.hpp", "<gwctl/json/codec.hpp>", True)

    def test_and_none_above_it(self):
        self.expect("include/gwctl/core/a.hpp", "<gwctl/json/codec.hpp>", False)
        self.expect("lib/client/a.cpp", "<gwctl/runtime/store.hpp>", False)
        self.expect("lib/runtime/a.cpp", "<gwctl/gateway/plan.hpp>", False)

    def test_ipam_stands_on_core_and_under_gateway(self):
        self.expect("lib/ipam/a.cpp", "<gwctl/core/error.hpp>", True)
        self.expect("lib/ipam/a.cpp", "<gwctl/json/value.hpp>", False)
        self.expect("lib/gateway/a.cpp", "<gwctl/ipam/allocator.hpp>", True)
        self.expect("lib/runtime/a.cpp", "<gwctl/ipam/allocator.hpp>", False)

    def test_testing_includes_all_but_gateway_and_nothing_includes_testing(self):
        self.expect("lib/testing/a.cpp", "<gwctl/runtime/store.hpp>", True)
        self.expect("lib/testing/a.cpp", "<gwctl/gateway/plan.hpp>", False)
        self.expect("lib/gateway/a.cpp", "<gwctl/testing/api_server.hpp>", False)
        self.expect("tests/integration/a.cpp", "<gwctl/testing/api_server.hpp>", True)

    def test_the_umbrella_leaves_out_gateway_and_testing(self):
        self.expect("include/gwctl/gwctl.hpp", "<gwctl/runtime/manager.hpp>", True)
        self.expect("include/gwctl/gwctl.hpp", "<gwctl/gateway/gateway.hpp>", False)
        self.expect("include/gwctl/gwctl.hpp", "<gwctl/testing/api_server.hpp>", False)

    def test_an_include_in_quotes_is_found_where_the_compiler_finds_it(self):
        (self.root / "lib/runtime").mkdir(parents=True)
        (self.root / "lib/runtime/loop.hpp").write_text("")
        self.expect("lib/client/a.cpp", '"../runtime/loop.hpp"', False)
        self.expect("lib/gateway/a.cpp", '"runtime/loop.hpp"', True)

    def test_beast_and_openssl_stay_in_lib(self):
        for header in ("boost/beast/http.hpp", "boost/asio/ssl.hpp", "boost/asio/ssl/context.hpp", "openssl/x509.h"):
            self.expect("lib/client/a.cpp", f"<{header}>", True)
            self.expect("include/gwctl/client/a.hpp", f"<{header}>", False)
            self.expect("tools/a.cpp", f"<{header}>", False)
            self.expect("tests/unit/client/server.cpp", f"<{header}>", True)

    def test_an_unknown_layer(self):
        self.assertIn("is not a layer", self.findings(check.check_layers, {"lib/misc/a.cpp": ""})[0])


class LengthsAndWords(TreeCase):
    def test_lengths(self):
        found = self.findings(check.check_lengths, {"lib/core/a.cpp": "\n" * 601, "lib/core/b.cpp": "\n" * 401})
        self.assertEqual(found, ["lib/core/a.cpp:600: 601 lines, the limit is 600; split it by concept"])
        self.assertIn("lib/core/b.cpp has 401 lines", self.printed.getvalue())

    def test_words(self):
        for planted in ("/wo" + "rk/main", "/ho" + "me/someone", "// TO" + "DO: later", "FIX" + "ME",
                        "deb." + "debian.org"):
            found = self.findings(check.check_words, {"docs/a.md": f"fine\n{planted}\n"})
            self.assertEqual(len(found), 1, planted)
            self.assertTrue(found[0].startswith("docs/a.md:2: "), found[0])

    def test_words_that_only_look_alike(self):
        self.assertEqual(self.findings(check.check_words, {"a.md": "network/ homework/ HACKNEY todo-list"}), [])

    def test_a_binary_file_is_skipped(self):
        (self.root / "a.bin").write_bytes(b"\0\xff TO" + b"DO")
        self.assertEqual(self.findings(check.check_words, {}), [])


class Numbers(TreeCase):
    PAGE = "## Pitfalls\n\n| number | rule | tests |\n|---|---|---|\n| 01 | a rule | `a_test.cpp` |\n"

    def numbers(self, page, **tests):
        files = {f"tests/{name}_test.cpp": "".join(f'TEST_CASE("{title}") {{}}\n' for title in titles)
                 for name, titles in tests.items()}
        return self.findings(check.check_docs, {"docs/test-numbers.md": page, **files})

    def test_the_page_and_the_names_agree(self):
        self.assertEqual(self.numbers(self.PAGE, a=["pitfall 01: a", "pitfall 01 in the loop: b", "c"]), [])

    def test_a_number_without_a_test(self):
        self.assertIn("'tests/a_test.cpp' has no test of that number", self.numbers(self.PAGE, a=["pitfalls"])[0])

    def test_a_test_without_a_row(self):
        for title in ("pitfall 02: b", "pitfalls 01 and 02: b", 'a name that is long is "\n    "split'):
            with self.subTest(title):
                found = self.numbers(self.PAGE, a=["pitfall 01: a", title])
                self.assertEqual(len(found), "02" in title)
        self.assertIn("the number B7 is not on docs/test-numbers.md under 'Seed bugs'",
                      self.numbers(self.PAGE, a=["pitfall 01: a", "seed B7: b"])[0])

    def test_a_file_that_the_page_does_not_name(self):
        self.assertIn("'tests/b_test.cpp' is not named",
                      self.numbers(self.PAGE, a=["pitfall 01: a"], b=["pitfall 01: b"])[0])


class Headers(TreeCase):
    def headers(self, files, **arguments):  # against a cheaper reference than the real one
        return self.findings(lambda tree: check.check_headers(tree, reference="#include <string>\n", **arguments),
                             {f"include/gwctl/core/{name}": text for name, text in files.items()})

    def test_a_header_compiles_alone(self):
        found = self.headers({"good.hpp": "#pragma once\n#include <string>\ninline std::string f() { return {}; }\n",
                              "bad.hpp": "#pragma once\ninline std::string g() { return {}; }\n",
                              "twice.hpp": "struct s {};\n"})
        self.assertEqual([f.split(":")[0].rsplit("/", 1)[1] for f in found], ["bad.hpp", "twice.hpp"])
        self.assertIn("does not compile alone", found[0])

    def test_a_header_keeps_to_its_budget(self):
        dear = {"dear.hpp": "#pragma once\n#include <regex>\n"}
        self.assertEqual(self.headers(dear, budget=100), [])
        self.assertIn("the budget is 0.0", self.headers(dear, budget=0.01)[0])


class Format(TreeCase):
    def test_a_file_that_is_not_formatted(self):
        found = self.findings(check.check_format, {".clang-format": "BasedOnStyle: LLVM\n",
                                                   "lib/core/good.cpp": "int a;\n", "lib/core/bad.cpp": "int   a;\n"})
        if "skipped" in self.printed.getvalue():
            self.skipTest(self.printed.getvalue().strip())
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith("lib/core/bad.cpp:1: "), found[0])


class Coroutines(unittest.TestCase):
    def lint(self, statements):
        return [(line, accepted) for line, _, accepted in
                coroutine_lint.hazards_in(f"task<> f(std::string s) {{\n{statements}\n}}\n")]

    def test_hazards(self):
        for code in ("while (co_await more()) run();",
                     "co_await f({1, 2});",
                     "co_await f(options{.x = s});",
                     "auto r = co_await f(a, {});",
                     "co_await f([s] { return s; });",
                     "co_await f(a, [=](int i) mutable -> int { return i; });",
                     "co_await f([x = std::move(s)]() -> task<> { co_return; });",
                     "auto r = k ? co_await a() : b;",
                     "co_await f(k ? s : std::string());",
                     "throw E((co_await g()).s);",
                     "A x{co_await a(), 1};",
                     "co_return A{co_await a()};",
                     "if (co_await f({1})) { g(); }",
                     "for (auto& x : co_await f({1})) { g(); }",
                     "if (auto r = co_await f(a); r) {} else co_await g(A{s});",
                     "co_await f(a,\n    b, A{s});",
                     "auto h = [](std::string t) -> task<> { co_await f(A{t}); };"):
            self.assertEqual(len(self.lint(code)), 1, code)

    def test_no_hazards(self):
        for code in ("auto o = options{.x = s}; co_await f(o);",
                     "co_await f(s); g({1}); if (k) { h(A{1}); }",
                     "co_await f([&] { return s; });",
                     "co_await f([this, &s](int i) { return A{i}; });",
                     "for (;;) { co_await f(); }",
                     "if (co_await f()) { g(A{1}); } else { g(k ? 1 : 2); }",
                     "try { co_await f(); } catch (const E& e) { g({1}); }",
                     "co_await f(std::chrono::seconds{5});",
                     'co_await f("{?}"); // A{1}',
                     "auto x = co_await f(v[i], std::string{s});",
                     "co_spawn(ex, [](A a) -> task<> { co_await a.run(); auto b = B{1}; }, token);",
                     "auto h = [s] { return A{1}; }; co_await f(h);",
                     "struct local { int a{1}; }; co_await f();",
                     "auto [a, b] = co_await f();",
                     "switch (k) { case 1: co_await f(); break; default: g(A{1}); }"):
            self.assertEqual(self.lint(code), [], code)

    def missing(self, code):
        return [line for line, what, _ in coroutine_lint.hazards_in(code) if "without co_return" in what]

    def test_a_coroutine_with_a_result_that_may_end_without_one(self):
        for code in ("task<action> f(context& c) { co_await g(); }",
                     "gwctl::task<gwctl::action> f(context& c) { if (k) { co_return a(); } }",
                     "task<int> f() { if (k) co_return 1; else if (l) co_return 2; }",
                     "task<int> f() { while (true) { co_await g(); if (k) break; } }",
                     "task<int> f() { do { co_await g(); } while (k); }",
                     "task<int> f() { switch (k) { case a::b: co_return 1; case 2: co_return 2; } }",
                     "task<int> f() { switch (k) { case 1: break; default: co_return 2; } }",
                     "task<int> f() { try { co_return co_await g(); } catch (const E& e) { log(e); } }",
                     "struct r { task<action> reconcile(context&, const W&) override { co_await g(); } };",
                     "auto h = [](context& c) -> task<action> { co_await g(); };",
                     "task<std::map<int, int>> f() { auto h = [] { return 1; }; co_await g(); }",
                     "task<int> f() { auto h = []() -> task<int> { co_return 1; }; co_await h(); }",
                     "task<int> f() { struct l { task<int> m() { co_return 1; } }; co_await l().m(); }",
                     "template <class T> task<T> n::c<T>::f(int a) const { co_await g(); }",
                     "boost::asio::awaitable<int> f() { co_await g(); }",
                     "task<int> f() { }"):
            self.assertEqual(self.missing(code), [1], code)

    def test_a_coroutine_that_ends_with_its_result(self):
        for code in ("task<> f() { co_await g(); }",
                     "task<void> f() { co_await g(); }",
                     "task<action> f();",
                     "task<action> f(context& c) { return g(c); }",
                     "task<action> f(context& c) { co_await g(); co_return a(); }",
                     "task<int> f() { if (k) { co_return 1; } else if (l) throw 2; else { co_return 3; } }",
                     "task<int> f() { while (true) { co_await g(); for (;;) { break; } } }",
                     "task<int> f() { for (;;) { co_await g(); } }",
                     "task<int> f() { switch (k) { case 1: co_return 1; default: throw 2; } }",
                     "task<int> f() { try { co_return co_await g(); } catch (const E&) { throw; } catch (...) { abort(); } }",
                     "auto h = [](int a) mutable noexcept -> task<int> { if (a) co_await g(); co_return a; };",
                     "task<int> f() { co_await g(); std::rethrow_exception(e); }",
                     "// coroutine-reviewed: serve() does not return\ntask<int> f() { co_await g(); serve(); }"):
            self.assertEqual([f for f in coroutine_lint.hazards_in(code) if not f[2]], [], code)

    def test_the_line_is_that_of_the_hazard(self):
        self.assertEqual(self.lint("co_await f(a,\n    A{s});"), [(3, False)])

    def test_a_review_accepts_and_needs_a_reason(self):
        self.assertEqual(self.lint("// coroutine-reviewed: trivially destroyed\nco_await f({1});"), [(3, True)])
        self.assertEqual(self.lint("co_await f({1}); // coroutine-reviewed: trivial"), [(2, True)])
        self.assertEqual(self.lint("// coroutine-reviewed:\nco_await f({1});"), [(3, False)])


class Program(unittest.TestCase):
    def run_check(self, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            return check.main(list(arguments)), out.getvalue(), err.getvalue()

    def test_an_unknown_check_is_a_usage_error(self):
        status, _, err = self.run_check("nothing")
        self.assertEqual(status, 2)
        self.assertIn("there are layers,", err)

    def test_the_last_line_counts_checks(self):
        _, out, _ = self.run_check("lengths")
        self.assertRegex(out.splitlines()[-1], r"^[01] passed, [01] failed$")


if __name__ == "__main__":
    unittest.main()
