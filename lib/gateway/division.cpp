#include "division.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway::detail {
namespace {

using core_v1::Service;

/// The Gateway of this name if it is one of ours, lives, and takes precedence over that of the snapshot.
std::shared_ptr<const Gateway> older_gateway(const object_key& key, const snapshot& s) {
    const auto rank = [](const Gateway& g) {
        return std::tie(g.metadata.creationTimestamp, g.metadata.namespace_, g.metadata.name);
    };
    auto other = s.cluster->gateway(key);
    if (!other || !other->metadata.deletionTimestamp.empty() || !s.cluster->is_ours(key) ||
        rank(*other) >= rank(*s.gateway))
        return nullptr;
    return other;
}

/// The older Gateway that serves the route instead, since its Service can have one address only; empty when
/// this one does.
std::string served_elsewhere(const route_view& route, const snapshot& s) {
    for (const object_key& parent : parent_gateways(route, *s.cluster))
        if (const auto other = older_gateway(parent, s); other && takes(*other, route, s.kinds, *s.cluster))
            return to_string(parent);
    return {};
}

bool has_finalizer(const ObjectMeta& metadata, const std::string& finalizer) {
    return std::find(metadata.finalizers.begin(), metadata.finalizers.end(), finalizer) !=
           metadata.finalizers.end();
}

void divide_route(division& d, const Listener& listener, const attachments::entry& winner, const snapshot& s,
                  const names& n, std::vector<problem>& problems) {
    const route_view& route = *winner.route;
    if (const std::string other = served_elsewhere(route, s); !other.empty()) {
        problems.push_back(
            {&route,
             fmt::format("spec.parentRefs: behaviour {} serves one Gateway only, which is {}, the "
                         "oldest that takes the route; use behaviour merge for several",
                         to_string(winner.served_by), other),
             &listener});
        return;
    }
    std::vector<backend> backends = judge_backends(route, winner.served_by, n, *s.cluster);
    const auto usable =
        std::find_if(backends.begin(), backends.end(), [](const backend& b) { return b.usable(); });
    if (usable == backends.end())
        return; // the route's ResolvedRefs says why
    if (backends.size() > 1)
        problems.push_back(
            {&route,
             fmt::format("spec.rules: behaviour {} serves one backendRef only, here Service {}; remove "
                         "the others, or use behaviour merge",
                         to_string(winner.served_by), to_string(usable->service_key)),
             &listener, true});
    served_listener served{&listener, &route, *usable};
    if (winner.served_by == behaviour::create)
        d.created.push_back(std::move(served));
    else if (winner.served_by == behaviour::duplicate)
        d.duplicated.push_back(std::move(served));
    else if (has_finalizer(*route.metadata, n.cleanup_finalizer()))
        d.updated[usable->service_key].push_back(std::move(served));
    else
        d.awaiting_finalizer.push_back(std::move(served)); // the route's reconciler puts it there first
}

/// The Gateway for which a Service is borrowed already, if that is one that takes precedence; else empty.
std::string older_borrower(const Service& live, const snapshot& s, const names& n) {
    const auto gateway = live.metadata.annotations.find(n.gateway());
    if (gateway == live.metadata.annotations.end() || !is_borrowed(live, n))
        return {};
    return older_gateway(parse_key(gateway->second), s) ? gateway->second : std::string();
}

std::string_view family_of(std::string_view address) {
    return address.find(':') == address.npos ? "IPv4" : "IPv6";
}

/// Why kube-proxy would not serve the addresses by this Service; empty when it would.
std::string refuse_families(const Service& live, const std::vector<std::string>& addresses) {
    const auto& families = live.spec.ipFamilies;
    for (const std::string& address : addresses)
        if (!families.empty() &&
            std::find(families.begin(), families.end(), family_of(address)) == families.end())
            return fmt::format(
                "Service {}: spec.ipFamilies: expected {} for the Gateway's address {}, got {}; let the "
                "Service have that family too (spec.ipFamilyPolicy: PreferDualStack), or use an "
                "address of its own family",
                to_string(key_of(live)), family_of(address), address, families.front());
    return {};
}

/// Why a user's Service cannot be borrowed for these listeners; empty when it can. `asked`: the ports for
/// which other Services ask the Gateway's address.
std::string refuse_loan(const Service& live, const std::set<protocol_port>& asked,
                        const std::vector<std::string>& addresses, const snapshot& s, const options& o,
                        const names& n) {
    if (const std::string older = older_borrower(live, s, n); !older.empty())
        return fmt::format(
            "Service {}: metadata.annotations[{}]: it is borrowed for Gateway {}, which is older; use "
            "behaviour merge for backends of several Gateways",
            to_string(key_of(live)), n.gateway(), older);
    if (live.spec.clusterIP == "None")
        return fmt::format("Service {}: spec.clusterIP: None (headless) keeps it from becoming a Service of "
                           "type LoadBalancer; "
                           "refer to a Service with a cluster IP, or use behaviour merge",
                           to_string(key_of(live)));
    for (const core_v1::ServicePort& p : own_ports(live, n))
        if (const std::string protocol(protocol_of(p)); asked.contains({protocol, p.port}))
            return fmt::format(
                "Service {}: spec.ports: {} port {} would ask for the address of Gateway {}, as another "
                "of its listeners does; move that listener to another port, or use behaviour merge",
                to_string(key_of(live)), protocol, p.port, to_string(key_of(*s.gateway)));
    // Announcers refuse, or may, to announce it then (announcer_profile::shares_when_local).
    const announcer_profile& profile = profile_of(o.announced_by);
    if (live.spec.externalTrafficPolicy == "Local" && !profile.shares_when_local && !asked.empty())
        return fmt::format(
            "Service {}: spec.externalTrafficPolicy: Local keeps it from sharing the address of "
            "Gateway {} with other Services by {}; set it to Cluster, or use behaviour merge",
            to_string(key_of(live)), to_string(key_of(*s.gateway)), profile.title);
    return refuse_families(live, addresses);
}

} // namespace

