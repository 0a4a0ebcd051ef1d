#include "gateway_run.hpp"

#include "fixed_point.hpp"
#include "gateway_rules.hpp"

#include <gwctl/gateway/gateway.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::tests {

using testing::simulation;
using testing::simulation_options;

namespace {

void install_gateways(manager& m) {
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    gateway::install<gateway::tcp, gateway::udp>(m, o);
}

simulation_options options_for(const gateway_scenario& s, unsigned replicas) {
    simulation_options o;
    o.seed = s.seed;
    o.replicas = replicas;
    o.announcer = true;
    o.adjust = [](manager_options& m) { m.name = "gateway-api-controller"; };
    return o;
}

void make_steps(simulation& world, const gateway_scenario& s) {
    make_foundation(world);
    const auto begin = world.now();
    for (const scenario_step& step : s.steps) {
        world.run_for(std::max(begin + step.at - world.now(), std::chrono::nanoseconds(0)));
        step.make(world);
    }
    world.run_for(std::max(begin + scenario_duration - world.now(), std::chrono::nanoseconds(0)));
    world.calm();
}

std::size_t writes_by_processes(const simulation& world) {
    const auto& all = world.writes();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const testing::write_record& w) {
        return w.user_agent.size() == 3 && w.resource != "leases" && w.resource != "events";
    }));
}

/// What came of the steps when nothing went wrong.
fixed_point undisturbed(const gateway_scenario& s) {
    simulation world(options_for(s, 1), install_gateways);
    make_steps(world, s);
    return fixed_point_of(world);
}

} // namespace

gateway_result run_gateway_scenario(const gateway_scenario& s,
                                    const std::function<void(const std::string&)>& log) {
    const fixed_point expected = undisturbed(s);
    simulation_options o = options_for(s, 2);
    o.log = log;
    simulation world(o, install_gateways);
    const gateway_rules rules(world);
    world.expect(s.mishaps);
    make_steps(world, s);
    for (const std::string& d : differences(expected, fixed_point_of(world)))
        world.violated("other than without mishaps: " + d);
    const std::size_t before = writes_by_processes(world);
    world.restart();
    world.calm();
    if (const std::size_t more = writes_by_processes(world) - before; more != 0)
        world.violated(fmt::format("a restart wrote {} objects", more));
    return {world.violations(), world.digest(), world.requests(), rules.late_writes()};
}

} // namespace gwctl::tests
