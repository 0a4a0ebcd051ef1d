/// What a route kind is: three facts, no plumbing.
#pragma once

#include <gwctl/api/routes_v1.hpp>

#include <memory>
#include <span>
#include <string_view>

namespace gwctl::gateway {

using gateway_v1::BackendRef;
using gateway_v1::Gateway;
using gateway_v1::GatewayClass;
using gateway_v1::L4RouteSpec;
using gateway_v1::Listener;
using gateway_v1::ParentReference;
using gateway_v1::ReferenceGrant;
using gateway_v1::RouteStatus;

/// What a route needs from the Service that serves a listener.
struct service_port {
    /// "TCP", "UDP" or "SCTP".
    std::string_view protocol = "TCP";
    /// What clients connect to.
    std::int32_t port = 0;
    /// The backend's own port, for behaviour `create`, where no Service says so.
    std::int32_t target_port = 0;
};

/// A route kind of this or another API group:
///
///     struct quic {
///         using route = QUICRoute;
///         static bool accepts(const Listener& l) { return l.protocol == "net.example.com/QUIC"; }
///         static service_port expose(const Listener& l, const BackendRef& b) {
///             return {.protocol = "UDP", .port = l.port, .target_port = b.port.value_or(l.port)};
///         }
///     };
///
/// The route has an `L4RouteSpec spec` and a `RouteStatus status`. A fourth fact is for kinds of the Gateway API alone:
/// `static constexpr std::string_view features[] = {"TCPRoute"}` names what a GatewayClass claims to support because of
/// the kind, in `status.supportedFeatures`. Without it the kind adds nothing there.
template <class K>
concept RouteKind = Resource<typename K::route> &&
    requires(typename K::route r, const Listener& l, const BackendRef& b) {
    { r.spec } -> std::same_as<L4RouteSpec&>;
    { r.status } -> std::same_as<RouteStatus&>;
    { K::accepts(l) } -> std::same_as<bool>;
    { K::expose(l, b) } -> std::same_as<service_port>;
};

/// TCPRoute on TCP listeners.
struct tcp {
    using route = gateway_v1::TCPRoute;
    static constexpr std::string_view features[] = {"TCPRoute"};
    static bool accepts(const Listener& l) { return l.protocol == "TCP"; }
    static service_port expose(const Listener& l, const BackendRef& b) {
        return {.protocol = "TCP", .port = l.port, .target_port = b.port.value_or(l.port)};
    }
};

/// UDPRoute on UDP listeners.
struct udp {
    using route = gateway_v1::UDPRoute;
    static constexpr std::string_view features[] = {"UDPRoute"};
    static bool accepts(const Listener& l) { return l.protocol == "UDP"; }
    static service_port expose(const Listener& l, const BackendRef& b) {
        return {.protocol = "UDP", .port = l.port, .target_port = b.port.value_or(l.port)};
    }
};

/// A route kind as a value, so that the rules are compiled once.
struct route_kind {
    resource_type type;
    bool (*accepts)(const Listener&) = nullptr;
    service_port (*expose)(const Listener&, const BackendRef&) = nullptr;
    /// Its routes are counted on their listeners, and neither served nor told so.
    bool counted_only = false;
    /// For `status.supportedFeatures`.
    std::span<const std::string_view> features{};
};

template <RouteKind K>
constexpr std::span<const std::string_view> features_of() {
    if constexpr (requires { K::features; })
        return K::features;
    else
        return {};
}

template <RouteKind K>
inline constexpr route_kind route_kind_of{K::route::type, &K::accepts, &K::expose, false, features_of<K>()};

/// A route of any kind, alive as long as the view.
struct route_view {
    const route_kind* kind = nullptr;
    std::shared_ptr<const void> object{};
    const ObjectMeta* metadata = nullptr;
    const L4RouteSpec* spec = nullptr;
    const RouteStatus* status = nullptr;
    /// The host names of a kind that has them; null and empty both stand for all.
    const std::vector<std::string>* hostnames = nullptr;
};

template <RouteKind K>
route_view view_of(std::shared_ptr<const typename K::route> route) {
    route_view v;
    v.kind = &route_kind_of<K>;
    v.metadata = &route->metadata;
    v.spec = &route->spec;
    v.status = &route->status;
    v.object = std::move(route);
    return v;
}

/// Whether `a` takes precedence over `b`: older first, then by namespace and name, then by kind (Gateway API,
/// GEP-2644).
bool precedes(const route_view& a, const route_view& b);

/// "TCPRoute default/web"
std::string describe(const route_view& route);

} // namespace gwctl::gateway
