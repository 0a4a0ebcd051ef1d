#include "listener_status.hpp"

#include <gwctl/core/time.hpp>
#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using gateway_v1::ListenerStatus;
using gateway_v1::RouteParentStatus;

verdict gateway_accepted(std::span<const listener_rules> listeners, const addressing& addresses,
                         const verdict& parameters) {
    if (!addresses.accepted.holds)
        return addresses.accepted;
    if (!parameters.holds)
        return parameters;
    const auto good = std::count_if(listeners.begin(), listeners.end(),
                                    [](const listener_rules& l) { return l.accepted.holds; });
    if (good == static_cast<std::ptrdiff_t>(listeners.size()) && good > 0)
        return {true, "Accepted", "The Gateway is accepted"};
    std::vector<std::string> bad;
    for (const listener_rules& l : listeners)
        if (!l.accepted.holds)
            bad.push_back(l.accepted.message);
    return {good > 0, "ListenersNotValid",
            bad.empty() ? "spec.listeners: expected at least one listener, got none; add one"
                        : fmt::format("{}", fmt::join(bad, "; "))};
}

verdict gateway_programmed(const verdict& accepted, const addressing& addresses, const verdict& services,
                           const std::vector<announcement>& announcements) {
    if (!accepted.holds)
        return {false, "Invalid", "The Gateway is not accepted: " + accepted.message};
    if (!addresses.usable.holds)
        return addresses.usable;
    if (!services.holds)
        return services;
    if (announcements.empty())
        return {false, "Pending",
                "spec.listeners: no Service asks for the Gateway's address, since no listener has a route "
                "that can be "
                "served; attach one, or correct what the status of the routes names"};
    for (const announcement& a : announcements)
        if (!a.state.holds)
            return a.state;
    return announcements.front().state;
}

bool same_reference(const ParentReference& a, const ParentReference& b, const std::string& namespace_) {
    const auto normal = [&](const ParentReference& r) {
        return std::tuple(r.group.value_or(std::string(gateway_v1::group)), r.kind.value_or("Gateway"),
                          r.namespace_.value_or(namespace_), r.name, r.sectionName.value_or(""),
                          r.port.value_or(0));
    };
    return normal(a) == normal(b);
}

/// Those that can be read.
std::vector<RouteParentStatus> own_entries(const std::vector<json::value>& parents,
                                           std::string_view controller_name) {
    std::vector<RouteParentStatus> ours;
    for (const json::value& entry : parents)
        if (written_by(entry, controller_name))
            if (auto decoded = json::decode<RouteParentStatus>(boost::json::serialize(entry));
                decoded.has_value())
                ours.push_back(std::move(*decoded));
    return ours;
}

RouteParentStatus parent_status(const route_view& route, const parent_verdict& v,
                                const std::vector<RouteParentStatus>& existing,
                                std::string_view controller_name, wall_time now) {
    const std::string& namespace_ = route.metadata->namespace_;
    const auto same = std::find_if(existing.begin(), existing.end(), [&](const RouteParentStatus& p) {
        return same_reference(p.parentRef, *v.parent, namespace_);
    });
    RouteParentStatus status;
    status.parentRef = *v.parent;
    if (!status.parentRef.group)
        status.parentRef.group = std::string(gateway_v1::group);
    if (!status.parentRef.kind)
        status.parentRef.kind = "Gateway";
    status.controllerName = controller_name;
    condition_writer conditions(same == existing.end() ? std::vector<Condition>() : same->conditions,
                                route.metadata->generation.value_or(0), now);
    conditions.set("Accepted", v.accepted);
    conditions.set("ResolvedRefs", v.resolved_refs);
    const auto put = [&](std::string_view type, const std::optional<verdict>& said) {
        if (said)
            conditions.set(type, *said);
        else
            conditions.remove(type);
    };
    put(condition_programmed, v.programmed);
    put(names(controller_name).weights_condition(), v.weights);
    status.conditions = std::move(conditions).take();
    return status;
}

} // namespace

void condition_writer::set(std::string_view type, bool holds, std::string reason, std::string message) {
    put(type, holds ? "True" : "False", std::move(reason), std::move(message));
}

void condition_writer::set_unknown(std::string_view type, std::string reason, std::string message) {
    put(type, "Unknown", std::move(reason), std::move(message));
}

void condition_writer::put(std::string_view type, std::string_view status, std::string reason,
                           std::string message) {
    constexpr std::size_t longest_message = 32768;
    if (message.size() > longest_message) {
        std::size_t end = longest_message;
        while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xc0U) == 0x80U)
            --end; // not within a UTF-8 character: half of one is no JSON
        message.resize(end);
    }
    ours_.emplace(type);
    auto found = std::find_if(conditions_.begin(), conditions_.end(),
                              [&](const Condition& c) { return c.type == type; });
    if (found == conditions_.end()) {
        found = conditions_.emplace(conditions_.end());
        found->type = type;
    }
    if (found->observedGeneration.value_or(0) > generation_)
        return; // someone has seen a newer object
    if (found->status != status || found->lastTransitionTime.empty())
        found->lastTransitionTime = format_time(now_);
    found->status = status;
    found->reason = std::move(reason);
    found->message = std::move(message);
    found->observedGeneration = generation_;
}

void condition_writer::remove(std::string_view type) {
    std::erase_if(conditions_, [&](const Condition& c) { return c.type == type; });
}

