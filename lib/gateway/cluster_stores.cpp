// What is watched, and by what it is found.
#include "cluster.hpp"

#include <gwctl/gateway/adoption.hpp>
#include <gwctl/gateway/http_listeners.hpp>

namespace gwctl::gateway::detail {
namespace {

std::vector<std::string> annotation_index(const ObjectMeta& metadata, const std::string& annotation) {
    const auto found = metadata.annotations.find(annotation);
    if (found == metadata.annotations.end())
        return {};
    return {found->second};
}

cache_scope one_object(const object_key& key) {
    cache_scope scope;
    scope.namespaces = {key.namespace_};
    scope.field_selector = "metadata.name=" + key.name;
    return scope;
}

/// The permission for these is one that may be left out: those who have a parametersRef wait for it, nobody
/// else.
cache_scope parameters_only(const std::string& label, cache_scope scope) {
    scope.label_selector = label + "=true";
    scope.may_be_denied = true;
    return scope;
}

std::vector<std::string> index_of(const std::optional<object_key>& key) {
    if (!key)
        return {};
    return {to_string(*key)};
}

cache_scope certificates_only(cache_scope scope) {
    scope.field_selector = "type=kubernetes.io/tls";
    return scope;
}

std::vector<std::string> as_text(const std::vector<object_key>& keys) {
    std::vector<std::string> texts;
    for (const object_key& key : keys)
        texts.push_back(to_string(key));
    return texts;
}

/// The Services that a route's backendRefs name, "NAMESPACE/NAME" each.
std::vector<std::string> backend_services(const route_view& route) {
    std::vector<std::string> keys;
    for (const auto& rule : route.spec->rules)
        for (const BackendRef& ref : rule.backendRefs)
            if (ref.kind.value_or("Service") == "Service")
                keys.push_back(
                    to_string(object_key(ref.namespace_.value_or(route.metadata->namespace_), ref.name)));
    return keys;
}

std::vector<std::string> foreign_namespaces(const route_view& route) {
    std::vector<std::string> all;
    for (const auto& rule : route.spec->rules)
        for (const BackendRef& ref : rule.backendRefs)
            if (ref.namespace_ && *ref.namespace_ != route.metadata->namespace_)
                all.push_back(*ref.namespace_);
    return all;
}

/// The Secrets that the listeners of a Gateway or ListenerSet refer to.
template <class T>
std::vector<object_key> certificates_of(const T& object) {
    std::vector<object_key> keys;
    for (const Listener& l : object.spec.listeners)
        if (l.tls)
            for (const auto& ref : l.tls->certificateRefs)
                keys.emplace_back(ref.namespace_.value_or(object.metadata.namespace_), ref.name);
    return keys;
}

template <class T>
void add_certificate_indexes(trimmed_store<T>& objects) {
    objects.add_index("certificate", [](const T& o) { return as_text(certificates_of(o)); });
    objects.add_index("certificate-namespace", [](const T& o) {
        std::vector<std::string> namespaces;
        for (const object_key& key : certificates_of(o))
            namespaces.push_back(key.namespace_);
        return namespaces;
    });
}

} // namespace

cache_scope scope_of(const options& o) {
    cache_scope scope;
    scope.namespaces = o.namespaces;
    return scope;
}

cache_scope scope_of_namespaces(const options& o) {
    cache_scope scope;
    scope.may_be_denied = !o.namespaces.empty();
    return scope;
}

cluster::cluster(manager& mgr, options o, std::vector<std::unique_ptr<served_route_source>> sources)
    : opts(std::move(o)), named(opts.controller_name), events(mgr.events()), time(mgr.time()),
      changes(mgr.metrics()), classes(mgr.cache<GatewayClass>()), gateways(mgr, scope_of(opts)),
      services(mgr, scope_of(opts)), endpoint_slices(mgr, scope_of(opts)),
      namespaces(mgr.cache<core_v1::Namespace>(scope_of_namespaces(opts))),
      reference_grants(mgr, scope_of(opts)), listener_sets(mgr, scope_of(opts)),
      parameters(mgr, parameters_only(named.parameters(), scope_of(opts))), definitions(mgr.follow_crds()),
      book_(opts) {
    if (!opts.ipam_config.name.empty())
        pools = &mgr.cache<core_v1::ConfigMap>(one_object(opts.ipam_config));
    for (auto& source : sources) {
        served_routes.push_back(source.get());
        routes.push_back(std::move(source));
    }
    if (opts.http == http_listeners::status) {
        secrets = &mgr.cache<certificate_secret>(certificates_only(scope_of(opts)));
        routes.push_back(std::make_unique<http_route_source>(mgr, opts));
    }
    for (const auto& source : routes)
        kinds_.push_back(&source->kind());
    add_indexes();
    follow_attachments();
    follow_parameters();
    follow_addresses();
}

void cluster::add_indexes() {
    const std::string gateway_annotation = named.gateway();
    gateways.add_index("class", [](const Gateway& g) { return std::vector{g.spec.gatewayClassName}; });
    gateways.add_index("parameters", [](const Gateway& g) { return index_of(gateway::parameters_of(g)); });
    gateways.add_index("address", [](const Gateway& g) {
        std::vector<std::string> addresses;
        for (const auto& a : g.status.addresses)
            if (const auto parsed = ipam::parse_address(a.value.value_or("")); parsed.has_value())
                addresses.push_back(parsed->to_string());
        return addresses;
    });
    classes.add_index("parameters",
                      [](const GatewayClass& g) { return index_of(gateway::parameters_of(g)); });
    listener_sets.add_index("gateway",
                            [](const ListenerSet& s) { return std::vector{to_string(parent_gateway(s))}; });
    if (secrets != nullptr) {
        add_certificate_indexes(gateways);
        add_certificate_indexes(listener_sets);
    }
    services.add_index("gateway", [=](const core_v1::Service& s) {
        return annotation_index(s.metadata, gateway_annotation);
    });
    services.add_index("leftover-route", [n = named](const core_v1::Service& s) {
        const std::string route = is_leftover(s, n) ? leftover_route(s) : std::string();
        return route.empty() ? std::vector<std::string>() : std::vector{route};
    });
    services.add_index("leftover-address", [n = named](const core_v1::Service& s) {
        const bool asks = is_leftover(s, n) && !s.spec.loadBalancerIP.empty();
        return asks ? std::vector{s.spec.loadBalancerIP} : std::vector<std::string>();
    });
    services.add_index("borrower", [n = named](const core_v1::Service& s) { return borrowers(s, n); });
    endpoint_slices.add_index("gateway", [=](const discovery_v1::EndpointSlice& s) {
        return annotation_index(s.metadata, gateway_annotation);
    });
    endpoint_slices.add_index("service", [](const discovery_v1::EndpointSlice& s) {
        const auto name = s.metadata.labels.find(std::string(discovery_v1::label_service_name));
        if (name == s.metadata.labels.end())
            return std::vector<std::string>();
        return std::vector{to_string(object_key(s.metadata.namespace_, name->second))};
    });
    for (const auto& source : routes) {
        source->add_index("gateway", [](const route_view& r) { return as_text(parent_gateways(r)); });
        source->add_index("listener-set", [](const route_view& r) { return as_text(parent_sets(r)); });
        source->add_index("backend", backend_services);
        source->add_index("backend-namespace", foreign_namespaces);
    }
}

} // namespace gwctl::gateway::detail
