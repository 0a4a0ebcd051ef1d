#include <gwctl/testing/seeds.hpp>

#include <algorithm>
#include <sstream>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;
using namespace std::chrono_literals;
using numbers = std::vector<std::size_t>;
using lines = std::vector<std::string>;

namespace {

/// Steps named s0, s1 and so on, and as many mishaps as wanted, one a second.
scenario of(std::size_t steps, std::size_t mishaps) {
    scenario s;
    for (std::size_t i = 0; i < steps; ++i)
        s.steps.emplace_back(1s * i, "s" + std::to_string(i), [](simulation&) {});
    s.mishaps.resize(mishaps);
    for (std::size_t i = 0; i < mishaps; ++i) {
        s.mishaps[i].at = 1s * i + 500ms;
        s.mishaps[i].dice = static_cast<std::uint32_t>(i);
    }
    return s;
}

bool has_step(const scenario& s, const std::string& name) {
    return std::any_of(s.steps.begin(), s.steps.end(), [&](const step& x) { return x.name == name; });
}
bool has_mishap(const scenario& s, std::uint32_t dice) {
    return std::any_of(s.mishaps.begin(), s.mishaps.end(), [&](const mishap& x) { return x.dice == dice; });
}

/// Fails when steps 3 and 17 and mishap 5 meet.
lines wrong(const scenario& s) {
    if (has_step(s, "s3") && has_step(s, "s17") && has_mishap(s, 5))
        return {std::to_string(s.steps.size()) + ".000 s: b-2: Widget a is wrong at version 12"};
    return {};
}

selection select(numbers steps, numbers mishaps) {
    selection s;
    s.steps = std::move(steps);
    s.mishaps = std::move(mishaps);
    return s;
}

seed_program program(std::function<lines(const scenario&)> run) {
    seed_program p;
    p.draw = [](std::uint64_t seed) {
        scenario s = of(4, 2);
        s.seed = seed;
        return s;
    };
    p.run = [run = std::move(run)](simulation_options, const scenario& s) { return run(s); };
    p.last = 5;
    return p;
}

lines wrong_at_3(const scenario& s) {
    return s.seed == 3 && has_step(s, "s2") ? lines{"1.000 s: oh"} : lines();
}

struct outcome {
    int code = 0;
    std::string text;
};

outcome call(const seed_program& p, std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "prog");
    std::ostringstream out;
    const int code = seeds_main(static_cast<int>(arguments.size()), arguments.data(), p, out);
    return {code, out.str()};
}

} // namespace

TEST_CASE("shrink: what does not matter is left out, by numbers of the whole scenario") {
    const shrunk s = shrink(of(20, 10), wrong);
    CHECK(s.kept == select({3, 17}, {5}));
    CHECK(s.is_smallest);
    CHECK(s.runs < 60);
    CHECK(s.violations == lines{"2.000 s: b-2: Widget a is wrong at version 12"});
    CHECK(to_string(s.kept) == "--steps 3,17 --mishaps 5");
    CHECK(wrong(part_of(of(20, 10), s.kept)) == s.violations);
}

TEST_CASE("shrink: a failure that needs nothing is found at once, one that needs all stays whole") {
    const shrunk nothing = shrink(of(20, 10), [](const scenario&) { return lines{"always"}; });
    CHECK(nothing.kept == selection());
    CHECK(nothing.runs == 3);
    CHECK(to_string(nothing.kept) == "--steps none --mishaps none");
    const shrunk all = shrink(of(3, 2), [](const scenario& s) {
        return s.steps.size() == 3 && s.mishaps.size() == 2 ? lines{"all"} : lines();
    });
    CHECK(all.kept == all_of(of(3, 2)));
    CHECK(all.is_smallest);
}

