// The controllers of a real cluster that tests cannot do without.
#pragma once

#include "cluster.hpp"

#include <gwctl/core/log.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>

namespace gwctl::testing::detail {

/// Told of every change, it notes what to look at; `run` then brings those objects to a fixed point.
class stand_in {
public:
    virtual ~stand_in() = default;
    virtual void observe(const change& c) = 0;
    virtual bool idle() const = 0;
    virtual void run(cluster& c) = 0;
};

/// Deployments -> ReplicaSets -> Pods, running, ready and with addresses from 10.244.0.0/16; Services with
/// selectors -> EndpointSlices.
std::unique_ptr<stand_in> make_workloads();

/// Gives Services of type LoadBalancer the addresses they ask for: annotation kube-vip.io/loadbalancerIPs,
/// MetalLB's or Cilium's, else spec.loadBalancerIP. Those that ask for none get `node_addresses`. Leaves
/// alone those with a loadBalancerClass that is not kube-vip's, unless they ask MetalLB or Cilium.
std::unique_ptr<stand_in> make_announcer(std::vector<std::string> node_addresses);

/// Runs one step; a refusal (a namespace that is being deleted, say) ends that step only and is logged.
template <class Step>
void attempt(Step&& step) {
    try {
        step();
    } catch (const status_error& e) {
        log::warn("embedded API server: a stand-in was refused", {{"error", std::string(e.what())}});
    }
}

/// A write by a stand-in.
write_request stand_in_request(const cluster& c, std::string_view group, std::string_view kind,
                               std::string_view ns, std::string_view name, std::string_view agent);

} // namespace gwctl::testing::detail
