/// What a route's backendRefs lead to.
#pragma once

#include <gwctl/gateway/attach.hpp>
#include <gwctl/gateway/names.hpp>

namespace gwctl::gateway {

/// One backendRef, judged.
struct backend {
    const BackendRef* ref = nullptr;
    object_key service_key{};
    /// What serves it; null when `resolved` is false, and for behaviour `create`, which makes it.
    std::shared_ptr<const core_v1::Service> service{};
    /// The port of `service` that the backendRef names.
    const core_v1::ServicePort* port = nullptr;
    verdict resolved{};
    std::int64_t weight = 1; ///< the backendRef's, or those that `fold_same` put together

    bool usable() const { return resolved.holds && weight != 0; }
};

/// Every backendRef of the route, in order, under the rules of one behaviour. Grants are checked before
/// existence (Gateway API: a missing grant must not tell whether the target exists).
std::vector<backend> judge_backends(const route_view& route, behaviour served_by, const names& n,
                                    const cluster_view& cluster);

/// Makes one of usable backends that are the same port of the same Service, in the place of the first.
std::vector<backend> fold_same(std::vector<backend> backends);

/// The route's ResolvedRefs: the first backendRef that fails, or that all hold.
verdict resolved_refs(const std::vector<backend>& backends);

/// Whether we made this Service (and not: whether we changed it for behaviour `update`).
bool made_by_us(const core_v1::Service& service, const names& n);

/// "8080/TCP (http), 53/UDP", for messages.
std::string describe_ports(const core_v1::Service& service);

} // namespace gwctl::gateway
