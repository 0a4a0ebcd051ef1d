/// The smallest part of a scenario that still fails in the same way.
///
///     const shrunk s = shrink(failing, run);    // run: plays a scenario in a new simulation, returns its violations
///     fmt::print("repeat with: --seed {} {}\n", failing.seed, to_string(s.kept));    // --steps 0,3 --mishaps 2,5
#pragma once

#include <gwctl/testing/scenario.hpp>

#include <functional>
#include <string>
#include <vector>

namespace gwctl::testing {

/// Plays a scenario in a world of its own and returns the violations. The same scenario gives the same ones.
using scenario_run = std::function<std::vector<std::string>(const scenario&)>;

/// What a violation says, without its time; words with a digit, such as versions, processes and durations, are "#".
/// Two violations of the same kind are taken for the same mistake.
std::string kind_of(std::string_view violation);

/// Whether one violation of `part` is of the same kind as the first of `whole`.
bool fails_alike(const std::vector<std::string>& whole, const std::vector<std::string>& part);

struct shrink_options {
    shrink_options() = default;
    /// The first one, of the whole scenario, included.
    unsigned most_runs = 200;
    /// Gets the violations of the whole scenario and those of a part.
    std::function<bool(const std::vector<std::string>& whole, const std::vector<std::string>& part)> alike =
        fails_alike;
};

struct shrunk {
    shrunk() = default;
    /// What is left of the scenario; to be had as a scenario by `part_of`.
    selection kept{};
    /// What the run of that part gave; empty when the whole scenario does not fail.
    std::vector<std::string> violations{};
    unsigned runs = 0;
    /// Whatever else is left out, one step or mishap at a time, it fails no more, or otherwise. False: the runs were
    /// used up before that was known.
    bool is_smallest = false;
};

/// Leaves out mishaps and steps, many at a time at first, as long as the rest fails alike. A part that was tried is
/// not tried again. Seed and times stay, but all that happens after something that is left out may take another turn:
/// so there may be smaller scenarios that fail.
shrunk shrink(const scenario& failing, const scenario_run& run, const shrink_options& options = {});

} // namespace gwctl::testing
