/// gateway.networking.k8s.io: the L4 routes, and the ReferenceGrant that lets them cross namespaces (Gateway
/// API v1.6).
#pragma once

#include <gwctl/api/gateway_v1.hpp>

namespace gwctl::gateway_v1 {

struct ParentReference {
    ParentReference() = default;
    std::optional<std::string> group;      ///< absent means gateway.networking.k8s.io
    std::optional<std::string> kind;       ///< absent means Gateway
    std::optional<std::string> namespace_; ///< absent means the route's
    std::string name;
    std::optional<std::string> sectionName;
    std::optional<std::int32_t> port;
    friend bool operator==(const ParentReference&, const ParentReference&) = default;
};
BOOST_DESCRIBE_STRUCT(ParentReference, (), (group, kind, namespace_, name, sectionName, port))

struct BackendRef {
    BackendRef() = default;
    std::optional<std::string> group; ///< absent means the core group
    std::optional<std::string> kind;  ///< absent means Service
    std::string name;
    std::optional<std::string> namespace_; ///< absent means the route's
    std::optional<std::int32_t> port;      ///< the Service's port; required for Services
    std::optional<std::int32_t> weight;    ///< absent means 1
    friend bool operator==(const BackendRef&, const BackendRef&) = default;
};
BOOST_DESCRIBE_STRUCT(BackendRef, (), (group, kind, name, namespace_, port, weight))

struct L4RouteRule {
    L4RouteRule() = default;
    std::optional<std::string> name;
    std::vector<BackendRef> backendRefs;
    friend bool operator==(const L4RouteRule&, const L4RouteRule&) = default;
};
BOOST_DESCRIBE_STRUCT(L4RouteRule, (), (name, backendRefs))

/// The spec of TCPRoute and UDPRoute, and of any route kind that only chooses backends by listener.
struct L4RouteSpec {
    L4RouteSpec() = default;
    std::vector<ParentReference> parentRefs;
    std::vector<L4RouteRule> rules; ///< exactly one in v1
    friend bool operator==(const L4RouteSpec&, const L4RouteSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(L4RouteSpec, (), (parentRefs, rules))

/// What one controller says of a route under one parent.
struct RouteParentStatus {
    RouteParentStatus() = default;
    ParentReference parentRef;
    std::string controllerName;
    std::vector<Condition> conditions;
    friend bool operator==(const RouteParentStatus&, const RouteParentStatus&) = default;
};
BOOST_DESCRIBE_STRUCT(RouteParentStatus, (), (parentRef, controllerName, conditions))

/// An atomic list: other controllers' entries must survive our writes byte for byte.
struct RouteStatus {
    RouteStatus() = default;
    std::optional<std::vector<json::value>> parents;
    friend bool operator==(const RouteStatus&, const RouteStatus&) = default;
};
BOOST_DESCRIBE_STRUCT(RouteStatus, (), (parents))

struct TCPRoute {
    TCPRoute() = default;
    static constexpr resource_type type{group, "v1", "TCPRoute", "tcproutes", true, "v1alpha2"};
    ObjectMeta metadata;
    L4RouteSpec spec;
    RouteStatus status;
    friend bool operator==(const TCPRoute&, const TCPRoute&) = default;
};
BOOST_DESCRIBE_STRUCT(TCPRoute, (), (metadata, spec, status))

struct UDPRoute {
    UDPRoute() = default;
    static constexpr resource_type type{group, "v1", "UDPRoute", "udproutes", true, "v1alpha2"};
    ObjectMeta metadata;
    L4RouteSpec spec;
    RouteStatus status;
    friend bool operator==(const UDPRoute&, const UDPRoute&) = default;
};
BOOST_DESCRIBE_STRUCT(UDPRoute, (), (metadata, spec, status))

struct ReferenceGrantFrom {
    ReferenceGrantFrom() = default;
    std::string group;
    std::string kind;
    std::string namespace_;
    friend bool operator==(const ReferenceGrantFrom&, const ReferenceGrantFrom&) = default;
};
BOOST_DESCRIBE_STRUCT(ReferenceGrantFrom, (), (group, kind, namespace_))

struct ReferenceGrantTo {
    ReferenceGrantTo() = default;
    std::string group;
    std::string kind;
    std::optional<std::string> name; ///< absent: every object of the kind
    friend bool operator==(const ReferenceGrantTo&, const ReferenceGrantTo&) = default;
};
BOOST_DESCRIBE_STRUCT(ReferenceGrantTo, (), (group, kind, name))

/// Lives in the namespace of what is referred to.
struct ReferenceGrant {
    struct Spec {
        Spec() = default;
        std::vector<ReferenceGrantFrom> from;
        std::vector<ReferenceGrantTo> to;
        friend bool operator==(const Spec&, const Spec&) = default;
    };
    ReferenceGrant() = default;
    static constexpr resource_type type{group, "v1", "ReferenceGrant", "referencegrants", true, "v1beta1"};
    ObjectMeta metadata;
    Spec spec;
    friend bool operator==(const ReferenceGrant&, const ReferenceGrant&) = default;
};
BOOST_DESCRIBE_STRUCT(ReferenceGrant::Spec, (), (from, to))
BOOST_DESCRIBE_STRUCT(ReferenceGrant, (), (metadata, spec))

} // namespace gwctl::gateway_v1
