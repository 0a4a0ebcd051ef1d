// Runs scenarios of Gateways, one for each seed, and says which break a rule.
//
//   seeds FIRST..LAST     the last line is "N seeds, V violations"; exit code 1 when there is one
//   seeds SEED --log      one seed, with its log and requests
#include "gateway_run.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <string_view>

namespace {

using namespace gwctl::tests;

bool read(std::string_view text, std::uint64_t& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size();
}

void print(const std::string& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    const std::string_view range = argc > 1 ? argv[1] : "";
    const std::size_t dots = range.find("..");
    const bool one = dots == std::string_view::npos;
    const bool log = argc > 2 && std::string_view(argv[2]) == "--log";
    if (!read(range.substr(0, dots), first) || !(one || read(range.substr(dots + 2), last))) {
        print("usage: seeds FIRST..LAST | SEED [--log]");
        return 2;
    }
    if (one)
        last = first;
    std::size_t violations = 0;
    std::size_t late = 0;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const gateway_scenario s = draw_gateway_scenario(seed);
        const gateway_result r = log ? run_gateway_scenario(s, print) : run_gateway_scenario(s);
        late += r.late_writes;
        if (r.violations.empty())
            continue;
        ++violations;
        print(fmt::format("seed {}: repeat with tools/seeds {} --log", seed, seed));
        for (const std::string& v : r.violations)
            print("  " + v);
        if (log || one)
            for (const scenario_step& step : s.steps)
                print(fmt::format("  step at {:.3f} s: {}", static_cast<double>(step.at.count()) / 1000,
                                  step.name));
    }
    print(fmt::format("{} late writes took effect", late));
    print(fmt::format("{} seeds, {} violations", last - first + 1, violations));
    return violations == 0 ? 0 : 1;
}