std::vector<Condition> condition_writer::take() && {
    constexpr std::size_t most = 8;
    for (auto last = conditions_.end(); last != conditions_.begin() && conditions_.size() > most;) {
        --last;
        if (!ours_.contains(last->type))
            last = conditions_.erase(last);
    }
    return std::move(conditions_);
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
    const auto found = std::find_if(conditions.begin(), conditions.end(),
                                    [&](const Condition& c) { return c.type == type; });
    return found == conditions.end() ? nullptr : &*found;
}

bool is_true(const std::vector<Condition>& conditions, std::string_view type) {
    const Condition* c = find_condition(conditions, type);
    return c != nullptr && c->status == "True";
}

Gateway::Status gateway_status(const snapshot& s, const attachments& a, const addressing& addresses,
                               const std::vector<announcement>& announcements,
                               const std::set<protocol_port>& served, const verdict& parameters,
                               const verdict& services, const names& n, wall_time now) {
    const std::int64_t generation = s.gateway->metadata.generation.value_or(0);
    const verdict accepted = gateway_accepted(a.of_gateway(), addresses, parameters);
    const verdict programmed = gateway_programmed(accepted, addresses, services, announcements);

    Gateway::Status status = s.gateway->status;
    condition_writer conditions(std::move(status.conditions), generation, now);
    conditions.set("Accepted", accepted);
    conditions.set("Programmed", programmed);
    if (addresses.granted) {
        const json::array granted(addresses.granted_addresses.begin(), addresses.granted_addresses.end());
        conditions.set(n.granted_condition(), *addresses.granted);
        conditions.set(n.grant_record(), {true, addresses.granted->reason, boost::json::serialize(granted)});
    } else {
        conditions.remove(n.granted_condition());
        conditions.remove(n.grant_record());
    }
    status.conditions = std::move(conditions).take();

    std::vector<std::string> published = addresses.addresses;
    if (addresses.left_to_announcer)
        for (const announcement& a_service : announcements)
            for (const std::string& address : a_service.addresses)
                if (std::find(published.begin(), published.end(), address) == published.end())
                    published.push_back(address);
    status.addresses.clear();
    for (const std::string& address : published) {
        auto& entry = status.addresses.emplace_back();
        entry.type = "IPAddress";
        entry.value = address;
    }

    std::vector<ListenerStatus> listeners;
    for (std::size_t i = 0; i < a.own; ++i) {
        const Listener& listener = *a.listeners[i].listener;
        const std::string transport(transport_of(listener, s.kinds));
        verdict v = listener_programmed(a.listeners[i], programmed);
        if (v.holds && !served.contains({transport, listener.port}))
            v = unserved_listener(transport, listener.port);
        if (!has_listener(listeners, listener.name))
            listeners.push_back(
                listener_status(a.listeners[i], a.attached[i], v, status.listeners, generation, now));
    }
    status.listeners = std::move(listeners);
    const std::int32_t sets = accepted.holds ? attached_sets(a) : 0;
    if (sets > 0 || status.attachedListenerSets)
        status.attachedListenerSets = sets;
    return status;
}

void refuse_programmed(std::vector<Condition>& planned, const std::vector<Condition>& live,
                       std::int64_t generation, const std::string& why, wall_time now) {
    const auto at =
        std::find_if(planned.begin(), planned.end(), [](const auto& c) { return c.type == "Programmed"; });
    if (const Condition* before = find_condition(live, "Programmed");
        before != nullptr && at != planned.end())
        *at = *before;
    condition_writer conditions(std::move(planned), generation, now);
    conditions.set("Programmed", false, "NoResources", why);
    planned = std::move(conditions).take();
}

bool written_by(const json::value& entry, std::string_view controller_name) {
    const auto* object = entry.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("controllerName");
    const auto* text = name == nullptr ? nullptr : name->if_string();
    return text != nullptr && std::string_view(*text) == controller_name;
}

std::optional<RouteParentStatus> find_entry(const route_view& route, const ParentReference& parent,
                                            std::string_view controller_name) {
    if (!route.status->parents)
        return std::nullopt;
    for (RouteParentStatus& entry : own_entries(*route.status->parents, controller_name))
        if (same_reference(entry.parentRef, parent, route.metadata->namespace_))
            return std::move(entry);
    return std::nullopt;
}

std::optional<std::vector<json::value>> route_parents(const route_view& route,
                                                      const std::vector<parent_verdict>& verdicts,
                                                      std::string_view controller_name, wall_time now) {
    const std::vector<json::value> none;
    const std::vector<json::value>& before = route.status->parents ? *route.status->parents : none;
    std::vector<json::value> after;
    for (const json::value& entry : before)
        if (!written_by(entry, controller_name))
            after.push_back(entry);
    bool changed = before.size() - after.size() != verdicts.size(); // one of ours too many may be unreadable
    const std::vector<RouteParentStatus> ours = own_entries(before, controller_name);
    for (const parent_verdict& v : verdicts) {
        const RouteParentStatus status = parent_status(route, v, ours, controller_name, now);
        changed = changed || std::find(ours.begin(), ours.end(), status) == ours.end();
        after.push_back(json::to_value(status));
    }
    if (!changed)
        return std::nullopt;
    return after;
}

} // namespace gwctl::gateway
