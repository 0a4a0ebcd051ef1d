#include <gwctl/gateway/client_address.hpp>
#include <gwctl/gateway/plan.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway {
namespace {

using core_v1::Service;
using discovery_v1::EndpointSlice;

/// The listeners that have a winner, sorted by how they are served.
struct division {
    std::vector<const Listener*> merged{}; ///< also those without a route: their port is open, and refuses
    std::vector<merged_port> merged_ports{};
    std::vector<served_listener> created{};
    std::vector<served_listener> duplicated{};
    std::map<object_key, std::vector<served_listener>> updated{}; ///< by the Service that is borrowed
};

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

bool takes(const Gateway& gateway, const route_view& route, const snapshot& s) {
    const std::vector<listener_rules> listeners = judge_listeners(gateway, s.kinds);
    const auto& parents = route.spec->parentRefs;
    return std::any_of(parents.begin(), parents.end(), [&](const ParentReference& parent) {
        return names_gateway(parent, route.metadata->namespace_, key_of(gateway)) &&
               attach(route, parent, gateway, listeners, *s.cluster).accepted.holds;
    });
}

/// The route is served by the Gateway that is the oldest of those that take it: its Service can have one
/// address only.
bool belongs_here(const route_view& route, const snapshot& s) {
    const std::vector<object_key> parents = parent_gateways(route);
    return std::none_of(parents.begin(), parents.end(), [&](const object_key& parent) {
        const auto other = older_gateway(parent, s);
        return other && takes(*other, route, s);
    });
}

bool has_finalizer(const ObjectMeta& metadata, const std::string& finalizer) {
    return std::find(metadata.finalizers.begin(), metadata.finalizers.end(), finalizer) !=
           metadata.finalizers.end();
}

void divide_route(division& d, const Listener& listener, const attachments::entry& winner, const snapshot& s,
                  const names& n, std::vector<problem>& problems) {
    const route_view& route = *winner.route;
    if (!belongs_here(route, s)) {
        problems.push_back(
            {&route, fmt::format("behaviour {} serves one Gateway only, and an older one of the route's "
                                 "parents is served; use behaviour merge for several",
                                 to_string(winner.served_by))});
        return;
    }
    std::vector<backend> backends = judge_backends(route, winner.served_by, n, *s.cluster);
    const auto usable =
        std::find_if(backends.begin(), backends.end(), [](const backend& b) { return b.usable(); });
    if (usable == backends.end())
        return; // the route's ResolvedRefs says why
    if (backends.size() > 1)
        problems.push_back(
            {&route, fmt::format("behaviour {} serves one backendRef, Service {}; use behaviour merge "
                                 "for several",
                                 to_string(winner.served_by), to_string(usable->service_key))});
    served_listener served{&listener, &route, *usable};
    if (winner.served_by == behaviour::create)
        d.created.push_back(std::move(served));
    else if (winner.served_by == behaviour::duplicate)
        d.duplicated.push_back(std::move(served));
    else if (has_finalizer(*route.metadata,
                           n.cleanup_finalizer())) // the route's reconciler puts it there first
        d.updated[usable->service_key].push_back(std::move(served));
}

division divide(const snapshot& s, const attachments& a, const names& n, std::vector<problem>& problems) {
    division d;
    for (std::size_t i = 0; i < a.listeners.size(); ++i) {
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
        if (winner != nullptr)
            port.backends = judge_backends(*winner->route, behaviour::merge, n, *s.cluster);
        d.merged.push_back(rules.listener);
        d.merged_ports.push_back(std::move(port));
    }
    return d;
}

/// The Gateway for which a Service is borrowed already, if that is one that takes precedence; else empty.
std::string older_borrower(const Service& live, const snapshot& s, const names& n) {
    const auto gateway = live.metadata.annotations.find(n.gateway());
    if (gateway == live.metadata.annotations.end() || !is_borrowed(live, n))
        return {};
    const std::size_t slash = std::min(gateway->second.find('/'), gateway->second.size());
    const object_key key(gateway->second.substr(0, slash),
                         gateway->second.substr(std::min(slash + 1, gateway->second.size())));
    return older_gateway(key, s) ? gateway->second : std::string();
}

/// Why a user's Service cannot be borrowed for these listeners; empty when it can. `asked`: the ports for
/// which other Services ask the Gateway's address.
std::string refuse_loan(const Service& live, const std::set<std::pair<std::string, std::int32_t>>& asked,
                        const snapshot& s, const names& n) {
    if (const std::string older = older_borrower(live, s, n); !older.empty())
        return fmt::format("Service {} is borrowed for Gateway {}, which is older; use behaviour merge for "
                           "backends of several Gateways",
                           to_string(key_of(live)), older);
    for (const core_v1::ServicePort& p : own_ports(live, n))
        if (const std::string protocol = p.protocol.empty() ? "TCP" : p.protocol;
            asked.contains({protocol, p.port}))
            return fmt::format(
                "Service {} has {} port {}, for which another Service of Gateway {} asks the same "
                "address; move that listener to another port or use behaviour merge",
                to_string(key_of(live)), protocol, p.port, to_string(key_of(*s.gateway)));
    return {};
}

/// A borrowed Service asks for the address with all of its ports, so those must not meet another Service's,
/// and it can have one address only. Takes out what cannot be borrowed, in the order of names.
void refuse_loans(division& d, const snapshot& s, const names& n, std::vector<problem>& problems) {
    const auto port_of = [](const served_listener& l) {
        const service_port p = l.route->kind->expose(*l.listener, *l.target.ref);
        return std::pair(std::string(p.protocol), p.port);
    };
    std::set<std::pair<std::string, std::int32_t>> asked;
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
        const std::string refusal = refuse_loan(live, by_others, s, n);
        if (refusal.empty()) {
            for (const core_v1::ServicePort& p : own_ports(live, n))
                asked.emplace(p.protocol.empty() ? "TCP" : p.protocol, p.port);
            ++at;
            continue;
        }
        problems.push_back({at->second.front().route, refusal});
        at = d.updated.erase(at);
    }
}