TEST_CASE("shrink: another failure is not the same") {
    const auto run = [](const scenario& s) {
        return has_mishap(s, 1) ? lines{"1.500 s: a-1: Widget a is lost"} : lines{"2.000 s: no rest"};
    };
    CHECK(shrink(of(2, 2), run).kept == select({}, {1}));
    shrink_options any;
    any.alike = [](const lines&, const lines&) { return true; };
    CHECK(shrink(of(2, 2), run, any).kept == selection());
}

TEST_CASE("shrink: the runs are bounded, and no part is run twice") {
    shrink_options few;
    few.most_runs = 10;
    const shrunk s = shrink(of(20, 10), wrong, few);
    CHECK(s.runs == 10);
    CHECK_FALSE(s.is_smallest);
    CHECK(wrong(part_of(of(20, 10), s.kept)) == s.violations);

    std::vector<std::string> tried;
    shrink(of(6, 6), [&](const scenario& part) {
        std::string what;
        for (const std::string& line : describe(part))
            what += line.substr(0, 11); // the time, which all have for themselves
        CHECK(std::find(tried.begin(), tried.end(), what) == tried.end());
        tried.push_back(what);
        return has_step(part, "s1") && has_mishap(part, 4) ? lines{"x"} : lines();
    });
    CHECK(tried.size() > 5);
}

TEST_CASE("shrink: a scenario that does not fail takes one run") {
    const shrunk s = shrink(of(20, 10), [](const scenario&) { return lines(); });
    CHECK(s.runs == 1);
    CHECK(s.violations.empty());
}

TEST_CASE("shrink: the kind of a violation is what it says without times, numbers and processes") {
    CHECK(kind_of("12.250 s: a-1: Widget default/a is wrong at version 12") ==
          "# Widget default/a is wrong at version #");
    CHECK(kind_of("3.000 s: b-12: Widget default/a is wrong at version 7") ==
          kind_of("a-1: Widget default/a is wrong at version 1"));
    CHECK(kind_of("12 seconds") == "# seconds");
    CHECK(kind_of("") == "");
    CHECK(kind_of("two  blanks ") == "two  blanks ");
    CHECK_FALSE(fails_alike({}, {"a"}));
    CHECK(fails_alike({"a", "b"}, {"c", "a"}));
    CHECK_FALSE(fails_alike({"a", "b"}, {"b"}));
}

TEST_CASE("scenario: numbers are read as they are written") {
    CHECK(parse_numbers("0,3").value() == numbers{0, 3});
    CHECK(parse_numbers("7,3,7").value() == numbers{3, 7});
    CHECK(parse_numbers("none").value().empty());
    for (const char* text : {"", ",", "1,", ",1", "a", "1 2", "-1", "1;2", "99999999999999999999"}) {
        INFO(text);
        CHECK(parse_numbers(text).error().code == errc::config);
    }
}

TEST_CASE("scenario: a part has what is kept, and numbers that there are not are left out") {
    const scenario part = part_of(of(4, 2), select({1, 9}, {0}));
    REQUIRE(part.steps.size() == 1);
    CHECK(part.steps[0].name == "s1");
    CHECK(part.mishaps.size() == 1);
    CHECK(describe(of(4, 2), select({2, 1, 9}, {1})) ==
          lines{"at 1.000 s: step 1, s1", "at 1.500 s: mishap 1, crash, replica a, dice 1",
                "at 2.000 s: step 2, s2"});
}

TEST_CASE("seeds: the first seed that fails is shrunk, and said with the line that repeats it") {
    const seed_program p = program(wrong_at_3);
    const auto f = run_seeds(p, 1, 5);
    REQUIRE(f);
    CHECK(f->seed == 3);
    CHECK(f->smallest.kept == select({2}, {}));
    CHECK(describe(p, *f, "prog") == "seed 3, smaller: 1.000 s: oh\n  at 2.000 s: step 2, s2\n"
                                     "repeat with: prog --seed 3 --steps 2 --mishaps none\n");
    CHECK_FALSE(run_seeds(p, 4, 5));
    CHECK(run_seed(p, 3, select({0}, {})).empty());
    CHECK(run_seed(p, 3, select({2}, {})) == lines{"1.000 s: oh"});
    const seed_program throws =
        program([](const scenario&) -> lines { throw api_error(errc::invalid, "no such field"); });
    CHECK(run_seed(throws, 1) == lines{"the run ended with an exception: no such field"});
}

