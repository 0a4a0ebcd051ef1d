/// HTTP and HTTPS listeners at the level of status: judged and counted, not served. For the conformance suite
/// of the Gateway API, whose tests of Gateways use them.
#pragma once

#include <gwctl/api/http_routes_v1.hpp>
#include <gwctl/gateway/route_source.hpp>

namespace gwctl::gateway {

/// HTTPRoute on HTTP and HTTPS listeners, whose ports are open and refuse.
extern const route_kind http_route_kind;

/// The part of an HTTPRoute that attachment looks at.
route_view view_of_http(std::shared_ptr<const gateway_v1::HTTPRoute> route);

namespace detail {

class http_route_source final : public stored_routes<route_source, gateway_v1::HTTPRoute, &view_of_http> {
public:
    using stored_routes::stored_routes;
    const route_kind& kind() const noexcept override { return http_route_kind; }
};

} // namespace detail
} // namespace gwctl::gateway
