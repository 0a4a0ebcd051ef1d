/// Runs a scenario of Gateways and says which rules were broken.
#pragma once

#include <gwctl/testing/scenario.hpp>
#include <gwctl/testing/simulation.hpp>

namespace gwctl::tests {

struct gateway_result {
    std::vector<std::string> violations;
    /// Writes that took effect after their sender had given them up.
    std::size_t late_writes = 0;
};

/// Plays the scenario with two replicas of the Gateway controller, and once more without mishaps. Of `o`, seed and log
/// count; the log is that of the first run.
gateway_result run_gateway_scenario(testing::simulation_options o, const testing::scenario& s);

} // namespace gwctl::tests