TEST_CASE("seeds: the program runs all, one, or parts of one, and counts") {
    const seed_program p = program(wrong_at_3);
    const outcome all = call(p, {});
    CHECK(all.code == 1);
    CHECK(all.text == "seed 3: 1.000 s: oh\n"
                      "looking for the fewest steps and mishaps that lead there, in at most 200 runs\n"
                      "seed 3, smaller: 1.000 s: oh\n  at 2.000 s: step 2, s2\n"
                      "repeat with: prog --seed 3 --steps 2 --mishaps none\n4 passed, 1 failed\n");
    CHECK(call(p, {"--seed", "4-5"}).text == "2 passed, 0 failed\n");
    CHECK(call(p, {"--seed", "3", "--most-runs", "0"}).text == "seed 3: 1.000 s: oh\n0 passed, 1 failed\n");
    const outcome part = call(p, {"--seed", "3", "--steps", "2", "--mishaps", "none"});
    CHECK(part.code == 1);
    CHECK(part.text == "seed 3: 1.000 s: oh\n0 passed, 1 failed\n");
    CHECK(call(p, {"--seed", "3", "--steps", "0,1"}).code == 0);
    CHECK(call(p, {"--seed", "3", "--steps", "1", "--list"}).text ==
          "seed 3:\n  at 0.500 s: mishap 0, crash, replica a, dice 0\n  at 1.000 s: step 1, s1\n"
          "  at 1.500 s: mishap 1, crash, replica a, dice 1\n");
}

TEST_CASE("seeds: wrong arguments are said, with code 2") {
    const seed_program p = program(wrong_at_3);
    for (const std::vector<const char*>& arguments : {std::vector<const char*>{"--sed"},
                                                      {"--seed"},
                                                      {"--seed", "x"},
                                                      {"--seed", "5-4"},
                                                      {"--steps", "1"},
                                                      {"--seed", "1", "--steps", "a"},
                                                      {"--log"},
                                                      {"--most-runs", "-1"}}) {
        INFO(arguments[0]);
        const outcome o = call(p, arguments);
        CHECK(o.code == 2);
        CHECK(std::count(o.text.begin(), o.text.end(), '\n') == 1);
    }
    CHECK(call(p, {"--help"}).code == 0);
}

TEST_CASE("seeds: runs that differ are told, with the lines that do") {
    int calls = 0;
    seed_program p = program(wrong_at_3);
    p.run = [&](simulation_options o, const scenario&) {
        o.log("same");
        o.log("call " + std::to_string(++calls));
        return lines();
    };
    CHECK(difference_between_runs(p, 1) == "line 2\n  of the first run: call 1\n  of the second:    call 2");
    CHECK(call(p, {"--twice", "--seed", "1"}).code == 1);
    p.run = [&](simulation_options o, const scenario&) {
        if (++calls % 2 == 0)
            o.log("more");
        return lines();
    };
    calls = 0;
    CHECK(difference_between_runs(p, 1) == "line 1\n  of the first run: none\n  of the second:    more");
    CHECK(difference_between_runs(p, 1));
    CHECK_FALSE(difference_between_runs(program(wrong_at_3), 1));
}

TEST_CASE("seeds: a seed that fails only once is not taken for one that can be repeated") {
    int calls = 0;
    const seed_program p = program([&](const scenario&) { return ++calls == 1 ? lines{"oh"} : lines(); });
    const outcome o = call(p, {"--seed", "1"});
    CHECK(o.code == 1);
    CHECK(o.text.find("it did not fail when it was run again") != std::string::npos);
}
