#include <gwctl/gateway/http_listeners.hpp>

namespace gwctl::gateway {
namespace {

/// A route in the form of the others: an HTTPRoute's rules are not read.
struct attachable_route {
    std::shared_ptr<const gateway_v1::HTTPRoute> route;
    L4RouteSpec spec{};
    RouteStatus status{};
};

} // namespace

const route_kind http_route_kind{
    gateway_v1::HTTPRoute::type,
    [](const Listener& l) { return l.protocol == "HTTP" || l.protocol == "HTTPS"; },
    [](const Listener& l, const BackendRef&) {
        return service_port{.protocol = "TCP", .port = l.port, .target_port = l.port};
    },
    true,
};

route_view view_of_http(std::shared_ptr<const gateway_v1::HTTPRoute> route) {
    auto held = std::make_shared<attachable_route>();
    held->spec.parentRefs = route->spec.parentRefs;
    held->route = std::move(route);
    route_view v;
    v.kind = &http_route_kind;
    v.metadata = &held->route->metadata;
    v.spec = &held->spec;
    v.status = &held->status;
    v.hostnames = &held->route->spec.hostnames;
    v.object = std::move(held);
    return v;
}

} // namespace gwctl::gateway
