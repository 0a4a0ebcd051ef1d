// The writes of Services that a plan comes to.
#pragma once

#include "division.hpp"

#include <gwctl/gateway/hand_over.hpp>

namespace gwctl::gateway::detail {

/// What is to become of the Services of a Gateway.
struct service_wishes {
    std::vector<core_v1::Service> kept{};    ///< ours that ought to be, whether written or not
    std::vector<core_v1::Service> changed{}; ///< those of them that the cluster does not have so
    std::vector<service_patch> borrowed{};
    /// Ports of listeners that a Service will be borrowed for as soon as the route has its finalizer: whoever
    /// has them keeps them until then.
    port_claims frozen{};
};

/// In the order in which they can be carried out. Adds to `desired` what cannot be, and what became of
/// Services that the Go controller left. Returns what cannot.
std::vector<ordered_writes::obstacle> plan_writes(service_wishes wishes, const division& d, const snapshot& s,
                                                  const names& n, desired_state& desired);

} // namespace gwctl::gateway::detail
