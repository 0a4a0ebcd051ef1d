#include "syntax.hpp"

#include <gwctl/gateway/service.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

bool is_ipv6(std::string_view address) { return address.find(':') != std::string_view::npos; }

/// A label value: at most 63 characters, ends alphanumeric.
std::string label_value(std::string_view text) { return shortened(text, 63); }

core_v1::ServicePort make_port(const service_port& p, IntOrString target) {
    core_v1::ServicePort port;
    port.name = port_name(p.protocol, p.port);
    port.protocol = p.protocol;
    port.port = p.port;
    port.targetPort = std::move(target);
    return port;
}

OwnerReference reference_to(const route_view& route) {
    OwnerReference r;
    r.apiVersion = route.kind->type.api_version();
    r.kind = route.kind->type.kind;
    r.name = route.metadata->name;
    r.uid = route.metadata->uid;
    return r;
}

core_v1::Service start_service(const served_listener& l, std::string name, const Gateway& gateway,
                               const std::vector<std::string>& addresses, const options& o, const names& n) {
    core_v1::Service service;
    service.metadata.namespace_ = l.target.service_key.namespace_;
    service.metadata.name = std::move(name);
    mark(service.metadata, gateway, addresses, o, n);
    if (const std::string_view parent = parent_annotation(*l.route->kind); !parent.empty())
        service.metadata.annotations[std::string(parent)] = l.route->metadata->name;
    return service;
}

core_v1::Service render_created(const served_listener& l, const Gateway& gateway,
                                const std::vector<std::string>& addresses, const options& o, const names& n) {
    core_v1::Service service = start_service(l, l.target.service_key.name, gateway, addresses, o, n);
    const auto& labels = l.route->metadata->labels;
    service.spec.selector[labels.at(std::string(label_selector_key))] =
        labels.at(std::string(label_selector_value));
    const service_port p = l.route->kind->expose(*l.listener, *l.target.ref);
    service.spec.ports.push_back(make_port(p, IntOrString(p.target_port)));
    return service;
}

core_v1::Service render_duplicate(const served_listener& l, const Gateway& gateway,
                                  const std::vector<std::string>& addresses, const options& o,
                                  const names& n) {
    const core_v1::Service& source = *l.target.service;
    core_v1::Service service =
        start_service(l, duplicate_name(source.metadata.name), gateway, addresses, o, n);
    service.spec.selector = source.spec.selector;
    service.spec.sessionAffinity = source.spec.sessionAffinity;
    service.spec.publishNotReadyAddresses = source.spec.publishNotReadyAddresses;
    const service_port p = l.route->kind->expose(*l.listener, *l.target.ref);
    service.spec.ports.push_back(
        make_port(p, l.target.port->targetPort.value_or(IntOrString(l.target.port->port))));
    return service;
}

using map_entry = std::pair<const std::string, std::string>;

constexpr std::string_view key_syntax =
    "expected a name of at most 63 letters, digits, -, _ and ., perhaps with a domain and a slash in front; "
    "correct or remove it";

std::string refuse_reserved(std::string_view key, const names& n) {
    return is_reserved_key(key, n)
               ? "the key is reserved for Kubernetes, the load balancer or this controller; remove it"
               : std::string();
}

/// Why a label of `spec.infrastructure` cannot be put on our objects; empty when it can.
std::string refuse_label(const map_entry& label, const names& n) {
    if (!detail::is_label_key(label.first))
        return std::string(key_syntax);
    if (!detail::is_label_value(label.second))
        return fmt::format(
            "expected at most 63 letters, digits, -, _ and ., got \"{}\"; correct or remove it",
            detail::shown(label.second));
    return refuse_reserved(label.first, n);
}

/// The same for an annotation.
std::string refuse_annotation(const map_entry& annotation, const names& n) {
    return detail::is_annotation_key(annotation.first) ? refuse_reserved(annotation.first, n)
                                                       : std::string(key_syntax);
}

/// Adds `one` to `all`, or its port and owner to the Service of the same name. `own` is the Gateway's.
void merge_into(std::vector<core_v1::Service>& all, core_v1::Service one, const served_listener& l,
                const object_key& own, std::vector<problem>& problems) {
    if (key_of(one) == own) {
        problems.push_back(
            {l.route,
             fmt::format("spec.rules: Service {} is the name of the Gateway's own Service; name another "
                         "backend, or use behaviour merge",
                         to_string(own)),
             l.listener});
        return;
    }
    one.metadata.ownerReferences.push_back(reference_to(*l.route));
    const auto same = std::find_if(all.begin(), all.end(),
                                   [&](const core_v1::Service& s) { return key_of(s) == key_of(one); });
    if (same == all.end())
        return all.push_back(std::move(one));
    if (same->spec.selector != one.spec.selector) {
        problems.push_back(
            {l.route,
             fmt::format("spec.rules: Service {} is already made for another route with another "
                         "selector; name another backend",
                         to_string(key_of(one))),
             l.listener});
        return;
    }
    same->spec.ports.insert(same->spec.ports.end(), one.spec.ports.begin(), one.spec.ports.end());
    same->metadata.annotations.insert(one.metadata.annotations.begin(), one.metadata.annotations.end());
    auto& owners = same->metadata.ownerReferences;
    for (OwnerReference& owner : one.metadata.ownerReferences)
        if (std::find(owners.begin(), owners.end(), owner) == owners.end())
            owners.push_back(std::move(owner));
}

} // namespace

