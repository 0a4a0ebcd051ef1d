#include "compare.hpp"
#include "division.hpp"
#include "in_pieces.hpp"
#include "taken.hpp"
#include "writes.hpp"

#include <gwctl/gateway/client_address.hpp>
#include <gwctl/gateway/plan.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway {
namespace {

using core_v1::Service;
using discovery_v1::EndpointSlice;

/// Garbage collection looks for an owner in the version that the reference names, and finds none where that
/// is not served.
void name_served_versions(std::vector<Service>& services, const snapshot& s) {
    std::vector<resource_type> types{Gateway::type};
    for (const route_kind* kind : s.kinds)
        types.push_back(kind->type);
    for (Service& service : services)
        for (OwnerReference& owner : service.metadata.ownerReferences)
            for (const resource_type& type : types)
                if (owner.kind == type.kind && owner.apiVersion == type.api_version())
                    owner.apiVersion = type.api_version(s.cluster->served_version(type));
}

template <class T>
std::set<object_key> keys_of(const std::vector<T>& objects) {
    std::set<object_key> keys;
    for (const T& object : objects)
        keys.insert(key_of(object));
    return keys;
}

/// A user can make Services that look like ours, and cannot write status.
bool is_served(const snapshot& s) {
    return !s.managed_services.empty() && !s.gateway->status.addresses.empty();
}

/// Why the Gateway is not served at all, for its routes.
verdict judge_serving(const snapshot& s, const attachments& a, const addressing& addresses,
                      const verdict& parameters) {
    const std::string gateway = "Gateway " + to_string(key_of(*s.gateway));
    const auto own = a.of_gateway();
    if (std::none_of(own.begin(), own.end(), [](const listener_rules& r) { return r.accepted.holds; }))
        return {false, "GatewayNotAccepted",
                fmt::format("{}: spec.listeners: expected one that can be accepted, got none; add one, and "
                            "its ListenerSets are served too",
                            gateway)};
    if (!addresses.accepted.holds)
        return {false, "GatewayNotAccepted", fmt::format("{}: {}", gateway, addresses.accepted.message)};
    // What is refused of parameters and spec.infrastructure starts nothing; what is served already stays, and
    // without the refused keys.
    if (!parameters.holds && !is_served(s))
        return {false, "GatewayNotAccepted", fmt::format("{}: {}", gateway, parameters.message)};
    if (!addresses.left_to_announcer && addresses.addresses.empty())
        return {false, addresses.usable.reason, fmt::format("{}: {}", gateway, addresses.usable.message)};
    return {};
}

/// Which Service each listener is part of.
std::map<const Listener*, object_key> services_by_listener(const detail::division& d, const object_key& own) {
    std::map<const Listener*, object_key> all;
    for (const Listener* listener : d.merged)
        all[listener] = own;
    for (const served_listener& l : d.created)
        all[l.listener] = l.target.service_key;
    for (const served_listener& l : d.duplicated)
        all[l.listener] = {l.target.service_key.namespace_, duplicate_name(l.target.service_key.name)};
    for (const auto& [key, listeners] : d.updated)
        for (const served_listener& l : listeners)
            all[l.listener] = key;
    return all;
}

void find_unwanted_slices(const snapshot& s, const std::vector<EndpointSlice>& slices, desired_state& desired,
                          const names& n) {
    const std::set<object_key> wanted = keys_of(slices);
    for (const auto& live : s.managed_slices)
        if (live->metadata.annotations.contains(n.applied()) && !wanted.contains(key_of(*live)) &&
            live->metadata.deletionTimestamp.empty())
            desired.unwanted_slices.push_back(key_of(*live));
}

/// The first thing that is wrong with the class's parameters, the Gateway's, or `spec.infrastructure`.
verdict judge_settings(const snapshot& s, const names& n) {
    if (!s.class_parameters.holds && !is_served(s))
        return {false, "InvalidParameters",
                fmt::format("GatewayClass {} is not accepted: {}", s.gateway->spec.gatewayClassName,
                            s.class_parameters.message)};
    return s.parameters.holds ? judge_infrastructure(*s.gateway, n) : s.parameters;
}

/// The Services that we make for the Gateway, its own last.
std::vector<Service> render_services(const snapshot& s, const detail::division& d,
                                     const std::vector<std::string>& addresses, const options& o,
                                     const names& n, std::vector<problem>& problems) {
    std::vector<Service> services =
        render_route_services(*s.gateway, d.created, d.duplicated, addresses, o, n, problems);
    if (d.merged.empty())
        return services;
    services.push_back(render_gateway_service(*s.gateway, d.merged, s.kinds, addresses, o, n));
    if (std::any_of(d.merged_ports.begin(), d.merged_ports.end(),
                    [](const merged_port& p) { return detail::is_weighted(p.backends); }))
        services.back().metadata.annotations[std::string(annotation_cilium_algorithm)] = "maglev";
    return services;
}

/// The route's ResolvedRefs, with what becomes of the connections that a bad backendRef should get.
verdict judge_refs(const std::vector<backend>& backends, behaviour served_by) {
    verdict refs = resolved_refs(backends);
    if (refs.holds || served_by != behaviour::merge)
        return refs;
    const bool others_serve =
        std::any_of(backends.begin(), backends.end(), [](const backend& b) { return b.usable(); });
    refs.message += others_serve
                        ? " (until then the other backends get its share: kube-proxy cannot refuse a part of "
                          "the connections)"
                        : " (until then connections are refused)";
    return refs;
}

core_v1::ServicePort port_of(const served_listener& l) {
    const service_port p = l.route->kind->expose(*l.listener, *l.target.ref);
    core_v1::ServicePort port;
    port.protocol = p.protocol;
    port.port = p.port;
    return port;
}

announcement_request request_for(const snapshot& s, const detail::division& d,
                                 const std::vector<Service>& services,
                                 const std::vector<std::string>& addresses) {
    announcement_request request{key_of(*s.gateway), addresses, {}};
    for (const Service& service : services)
        request.services.insert(key_of(service));
    for (const auto& [key, listeners] : d.updated)
        request.services.insert(key);
    for (const served_listener& l : d.awaiting_finalizer)
        request.services.insert(l.target.service_key); // soon
    return request;
}

/// The Gateway's own Service, and copies whose source has no selector, with their ports. `families` become those
/// of the Services.
std::vector<detail::merged_service> list_merged(const snapshot& s, const detail::division& d,
                                                const std::vector<Service>& services, const object_key& own,
                                                std::vector<std::string>& families) {
    std::map<object_key, std::vector<merged_port>> ports;
    if (!d.merged.empty())
        ports[own] = d.merged_ports;
    for (const served_listener& l : d.duplicated)
        if (l.target.service->spec.selector.empty())
            ports[{l.target.service_key.namespace_, duplicate_name(l.target.service_key.name)}].push_back(
                {l.route->kind->expose(*l.listener, *l.target.ref), {l.target}, l.listener, l.route});
    std::vector<detail::merged_service> all;
    for (const Service& service : services) {
        Service shape = service; // where the API server chose the families, it knows
        if (const auto live = s.cluster->service(key_of(shape)); live && shape.spec.ipFamilies.empty())
            shape.spec.ipFamilies = live->spec.ipFamilies;
        if (shape.spec.ipFamilies.empty())
            shape.spec.ipFamilies.emplace_back("IPv4");
        families = shape.spec.ipFamilies;
        if (const auto found = ports.find(key_of(service)); found != ports.end()) {
            detail::merged_service& merged = all.emplace_back();
            merged.shape = std::move(shape);
            merged.ports = std::move(found->second);
        }
    }
    return all;
}

/// What the limit leaves out, for the Gateway's status; the routes concerned become problems.
left_out_endpoints report_left_out(const std::vector<detail::merged_service>& services,
                                   const std::map<const Listener*, detail::served_endpoints>& served,
                                   const attachments& a, const options& o, std::vector<problem>& problems) {
    left_out_endpoints left_out;
    left_out.limit = detail::describe_endpoint_limit(o);
    for (const detail::merged_service& service : services)
        for (const merged_port& port : service.ports) {
            if (served.at(port.listener).is_whole)
                continue;
            left_out.listeners.insert(port.listener);
            std::set<std::string> backends;
            for (const backend* b : detail::usable_backends(port.backends))
                backends.insert(to_string(b->service_key));
            problems.push_back(
                {port.route,
                 fmt::format("spec.rules: listener {} is not served by all endpoints of Service {}: {}",
                             port.listener->name, fmt::join(backends, ", "), left_out.limit),
                 port.listener, true});
        }
    constexpr std::size_t most_names = 5;
    std::vector<std::string> listeners;
    for (std::size_t i = 0; i < a.listeners.size() && listeners.size() < most_names; ++i)
        if (const Listener* l = a.listeners[i].listener; left_out.listeners.contains(l)) {
            const ListenerSet* set = a.set_of(i);
            listeners.push_back(set == nullptr ? l->name
                                               : fmt::format("{} of {}", l->name, gwctl::describe(*set)));
        }
    left_out.message = fmt::format(
        "spec.listeners: not served by all of their endpoints are {}{}: {}", fmt::join(listeners, ", "),
        left_out.listeners.size() > listeners.size() ? " and others" : "", left_out.limit);
    return left_out;
}

} // namespace

