/// What is left when all is calm, without what differs from run to run.
#pragma once

#include <gwctl/testing/simulation.hpp>

#include <map>
#include <string>
#include <vector>

namespace gwctl::tests {

/// By "Service default/steady-l4": the object as JSON, without versions, times and what the API server or a pool hands
/// out in the order of asking: addresses, cluster IPs, node ports.
using fixed_point = std::map<std::string, std::string>;

fixed_point fixed_point_of(const testing::simulation& world);

/// One line each, at most five.
std::vector<std::string> differences(const fixed_point& expected, const fixed_point& found);

} // namespace gwctl::tests
