// The EndpointSlices of all Services of a Gateway that have no selector.
#pragma once

#include "endpoint_limit.hpp"

#include <gwctl/gateway/slices.hpp>

namespace gwctl::gateway::detail {

/// A Service with the families that it is going to have, and its ports.
struct merged_service {
    core_v1::Service shape{};
    std::vector<merged_port> ports{};
};

/// What of a listener's endpoints is served.
struct served_endpoints {
    bool is_whole = true; ///< false: the limit leaves some out
    /// How many ready ones each of `usable_backends` has, in the order of these; only where weights differ.
    std::vector<std::size_t> ready{};
};

struct merged_slices {
    std::vector<discovery_v1::EndpointSlice> slices{};
    std::map<const Listener*, served_endpoints> served{};
};

/// For each port and family of the services at least one slice, possibly empty, since kube-vip withdraws an address when
/// it sees a slice go. Those that exist and are no longer needed but whose port remains come back empty. One family and
/// one target port each, at most 100 endpoints, named by port, family and number. As many endpoints as `o` allows:
/// `share_out`.
///
/// Endpoints stay in the slice where they are; new ones fill holes; what a slice had of a target port that is gone,
/// another may use. So one endpoint more or less changes one slice. Where backends differ in weight, each has slices of
/// its own, with the weight of each endpoint in Cilium's annotation.
///
/// The arguments must live until the task ends.
task<merged_slices> merge_in_pieces(const std::vector<merged_service>& services, endpoint_source& source,
                                    const snapshot& s, const options& o, const names& n, pauses& p);

} // namespace gwctl::gateway::detail
