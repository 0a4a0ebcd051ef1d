/// What tests of ListenerSets look at.
#pragma once

#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

namespace gwctl::gateway::testing {

inline constexpr std::string_view all_may = "allowedListeners: {namespaces: {from: All}}";
inline constexpr std::string_view tcp_80 = "[{name: own, protocol: TCP, port: 80}]";

/// Gateway default/web with one listener, which lets every ListenerSet in.
inline world open_world() {
    world w;
    w.add("{kind: Namespace, metadata: {name: team, labels: {tier: gold}}}");
    w.add("{kind: Namespace, metadata: {name: other}}");
    w.gateway("web", tcp_80, all_may);
    return w;
}

inline std::string one(std::string_view name, std::string_view protocol, int port) {
    return fmt::format("[{{name: {}, protocol: {}, port: {}}}]", name, protocol, port);
}

inline const gateway_v1::ListenerStatus& entry(const world& w, std::string_view set,
                                               std::string_view listener) {
    const auto found = w.get<ListenerSet>(set);
    for (const auto& l : found->status.listeners)
        if (l.name == listener)
            return l;
    FAIL("ListenerSet " << set << " has no status of listener " << listener);
    return found->status.listeners.front();
}

/// "Accepted=..., Programmed=..., Conflicted=..."
inline std::string entry_status(const world& w, std::string_view set, std::string_view listener) {
    const auto& conditions = entry(w, set, listener).conditions;
    return fmt::format("Accepted={}, Programmed={}, Conflicted={}", show(conditions, "Accepted"),
                       show(conditions, "Programmed"), show(conditions, "Conflicted"));
}

inline std::string ports(const world& w, std::string_view service) {
    const auto found = w.get<core_v1::Service>(service);
    std::string all;
    if (found)
        for (const auto& p : found->spec.ports)
            all += (all.empty() ? "" : " ") + p.name;
    return all;
}

/// The addresses behind a port of the Gateway's Service.
inline std::string endpoints(const world& w, std::string_view port) {
    std::string all;
    for (const auto& slice : w.list<discovery_v1::EndpointSlice>())
        if (slice->metadata.annotations.contains(w.named.gateway()) && slice->ports[0].name == port)
            for (const auto& e : *slice->endpoints)
                all += (all.empty() ? "" : " ") + e.addresses.front();
    return all;
}

inline std::int32_t attached(const world& w) {
    return w.get<Gateway>("web")->status.attachedListenerSets.value_or(0);
}

inline constexpr std::string_view served = "Accepted=True/Accepted, Programmed=True/Programmed";
inline constexpr std::string_view entry_served =
    "Accepted=True/Accepted, Programmed=True/Programmed, Conflicted=False/NoConflicts";
inline constexpr std::string_view entry_lost =
    "Accepted=False/ProtocolConflict, Programmed=False/ProtocolConflict, "
    "Conflicted=True/ProtocolConflict";

} // namespace gwctl::gateway::testing