bool may_get_address(const snapshot& s, const attachments& a, const names& n) {
    const auto own = a.of_gateway();
    return judge_settings(s, n).holds &&
           std::any_of(own.begin(), own.end(), [](const listener_rules& r) { return r.accepted.holds; });
}

task<desired_state> detail::plan_in_pieces(const snapshot& s, const addressing& addresses,
                                           const options& settings, wall_time now, pauses& p) {
    options o = settings;
    const names n(o.controller_name);
    desired_state desired;
    const attachments a = co_await attach_in_pieces(s, o.default_behaviour, p);
    verdict parameters = judge_settings(s, n);
    detail::planned_services planned;
    planned.served = judge_serving(s, a, addresses, parameters);
    detail::division d;
    if (planned.served.holds)
        d = co_await detail::divide(s, a, n, desired.problems, p);
    detail::refuse_loans(d, s, addresses.addresses, o, n, desired.problems);

    std::vector<Service> services = render_services(s, d, addresses.addresses, o, n, desired.problems);
    const verdict client_address =
        judge_client_address(o, services.size() + d.updated.size(), d.merged_ports);
    if (!client_address.holds) {
        o.keep_client_address = false;
        if (parameters.holds)
            parameters = client_address;
        planned.served = judge_serving(s, a, addresses, parameters);
        if (!planned.served.holds) {
            d = detail::division();
            services.clear();
        }
    }
    const announcement_request request = request_for(s, d, services, addresses.addresses);
    for (Service& service : services)
        ask(service, request, o);
    name_served_versions(services, s);

    const object_key own_key(
        s.gateway->metadata.namespace_,
        gateway_service_name(s.gateway->metadata.name, s.gateway->spec.gatewayClassName));
    const auto merged = list_merged(s, d, services, own_key, planned.families);
    endpoint_source source(*s.cluster, p);
    merged_slices rendered = co_await merge_in_pieces(merged, source, s, o, n, p);
    std::vector<EndpointSlice> slices = std::move(rendered.slices);
    planned.endpoints = std::move(rendered.served);
    const left_out_endpoints left_out = report_left_out(merged, planned.endpoints, a, o, desired.problems);
    planned.by_listener = services_by_listener(d, own_key);
    auto refused = detail::refuse_names(services, *s.gateway, *s.cluster, n);
    refused.insert(s.refused.begin(), s.refused.end());
    detail::report_refused(refused, s, a, n, planned.by_listener, desired.problems);
    detail::report_refused(s.left_alone, s, a, n, planned.by_listener, desired.problems);
    const verdict class_kept = keep_load_balancer_class(services, *s.cluster);
    std::erase_if(slices, [keys = keys_of(services)](const EndpointSlice& slice) {
        const auto& service = slice.metadata.labels.at(std::string(discovery_v1::label_service_name));
        return !keys.contains({slice.metadata.namespace_, service});
    });

    std::vector<announcement> announcements;
    for (const Service& service : services)
        if (!s.refused.contains(key_of(service)))
            announcements.push_back(judge_announcement(key_of(service), addresses.addresses, o, *s.cluster));
    detail::service_wishes wishes;
    for (const auto& [key, listeners] : d.updated) {
        if (!s.refused.contains(key))
            announcements.push_back(judge_announcement(key, addresses.addresses, o, *s.cluster));
        const Service& live = *listeners.front().target.service;
        const loan wanted = render_update(live, listeners, *s.gateway, request, o, n, desired.problems);
        if (!wanted.digest.empty())
            desired.objects.push_back(detail::compare_borrowed(live, wanted));
        if (wanted.change)
            wishes.borrowed.push_back(*wanted.change);
    }
    for (const served_listener& l : d.awaiting_finalizer)
        wishes.frozen.merge(claims_of(addresses.addresses, {port_of(l)}));
    if (d.awaiting_finalizer.empty())
        find_unwanted_slices(s, slices, desired, n);
    for (const auto& live : s.managed_services)
        if (meet(claims_of(*live), wishes.frozen))
            announcements.push_back(judge_announcement(key_of(*live), addresses.addresses, o, *s.cluster));
    wishes.kept = services;
    keep_unapplied(services, s, n, desired.objects);
    wishes.changed = std::move(services);
    const auto obstacles = detail::plan_writes(std::move(wishes), d, s, n, desired);
    const verdict ports_fit =
        detail::report_obstacles(obstacles, s, a, n, planned.by_listener, desired.problems);
    verdict services_fit = ports_fit.holds ? class_kept : ports_fit;
    const auto beside = std::find_if(refused.begin(), refused.end(), [&](const auto& service) {
        return service.first.namespace_ ==
               own_key.namespace_; // elsewhere it is the matter of the routes there
    });
    if (beside != refused.end())
        services_fit = {false, "NoResources", beside->second};
    std::set<protocol_port> served;
    for (const auto& [listener, service] : planned.by_listener)
        served.emplace(transport_of(*listener, s.kinds), listener->port);
    desired.status =
        gateway_status(s, a, addresses, announcements, served, parameters, services_fit, left_out, n, now);
    desired.outcomes = co_await judge_outcomes(s, a, d, planned, desired.problems, source, p);
    co_await keep_unapplied(slices, s, n, desired.objects, p);
    gain_before_losing(slices, s.managed_slices);
    desired.slices = std::move(slices);
    mark_written(desired);
    co_return desired;
}

desired_state plan(const snapshot& s, const addressing& addresses, const options& settings, wall_time now) {
    detail::pauses none;
    return detail::finish(detail::plan_in_pieces(s, addresses, settings, now, none));
}

desired_state plan_removal(const snapshot& s, const options& o) {
    const names n(o.controller_name);
    desired_state desired;
    detail::plan_writes({}, {}, s, n, desired);
    find_unwanted_slices(s, {}, desired, n);
    return desired;
}

std::vector<parent_verdict> judge_route(const route_view& route, const snapshot& s, const attachments& a,
                                        const options& o) {
    const names n(o.controller_name);
    std::vector<parent_verdict> verdicts;
    const attachments::entry* entry = a.find(route);
    if (entry == nullptr)
        return verdicts;
    const verdict refs = judge_refs(judge_backends(route, entry->served_by, n, *s.cluster), entry->served_by);
    for (const attachment& at : entry->parents)
        verdicts.push_back({at.parent, at.accepted, refs});
    return verdicts;
}

} // namespace gwctl::gateway
