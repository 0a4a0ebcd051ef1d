/// The EndpointSlices behind a Gateway's Service, merged from those of the backends.
#pragma once

#include <gwctl/gateway/backends.hpp>

namespace gwctl::gateway {

/// A port of the Gateway's Service and what answers on it.
struct merged_port {
    service_port port{};
    std::vector<backend> backends{}; ///< empty for a listener without a route
};

/// The slices of `service`, which is the Gateway's own: for each port and family at least one, possibly
/// empty, since kube-vip withdraws an address when it sees a slice go. Those of `existing` that are no longer
/// needed but whose port remains come back empty. One family and one target port each, at most 100 endpoints,
/// named by port, family and number, so that an unchanged input gives unchanged slices.
std::vector<discovery_v1::EndpointSlice>
merge_slices(const core_v1::Service& service, const std::vector<merged_port>& ports,
             const cluster_view& cluster,
             const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& existing, const names& n);

} // namespace gwctl::gateway
