#include "in_pieces.hpp"
#include "limits.hpp"

#include <gwctl/gateway/attach.hpp>
#include <gwctl/gateway/names.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

namespace gwctl::gateway {
namespace {

bool is_gateway_api(const std::optional<std::string>& group) {
    return group.value_or(std::string(gateway_v1::group)) == gateway_v1::group;
}

verdict namespace_verdict(const Listener& listener, const std::string& own_namespace,
                          const std::string& route_namespace, const cluster_view& cluster) {
    const auto& rule = listener.allowedRoutes.namespaces;
    const std::string_view from = rule.from.empty() ? std::string_view("Same") : std::string_view(rule.from);
    if (from == "All")
        return {};
    if (from == "Same") {
        if (own_namespace == route_namespace)
            return {};
        return {false, "NotAllowedByListeners",
                fmt::format("spec.parentRefs: listener {} takes routes of namespace {} only "
                            "(allowedRoutes.namespaces.from: Same); move the route there, or change what the "
                            "listener allows",
                            listener.name, own_namespace)};
    }
    if (from == "Selector" && rule.selector) {
        if (const std::string why = cluster.labels_unknown(); !why.empty())
            return {false, "NotAllowedByListeners",
                    fmt::format("spec.parentRefs: listener {} takes routes of namespaces that its selector "
                                "matches, and this controller may not read the labels of namespace {}: {}; "
                                "allow it to list and "
                                "watch namespaces, or set allowedRoutes.namespaces.from to Same or All",
                                listener.name, route_namespace, why)};
        const auto found = cluster.namespace_(route_namespace);
        if (found && matches(*rule.selector, found->metadata.labels))
            return {};
        return {false, "NotAllowedByListeners",
                fmt::format("spec.parentRefs: listener {} takes routes of namespaces that its selector "
                            "matches, and the labels of namespace {} do not match; label the namespace, or "
                            "change what the listener allows",
                            listener.name, route_namespace)};
    }
    return {false, "NotAllowedByListeners",
            fmt::format("spec.parentRefs: listener {} takes no routes: its allowedRoutes.namespaces.from is "
                        "\"{}\"{}; refer to another listener, or change what this one allows",
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

std::string listener_names(std::span<const listener_rules> listeners) {
    std::vector<std::string> all;
    for (const listener_rules& rules : listeners)
        all.push_back(
            fmt::format("{} ({} {})", rules.listener->name, rules.listener->protocol, rules.listener->port));
    return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

/// Whether each host name that `b` stands for is one that `a` stands for; "*.x" stands for all below x.
bool includes(std::string_view a, std::string_view b) {
    return a == b || (a.starts_with("*.") && b.ends_with(a.substr(1)));
}

verdict hostname_verdict(const Listener& listener, const std::vector<std::string>* of_route) {
    if (of_route == nullptr || of_route->empty() || listener.hostname.value_or("").empty())
        return {};
    const std::string& mine = *listener.hostname;
    const bool meet = std::any_of(of_route->begin(), of_route->end(), [&](const std::string& host) {
        return includes(mine, host) || includes(host, mine);
    });
    if (meet)
        return {};
    return {false, "NoMatchingListenerHostname",
            fmt::format(
                "spec.hostnames: listener {} is for host name {}, and none of these is; add one that is, or "
                "refer to another listener",
                listener.name, mine)};
}

verdict listener_verdict(const route_view& route, const listener_rules& rules, const route_parent& to,
                         const cluster_view& cluster) {
    if (std::find(rules.kinds.begin(), rules.kinds.end(), route.kind) == rules.kinds.end())
        return {false, "NotAllowedByListeners",
                fmt::format("spec.parentRefs: listener {} (protocol {}) does not take {}s; refer to another "
                            "listener, or change what this one allows",
                            rules.listener->name, rules.listener->protocol, route.kind->type.kind)};
    const verdict allowed =
        namespace_verdict(*rules.listener, to.namespace_, route.metadata->namespace_, cluster);
    return allowed.holds ? hostname_verdict(*rules.listener, route.hostnames) : allowed;
}

object_key key_of_parent(const ParentReference& parent, const std::string& route_namespace) {
    return {parent.namespace_.value_or(route_namespace), parent.name};
}

bool names_kind(const ParentReference& parent, std::string_view kind) {
    return is_gateway_api(parent.group) && parent.kind.value_or("Gateway") == kind;
}

std::vector<object_key> parents_of_kind(const route_view& route, std::string_view kind) {
    std::vector<object_key> keys;
    for (const ParentReference& parent : route.spec->parentRefs) {
        object_key key = key_of_parent(parent, route.metadata->namespace_);
        if (names_kind(parent, kind) && std::find(keys.begin(), keys.end(), key) == keys.end())
            keys.push_back(std::move(key));
    }
    return keys;
}

route_parent as_parent(const Gateway& gateway, std::span<const listener_rules> listeners) {
    return {gwctl::describe(gateway), gateway.metadata.namespace_, listeners, 0};
}

route_parent as_parent(const ListenerSet& set, std::span<const listener_rules> listeners, std::size_t first) {
    return {gwctl::describe(set), set.metadata.namespace_, listeners, first};
}

/// By a ListenerSet that its Gateway leaves out.
attachment refused_attachment(const ParentReference& parent, const listener_set_rules& set) {
    attachment a;
    a.parent = &parent;
    a.accepted = {false, "NoMatchingParent",
                  fmt::format("{} adds no listeners: {}", gwctl::describe(*set.set), set.allowed.message)};
    return a;
}

} // namespace

bool names_gateway(const ParentReference& parent, const std::string& route_namespace,
                   const object_key& gateway) {
    return names_kind(parent, Gateway::type.kind) && key_of_parent(parent, route_namespace) == gateway;
}

std::vector<object_key> parent_gateways(const route_view& route) {
    return parents_of_kind(route, Gateway::type.kind);
}

std::vector<object_key> parent_sets(const route_view& route) {
    return parents_of_kind(route, ListenerSet::type.kind);
}

std::vector<object_key> parent_gateways(const route_view& route, const cluster_view& cluster) {
    std::vector<object_key> keys = parent_gateways(route);
    for (const object_key& set_key : parent_sets(route)) {
        const auto set = cluster.listener_set(set_key);
        if (!set || !set->metadata.deletionTimestamp.empty())
            continue;
        object_key key = parent_gateway(*set);
        if (!key.name.empty() && std::find(keys.begin(), keys.end(), key) == keys.end())
            keys.push_back(std::move(key));
    }
    return keys;
}

attachment attach(const route_view& route, const ParentReference& parent, const route_parent& to,
                  const cluster_view& cluster) {
    attachment a;
    a.parent = &parent;
    bool found = false;
    for (std::size_t i = 0; i < to.listeners.size(); ++i) {
        if (!selected(parent, *to.listeners[i].listener))
            continue;
        found = true;
        verdict v = listener_verdict(route, to.listeners[i], to, cluster);
        if (v.holds)
            a.listeners.push_back(to.first + i);
        else if (a.listeners.empty())
            a.accepted = std::move(v);
    }
    if (!a.listeners.empty())
        a.accepted = {true, "Accepted", "The route is attached"};
    else if (!found)
        a.accepted = {
            false, "NoMatchingParent",
            fmt::format("spec.parentRefs: {} has no listener with {}; it has {}; correct the reference or "
                        "add the listener",
                        to.name, wish(parent), listener_names(to.listeners))};
    return a;
}

bool takes(const Gateway& gateway, const route_view& route, std::span<const route_kind* const> kinds,
           const cluster_view& cluster) {
    const std::string& namespace_ = route.metadata->namespace_;
    const auto by = [&](const ParentReference& parent) {
        if (names_gateway(parent, namespace_, key_of(gateway))) {
            const auto rules = judge_each(gateway.spec.listeners,
                                          {Gateway::type.kind, gateway.metadata.namespace_}, kinds, cluster);
            return attach(route, parent, as_parent(gateway, rules), cluster).accepted.holds;
        }
        if (!names_kind(parent, ListenerSet::type.kind))
            return false;
        const auto set = cluster.listener_set(key_of_parent(parent, namespace_));
        if (!set || !set->metadata.deletionTimestamp.empty() || parent_gateway(*set) != key_of(gateway) ||
            !judge_set(*set, gateway, cluster).holds)
            return false;
        const auto rules = judge_each(set->spec.listeners, {ListenerSet::type.kind, set->metadata.namespace_},
                                      kinds, cluster);
        return attach(route, parent, as_parent(*set, rules, 0), cluster).accepted.holds;
    };
    const auto& parents = route.spec->parentRefs;
    return std::any_of(parents.begin(), parents.end(), by);
}

result<behaviour> behaviour_of(const route_view& route, behaviour fallback) {
    const auto& labels = route.metadata->labels;
    const auto label = labels.find(std::string(label_behaviour));
    if (route.kind->counted_only)
        return behaviour::merge; // what its labels say is for others
    const bool has_key = labels.contains(std::string(label_selector_key));
    const bool has_value = labels.contains(std::string(label_selector_value));
    behaviour chosen = has_key || has_value ? behaviour::create : fallback;
    if (label != labels.end()) {
        const auto parsed = parse_behaviour(label->second);
        if (!parsed)
            return error{errc::invalid, fmt::format("metadata.labels[{}]: expected one of {}, got \"{}\"; "
                                                    "correct or remove the label",
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
    if (chosen == behaviour::create && labels.at(std::string(label_selector_key)).empty())
        return error{errc::invalid,
                     fmt::format("metadata.labels[{}]: expected the key of a label of the pods, "
                                 "got \"\"; correct it",
                                 label_selector_key)};
    return chosen;
}

const attachments::entry* attachments::find(const route_view& route) const {
    const auto found = by_route.find({route.kind, route.metadata->uid});
    return found == by_route.end() ? nullptr : found->second;
}

task<attachments> detail::attach_in_pieces(const snapshot& s, behaviour fallback, pauses& p) {
    attachments all;
    static_cast<judged_listeners&>(all) = co_await judge_listeners_in_pieces(s, p);
    std::map<object_key, const listener_set_rules*> sets;
    for (const listener_set_rules& set : all.sets)
        sets.emplace(key_of(*set.set), &set);
    const auto attach_by = [&](const route_view& route,
                               const ParentReference& parent) -> std::optional<attachment> {
        const std::string& namespace_ = route.metadata->namespace_;
        if (names_gateway(parent, namespace_, key_of(*s.gateway)))
            return attach(route, parent, as_parent(*s.gateway, all.of_gateway()), *s.cluster);
        const auto set = names_kind(parent, ListenerSet::type.kind)
                             ? sets.find(key_of_parent(parent, namespace_))
                             : sets.end();
        if (set == sets.end())
            return std::nullopt;
        const listener_set_rules& rules = *set->second;
        if (!rules.allowed.holds)
            return refused_attachment(parent, rules);
        return attach(route, parent, as_parent(*rules.set, all.of(rules), rules.first), *s.cluster);
    };

    all.winners.assign(all.listeners.size(), nullptr);
    all.attached.assign(all.listeners.size(), 0);
    all.routes.reserve(s.routes.size()); // winners point into it
    for (const route_view& route : s.routes) {
        if (p.due())
            co_await p.take();
        attachments::entry& entry = all.routes.emplace_back();
        entry.route = &route;
        all.by_route.emplace(std::pair(route.kind, std::string_view(route.metadata->uid)), &entry);
        const result<behaviour> served_by = behaviour_of(route, fallback);
        if (served_by.has_value())
            entry.served_by = *served_by;
        std::string mistake;
        if (served_by.has_error())
            mistake = served_by.error().message;
        else if (!route.kind->counted_only)
            mistake = detail::route_mistake(route, *served_by);
        std::set<std::size_t> taken;
        for (const ParentReference& parent : route.spec->parentRefs) {
            std::optional<attachment> a = attach_by(route, parent);
            if (!a)
                continue;
            if (a->accepted.holds && !mistake.empty()) {
                a->accepted = {false, "UnsupportedValue", mistake};
                a->listeners.clear();
            }
            taken.insert(a->listeners.begin(), a->listeners.end());
            entry.parents.push_back(std::move(*a));
        }
        for (const std::size_t i : taken) {
            ++all.attached[i];
            if (all.winners[i] == nullptr)
                all.winners[i] = &entry;
        }
    }
    co_return all;
}

attachments attach_all(const snapshot& s, behaviour fallback) {
    detail::pauses none;
    return detail::finish(detail::attach_in_pieces(s, fallback, none));
}

} // namespace gwctl::gateway