task<division> divide(const snapshot& s, const attachments& a, const names& n, std::vector<problem>& problems,
                      pauses& p) {
    division d;
    std::set<std::pair<std::string_view, std::int32_t>> merged; // listeners of host names share a port
    for (std::size_t i = 0; i < a.listeners.size(); ++i) {
        if (p.due())
            co_await p.take();
        const listener_rules& rules = a.listeners[i];
        if (!rules.accepted.holds || rules.kinds.empty())
            continue;
        const attachments::entry* winner = a.winners[i];
        if (winner != nullptr && winner->served_by != behaviour::merge) {
            divide_route(d, *rules.listener, *winner, s, n, problems);
            continue;
        }
        merged_port port;
        port.port = rules.kinds.front()->expose(*rules.listener, BackendRef());
        if (!merged.emplace(port.port.protocol, port.port.port).second)
            continue;
        port.listener = rules.listener;
        if (winner != nullptr) {
            port.route = winner->route;
            port.backends = fold_same(judge_backends(*winner->route, behaviour::merge, n, *s.cluster));
        }
        d.merged.push_back(rules.listener);
        d.merged_ports.push_back(std::move(port));
    }
    co_return d;
}

void refuse_loans(division& d, const snapshot& s, const std::vector<std::string>& addresses, const options& o,
                  const names& n, std::vector<problem>& problems) {
    const auto port_of = [](const served_listener& l) {
        const service_port p = l.route->kind->expose(*l.listener, *l.target.ref);
        return protocol_port(p.protocol, p.port);
    };
    std::set<protocol_port> asked;
    for (const merged_port& p : d.merged_ports)
        asked.emplace(p.port.protocol, p.port.port);
    for (const auto* served : {&d.created, &d.duplicated})
        for (const served_listener& l : *served)
            asked.insert(port_of(l));
    for (auto at = d.updated.begin(); at != d.updated.end();) {
        const Service& live = *at->second.front().target.service;
        auto by_others = asked;
        for (const auto& [key, listeners] : d.updated)
            if (key != at->first)
                for (const served_listener& l : listeners)
                    by_others.insert(port_of(l));
        const std::string refusal = refuse_loan(live, by_others, addresses, s, o, n);
        if (refusal.empty()) {
            for (const core_v1::ServicePort& p : own_ports(live, n))
                asked.emplace(protocol_of(p), p.port);
            ++at;
            continue;
        }
        for (const served_listener& l : at->second)
            problems.push_back({l.route, refusal, l.listener});
        at = d.updated.erase(at);
    }
}

} // namespace gwctl::gateway::detail
