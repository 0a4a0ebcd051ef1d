/// The EndpointSlices behind a Gateway's Service, merged from those of the backends.
#pragma once

#include <gwctl/gateway/backends.hpp>

namespace gwctl::gateway {

/// A port of a Service without selector and what answers on it.
struct merged_port {
    service_port port{};
    std::vector<backend> backends{}; ///< empty for a listener without a route
    const Listener* listener = nullptr;
};

/// The slices of `service`: for each port and family at least one, possibly empty, since kube-vip withdraws
/// an address when it sees a slice go. Those of `existing` that are no longer needed but whose port remains
/// come back empty. One family and one target port each, at most 100 endpoints, named by port, family and
/// number.
///
/// Endpoints stay in the slice where they are; new ones fill holes; what a slice had of a target port that is
/// gone, another may use. So one endpoint more or less changes one slice. Where backends differ in weight,
/// each has slices of its own, with the weight of each endpoint in Cilium's annotation.
std::vector<discovery_v1::EndpointSlice>
merge_slices(const core_v1::Service& service, const std::vector<merged_port>& ports,
             const cluster_view& cluster,
             const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& existing, const names& n);

/// Puts slices that lose endpoints after those that only gain, so that an endpoint that moves is never in
/// none.
void gain_before_losing(std::vector<discovery_v1::EndpointSlice>& slices,
                        const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& live);

} // namespace gwctl::gateway
