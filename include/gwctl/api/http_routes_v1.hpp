/// gateway.networking.k8s.io: HTTPRoute, as far as it says which listeners it attaches to (Gateway API v1.6).
#pragma once

#include <gwctl/api/routes_v1.hpp>

namespace gwctl::gateway_v1 {

struct HTTPRoute {
    struct Spec {
        Spec() = default;
        std::vector<ParentReference> parentRefs;
        std::vector<std::string> hostnames; ///< empty: all
        friend bool operator==(const Spec&, const Spec&) = default;
    };
    HTTPRoute() = default;
    static constexpr resource_type type{group, "v1", "HTTPRoute", "httproutes", true, "v1beta1"};
    ObjectMeta metadata;
    Spec spec;
    friend bool operator==(const HTTPRoute&, const HTTPRoute&) = default;
};
BOOST_DESCRIBE_STRUCT(HTTPRoute::Spec, (), (parentRefs, hostnames))
BOOST_DESCRIBE_STRUCT(HTTPRoute, (), (metadata, spec))

} // namespace gwctl::gateway_v1
