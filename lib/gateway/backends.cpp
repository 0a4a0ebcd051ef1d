#include <gwctl/gateway/adoption.hpp>
#include <gwctl/gateway/backends.hpp>
#include <gwctl/gateway/grants.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

verdict judge_kind(const std::string& path, const BackendRef& ref) {
    if (ref.group.value_or("").empty() && ref.kind.value_or("Service") == "Service")
        return {};
    return {false, "InvalidKind",
            fmt::format("{}: expected kind Service of the core group, got {}{}{}; refer to a Service", path,
                        ref.kind.value_or("Service"), ref.group.value_or("").empty() ? "" : " of group ",
                        ref.group.value_or(""))};
}

verdict judge_namespace(const std::string& path, const route_view& route, const object_key& target,
                        behaviour served_by, const cluster_view& cluster) {
    const std::string& from = route.metadata->namespace_;
    if (target.namespace_ == from)
        return {};
    if (target.namespace_.empty())
        return {false, "RefNotPermitted",
                fmt::format("{}.namespace: expected a namespace, got \"\"; name one, or remove the field for "
                            "the route's own",
                            path)};
    if (!cluster.reads(target.namespace_))
        return {
            false, "RefNotPermitted",
            fmt::format("{}.namespace: this controller is limited to some namespaces and does not read {}; "
                        "refer to a Service of a namespace that it reads, or add {} to its flag -namespace",
                        path, target.namespace_, target.namespace_)};
    if (served_by != behaviour::merge)
        return {
            false, "RefNotPermitted",
            fmt::format("{}.namespace: behaviour {} works in the route's own namespace {} only, got {}; use "
                        "behaviour merge for backends of other namespaces",
                        path, to_string(served_by), from, target.namespace_)};
    const reference who{route.kind->type.group, route.kind->type.kind, from, {}};
    const reference what{"", "Service", target.namespace_, target.name};
    if (permitted(who, what, cluster))
        return {};
    return {
        false, "RefNotPermitted",
        fmt::format(
            "{}.namespace: no ReferenceGrant in namespace {} lets {}s of namespace {} refer to Service {}; "
            "create one there",
            path, target.namespace_, route.kind->type.kind, from, target.name)};
}

verdict judge_port(const std::string& path, const backend& b, std::string_view protocol) {
    if (b.port != nullptr)
        return {};
    if (!b.ref->port)
        return {false, "BackendNotFound",
                fmt::format("{}.port: expected a port of Service {}, got none; it has {}; add the port", path,
                            to_string(b.service_key), describe_ports(*b.service))};
    return {false, "BackendNotFound",
            fmt::format(
                "{}.port: Service {} has no {} port {}; it has {}; correct the port or add it to the Service",
                path, to_string(b.service_key), protocol, *b.ref->port, describe_ports(*b.service))};
}

bool carries(const core_v1::Service& service, std::string_view annotation) {
    return service.metadata.annotations.contains(std::string(annotation));
}

/// Behaviour `create` makes the Service, so the one thing that can be wrong is that somebody else made it.
verdict judge_created(const std::string& path, const backend& b, const route_view& route, const names& n) {
    if (!b.service || carries(*b.service, n.applied()))
        return {};
    const auto& labels = route.metadata->labels;
    const auto key = labels.find(std::string(label_selector_key));
    const auto value = labels.find(std::string(label_selector_value));
    if (is_leftover(*b.service, n) && key != labels.end() && value != labels.end() &&
        is_created_leftover(*b.service, {{key->second, value->second}}))
        return {};
    return {
        false, "RefNotPermitted",
        fmt::format(
            "{}.name: behaviour create makes Service {} itself, but one that this controller did not make "
            "exists; rename the backendRef, delete the Service, or use behaviour merge, duplicate or "
            "update",
            path, to_string(b.service_key))};
}

verdict judge_existing(const std::string& path, backend& b, std::string_view protocol, const names& n) {
    if (!b.service)
        return {false, "BackendNotFound",
                fmt::format("{}.name: Service {} does not exist; create it or correct the name", path,
                            to_string(b.service_key))};
    if (b.service->spec.type == "ExternalName")
        return {false, "InvalidKind",
                fmt::format(
                    "{}.name: Service {} is of type ExternalName, which has no endpoints; refer to a Service "
                    "with a selector or EndpointSlices",
                    path, to_string(b.service_key))};
    if (carries(*b.service, n.applied()) && carries(*b.service, n.gateway()))
        return {false, "InvalidKind",
                fmt::format(
                    "{}.name: Service {} is made by this controller for Gateway {}; refer to the Service of "
                    "the application",
                    path, to_string(b.service_key), b.service->metadata.annotations.at(n.gateway()))};
    b.port = find_backend_port(*b.service, b.ref->port, protocol, n);
    return judge_port(path, b, protocol);
}

backend judge_backend(const std::string& path, const BackendRef& ref, const route_view& route,
                      behaviour served_by, const names& n, const cluster_view& cluster) {
    backend b;
    b.ref = &ref;
    b.weight = ref.weight.value_or(1);
    b.service_key = {ref.namespace_.value_or(route.metadata->namespace_), ref.name};
    b.resolved = judge_kind(path, ref);
    if (b.resolved.holds)
        b.resolved = judge_namespace(path, route, b.service_key, served_by, cluster);
    if (!b.resolved.holds)
        return b;
    b.service = cluster.service(b.service_key);
    b.resolved = served_by == behaviour::create
                     ? judge_created(path, b, route, n)
                     : judge_existing(path, b, route.kind->expose(Listener(), ref).protocol, n);
    if (!b.resolved.holds)
        b.service = nullptr;
    return b;
}

} // namespace

std::vector<backend> judge_backends(const route_view& route, behaviour served_by, const names& n,
                                    const cluster_view& cluster) {
    std::vector<backend> backends;
    for (std::size_t r = 0; r < route.spec->rules.size(); ++r) {
        const auto& refs = route.spec->rules[r].backendRefs;
        for (std::size_t i = 0; i < refs.size(); ++i)
            backends.push_back(judge_backend(fmt::format("spec.rules[{}].backendRefs[{}]", r, i), refs[i],
                                             route, served_by, n, cluster));
    }
    return backends;
}

std::vector<backend> fold_same(std::vector<backend> backends) {
    std::vector<backend> folded;
    for (backend& b : backends) {
        const auto same = std::find_if(folded.begin(), folded.end(), [&](const backend& f) {
            return b.usable() && f.usable() && f.service_key == b.service_key && f.ref->port == b.ref->port;
        });
        if (same == folded.end())
            folded.push_back(std::move(b));
        else
            same->weight += b.weight;
    }
    return folded;
}

verdict resolved_refs(const std::vector<backend>& backends) {
    const auto failed =
        std::find_if(backends.begin(), backends.end(), [](const backend& b) { return !b.resolved.holds; });
    if (failed != backends.end())
        return failed->resolved;
    return {true, "ResolvedRefs", "All references are resolved"};
}

bool made_by_us(const core_v1::Service& service, const names& n) {
    return carries(service, n.applied()) && carries(service, n.gateway());
}

std::string describe_ports(const core_v1::Service& service) {
    std::vector<std::string> ports;
    for (const core_v1::ServicePort& p : service.spec.ports)
        ports.push_back(p.name.empty() ? fmt::format("{}/{}", p.port, protocol_of(p))
                                       : fmt::format("{}/{} ({})", p.port, protocol_of(p), p.name));
    return ports.empty() ? "none" : fmt::format("{}", fmt::join(ports, ", "));
}

} // namespace gwctl::gateway
