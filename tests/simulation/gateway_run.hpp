/// Runs a scenario of Gateways and says which rules were broken.
#pragma once

#include "gateway_scenario.hpp"

namespace gwctl::tests {

struct gateway_result {
    std::vector<std::string> violations;
    std::uint64_t digest = 0;
    std::uint64_t requests = 0;
    /// Writes that took effect after their sender had given them up.
    std::size_t late_writes = 0;
};

/// Runs the scenario with two replicas of the Gateway controller, and once more without mishaps. `log`: as in
/// `simulation_options`, of the first run.
gateway_result run_gateway_scenario(const gateway_scenario& s,
                                    const std::function<void(const std::string&)>& log = {});

} // namespace gwctl::tests
