#include <gwctl/gateway/listeners.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

/// The transport a listener's port is taken on: "TCP", "UDP", or empty when we cannot know.
std::string_view transport_of(const Listener& l, std::span<const route_kind* const> kinds) {
    for (const route_kind* kind : kinds)
        if (kind->accepts(l))
            return kind->expose(l, BackendRef()).protocol;
    for (const std::string_view over_tcp : {"HTTP", "HTTPS", "TLS"})
        if (l.protocol == over_tcp)
            return "TCP";
    return {};
}

bool matches_kind(const gateway_v1::RouteGroupKind& wanted, const route_kind& kind) {
    return wanted.kind == kind.type.kind &&
           wanted.group.value_or(std::string(gateway_v1::group)) == kind.type.group;
}

std::string known_protocols(std::span<const route_kind* const> kinds) {
    std::vector<std::string_view> known;
    for (const std::string_view protocol : {"TCP", "UDP"}) {
        Listener probe;
        probe.protocol = protocol;
        if (std::any_of(kinds.begin(), kinds.end(), [&](const route_kind* k) { return k->accepts(probe); }))
            known.push_back(protocol);
    }
    return known.empty() ? "one that an installed route kind accepts"
                         : fmt::format("{}", fmt::join(known, " or "));
}

listener_rules judge(const Listener& listener, std::size_t index, std::span<const route_kind* const> kinds) {
    listener_rules rules;
    rules.listener = &listener;
    rules.accepted = {true, "Accepted", "The listener is valid"};
    rules.resolved_refs = {true, "ResolvedRefs", "All references are resolved"};
    std::vector<const route_kind*> fitting;
    std::copy_if(kinds.begin(), kinds.end(), std::back_inserter(fitting),
                 [&](const route_kind* kind) { return kind->accepts(listener); });
    if (fitting.empty()) {
        rules.accepted = {
            false, "UnsupportedProtocol",
            fmt::format("spec.listeners[{}].protocol: expected {}, got \"{}\"; change the protocol or "
                        "move the listener to a Gateway of another class",
                        index, known_protocols(kinds), listener.protocol)};
        return rules;
    }
    if (listener.port < 1 || listener.port > 65535)
        rules.accepted = {false, "PortUnavailable",
                          fmt::format("spec.listeners[{}].port: expected a port between 1 and 65535, got {}",
                                      index, listener.port)};
    const auto& wanted = listener.allowedRoutes.kinds;
    if (wanted.empty()) {
        rules.kinds = std::move(fitting);
        return rules;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto kind = std::find_if(fitting.begin(), fitting.end(),
                                       [&](const route_kind* k) { return matches_kind(wanted[i], *k); });
        if (kind == fitting.end())
            rules.resolved_refs = {
                false, "InvalidRouteKinds",
                fmt::format(
                    "spec.listeners[{}].allowedRoutes.kinds[{}]: {} does not fit protocol {}; expected {}",
                    index, i, wanted[i].kind, listener.protocol, fitting.front()->type.kind)};
        else if (std::find(rules.kinds.begin(), rules.kinds.end(), *kind) == rules.kinds.end())
            rules.kinds.push_back(*kind);
    }
    return rules;
}

/// Two listeners conflict when they take one port of one transport: connections cannot tell them apart
/// without a host name, which L4 does not have. None of them wins (Gateway API, "Distinct Listeners").
void mark_conflicts(std::vector<listener_rules>& rules, std::span<const route_kind* const> kinds) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const std::string_view transport = transport_of(*rules[i].listener, kinds);
        if (transport.empty())
            continue;
        for (std::size_t j = 0; j < rules.size(); ++j) {
            const Listener& other = *rules[j].listener;
            if (i == j || other.port != rules[i].listener->port || transport_of(other, kinds) != transport)
                continue;
            if (rules[i].kinds.empty() && rules[j].kinds.empty())
                continue; // both unsupported: nothing of ours is lost
            rules[i].conflicted = true;
            rules[i].accepted = {
                false, "ProtocolConflict",
                fmt::format("spec.listeners[{}].port: {} port {} is also taken by listener {}; give "
                            "each listener a port of its own",
                            i, transport, other.port, other.name)};
        }
    }
}

} // namespace

std::vector<listener_rules> judge_listeners(const Gateway& gateway,
                                            std::span<const route_kind* const> kinds) {
    std::vector<listener_rules> rules;
    for (std::size_t i = 0; i < gateway.spec.listeners.size(); ++i)
        rules.push_back(judge(gateway.spec.listeners[i], i, kinds));
    mark_conflicts(rules, kinds);
    return rules;
}

} // namespace gwctl::gateway
