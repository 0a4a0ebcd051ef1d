#include "certificates.hpp"
#include "in_pieces.hpp"
#include "limits.hpp"

#include <gwctl/gateway/listeners.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway {
namespace {

bool matches_kind(const gateway_v1::RouteGroupKind& wanted, const route_kind& kind) {
    return wanted.kind == kind.type.kind &&
           wanted.group.value_or(std::string(gateway_v1::group)) == kind.type.group;
}

std::string describe_kind(const gateway_v1::RouteGroupKind& wanted) {
    const std::string group = wanted.group.value_or(std::string(gateway_v1::group));
    return group == gateway_v1::group ? fmt::format("\"{}\"", wanted.kind)
                                      : fmt::format("\"{}\" of group \"{}\"", wanted.kind, group);
}

std::string known_protocols(std::span<const route_kind* const> kinds) {
    std::vector<std::string_view> known;
    for (const std::string_view protocol : {"TCP", "UDP", "HTTP", "HTTPS"}) {
        Listener probe;
        probe.protocol = protocol;
        if (std::any_of(kinds.begin(), kinds.end(), [&](const route_kind* k) { return k->accepts(probe); }))
            known.push_back(protocol);
    }
    return known.empty() ? "one that an installed route kind accepts"
                         : fmt::format("{}", fmt::join(known, " or "));
}

void judge_kinds(listener_rules& rules, std::vector<const route_kind*> fitting, std::size_t index) {
    const auto& wanted = rules.listener->allowedRoutes.kinds;
    if (wanted.empty()) {
        rules.kinds = std::move(fitting);
        return;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto kind = std::find_if(fitting.begin(), fitting.end(),
                                       [&](const route_kind* k) { return matches_kind(wanted[i], *k); });
        if (kind == fitting.end())
            rules.resolved_refs = {false, "InvalidRouteKinds",
                                   fmt::format("spec.listeners[{}].allowedRoutes.kinds[{}]: {} does not fit "
                                               "protocol {}; expected {}; correct or "
                                               "remove it",
                                               index, i, describe_kind(wanted[i]), rules.listener->protocol,
                                               fitting.front()->type.kind)};
        else if (std::find(rules.kinds.begin(), rules.kinds.end(), *kind) == rules.kinds.end())
            rules.kinds.push_back(*kind);
    }
}

listener_rules judge(const Listener& listener, std::size_t index, const listener_owner& owner,
                     std::span<const route_kind* const> kinds, const cluster_view& cluster) {
    listener_rules rules;
    rules.listener = &listener;
    rules.accepted = {true, "Accepted", "The listener is valid"};
    if (listener.hostname && (listener.protocol == "TCP" || listener.protocol == "UDP"))
        rules.accepted.message += fmt::format("; spec.listeners[{}].hostname: means nothing for protocol {}; "
                                              "remove it",
                                              index, listener.protocol);
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
        rules.accepted = {
            false, "PortUnavailable",
            fmt::format("spec.listeners[{}].port: expected a port between 1 and 65535, got {}; correct it",
                        index, listener.port)};
    else if (const std::string mistake = detail::listener_mistake(listener); !mistake.empty())
        rules.accepted = {false, "UnsupportedValue",
                          fmt::format("spec.listeners[{}].{}; correct it", index, mistake)};
    judge_kinds(rules, std::move(fitting), index);
    if (listener.protocol == "HTTPS") {
        verdict certificates = judge_certificates(listener, index, owner, cluster);
        rules.has_certificates = certificates.holds;
        if (!certificates.holds)
            rules.resolved_refs = std::move(certificates);
    }
    return rules;
}

/// Listeners of one family share a port when their host names differ; those of none share with nobody.
std::string_view family_of(const Listener& l) {
    if (l.protocol == "HTTP")
        return "HTTP";
    return l.protocol == "HTTPS" || l.protocol == "TLS" ? "TLS" : "";
}

/// The ports of a Gateway, and who has them.
class port_table {
public:
    explicit port_table(std::span<const route_kind* const> kinds) : kinds_(kinds) {}

    /// Why the listener cannot have its port beside those that have it already; empty when it can.
    std::string_view conflict(const Listener& l) const {
        const auto found = ports_.find(key(l));
        if (found == ports_.end() || found->first.first.empty())
            return {};
        const holder& h = found->second;
        if (h.family.empty() || h.family != family_of(l))
            return "ProtocolConflict";
        return h.hostnames.contains(l.hostname.value_or("")) ? "HostnameConflict" : "";
    }

