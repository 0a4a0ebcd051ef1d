// Runs scenarios of Gateways, one for each seed, and says which break a rule.
//
//   seeds FIRST..LAST                            the last line is "N seeds, V violations"; exit code 1 if there is one
//   seeds FIRST..LAST --whole                    the same, and no smaller scenario is looked for
//   seeds --seed N [--steps ..] [--mishaps ..]   one seed, or a part of it; --log adds the log and all requests
#include "gateway_run.hpp"
#include "gateway_scenario.hpp"

#include <gwctl/testing/seeds.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <string_view>

namespace {

using namespace gwctl;
using namespace gwctl::tests;

bool read(std::string_view text, std::uint64_t& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size();
}

void print(const std::string& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

/// Of the first failing seed the fewest steps and mishaps are looked for, of the others only the violations shown.
int run_range(const testing::seed_program& program, std::uint64_t first, std::uint64_t last, bool shrinks,
              const std::size_t& late) {
    std::size_t failed = 0;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const std::vector<std::string> violations = testing::run_seed(program, seed);
        if (violations.empty())
            continue;
        const auto failure =
            ++failed == 1 && shrinks ? testing::run_seeds(program, seed, seed) : std::nullopt;
        if (failure) {
            print(describe(program, *failure, "tools/seeds"));
            continue;
        }
        for (const std::string& v : violations)
            print(fmt::format("seed {}: {}", seed, v));
        print(fmt::format("  repeat with: tools/seeds --seed {}", seed));
    }
    print(fmt::format("{} late writes took effect", late));
    print(fmt::format("{} seeds, {} violations", last - first + 1, failed));
    return failed == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    std::size_t late = 0;
    testing::seed_program program;
    program.draw = draw_gateway_scenario;
    program.run = [&](testing::simulation_options o, const testing::scenario& s) {
        gateway_result r = run_gateway_scenario(std::move(o), s);
        late += r.late_writes;
        return std::move(r.violations);
    };
    const std::string_view range = argc > 1 ? argv[1] : "";
    const std::size_t dots = range.find("..");
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (dots == std::string_view::npos)
        return testing::seeds_main(argc, argv, program);
    if (!read(range.substr(0, dots), first) || !read(range.substr(dots + 2), last) || last < first) {
        print("seeds: expected FIRST..LAST, two numbers, got \"" + std::string(range) + "\"");
        return 2;
    }
    const bool shrinks = argc < 3 || std::string_view(argv[2]) != "--whole";
    return run_range(program, first, last, shrinks, late);
}