/// FNV-1a over the JSON of an object.
template <class T>
std::string digest(const T& object) {
    std::uint64_t h = 0xcbf29ce484222325u;
    for (const unsigned char c : json::encode(object))
        h = (h ^ c) * 0x100000001b3u;
    return fmt::format("{:016x}", h);
}

/// Adds the digest; true when the cluster has the object with that digest and all of its content.
template <class T>
bool is_applied(T& wanted, const T* live, const names& n) {
    wanted.metadata.annotations[n.applied()] = digest(wanted);
    if (live == nullptr)
        return false;
    const auto seen = live->metadata.annotations.find(n.applied());
    if (seen == live->metadata.annotations.end() ||
        seen->second != wanted.metadata.annotations.at(n.applied()))
        return false;
    return covers(boost::json::parse(json::encode(*live)), boost::json::parse(json::encode(wanted)));
}

/// Puts Services that give up a port before those that may take it over.
void give_up_first(std::vector<Service>& services, const cluster_view& cluster) {
    std::stable_partition(services.begin(), services.end(), [&](const Service& wanted) {
        const auto live = cluster.service(key_of(wanted));
        return live && std::any_of(live->spec.ports.begin(), live->spec.ports.end(), [&](const auto& old) {
                   return std::none_of(
                       wanted.spec.ports.begin(), wanted.spec.ports.end(),
                       [&](const auto& p) { return p.port == old.port && p.protocol == old.protocol; });
               });
    });
}

template <class T>
bool has_key(const std::vector<T>& objects, const object_key& key) {
    return std::any_of(objects.begin(), objects.end(), [&](const T& o) { return key_of(o) == key; });
}

/// Takes out the Services whose name is taken: by somebody else's, or by one of ours for another Gateway that
/// lives.
verdict judge_names(std::vector<Service>& services, const Gateway& gateway, const cluster_view& cluster,
                    const names& n, const options& o) {
    verdict v;
    const auto holder = [&](const Service& live) -> std::string {
        if (!made_by_us(live, n, o.controller_name))
            return "was not made by this controller";
        const auto its = live.metadata.annotations.find(n.gateway());
        const bool is_adoptable = its == live.metadata.annotations.end(); // the Go controller's
        if (is_adoptable || its->second == to_string(key_of(gateway)))
            return {};
        return "serves Gateway " + its->second;
    };
    std::erase_if(services, [&](const Service& wanted) {
        const auto live = cluster.service(key_of(wanted));
        const std::string other = live ? holder(*live) : std::string();
        if (other.empty())
            return false;
        v = {false, "NoResources",
             fmt::format("Service {} exists and {}; delete it, or give one of the two another name",
                         to_string(key_of(wanted)), other)};
        return true;
    });
    return v;
}

