#include "cluster.hpp"

#include <gwctl/gateway/gateway.hpp>

#include <fmt/format.h>

namespace gwctl::gateway::detail {
namespace {

void check(const options& o) {
    const std::size_t slash = o.controller_name.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == o.controller_name.size())
        throw api_error(errc::config,
                        fmt::format("controller_name: expected DOMAIN/PATH such as example.com/gateway, "
                                    "got \"{}\"",
                                    o.controller_name));
    if (o.implementation_label.size() > 63)
        throw api_error(errc::config,
                        fmt::format("implementation_label: expected at most 63 characters, got {}",
                                    o.implementation_label.size()));
}

} // namespace

void install(manager& mgr, options o, std::vector<std::unique_ptr<served_route_source>> sources) {
    check(o);
    const auto c = std::make_shared<cluster>(mgr, std::move(o), std::move(sources));

    const cache_scope scope = scope_of(c->opts);
    controllers made;
    auto classes = mgr.control<GatewayClass>();
    classes.reads<Gateway>(scope);
    made.gateway_class = &classes.reconcile_with([c](context& ctx, const GatewayClass& gateway_class) {
        return reconcile_gateway_class(*c, ctx, gateway_class);
    });

    auto gateways = mgr.control<Gateway>({}, scope);
    gateways.reads<GatewayClass>().reads<core_v1::Namespace>(scope_of_namespaces(c->opts));
    gateways.reads<core_v1::Service>(scope).reads<discovery_v1::EndpointSlice>(scope);
    gateways.reads<ReferenceGrant>(scope).reads<ListenerSet>(scope);
    if (c->pools != nullptr)
        gateways.reads<core_v1::ConfigMap>(c->pools->scope());
    if (c->secrets != nullptr)
        gateways.reads<certificate_secret>(c->secrets->scope());
    for (const auto& source : c->routes)
        source->read_by(gateways);
    made.gateway = &gateways.reconcile_with(
        [c](context& ctx, object_key key) { return reconcile_gateway(*c, ctx, std::move(key)); });

    auto sets = mgr.control<ListenerSet>({}, scope);
    sets.reads<GatewayClass>().reads<core_v1::Namespace>(scope_of_namespaces(c->opts));
    sets.reads<Gateway>(scope).reads<core_v1::Service>(scope).reads<ReferenceGrant>(scope);
    made.listener_set = &sets.reconcile_with(
        [c](context& ctx, object_key key) { return reconcile_listener_set(*c, ctx, std::move(key)); });

    for (served_route_source* const routes : c->served_routes) {
        made.routes.push_back(&routes->control(mgr, [c, routes](context& ctx, object_key key) {
            return reconcile_route_status(*c, *routes, ctx, std::move(key));
        }));
    }
    connect(*c, std::move(made));
}

} // namespace gwctl::gateway::detail
