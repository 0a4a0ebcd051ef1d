/// Which routes attach to which listeners.
#pragma once

#include <gwctl/gateway/listeners.hpp>

#include <map>

namespace gwctl::gateway {

/// What becomes of one parentRef.
struct attachment {
    const ParentReference* parent = nullptr;
    verdict accepted{};
    std::vector<std::size_t> listeners{}; ///< indexes into the listeners that take the route
};

/// Whether a parentRef of a route in `route_namespace` names this Gateway itself.
bool names_gateway(const ParentReference& parent, const std::string& route_namespace,
                   const object_key& gateway);

/// The Gateways that a route's parentRefs name, without duplicates.
std::vector<object_key> parent_gateways(const route_view& route);

/// The ListenerSets that a route's parentRefs name, without duplicates.
std::vector<object_key> parent_sets(const route_view& route);

/// The Gateways that a route's parentRefs name, themselves or by a ListenerSet, without duplicates.
std::vector<object_key> parent_gateways(const route_view& route, const cluster_view& cluster);

/// A parent of routes and its listeners.
struct route_parent {
    std::string name{};       ///< "Gateway default/web", for messages
    std::string namespace_{}; ///< that `allowedRoutes.namespaces.from: Same` means
    std::span<const listener_rules> listeners{};
    std::size_t first = 0; ///< the index of the first of them, in the list that indexes refer to
};

/// Attaches the route by one of its parentRefs. Precondition: the parentRef names the parent.
attachment attach(const route_view& route, const ParentReference& parent, const route_parent& to,
                  const cluster_view& cluster);

/// Whether the Gateway takes the route by any parentRef.
bool takes(const Gateway& gateway, const route_view& route, std::span<const route_kind* const> kinds,
           const cluster_view& cluster);

/// The route's `serviceBehaviour` label, else `create` when it has selector labels, else the default.
/// Errors: a message that names the label, its value and the values there are.
result<behaviour> behaviour_of(const route_view& route, behaviour fallback);

/// Every attachment to one Gateway, and who won each listener.
struct attachments : judged_listeners {
    struct entry {
        const route_view* route = nullptr;
        behaviour served_by = behaviour::merge;
        std::vector<attachment> parents{}; ///< those that lead to this Gateway, in the route's order
    };
    std::vector<entry> routes{};          ///< in precedence order
    std::vector<const entry*> winners{};  ///< per listener: the first route that attached, or null
    std::vector<std::int32_t> attached{}; ///< per listener: how many routes attached
    /// Entries by kind and uid, which belongs to the route of the entry.
    std::map<std::pair<const route_kind*, std::string_view>, const entry*> by_route{};

    /// Null for a route that does not name the Gateway.
    const entry* find(const route_view& route) const;

    attachments() = default;
    attachments(const attachments&) = delete; // winners point into routes
    attachments& operator=(const attachments&) = delete;
    attachments(attachments&&) = default;
    attachments& operator=(attachments&&) = default;
};

attachments attach_all(const snapshot& s, behaviour fallback);

} // namespace gwctl::gateway
