#include "cluster.hpp"

#include <gwctl/gateway/gateway.hpp>

#include <fmt/format.h>

namespace gwctl::gateway::detail {
namespace {

bool is_label_value(std::string_view text) {
    constexpr std::string_view ends = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const std::string inner = std::string(ends) + "-_.";
    return text.size() <= 63 && text.find_first_not_of(inner) == text.npos &&
           (text.empty() || (ends.find(text.front()) != ends.npos && ends.find(text.back()) != ends.npos));
}

void check(const options& o, const manager& mgr) {
    const std::size_t slash = o.controller_name.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == o.controller_name.size())
        throw api_error(errc::config,
                        fmt::format("controller_name: expected DOMAIN/PATH such as example.com/gateway, "
                                    "got \"{}\"",
                                    o.controller_name));
    if (!is_label_value(o.implementation_label))
        throw api_error(errc::config,
                        fmt::format("implementation_label: expected a label value (at most 63 "
                                    "letters, digits, '-', '_' and '.'; a letter or digit at both "
                                    "ends), got \"{}\"",
                                    o.implementation_label));
    if (!o.pools.empty() && o.ipam_config.name.empty())
        throw api_error(errc::config, "pools: expected the ConfigMap that has them in ipam_config, got none");
    if (o.observe_only && mgr.elects_leader())
        throw api_error(errc::config,
                        "observe_only: expected a manager without leader_election, which would write "
                        "its Lease; leave that out");
}

} // namespace

void install(manager& mgr, options o, std::vector<std::unique_ptr<served_route_source>> sources) {
    check(o, mgr);
    const auto c = std::make_shared<cluster>(mgr, std::move(o), std::move(sources));

    const cache_scope scope = scope_of(c->opts);
    controllers made;
    auto classes = mgr.control<GatewayClass>();
    classes.reads<cached<Gateway>>(scope)
        .allow_unsynced(); // each decision asks for what it reads, here and below
    made.gateway_class = &classes.reconcile_with([c](context& ctx, const GatewayClass& gateway_class) {
        return reconcile_gateway_class(*c, ctx, gateway_class);
    });

    auto gateways = mgr.control<cached<Gateway>>({}, scope);
    gateways.reads<GatewayClass>().reads<core_v1::Namespace>(scope_of_namespaces(c->opts));
    gateways.reads<cached<core_v1::Service>>(scope).reads<cached<discovery_v1::EndpointSlice>>(scope);
    gateways.reads<cached<ReferenceGrant>>(scope).reads<cached<ListenerSet>>(scope);
    if (c->pools != nullptr)
        gateways.reads<core_v1::ConfigMap>(c->pools->scope());
    if (c->secrets != nullptr)
        gateways.reads<certificate_secret>(c->secrets->scope());
    for (const auto& source : c->routes)
        source->read_by(gateways);
    gateways.allow_unsynced();
    made.gateway = &gateways.reconcile_with(
        [c](context& ctx, object_key key) { return reconcile_gateway(*c, ctx, std::move(key)); });

    auto sets = mgr.control<cached<ListenerSet>>({}, scope);
    sets.reads<GatewayClass>().reads<core_v1::Namespace>(scope_of_namespaces(c->opts));
    sets.reads<cached<Gateway>>(scope).reads<cached<core_v1::Service>>(scope);
    sets.reads<cached<ReferenceGrant>>(scope).allow_unsynced();
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
