/// What a simulation is to go through, as data: what users do and what goes wrong, each at its time.
///
/// A scenario is drawn from a seed, played, and looked at. When it fails, `shrink` leaves out what does not matter, and
/// the numbers of what is left repeat the failure: "--seed 17 --steps 0,3 --mishaps 2".
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/testing/mishap.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing {

class simulation;

/// Something that a user of the cluster does.
struct step {
    step() = default;
    step(std::chrono::milliseconds when, std::string what, std::function<void(simulation&)> how)
        : at(when), name(std::move(what)), act(std::move(how)) {}

    /// Since `play` was called.
    std::chrono::milliseconds at{0};
    /// For people: "paint Widget a blue".
    std::string name{};
    /// It must not depend on other steps, which may be left out: rather apply an object than create or patch it.
    std::function<void(simulation&)> act{};
};

struct scenario {
    scenario() = default;
    std::uint64_t seed = 1;
    std::vector<step> steps{};
    std::vector<mishap> mishaps{};
    /// How long `play` takes, unless a step or mishap comes later.
    std::chrono::milliseconds lasts{0};
};

/// Has each step and each mishap happen at its time, and returns when the scenario is over. Steps of the same time
/// happen in their order in the vector. What a step throws passes through. Trouble goes on until `simulation::calm`.
void play(simulation& world, const scenario& s);

/// Which steps and mishaps of a scenario, by their places in its vectors, counted from 0, in ascending order.
struct selection {
    selection() = default;
    std::vector<std::size_t> steps{};
    std::vector<std::size_t> mishaps{};
    friend bool operator==(const selection&, const selection&) = default;
    friend auto operator<=>(const selection&, const selection&) = default;
};

selection all_of(const scenario& s);
/// Numbers that `whole` does not have are left out.
scenario part_of(const scenario& whole, const selection& kept);

/// "0,3", or "none".
std::string numbers_to_string(const std::vector<std::size_t>& numbers);
/// The reverse; sorted, each once. `errc::config` when `text` is something else.
result<std::vector<std::size_t>> parse_numbers(std::string_view text);
/// "--steps 0,3 --mishaps none"
std::string to_string(const selection& s);
/// A line for each step and mishap, in the order of their times: "at 12.250 s: step 3, paint Widget a blue".
std::vector<std::string> describe(const scenario& s);
/// The same, with the numbers that they have in `whole`, for those that are kept.
std::vector<std::string> describe(const scenario& whole, const selection& kept);

} // namespace gwctl::testing
