#include "taken.hpp"

#include <gwctl/gateway/adoption.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway::detail {
namespace {

using core_v1::Service;

/// Why a Service that exists cannot become the wanted one; empty when it can.
std::string refuse_name(const Service& live, const Service& wanted, const Gateway& gateway, const names& n) {
    if (is_leftover(live, n))
        return is_copied_leftover(live) || is_created_leftover(live, wanted.spec.selector)
                   ? std::string()
                   : "was left by the Go controller, which may have changed it for its behaviour update";
    if (!made_by_us(live, n))
        return "was not made by this controller";
    const std::string& its = live.metadata.annotations.at(n.gateway());
    return its == to_string(key_of(gateway)) ? std::string() : "serves Gateway " + its;
}

bool serves_already(const object_key& key, const Listener& listener, const snapshot& s, const names& n) {
    const auto live = s.cluster->service(key);
    if (!live || live->spec.type != "LoadBalancer")
        return false;
    const auto gateway = live->metadata.annotations.find(n.gateway());
    return gateway != live->metadata.annotations.end() && gateway->second == to_string(key_of(*s.gateway)) &&
           std::any_of(live->spec.ports.begin(), live->spec.ports.end(), [&](const core_v1::ServicePort& p) {
               return p.port == listener.port && protocol_of(p) == transport_of(listener, s.kinds);
           });
}

std::string describe_obstacle(const ordered_writes::obstacle& o, const cluster_view& cluster,
                              const names& n) {
    const port_claim& one = *o.claims.begin();
    const std::string claim = fmt::format("{} {} port {}, which Service {} is to have", one.address,
                                          one.protocol, one.port, to_string(o.wanted_by));
    if (const auto live = cluster.service(o.held_by); live && o.is_leaving)
        return fmt::format("{}; until then it asks for {}", describe_leaving(*live), claim);
    return fmt::format("Service {}: metadata.annotations[{}]: it asks for {}; delete it, or remove its "
                       "annotation or its address",
                       to_string(o.held_by), n.gateway(), claim);
}

} // namespace

std::map<object_key, std::string> refuse_names(std::vector<Service>& services, const Gateway& gateway,
                                               const cluster_view& cluster, const names& n) {
    std::map<object_key, std::string> refused;
    std::erase_if(services, [&](const Service& wanted) {
        const auto live = cluster.service(key_of(wanted));
        const std::string why = live ? refuse_name(*live, wanted, gateway, n) : std::string();
        if (why.empty())
            return false;
        refused[key_of(wanted)] = fmt::format(
            "Service {}: metadata.name: the Gateway needs a Service of this name, and the one that exists "
            "{}; delete it, or give one of the two another name",
            to_string(key_of(wanted)), why);
        return true;
    });
    return refused;
}

void report_refused(const std::map<object_key, std::string>& refused, const snapshot& s, const attachments& a,
                    const names& n, std::map<const Listener*, object_key>& by_listener,
                    std::vector<problem>& problems) {
    for (std::size_t i = 0; i < a.listeners.size(); ++i) {
        const Listener* listener = a.listeners[i].listener;
        const auto service = by_listener.find(listener);
        const auto why = service == by_listener.end() ? refused.end() : refused.find(service->second);
        if (why == refused.end() || serves_already(service->second, *listener, s, n))
            continue;
        by_listener.erase(service);
        if (a.winners[i] != nullptr)
            problems.push_back({a.winners[i]->route, why->second, listener});
    }
}

verdict report_obstacles(const std::vector<ordered_writes::obstacle>& obstacles, const snapshot& s,
                         const attachments& a, const names& n,
                         std::map<const Listener*, object_key>& by_listener, std::vector<problem>& problems) {
    verdict all;
    for (const auto& o : obstacles) {
        const std::string why = describe_obstacle(o, *s.cluster, n);
        if (all.holds || (all.reason == "Pending" && !o.is_leaving))
            all = {false, o.is_leaving ? "Pending" : "NoResources", why};
        for (std::size_t i = 0; i < a.listeners.size(); ++i) {
            const Listener* listener = a.listeners[i].listener;
            const auto service = by_listener.find(listener);
            const bool is_held = std::any_of(o.claims.begin(), o.claims.end(), [&](const port_claim& c) {
                return c.port == listener->port && c.protocol == transport_of(*listener, s.kinds);
            });
            if (service == by_listener.end() || service->second != o.wanted_by || !is_held)
                continue;
            by_listener.erase(service);
            if (a.winners[i] != nullptr)
                problems.push_back({a.winners[i]->route, why, listener});
        }
    }
    return all;
}

} // namespace gwctl::gateway::detail