/// Whether the plan still wants a Service that `update` borrowed.
void return_borrowed(const snapshot& s, const std::map<object_key, std::vector<served_listener>>& updated,
                     desired_state& desired, const names& n) {
    for (const auto& live : s.managed_services) {
        if (!is_borrowed(*live, n) || updated.contains(key_of(*live)))
            continue;
        result<service_patch> back = render_return(*live, n);
        if (back.has_value())
            desired.patches.push_back(std::move(*back));
        else
            desired.problems.push_back({nullptr, back.error().message});
    }
}

void find_unwanted(const snapshot& s, const std::vector<Service>& services,
                   const std::vector<EndpointSlice>& slices, desired_state& desired, const names& n) {
    const auto is_applied = [&](const ObjectMeta& m) { return m.annotations.contains(n.applied()); };
    for (const auto& live : s.managed_services)
        if (is_applied(live->metadata) && !is_borrowed(*live, n) && !has_key(services, key_of(*live)) &&
            live->metadata.deletionTimestamp.empty())
            desired.unwanted_services.push_back(key_of(*live));
    for (const auto& live : s.managed_slices)
        if (is_applied(live->metadata) && !has_key(slices, key_of(*live)) &&
            live->metadata.deletionTimestamp.empty())
            desired.unwanted_slices.push_back(key_of(*live));
}

template <class T>
void keep_unapplied(std::vector<T>& wanted, const std::vector<std::shared_ptr<const T>>& managed,
                    const std::function<std::shared_ptr<const T>(const object_key&)>& find, const names& n) {
    std::erase_if(wanted, [&](T& object) {
        const auto live = std::find_if(managed.begin(), managed.end(),
                                       [&](const auto& m) { return key_of(*m) == key_of(object); });
        if (live != managed.end())
            return is_applied(object, live->get(), n);
        const auto other = find ? find(key_of(object)) : nullptr;
        return is_applied(object, other.get(), n);
    });
}

/// The first thing that is wrong with the class's parameters, the Gateway's, or `spec.infrastructure`.
verdict judge_settings(const snapshot& s, const names& n) {
    const bool is_served = !s.managed_services.empty();
    if (!s.class_parameters.holds && !is_served)
        return {false, "InvalidParameters",
                fmt::format("GatewayClass {} is not accepted: {}", s.gateway->spec.gatewayClassName,
                            s.class_parameters.message)};
    return s.parameters.holds ? judge_infrastructure(*s.gateway, n) : s.parameters;
}

/// The Services that we make for the Gateway, its own last.
std::vector<Service> render_services(const snapshot& s, const division& d,
                                     const std::vector<std::string>& addresses, const options& o,
                                     const names& n, std::vector<problem>& problems) {
    std::vector<Service> services =
        render_route_services(*s.gateway, d.created, d.duplicated, addresses, o, n, problems);
    if (!d.merged.empty())
        services.push_back(render_gateway_service(*s.gateway, d.merged, s.kinds, addresses, o, n));
    return services;
}

announcement_request request_for(const snapshot& s, const division& d, const std::vector<Service>& services,
                                 const std::vector<std::string>& addresses) {
    announcement_request request{key_of(*s.gateway), addresses, {}};
    for (const Service& service : services)
        request.services.insert(key_of(service));
    for (const auto& [key, listeners] : d.updated)
        request.services.insert(key);
    return request;
}

} // namespace

