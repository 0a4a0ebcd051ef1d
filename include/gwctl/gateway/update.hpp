/// Behaviour `update`: a user's Service borrowed for a Gateway, and given back as it was.
#pragma once

#include <gwctl/gateway/announcement.hpp>
#include <gwctl/gateway/hand_over.hpp>
#include <gwctl/gateway/service.hpp>

#include <optional>

namespace gwctl::gateway {

/// A JSON merge patch for a user's Service, conditional on the version it was made from.
struct service_patch {
    object_key service{};
    std::string body{};
    port_claims claims{}; ///< what the Service asks for then
};

/// What is wanted of a user's Service.
struct loan {
    std::string
        digest{}; ///< of all that is wanted; empty when it is not borrowed yet, or its record is broken
    std::optional<service_patch> change{}; ///< nothing when it is so already
};

/// What makes the Service serve these listeners (all of one backend): type LoadBalancer, the addresses, and
/// the missing ports. What was there before is recorded in an annotation with the first change. Listeners
/// whose port the Service already uses for something else are reported and left out.
loan render_update(const core_v1::Service& live, const std::vector<served_listener>& listeners,
                   const Gateway& gateway, const announcement_request& request, const options& o,
                   const names& n, std::vector<problem>& problems);

/// What undoes `render_update` by its record, but for addresses that a Gateway has by now: whoever may edit
/// the Service can forge the record. Ports, labels and fields that others changed since are kept.
/// Precondition: `is_borrowed(live)`. Errors: `errc::decode` when someone broke the record.
result<service_patch> render_return(const core_v1::Service& live, const names& n,
                                    const cluster_view& cluster);

/// The ports of a Service without those that behaviour `update` added, under the names their owner gave them.
std::vector<core_v1::ServicePort> own_ports(const core_v1::Service& service, const names& n);

/// Whether the Service carries a record of behaviour `update`.
bool is_borrowed(const core_v1::Service& service, const names& n);

/// The routes for which a Service is borrowed, "TCPRoute NAMESPACE/NAME" each; empty when it is not.
std::vector<std::string> borrowers(const core_v1::Service& service, const names& n);

} // namespace gwctl::gateway
