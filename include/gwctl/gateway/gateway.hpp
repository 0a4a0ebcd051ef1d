/// The gateway controller: one call adds it, with the route kinds of your choice, to a manager.
///
///     namespace gw = gwctl::gateway;
///     gwctl::manager manager;
///     gw::install<gw::tcp, gw::udp>(manager, {.controller_name = "example.com/gateway"});
///     return manager.run();
#pragma once

#include <gwctl/gateway/options.hpp>
#include <gwctl/gateway/route_source.hpp>

#include <memory>
#include <vector>

namespace gwctl::gateway {

namespace detail {
void install(manager& mgr, options o, std::vector<std::unique_ptr<served_route_source>> routes);
}

/// Adds controllers for GatewayClass, Gateway, ListenerSet and each of the route kinds. Call once, before
/// `manager::run`.
///
/// The Gateway controller alone writes Services, EndpointSlices, addresses and Gateway status; a
/// ListenerSet's controller alone writes that set's status, a route's alone our entries in that route's. A
/// kind that the API server does not serve counts as empty; one that it denies to us stops every decision
/// that depends on it, and nothing else.
///
/// Throws `api_error` (`errc::config`) when the options make no sense, naming the member.
template <RouteKind... K>
requires(sizeof...(K) > 0) void install(manager& mgr, options o = {}) {
    std::vector<std::unique_ptr<detail::served_route_source>> routes;
    (routes.push_back(std::make_unique<detail::typed_route_source<K>>(mgr, o)), ...);
    detail::install(mgr, std::move(o), std::move(routes));
}

} // namespace gwctl::gateway