std::string duplicate_name(std::string_view service) {
    return shortened(service, 63 - duplicate_suffix.size()).append(duplicate_suffix);
}

void mark(ObjectMeta& metadata, const Gateway& gateway, const std::vector<std::string>& addresses,
          const options& o, const names& n) {
    if (gateway.spec.infrastructure) {
        metadata.labels = gateway.spec.infrastructure->labels;
        metadata.annotations = gateway.spec.infrastructure->annotations;
        std::erase_if(metadata.labels, [&](const auto& entry) { return !refuse_label(entry, n).empty(); });
        std::erase_if(metadata.annotations,
                      [&](const auto& entry) { return !refuse_annotation(entry, n).empty(); });
    }
    metadata.labels[std::string(label_gateway_name)] = label_value(gateway.metadata.name);
    metadata.labels[std::string(label_gateway_class_name)] = label_value(gateway.spec.gatewayClassName);
    metadata.labels[std::string(label_implementation)] = o.implementation_label;
    metadata.annotations[n.gateway()] = to_string(key_of(gateway));
    metadata.annotations[std::string(annotation_controller)] = o.controller_name;
    if (addresses.empty())
        return;
    if (is_ipv6(addresses.front())) // a label value cannot hold a colon
        metadata.annotations[n.address()] = addresses.front();
    else
        metadata.labels[std::string(label_ipam_address)] = addresses.front();
}

core_v1::Service render_gateway_service(const Gateway& gateway, const std::vector<const Listener*>& listeners,
                                        std::span<const route_kind* const> kinds,
                                        const std::vector<std::string>& addresses, const options& o,
                                        const names& n) {
    core_v1::Service service;
    service.metadata.namespace_ = gateway.metadata.namespace_;
    service.metadata.name = gateway_service_name(gateway.metadata.name, gateway.spec.gatewayClassName);
    mark(service.metadata, gateway, addresses, o, n);
    service.metadata.ownerReferences.push_back(owner_reference(gateway));
    for (const Listener* listener : listeners) {
        const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                       [&](const route_kind* k) { return k->accepts(*listener); });
        const service_port p = (*kind)->expose(*listener, BackendRef());
        service.spec.ports.push_back(make_port(p, IntOrString(p.port)));
    }
    return service;
}

std::vector<core_v1::Service> render_route_services(const Gateway& gateway,
                                                    const std::vector<served_listener>& created,
                                                    const std::vector<served_listener>& duplicated,
                                                    const std::vector<std::string>& addresses,
                                                    const options& o, const names& n,
                                                    std::vector<problem>& problems) {
    const object_key own(gateway.metadata.namespace_,
                         gateway_service_name(gateway.metadata.name, gateway.spec.gatewayClassName));
    std::vector<core_v1::Service> services;
    for (const served_listener& l : created)
        merge_into(services, render_created(l, gateway, addresses, o, n), l, own, problems);
    for (const served_listener& l : duplicated)
        merge_into(services, render_duplicate(l, gateway, addresses, o, n), l, own, problems);
    return services;
}

bool is_reserved_key(std::string_view key, const names& n) {
    if (key == label_ipam_address || key == label_implementation || key == annotation_controller ||
        key == annotation_parent_tcp_route || key == annotation_parent_udp_route)
        return true;
    const std::size_t slash = key.find('/');
    if (slash == std::string_view::npos)
        return false;
    const std::string_view domain = key.substr(0, slash);
    // The recommended labels describe and do not steer; external-dns steers names, not addresses.
    if (domain == "app.kubernetes.io" || domain.starts_with("external-dns."))
        return false;
    const std::string ours = n.gateway();
    const auto within = [&](std::string_view parent) {
        return domain == parent ||
               (domain.ends_with(parent) && domain[domain.size() - parent.size() - 1] == '.');
    };
    // Those of every announcer, whichever is used: another one may be there too, and a Gateway's user must
    // not ask it for addresses.
    const auto is_an_announcers = [&](const announcer_profile& p) {
        return std::any_of(p.domains.begin(), p.domains.end(),
                           [&](std::string_view d) { return !d.empty() && within(d); });
    };
    constexpr std::string_view taken[] = {"kubernetes.io", "k8s.io", "loxilb.io"};
    const auto profiles = announcer_profiles();
    return within(std::string_view(ours).substr(0, ours.find('/'))) ||
           std::any_of(std::begin(taken), std::end(taken), within) ||
           std::any_of(profiles.begin(), profiles.end(), is_an_announcers);
}

verdict judge_infrastructure(const Gateway& gateway, const names& n) {
    if (!gateway.spec.infrastructure)
        return {};
    const auto& infrastructure = *gateway.spec.infrastructure;
    const auto refused = [](std::string_view where, std::string_view key, const std::string& why) {
        return verdict{false, "InvalidParameters",
                       fmt::format("spec.infrastructure.{}[{}]: {}", where, detail::shown(key), why)};
    };
    for (const map_entry& label : infrastructure.labels)
        if (const std::string why = refuse_label(label, n); !why.empty())
            return refused("labels", label.first, why);
    for (const map_entry& annotation : infrastructure.annotations)
        if (const std::string why = refuse_annotation(annotation, n);
            !why.empty() && annotation.first != n.external_traffic_policy())
            return refused("annotations", annotation.first, why);
    return {};
}

} // namespace gwctl::gateway
