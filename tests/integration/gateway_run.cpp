#include "gateway_run.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/gateway/status.hpp>

#include <support/catch.hpp>

namespace gwctl::tests {

gateway_controller::gateway_controller(gateway_cluster& cluster, gateway::options o) : cluster_(cluster) {
    log::configure({.minimum = log::level::error});
    manager_options m;
    m.name = "gateway-api-controller";
    m.handle_signals = false;
    m.leader_election.emplace();
    m.leader_election->namespace_ = "gateway-api-controller";
    m.leader_election->name = "gateway-api.fnnrn.me";
    manager_ = std::make_unique<manager>(m, cluster.controller_config());
    gateway::install<gateway::tcp, gateway::udp>(*manager_, std::move(o));
    thread_ = std::make_unique<testing::manager_thread>(*manager_);
}

void gateway_controller::settle() {
    const settled_report report =
        testing::wait_until_quiet(*manager_, [this] { return cluster_.under_way(); });
    for (const failing_key& f : report.failing)
        FAIL_CHECK(f.controller << " " << to_string(f.key) << ": " << f.last_error);
    CHECK(report.waiting_for == std::vector<std::string>());
    REQUIRE(report.settled);
}

gateway::options default_options() {
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    return o;
}

std::string status_of(const std::vector<Condition>& conditions, std::string_view type) {
    const Condition* c = gateway::find_condition(conditions, type);
    return c == nullptr ? std::string() : c->status;
}

} // namespace gwctl::tests