    void take(const Listener& l) {
        const auto [found, is_new] = ports_.try_emplace(key(l));
        holder& h = found->second;
        if (is_new)
            h.family = family_of(l);
        else if (h.family != family_of(l))
            h.family = {}; // several that cannot share: nobody may join them
        h.hostnames.insert(l.hostname.value_or(""));
    }

private:
    struct holder {
        std::string_view family{};
        std::set<std::string> hostnames{};
    };
    std::pair<std::string_view, std::int32_t> key(const Listener& l) const {
        return {transport_of(l, kinds_), l.port};
    }

    std::span<const route_kind* const> kinds_;
    std::map<std::pair<std::string_view, std::int32_t>, holder> ports_;
};

void refuse(listener_rules& rules, std::string_view reason, std::string message) {
    rules.conflicted = true;
    rules.accepted = {false, std::string(reason), std::move(message)};
}

/// The listeners of one object that cannot have their port beside another one of it. None of them wins
/// (Gateway API, "Handling indistinct Listeners").
void refuse_indistinct(std::span<listener_rules> rules, std::span<const route_kind* const> kinds) {
    const auto is_unsupported = [](const listener_rules& r) {
        return r.accepted.reason == "UnsupportedProtocol";
    };
    std::vector<std::pair<std::string_view, std::size_t>> losers(rules.size()); // why, and because of whom
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const Listener& mine = *rules[i].listener;
        port_table alone(kinds);
        alone.take(mine);
        for (std::size_t j = 0; j < rules.size(); ++j) {
            if (i == j || rules[j].listener->port != mine.port || rules[j].conflicted)
                continue;
            if (is_unsupported(rules[i]) && is_unsupported(rules[j]))
                continue; // nothing of ours is lost
            const std::string_view reason = alone.conflict(*rules[j].listener);
            if (!reason.empty() && losers[i].first != "ProtocolConflict")
                losers[i] = {reason, j};
        }
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const auto [reason, other] = losers[i];
        if (reason.empty() || rules[i].conflicted)
            continue;
        const bool by_host = reason == "HostnameConflict";
        refuse(rules[i], reason,
               fmt::format("spec.listeners[{}].{}: {} port {}{} is also taken by listener {}; give each "
                           "listener a {} of its own",
                           i, by_host ? "hostname" : "port", transport_of(*rules[i].listener, kinds),
                           rules[i].listener->port, by_host ? " with this host name" : "",
                           rules[other].listener->name, by_host ? "host name" : "port"));
    }
}

/// Whoever has a port keeps it. What names and namespaces the others have is no business of the set's user.
void refuse_late(std::span<listener_rules> rules, const port_table& ports,
                 std::span<const route_kind* const> kinds) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const std::string_view reason =
            rules[i].accepted.holds ? ports.conflict(*rules[i].listener) : std::string_view();
        if (reason.empty())
            continue;
        const bool by_host = reason == "HostnameConflict";
        refuse(rules[i], reason,
               fmt::format("spec.listeners[{}].{}: {} port {}{} is taken already, by the Gateway or by a "
                           "ListenerSet that takes precedence; choose another {}",
                           i, by_host ? "hostname" : "port", transport_of(*rules[i].listener, kinds),
                           rules[i].listener->port, by_host ? " with this host name" : "",
                           by_host ? "host name" : "port"));
    }
}

/// Counts what ListenerSets add.
class quota {
public:
    explicit quota(const Gateway& gateway) : home_(gateway.metadata.namespace_) {}

    void spend(std::span<listener_rules> rules, const ListenerSet& set) {
        const std::string& namespace_ = set.metadata.namespace_;
        std::size_t& of_namespace = used_[namespace_];
        for (std::size_t i = 0; i < rules.size(); ++i) {
            if (!rules[i].accepted.holds)
                continue;
            const bool is_full = total_ == set_listeners_per_gateway ||
                                 (namespace_ != home_ && of_namespace == set_listeners_per_namespace);
            if (is_full) {
                rules[i].accepted = {
                    false, "TooManyListeners",
                    fmt::format("spec.listeners[{}]: the Gateway takes {} listeners from ListenerSets, at "
                                "most {} of them from one namespace other than its own, and older ones use "
                                "the limit up; remove one of those, or use another Gateway",
                                i, set_listeners_per_gateway, set_listeners_per_namespace)};
                continue;
            }
            ++total_;
            ++of_namespace;
        }
    }

private:
    std::string home_;
    std::map<std::string, std::size_t> used_;
    std::size_t total_ = 0;
};

} // namespace

const ListenerSet* judged_listeners::set_of(std::size_t listener) const {
    for (const listener_set_rules& rules : sets)
        if (listener >= rules.first && listener < rules.first + rules.count)
            return rules.set;
    return nullptr;
}

