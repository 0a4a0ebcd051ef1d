/// What users do to Gateways, routes and backends while a simulation runs.
#pragma once

#include <gwctl/testing/simulation.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace gwctl::tests {

struct scenario_step {
    std::chrono::milliseconds at{0};
    std::string name;
    std::function<void(testing::simulation&)> make;
};

struct gateway_scenario {
    std::uint64_t seed = 0;
    std::vector<scenario_step> steps;
    std::vector<testing::mishap> mishaps;
};

/// How long users and mishaps are at work.
inline constexpr std::chrono::milliseconds scenario_duration = std::chrono::minutes(2);

/// Random changes and random mishaps, the same for the same seed.
gateway_scenario draw_gateway_scenario(std::uint64_t seed);

/// What is there from the start and never changes: Gateway `steady` with a route and two endpoints; Gateway `flappy`
/// with a route, of whose backend the endpoints come and go.
void make_foundation(testing::simulation& world);

} // namespace gwctl::tests
