#include "listener_status.hpp"

#include <gwctl/gateway/listener_sets.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using core_v1::Service;

bool is_current(const Condition* c, const Gateway& gateway) {
    return c != nullptr && c->status != "Unknown" &&
           c->observedGeneration.value_or(0) == gateway.metadata.generation.value_or(0);
}

verdict as_verdict(const Condition& c) { return {c.status == "True", c.reason, c.message}; }

verdict set_accepted(const attachments& a, const listener_set_rules& rules, const verdict& gateway_accepted) {
    if (!rules.allowed.holds)
        return rules.allowed;
    if (!gateway_accepted.holds)
        return {false, "ParentNotAccepted", "The Gateway is not accepted: " + gateway_accepted.message};
    if (rules.count == 0)
        return {false, "ListenersNotValid",
                "spec.listeners: expected at least one listener, got none; add one"};
    std::vector<std::string> bad;
    for (const listener_rules& l : a.of(rules))
        if (!l.usable())
            bad.push_back(l.accepted.holds ? l.resolved_refs.message : l.accepted.message);
    if (bad.empty())
        return {true, "Accepted", "The ListenerSet is accepted"};
    return {has_usable_listener(a, rules), "ListenersNotValid", fmt::format("{}", fmt::join(bad, "; "))};
}

bool has_port(const std::vector<std::shared_ptr<const Service>>& services, std::string_view transport,
              std::int32_t port) {
    return std::any_of(services.begin(), services.end(), [&](const auto& service) {
        const auto& ports = service->spec.ports;
        return std::any_of(ports.begin(), ports.end(), [&](const core_v1::ServicePort& p) {
            return p.port == port && protocol_of(p) == transport;
        });
    });
}

/// As for a Gateway's own, and the Services have the port already.
verdict entry_programmed(const listener_rules& rules, const verdict& gateway,
                         const std::vector<std::shared_ptr<const Service>>& services,
                         std::span<const route_kind* const> kinds) {
    verdict v = listener_programmed(rules, gateway);
    const std::string_view transport = transport_of(*rules.listener, kinds);
    if (v.holds && !has_port(services, transport, rules.listener->port))
        return unserved_listener(transport, rules.listener->port);
    return v;
}

verdict set_programmed(const verdict& accepted, const verdict& gateway, const std::vector<verdict>& entries) {
    if (!accepted.holds)
        return {false, accepted.reason == "ParentNotAccepted" ? "ParentNotProgrammed" : accepted.reason,
                accepted.message};
    if (!gateway.holds)
        return {false, "ParentNotProgrammed", "The Gateway is not programmed: " + gateway.message};
    const auto is_served = [](const verdict& v) { return v.holds; };
    if (std::any_of(entries.begin(), entries.end(), is_served))
        return {true, "Programmed", "The listeners that are accepted are served"};
    const auto waiting =
        std::find_if(entries.begin(), entries.end(), [](const verdict& v) { return v.reason == "Pending"; });
    return waiting == entries.end() ? verdict{false, "Pending", "spec.listeners: none is served yet; wait"}
                                    : *waiting;
}

} // namespace

std::optional<ListenerSet::Status>
listener_set_status(const ListenerSet& set, const attachments& a, const Gateway& gateway,
                    const std::vector<std::shared_ptr<const Service>>& services,
                    std::span<const route_kind* const> kinds, wall_time now) {
    const auto rules = std::find_if(a.sets.begin(), a.sets.end(), [&](const listener_set_rules& r) {
        return r.set->metadata.name == set.metadata.name &&
               r.set->metadata.namespace_ == set.metadata.namespace_;
    });
    const Condition* parent_accepted = find_condition(gateway.status.conditions, "Accepted");
    const Condition* parent_programmed = find_condition(gateway.status.conditions, "Programmed");
    if (rules == a.sets.end() || !is_current(parent_accepted, gateway) ||
        !is_current(parent_programmed, gateway))
        return std::nullopt;

    const std::int64_t generation = set.metadata.generation.value_or(0);
    const verdict gateway_programmed = as_verdict(*parent_programmed);
    ListenerSet::Status status;
    std::vector<verdict> entries;
    for (std::size_t i = rules->first; i < rules->first + rules->count; ++i) {
        entries.push_back(entry_programmed(a.listeners[i], gateway_programmed, services, kinds));
        if (!has_listener(status.listeners, a.listeners[i].listener->name))
            status.listeners.push_back(listener_status(a.listeners[i], a.attached[i], entries.back(),
                                                       set.status.listeners, generation, now));
    }
    const verdict accepted = set_accepted(a, *rules, as_verdict(*parent_accepted));
    condition_writer conditions(set.status.conditions, generation, now);
    conditions.set("Accepted", accepted);
    conditions.set("Programmed", set_programmed(accepted, gateway_programmed, entries));
    status.conditions = std::move(conditions).take();
    return status;
}

std::optional<ListenerSet::Status> orphan_status(const ListenerSet& set, wall_time now) {
    if (!is_true(set.status.conditions, "Accepted") && !is_true(set.status.conditions, "Programmed"))
        return std::nullopt;
    const std::string message =
        fmt::format("spec.parentRef: Gateway {} does not exist; create it or correct the name",
                    to_string(parent_gateway(set)));
    condition_writer conditions(set.status.conditions, set.metadata.generation.value_or(0), now);
    conditions.set("Accepted", false, "ParentNotAccepted", message);
    conditions.set("Programmed", false, "ParentNotProgrammed", message);
    ListenerSet::Status status;
    status.conditions = std::move(conditions).take();
    return status;
}

} // namespace gwctl::gateway
