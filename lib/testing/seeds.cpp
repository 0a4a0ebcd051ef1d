#include <gwctl/testing/seeds.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::testing {
namespace {

std::vector<std::string> run_scenario(const seed_program& p, std::uint64_t seed, const scenario& s,
                                      std::function<void(const std::string&)> log = {}) {
    simulation_options o;
    o.seed = seed;
    o.log = std::move(log);
    try {
        return p.run(std::move(o), s);
    } catch (const std::exception& e) {
        return {fmt::format("the run ended with an exception: {}", e.what())};
    }
}

} // namespace

std::vector<std::string> run_seed(const seed_program& p, std::uint64_t seed,
                                  const std::optional<selection>& kept,
                                  std::function<void(const std::string&)> log) {
    const scenario whole = p.draw(seed);
    return run_scenario(p, seed, kept ? part_of(whole, *kept) : whole, std::move(log));
}

std::optional<seed_failure> run_seeds(const seed_program& p, std::uint64_t first, std::uint64_t last,
                                      const shrink_options& options) {
    for (std::uint64_t seed = first; seed >= first && seed <= last; ++seed) { // past UINT64_MAX is 0
        seed_failure f;
        f.seed = seed;
        f.violations = run_seed(p, seed);
        if (f.violations.empty())
            continue;
        f.smallest = shrink(
            p.draw(seed), [&](const scenario& part) { return run_scenario(p, seed, part); }, options);
        return f;
    }
    return {};
}

std::string describe(const seed_program& p, const seed_failure& f, const std::string& program) {
    std::string text;
    for (const std::string& v : f.smallest.violations)
        text += fmt::format("seed {}, smaller: {}\n", f.seed, v);
    for (const std::string& line : describe(p.draw(f.seed), f.smallest.kept))
        text += "  " + line + "\n";
    if (!f.smallest.is_smallest)
        text += "  and perhaps fewer would do: the runs were used up\n";
    return text + fmt::format("repeat with: {}{}--seed {} {}\n", program, program.empty() ? "" : " ", f.seed,
                              to_string(f.smallest.kept));
}

std::optional<std::string> difference_between_runs(const seed_program& p, std::uint64_t seed) {
    std::vector<std::string> first;
    (void)run_seed(p, seed, {}, [&](const std::string& line) { first.push_back(line); });
    std::size_t count = 0;
    std::optional<std::string> difference;
    const auto differ = [&](const std::string& a, const std::string& b) {
        if (!difference)
            difference = fmt::format("line {}\n  of the first run: {}\n  of the second:    {}", count, a, b);
    };
    (void)run_seed(p, seed, {}, [&](const std::string& line) {
        const std::string& before = count < first.size() ? first[count] : "none";
        ++count;
        if (line != before)
            differ(before, line);
    });
    if (count < first.size())
        differ(first[count++], "none");
    return difference;
}

} // namespace gwctl::testing
