#include "gateway_run.hpp"

#include "fixed_point.hpp"
#include "gateway_rules.hpp"
#include "gateway_scenario.hpp"

#include <gwctl/gateway/gateway.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::tests {

using testing::scenario;
using testing::simulation;
using testing::simulation_options;

namespace {

void install_gateways(manager& m) {
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    gateway::install<gateway::tcp, gateway::udp>(m, o);
}

void complete(simulation_options& o, unsigned replicas) {
    o.replicas = replicas;
    o.announcer = true;
    o.adjust = [](manager_options& m) { m.name = "gateway-api-controller"; };
}

std::size_t writes_by_processes(const simulation& world) {
    const auto& all = world.writes();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const testing::write_record& w) {
        return w.user_agent.size() == 3 && w.resource != "leases" && w.resource != "events";
    }));
}

/// What comes of the steps when nothing goes wrong.
fixed_point undisturbed(simulation_options o, scenario s) {
    complete(o, 1);
    o.log = {};
    s.mishaps.clear();
    simulation world(o, install_gateways);
    make_foundation(world);
    play(world, s);
    world.calm();
    return fixed_point_of(world);
}

} // namespace

gateway_result run_gateway_scenario(simulation_options o, const scenario& s) {
    const fixed_point expected = undisturbed(o, s);
    complete(o, 2);
    simulation world(o, install_gateways);
    const gateway_rules rules(world);
    make_foundation(world);
    play(world, s);
    world.calm();
    for (const std::string& d : differences(expected, fixed_point_of(world)))
        world.violated("other than without mishaps: " + d);
    const std::size_t before = writes_by_processes(world);
    world.restart();
    world.calm();
    if (const std::size_t more = writes_by_processes(world) - before; more != 0)
        world.violated(fmt::format("a restart wrote {} objects", more));
    return {world.violations(), rules.late_writes()};
}

} // namespace gwctl::tests
