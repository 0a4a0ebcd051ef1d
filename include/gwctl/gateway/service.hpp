/// The Services that serve a Gateway: its own, and those that behaviours `create` and `duplicate` make per
/// route.
#pragma once

#include <gwctl/gateway/backends.hpp>

#include <string>
#include <vector>

namespace gwctl::gateway {

/// Something that could not be done for a route although route and Gateway are valid.
struct problem {
    const route_view* route = nullptr; ///< null: about no route
    std::string message{};
    const Listener* listener = nullptr; ///< null: about all of the route's listeners
    bool in_part = false;               ///< the route is served, but not all of it
};

/// A listener whose winner is served by a Service of its own.
struct served_listener {
    const Listener* listener = nullptr;
    const route_view* route = nullptr;
    /// The first usable backend: one address, protocol and port can belong to one Service only.
    backend target{};
};

/// Labels and annotations on everything made for a Gateway: its `spec.infrastructure`, then ours; not yet
/// those that announcers read. `addresses` may be empty: the announcer chooses.
void mark(ObjectMeta& metadata, const Gateway& gateway, const std::vector<std::string>& addresses,
          const options& o, const names& n);

/// The Gateway's Service for behaviour `merge`: no selector, a port per listener. `listeners` must not be
/// empty.
core_v1::Service render_gateway_service(const Gateway& gateway, const std::vector<const Listener*>& listeners,
                                        std::span<const route_kind* const> kinds,
                                        const std::vector<std::string>& addresses, const options& o,
                                        const names& n);

/// The name of the copy that behaviour `duplicate` makes.
std::string duplicate_name(std::string_view service);

/// The Services of behaviours `create` and `duplicate`, one per name; routes that share a name share the
/// Service when they agree on the pods, else the first wins and the others are reported.
std::vector<core_v1::Service> render_route_services(const Gateway& gateway,
                                                    const std::vector<served_listener>& created,
                                                    const std::vector<served_listener>& duplicated,
                                                    const std::vector<std::string>& addresses,
                                                    const options& o, const names& n,
                                                    std::vector<problem>& problems);

/// Whether a key under `spec.infrastructure` is one that we, Kubernetes or an announcer give meaning to.
bool is_reserved_key(std::string_view key, const names& n);

/// False, with the key, for labels and annotations of `spec.infrastructure` that we cannot honour.
verdict judge_infrastructure(const Gateway& gateway, const names& n);

} // namespace gwctl::gateway
