/// Which listeners are usable, before any route is looked at: a Gateway's own and those that ListenerSets add
/// to it.
#pragma once

#include <gwctl/gateway/snapshot.hpp>

namespace gwctl::gateway {

/// What the rules say of one listener before any route is looked at.
struct listener_rules {
    const Listener* listener = nullptr;
    /// The kinds that may attach: those that fit the protocol, narrowed to `allowedRoutes.kinds`.
    std::vector<const route_kind*> kinds{};
    verdict accepted{};
    /// False when `allowedRoutes.kinds` lists one that does not fit, or a certificate cannot be used.
    verdict resolved_refs{};
    bool conflicted = false; ///< `accepted.reason` says how
    bool has_certificates = true;

    /// Whether it can be served once the Gateway is.
    bool usable() const { return accepted.holds && has_certificates && !kinds.empty(); }
};

/// A ListenerSet that names the Gateway.
struct listener_set_rules {
    const ListenerSet* set = nullptr;
    verdict allowed{}; ///< false: the Gateway's `spec.allowedListeners` leaves it out
    /// Where its listeners are among `judged_listeners::listeners`; `count` is 0 when it is not allowed.
    std::size_t first = 0;
    std::size_t count = 0;
};

/// The listeners of a Gateway as one list, in the order of precedence.
struct judged_listeners {
    std::vector<listener_rules> listeners{}; ///< the Gateway's own, then those of allowed sets
    std::size_t own = 0;                     ///< how many of them are the Gateway's
    std::vector<listener_set_rules> sets{};

    /// Whose a listener is; null: the Gateway's.
    const ListenerSet* set_of(std::size_t listener) const;
    std::span<const listener_rules> of_gateway() const { return std::span(listeners).first(own); }
    std::span<const listener_rules> of(const listener_set_rules& set) const {
        return std::span(listeners).subspan(set.first, set.count);
    }
};

/// How many listeners ListenerSets may add to one Gateway: each becomes a port and at least one EndpointSlice
/// of one Service, which has to fit into etcd.
inline constexpr std::size_t set_listeners_per_gateway = 1000;
/// How many of them one namespace other than the Gateway's may add, so that nobody uses the limit up.
inline constexpr std::size_t set_listeners_per_namespace = 64;

/// Judges all of them against each other. `s.sets` must be in the order of precedence.
judged_listeners judge_listeners(const snapshot& s);

/// Whose listeners they are, for what may be in other namespaces.
struct listener_owner {
    std::string_view kind{};
    std::string_view namespace_{};
};

/// Judges the listeners of one object each for itself: no conflicts, no limits.
std::vector<listener_rules> judge_each(const std::vector<Listener>& listeners, const listener_owner& owner,
                                       std::span<const route_kind* const> kinds, const cluster_view& cluster);

/// Whether the Gateway's `spec.allowedListeners` lets the set in: NotAllowed otherwise.
verdict judge_set(const ListenerSet& set, const Gateway& gateway, const cluster_view& cluster);

/// The Gateway that a ListenerSet adds listeners to; an empty name when its parentRef names something else.
object_key parent_gateway(const ListenerSet& set);

/// Whether the listeners of `a` take precedence over those of `b`: older first, then by "NAMESPACE/NAME"
/// (Gateway API, GEP-1713).
bool precedes(const ListenerSet& a, const ListenerSet& b);

/// What a Service has a port for: "TCP" or "UDP", and the number.
using protocol_port = std::pair<std::string, std::int32_t>;

/// The transport a listener's port is taken on: "TCP", "UDP", or empty when we cannot know.
std::string_view transport_of(const Listener& l, std::span<const route_kind* const> kinds);

} // namespace gwctl::gateway
