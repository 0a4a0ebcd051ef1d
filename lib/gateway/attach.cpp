#include <gwctl/gateway/attach.hpp>
#include <gwctl/gateway/names.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

bool is_gateway_api(const std::optional<std::string>& group) {
    return group.value_or(std::string(gateway_v1::group)) == gateway_v1::group;
}

verdict namespace_verdict(const Listener& listener, const std::string& gateway_namespace,
                          const std::string& route_namespace, const cluster_view& cluster) {
    const auto& rule = listener.allowedRoutes.namespaces;
    const std::string_view from = rule.from.empty() ? std::string_view("Same") : std::string_view(rule.from);
    if (from == "All")
        return {};
    if (from == "Same") {
        if (gateway_namespace == route_namespace)
            return {};
        return {
            false, "NotAllowedByListeners",
            fmt::format("listener {} takes routes of namespace {} only (allowedRoutes.namespaces.from: Same)",
                        listener.name, gateway_namespace)};
    }
    if (from == "Selector" && rule.selector) {
        const auto found = cluster.namespace_(route_namespace);
        if (found && matches(*rule.selector, found->metadata.labels))
            return {};
        return {false, "NotAllowedByListeners",
                fmt::format("listener {} takes routes of namespaces that its selector matches; the labels of "
                            "namespace {} do not",
                            listener.name, route_namespace)};
    }
    return {false, "NotAllowedByListeners",
            fmt::format("listener {} takes no routes: allowedRoutes.namespaces.from is \"{}\"{}",
                        listener.name, from, from == "Selector" ? " and there is no selector" : "")};
}

bool selected(const ParentReference& parent, const Listener& listener) {
    return (!parent.sectionName || *parent.sectionName == listener.name) &&
           (!parent.port || *parent.port == listener.port);
}

std::string wish(const ParentReference& parent) {
    std::string text;
    if (parent.sectionName)
        text += fmt::format("sectionName \"{}\"", *parent.sectionName);
    if (parent.port)
        text += fmt::format("{}port {}", text.empty() ? "" : " and ", *parent.port);
    return text.empty() ? "any listener" : text;
}

std::string listener_names(const Gateway& gateway) {
    std::vector<std::string> all;
    for (const Listener& l : gateway.spec.listeners)
        all.push_back(fmt::format("{} ({} {})", l.name, l.protocol, l.port));
    return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

} // namespace

bool names_gateway(const ParentReference& parent, const std::string& route_namespace,
                   const object_key& gateway) {
    return is_gateway_api(parent.group) && parent.kind.value_or("Gateway") == "Gateway" &&
           parent.name == gateway.name && parent.namespace_.value_or(route_namespace) == gateway.namespace_;
}

std::vector<object_key> parent_gateways(const route_view& route) {
    std::vector<object_key> keys;
    for (const ParentReference& parent : route.spec->parentRefs) {
        object_key key(parent.namespace_.value_or(route.metadata->namespace_), parent.name);
        if (names_gateway(parent, route.metadata->namespace_, key) &&
            std::find(keys.begin(), keys.end(), key) == keys.end())
            keys.push_back(std::move(key));
    }
    return keys;
}

attachment attach(const route_view& route, const ParentReference& parent, const Gateway& gateway,
                  const std::vector<listener_rules>& listeners, const cluster_view& cluster) {
    attachment a;
    a.parent = &parent;
    a.accepted = {false, "NoMatchingParent",
                  fmt::format("Gateway {} has no listener with {}; it has {}", to_string(key_of(gateway)),
                              wish(parent), listener_names(gateway))};
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        const listener_rules& rules = listeners[i];
        if (!selected(parent, *rules.listener))
            continue;
        if (std::find(rules.kinds.begin(), rules.kinds.end(), route.kind) == rules.kinds.end()) {
            if (a.listeners.empty())
                a.accepted = {false, "NotAllowedByListeners",
                              fmt::format("listener {} (protocol {}) does not take {}s", rules.listener->name,
                                          rules.listener->protocol, route.kind->type.kind)};
            continue;
        }
        const verdict allowed = namespace_verdict(*rules.listener, gateway.metadata.namespace_,
                                                  route.metadata->namespace_, cluster);
        if (allowed.holds)
            a.listeners.push_back(i);
        else if (a.listeners.empty())
            a.accepted = allowed;
    }
    if (!a.listeners.empty())
        a.accepted = {true, "Accepted", "The route is attached"};
    return a;
}

result<behaviour> behaviour_of(const route_view& route, behaviour fallback) {
    const auto& labels = route.metadata->labels;
    const auto label = labels.find(std::string(label_behaviour));
    const bool has_key = labels.contains(std::string(label_selector_key));
    const bool has_value = labels.contains(std::string(label_selector_value));
    behaviour chosen = has_key || has_value ? behaviour::create : fallback;
    if (label != labels.end()) {
        const auto parsed = parse_behaviour(label->second);
        if (!parsed)
            return error{errc::invalid, fmt::format("metadata.labels[{}]: expected one of {}, got \"{}\"",
                                                    label_behaviour, behaviour_names, label->second)};
        chosen = *parsed;
    }
    if (chosen == behaviour::create && !(has_key && has_value))
        return error{errc::invalid,
                     fmt::format("metadata.labels: behaviour create needs both {} and {} to select "
                                 "pods; add {}, or set {} to another of {}",
                                 label_selector_key, label_selector_value,
                                 has_key ? label_selector_value : label_selector_key, label_behaviour,
                                 behaviour_names)};
    return chosen;
}

attachments attach_all(const snapshot& s, behaviour fallback) {
    attachments all;
    all.listeners = judge_listeners(*s.gateway, s.kinds);
    all.winners.assign(all.listeners.size(), nullptr);
    all.attached.assign(all.listeners.size(), 0);
    all.routes.reserve(s.routes.size()); // winners point into it
    for (const route_view& route : s.routes) {
        attachments::entry& entry = all.routes.emplace_back();
        entry.route = &route;
        const result<behaviour> served_by = behaviour_of(route, fallback);
        if (served_by.has_value())
            entry.served_by = *served_by;
        std::vector<bool> taken(all.listeners.size(), false);
        for (const ParentReference& parent : route.spec->parentRefs) {
            if (!names_gateway(parent, route.metadata->namespace_, key_of(*s.gateway)))
                continue;
            attachment a = attach(route, parent, *s.gateway, all.listeners, *s.cluster);
            if (a.accepted.holds && served_by.has_error()) {
                a.accepted = {false, "UnsupportedValue", served_by.error().message};
                a.listeners.clear();
            }
            for (const std::size_t i : a.listeners)
                taken[i] = true;
            entry.parents.push_back(std::move(a));
        }
        for (std::size_t i = 0; i < taken.size(); ++i) {
            if (!taken[i])
                continue;
            ++all.attached[i];
            if (all.winners[i] == nullptr)
                all.winners[i] = &entry;
        }
    }
    return all;
}

} // namespace gwctl::gateway
