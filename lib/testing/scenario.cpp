#include <gwctl/testing/scenario.hpp>
#include <gwctl/testing/simulation.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace gwctl::testing {
namespace {

using std::chrono::milliseconds;

std::vector<std::size_t> up_to(std::size_t count) {
    std::vector<std::size_t> all(count);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

template <class T>
std::vector<T> those(const std::vector<T>& all, const std::vector<std::size_t>& numbers) {
    std::vector<T> some;
    for (const std::size_t n : numbers)
        if (n < all.size())
            some.push_back(all[n]);
    return some;
}

/// The numbers of the steps, earlier ones first.
std::vector<std::size_t> in_order(const std::vector<step>& steps) {
    std::vector<std::size_t> order = up_to(steps.size());
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return steps[a].at < steps[b].at; });
    return order;
}

} // namespace

void play(simulation& world, const scenario& s) {
    const auto start = world.now();
    milliseconds end = s.lasts;
    for (const mishap& m : s.mishaps)
        end = std::max(end, m.at);
    world.expect(s.mishaps);
    for (const std::size_t n : in_order(s.steps)) {
        const step& next = s.steps[n];
        world.run_for(std::max<std::chrono::nanoseconds>(start + next.at - world.now(), milliseconds(0)));
        next.act(world);
    }
    world.run_for(std::max<std::chrono::nanoseconds>(start + end - world.now(), milliseconds(0)));
}

selection all_of(const scenario& s) {
    selection all;
    all.steps = up_to(s.steps.size());
    all.mishaps = up_to(s.mishaps.size());
    return all;
}

scenario part_of(const scenario& whole, const selection& kept) {
    scenario part = whole;
    part.steps = those(whole.steps, kept.steps);
    part.mishaps = those(whole.mishaps, kept.mishaps);
    return part;
}

std::string numbers_to_string(const std::vector<std::size_t>& numbers) {
    return numbers.empty() ? "none" : fmt::format("{}", fmt::join(numbers, ","));
}

result<std::vector<std::size_t>> parse_numbers(std::string_view text) {
    std::vector<std::size_t> numbers;
    if (text == "none")
        return numbers;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        std::size_t n = 0;
        const auto [next, failed] = std::from_chars(at, end, n);
        if (failed != std::errc() || (next != end && *next != ','))
            return error{errc::config, fmt::format("expected numbers such as 0,3, or none, got '{}'", text)};
        numbers.push_back(n);
        if (next == end)
            break;
        at = next + 1;
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

std::string to_string(const selection& s) {
    return fmt::format("--steps {} --mishaps {}", numbers_to_string(s.steps), numbers_to_string(s.mishaps));
}

std::vector<std::string> describe(const scenario& s) { return describe(s, all_of(s)); }

std::vector<std::string> describe(const scenario& whole, const selection& kept) {
    std::vector<std::pair<milliseconds, std::string>> lines;
    const auto add = [&](milliseconds at, std::string what) {
        lines.emplace_back(at,
                           fmt::format("at {:.3f} s: {}", std::chrono::duration<double>(at).count(), what));
    };
    for (const std::size_t n : kept.steps)
        if (n < whole.steps.size())
            add(whole.steps[n].at, fmt::format("step {}, {}", n, whole.steps[n].name));
    for (const std::size_t n : kept.mishaps)
        if (n < whole.mishaps.size()) {
            const mishap& m = whole.mishaps[n];
            add(m.at, fmt::format("mishap {}, {}, replica {}, dice {}", n, to_string(m.kind),
                                  static_cast<char>('a' + m.replica % 26), m.dice));
        }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> texts;
    for (auto& [at, text] : lines)
        texts.push_back(std::move(text));
    return texts;
}

} // namespace gwctl::testing
