// The reference binary: flags, and one call to install the controllers.
#include "doctor.hpp"
#include "flags.hpp"
#include "simulate.hpp"

#include <gwctl/gateway/gateway.hpp>

#include <fmt/format.h>

namespace {

int run(gwctl::tools::flags f) {
    const gwctl::cluster_config cluster = gwctl::find_config(f.kubeconfig).value();
    if (f.manager.leader_election)
        f.manager.leader_election = gwctl::tools::leader_lease(cluster.namespace_);
    gwctl::log::info("starting", {{"version", GWCTL_VERSION},
                                  {"server", cluster.server},
                                  {"config", cluster.origin},
                                  {"controller", f.gateway.controller_name}});
    gwctl::manager manager(f.manager, cluster);
    gwctl::gateway::install<gwctl::gateway::tcp, gwctl::gateway::udp>(manager, f.gateway);
    return manager.run();
}

} // namespace

int main(int argc, char** argv) {
    gwctl::tools::flags f = gwctl::tools::parse_flags(argc, argv);
    try {
        switch (f.what) {
        case gwctl::tools::command::simulate:
            return gwctl::tools::simulate(std::move(f));
        case gwctl::tools::command::doctor:
            return gwctl::tools::doctor(f);
        case gwctl::tools::command::run:
            return run(std::move(f));
        }
        return 2;
    } catch (const std::exception& e) {
        fmt::print(stderr, "gateway-api-controller: {}\n", e.what());
        return 1;
    }
}