desired_state plan(const snapshot& s, const addressing& addresses, const options& settings, wall_time now) {
    options o = settings;
    const names n(o.controller_name);
    desired_state desired;
    const attachments a = attach_all(s, o.default_behaviour);
    verdict parameters = judge_settings(s, n);
    // What is refused of parameters and spec.infrastructure starts nothing; what is served already stays, and
    // without the refused keys.
    const auto may_serve = [&] { return parameters.holds || !s.managed_services.empty(); };
    const bool serve = addresses.accepted.holds && may_serve() &&
                       (addresses.left_to_announcer || !addresses.addresses.empty());
    division d = serve ? divide(s, a, n, desired.problems) : division();
    refuse_loans(d, s, n, desired.problems);

    std::vector<Service> services = render_services(s, d, addresses.addresses, o, n, desired.problems);
    const verdict client_address =
        judge_client_address(o, services.size() + d.updated.size(), d.merged_ports);
    if (!client_address.holds) {
        o.keep_client_address = false;
        if (parameters.holds)
            parameters = client_address;
        if (!may_serve()) {
            d = division();
            services.clear();
        }
    }
    const announcement_request request = request_for(s, d, services, addresses.addresses);
    for (Service& service : services)
        ask(service, request, o);

    std::vector<EndpointSlice> slices;
    if (!d.merged.empty()) {
        Service shape = services.back(); // where the API server chose the families, it knows
        if (const auto live = s.cluster->service(key_of(shape)); live && shape.spec.ipFamilies.empty())
            shape.spec.ipFamilies = live->spec.ipFamilies;
        slices = merge_slices(shape, d.merged_ports, *s.cluster, s.managed_slices, n);
    }
    give_up_first(services, *s.cluster);
    verdict services_fit = judge_names(services, *s.gateway, *s.cluster, n, o);
    const verdict class_kept = keep_load_balancer_class(services, *s.cluster);
    if (services_fit.holds)
        services_fit = class_kept;
    std::erase_if(slices, [&](const EndpointSlice& slice) {
        const auto& service = slice.metadata.labels.at(std::string(discovery_v1::label_service_name));
        return !has_key(services, {slice.metadata.namespace_, service});
    });

    std::vector<announcement> announcements;
    for (const Service& service : services)
        announcements.push_back(judge_announcement(key_of(service), addresses.addresses, o, *s.cluster));
    return_borrowed(s, d.updated, desired, n); // before others take over their ports
    for (const auto& [key, listeners] : d.updated) {
        announcements.push_back(judge_announcement(key, addresses.addresses, o, *s.cluster));
        const auto change = render_update(*listeners.front().target.service, listeners, *s.gateway, request,
                                          o, n, desired.problems);
        if (change)
            desired.patches.push_back(*change);
    }
    find_unwanted(s, services, slices, desired, n);
    desired.status = gateway_status(s, a, addresses, announcements, parameters, services_fit, now);

    keep_unapplied<Service>(
        services, s.managed_services, [&](const object_key& key) { return s.cluster->service(key); }, n);
    keep_unapplied<EndpointSlice>(slices, s.managed_slices, {}, n);
    desired.services = std::move(services);
    desired.slices = std::move(slices);
    return desired;
}

desired_state plan_removal(const snapshot& s, const options& o) {
    const names n(o.controller_name);
    desired_state desired;
    return_borrowed(s, {}, desired, n);
    find_unwanted(s, {}, {}, desired, n);
    return desired;
}

std::vector<parent_verdict> judge_route(const route_view& route, const snapshot& s, const attachments& a,
                                        const options& o) {
    const names n(o.controller_name);
    std::vector<parent_verdict> verdicts;
    for (const attachments::entry& entry : a.routes) {
        if (entry.route->metadata->uid != route.metadata->uid || entry.route->kind != route.kind)
            continue;
        const verdict refs = resolved_refs(judge_backends(route, entry.served_by, n, *s.cluster));
        for (const attachment& at : entry.parents) {
            parent_verdict v{at.parent, at.accepted, refs};
            std::vector<std::string> lost;
            for (const std::size_t i : at.listeners)
                if (a.winners[i] != &entry)
                    lost.push_back(fmt::format("listener {} serves {}, which takes precedence",
                                               a.listeners[i].listener->name,
                                               describe(*a.winners[i]->route)));
            if (!lost.empty())
                v.accepted.message += fmt::format("; {}", fmt::join(lost, "; "));
            verdicts.push_back(std::move(v));
        }
    }
    return verdicts;
}

} // namespace gwctl::gateway