std::string_view transport_of(const Listener& l, std::span<const route_kind* const> kinds) {
    for (const route_kind* kind : kinds)
        if (kind->accepts(l))
            return kind->expose(l, BackendRef()).protocol;
    for (const std::string_view over_tcp : {"HTTP", "HTTPS", "TLS"})
        if (l.protocol == over_tcp)
            return "TCP";
    return {};
}

std::vector<listener_rules> judge_each(const std::vector<Listener>& listeners, const listener_owner& owner,
                                       std::span<const route_kind* const> kinds,
                                       const cluster_view& cluster) {
    std::vector<listener_rules> rules;
    rules.reserve(listeners.size());
    for (std::size_t i = 0; i < listeners.size(); ++i)
        rules.push_back(judge(listeners[i], i, owner, kinds, cluster));
    detail::refuse_repeated_names(rules);
    return rules;
}

task<judged_listeners> detail::judge_listeners_in_pieces(const snapshot& s, pauses& p) {
    judged_listeners judged;
    const Gateway& gateway = *s.gateway;
    judged.listeners = judge_each(gateway.spec.listeners, {Gateway::type.kind, gateway.metadata.namespace_},
                                  s.kinds, *s.cluster);
    judged.own = judged.listeners.size();
    refuse_indistinct(judged.listeners, s.kinds);
    port_table ports(s.kinds);
    for (const listener_rules& rules : judged.listeners)
        ports.take(*rules.listener); // accepted or not: its own come first

    quota left(gateway);
    for (const auto& set : s.sets) {
        if (p.due())
            co_await p.take();
        listener_set_rules& its = judged.sets.emplace_back();
        its.set = set.get();
        its.allowed = judge_set(*set, gateway, *s.cluster);
        its.first = judged.listeners.size();
        if (!its.allowed.holds)
            continue;
        std::vector<listener_rules> rules = judge_each(
            set->spec.listeners, {ListenerSet::type.kind, set->metadata.namespace_}, s.kinds, *s.cluster);
        its.count = rules.size();
        refuse_late(rules, ports, s.kinds);
        refuse_indistinct(rules, s.kinds);
        left.spend(rules, *set);
        for (const listener_rules& r : rules)
            if (r.accepted.holds)
                ports.take(*r.listener);
        std::move(rules.begin(), rules.end(), std::back_inserter(judged.listeners));
    }
    co_return judged;
}

judged_listeners judge_listeners(const snapshot& s) {
    detail::pauses none;
    return detail::finish(detail::judge_listeners_in_pieces(s, none));
}

verdict judge_set(const ListenerSet& set, const Gateway& gateway, const cluster_view& cluster) {
    const gateway_v1::ListenerNamespaces rule =
        gateway.spec.allowedListeners.value_or(gateway_v1::AllowedListeners()).namespaces;
    const std::string from = rule.from.empty() ? "None" : rule.from;
    const std::string& namespace_ = set.metadata.namespace_;
    const auto refused = [&](std::string_view why) {
        return verdict{false, "NotAllowed",
                       fmt::format("spec.parentRef: Gateway {} takes {} (its "
                                   "spec.allowedListeners.namespaces.from is {}); change that, or name "
                                   "another Gateway",
                                   to_string(key_of(gateway)), why, from)};
    };
    if (from == "All" || (from == "Same" && namespace_ == gateway.metadata.namespace_))
        return {};
    if (from == "Same")
        return refused("ListenerSets of its own namespace only");
    if (from == "Selector" && rule.selector) {
        if (const std::string mistake = detail::selector_mistake(*rule.selector); !mistake.empty())
            return refused("ListenerSets of namespaces that its selector matches only, which is not valid: " +
                           mistake);
        if (const std::string why = cluster.labels_unknown(); !why.empty())
            return refused(fmt::format("ListenerSets of namespaces that its selector matches, and this "
                                       "controller may not read the labels of namespace {}: {}",
                                       namespace_, why));
        const auto found = cluster.namespace_(namespace_);
        if (found && matches(*rule.selector, found->metadata.labels))
            return {};
        return refused("ListenerSets of namespaces that its selector matches only");
    }
    return refused(from == "Selector" ? "no ListenerSets, because there is no selector" : "no ListenerSets");
}

object_key parent_gateway(const ListenerSet& set) {
    const auto& parent = set.spec.parentRef;
    if (parent.group.value_or(std::string(gateway_v1::group)) != gateway_v1::group ||
        parent.kind.value_or("Gateway") != "Gateway")
        return {};
    return {parent.namespace_.value_or(set.metadata.namespace_), parent.name};
}

bool precedes(const ListenerSet& a, const ListenerSet& b) {
    if (a.metadata.creationTimestamp != b.metadata.creationTimestamp)
        return a.metadata.creationTimestamp < b.metadata.creationTimestamp;
    return to_string(key_of(a)) < to_string(key_of(b));
}

} // namespace gwctl::gateway
