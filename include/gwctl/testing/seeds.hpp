/// A scenario under many seeds: in a test, or as a program of its own.
///
///     scenario draw(std::uint64_t seed);                       // what is to happen
///     std::vector<std::string> run(simulation_options, const scenario&);    // plays it, returns the violations
///
///     int main(int argc, char** argv) { return gwctl::testing::seeds_main(argc, argv, {draw, run}); }
///
/// When a seed fails, the program shows what is wrong, the fewest steps and mishaps that lead there, and the line that
/// repeats them (`--log` adds all requests and what the processes log):
///
///     seed 18: 38.438 s: the Widgets are {"b": "red", "c": "blue"}, the ConfigMaps are {"b": "green", "c": "blue"}
///     looking for the fewest steps and mishaps that lead there, in at most 200 runs
///     seed 18, smaller: 32.102 s: the Widgets are {"b": "red"}, the ConfigMaps are {"b": "green"}
///       at 13.845 s: step 0, paint Widget b green
///       at 15.288 s: mishap 2, late write, replica a, dice 3325868282
///       at 19.996 s: step 2, paint Widget b red
///     repeat with: build/widgets --seed 18 --steps 0,2 --mishaps 2
///     99 passed, 1 failed
#pragma once

#include <gwctl/testing/shrink.hpp>
#include <gwctl/testing/simulation.hpp>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace gwctl::testing {

struct seed_program {
    /// The same for the same seed.
    std::function<scenario(std::uint64_t seed)> draw{};
    /// Gets options in which seed and log are set.
    std::function<std::vector<std::string>(simulation_options, const scenario&)> run{};
    /// What `seeds_main` runs when nothing else is asked for.
    std::uint64_t first = 1;
    std::uint64_t last = 100;
};

/// Violations of one seed; of an exception that `run` throws, what it says. `kept`: only this part of the scenario.
std::vector<std::string> run_seed(const seed_program& p, std::uint64_t seed,
                                  const std::optional<selection>& kept = {},
                                  std::function<void(const std::string&)> log = {});

struct seed_failure {
    seed_failure() = default;
    std::uint64_t seed = 0;
    /// Of the whole scenario.
    std::vector<std::string> violations{};
    shrunk smallest{};
};

/// Runs seeds from `first` to `last` up to the first one that fails, and shrinks that.
std::optional<seed_failure> run_seeds(const seed_program& p, std::uint64_t first, std::uint64_t last,
                                      const shrink_options& options = {});
/// The lines above from the first "smaller" to "repeat with". `program`: the command to repeat it with.
std::string describe(const seed_program& p, const seed_failure& f, const std::string& program = "");

/// Runs a seed twice and compares all lines of the log. Of two runs that differ, the first two lines that do: such a
/// controller reads a clock, a random device or addresses of its own, and its failures cannot be repeated.
std::optional<std::string> difference_between_runs(const seed_program& p, std::uint64_t seed);

/// 0: all passed; 1: some failed, of which the first is shrunk; 2: the arguments are wrong. `--help` explains them.
int seeds_main(int argc, const char* const* argv, const seed_program& p);
int seeds_main(int argc, const char* const* argv, const seed_program& p, std::ostream& out);

} // namespace gwctl::testing
