#include "listener_status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway {

using gateway_v1::ListenerStatus;

verdict listener_programmed(const listener_rules& rules, const verdict& gateway) {
    if (rules.conflicted)
        return {false, rules.accepted.reason, rules.accepted.message};
    if (!rules.accepted.holds)
        return {false, "Invalid", rules.accepted.message};
    if (!rules.usable())
        return {false, "Invalid", rules.resolved_refs.message};
    if (!gateway.holds)
        return {false, gateway.reason == "Invalid" ? "Invalid" : "Pending", gateway.message};
    return {true, "Programmed", "The listener is served"};
}

verdict unserved_listener(std::string_view transport, std::int32_t port) {
    return {false, "Pending",
            fmt::format("spec.listeners: no Service of the Gateway has {} port {} yet; wait, or correct what "
                        "the condition Programmed of its route names",
                        transport, port)};
}

ListenerStatus listener_status(const listener_rules& rules, std::int32_t attached, const verdict& programmed,
                               const std::vector<ListenerStatus>& existing, std::int64_t generation,
                               wall_time now) {
    const auto same = std::find_if(existing.begin(), existing.end(),
                                   [&](const ListenerStatus& l) { return l.name == rules.listener->name; });
    ListenerStatus status;
    status.name = rules.listener->name;
    status.attachedRoutes = attached;
    status.supportedKinds.emplace();
    for (const route_kind* kind : rules.kinds) {
        auto& supported = status.supportedKinds->emplace_back();
        supported.group = kind->type.group;
        supported.kind = kind->type.kind;
    }
    condition_writer conditions(same == existing.end() ? std::vector<Condition>() : same->conditions,
                                generation, now);
    conditions.set("Accepted", rules.accepted);
    conditions.set("Conflicted", rules.conflicted, rules.conflicted ? rules.accepted.reason : "NoConflicts",
                   rules.conflicted ? rules.accepted.message : "The listener has its port to itself");
    conditions.set("Programmed", programmed);
    conditions.set("ResolvedRefs", rules.resolved_refs);
    status.conditions = std::move(conditions).take();
    return status;
}

bool has_listener(const std::vector<ListenerStatus>& all, std::string_view name) {
    return std::any_of(all.begin(), all.end(), [&](const ListenerStatus& l) { return l.name == name; });
}

bool has_usable_listener(const judged_listeners& judged, const listener_set_rules& set) {
    const auto its = judged.of(set);
    return std::any_of(its.begin(), its.end(), [](const listener_rules& r) { return r.usable(); });
}

std::int32_t attached_sets(const judged_listeners& judged) {
    return static_cast<std::int32_t>(
        std::count_if(judged.sets.begin(), judged.sets.end(), [&](const listener_set_rules& set) {
            return set.allowed.holds && has_usable_listener(judged, set);
        }));
}

} // namespace gwctl::gateway
