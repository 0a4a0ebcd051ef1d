/// What users do to Gateways, routes and backends while a simulation runs.
#pragma once

#include <gwctl/testing/scenario.hpp>

namespace gwctl::tests {

/// Random changes and random mishaps, the same for the same seed.
testing::scenario draw_gateway_scenario(std::uint64_t seed);

/// What is there from the start and never changes: Gateway `steady` with a route and two endpoints; Gateway `flappy`
/// with a route, of whose backend the endpoints come and go.
void make_foundation(testing::simulation& world);

} // namespace gwctl::tests
