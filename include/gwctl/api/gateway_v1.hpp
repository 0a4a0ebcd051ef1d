/// gateway.networking.k8s.io: GatewayClass and Gateway (Gateway API v1.6).
///
/// Optional members are those whose absence means something else than their empty value, or that must be
/// written even when empty.
#pragma once

#include <gwctl/api/resource.hpp>

namespace gwctl::gateway_v1 {

inline constexpr std::string_view group = "gateway.networking.k8s.io";

struct ParametersReference {
    ParametersReference() = default;
    std::string group;
    std::string kind;
    std::string name;
    std::string namespace_;
    friend bool operator==(const ParametersReference&, const ParametersReference&) = default;
};
BOOST_DESCRIBE_STRUCT(ParametersReference, (), (group, kind, name, namespace_))

struct SupportedFeature {
    SupportedFeature() = default;
    std::string name;
    friend bool operator==(const SupportedFeature&, const SupportedFeature&) = default;
};
BOOST_DESCRIBE_STRUCT(SupportedFeature, (), (name))

struct GatewayClass {
    struct Spec {
        Spec() = default;
        std::string controllerName;
        std::optional<ParametersReference> parametersRef;
        std::string description;
        friend bool operator==(const Spec&, const Spec&) = default;
    };
    struct Status {
        Status() = default;
        std::vector<Condition> conditions;
        std::vector<SupportedFeature> supportedFeatures; ///< sorted by name
        friend bool operator==(const Status&, const Status&) = default;
    };
    GatewayClass() = default;
    static constexpr resource_type type{group, "v1", "GatewayClass", "gatewayclasses", false, "v1beta1"};
    ObjectMeta metadata;
    Spec spec;
    Status status;
    friend bool operator==(const GatewayClass&, const GatewayClass&) = default;
};
BOOST_DESCRIBE_STRUCT(GatewayClass::Spec, (), (controllerName, parametersRef, description))
BOOST_DESCRIBE_STRUCT(GatewayClass::Status, (), (conditions, supportedFeatures))
BOOST_DESCRIBE_STRUCT(GatewayClass, (), (metadata, spec, status))

struct RouteGroupKind {
    RouteGroupKind() = default;
    std::optional<std::string> group; ///< absent means gateway.networking.k8s.io
    std::string kind;
    friend bool operator==(const RouteGroupKind&, const RouteGroupKind&) = default;
};
BOOST_DESCRIBE_STRUCT(RouteGroupKind, (), (group, kind))

struct RouteNamespaces {
    RouteNamespaces() = default;
    std::string from; ///< "Same" (also when empty), "All" or "Selector"
    std::optional<LabelSelector> selector;
    friend bool operator==(const RouteNamespaces&, const RouteNamespaces&) = default;
};
BOOST_DESCRIBE_STRUCT(RouteNamespaces, (), (from, selector))

struct AllowedRoutes {
    AllowedRoutes() = default;
    RouteNamespaces namespaces;
    std::vector<RouteGroupKind> kinds; ///< empty: those that fit the protocol
    friend bool operator==(const AllowedRoutes&, const AllowedRoutes&) = default;
};
BOOST_DESCRIBE_STRUCT(AllowedRoutes, (), (namespaces, kinds))

struct SecretObjectReference {
    SecretObjectReference() = default;
    std::optional<std::string> group; ///< absent means the core group
    std::optional<std::string> kind;  ///< absent means Secret
    std::string name;
    std::optional<std::string> namespace_; ///< absent means that of the listener's object
    friend bool operator==(const SecretObjectReference&, const SecretObjectReference&) = default;
};
BOOST_DESCRIBE_STRUCT(SecretObjectReference, (), (group, kind, name, namespace_))

struct ListenerTLSConfig {
    ListenerTLSConfig() = default;
    std::string mode; ///< "Terminate" (also when empty) or "Passthrough"
    std::vector<SecretObjectReference> certificateRefs;
    friend bool operator==(const ListenerTLSConfig&, const ListenerTLSConfig&) = default;
};
BOOST_DESCRIBE_STRUCT(ListenerTLSConfig, (), (mode, certificateRefs))

struct Listener {
    Listener() = default;
    static constexpr bool owns_all_fields = true; ///< what is plain is required
    std::string name;
    std::optional<std::string> hostname;
    std::int32_t port = 0;
    std::string protocol;
    std::optional<ListenerTLSConfig> tls;
    AllowedRoutes allowedRoutes;
    friend bool operator==(const Listener&, const Listener&) = default;
};
BOOST_DESCRIBE_STRUCT(Listener, (), (name, hostname, port, protocol, tls, allowedRoutes))

/// An address in spec (value may be absent: assign one) or status (value always there).
struct GatewayAddress {
    GatewayAddress() = default;
    std::optional<std::string> type; ///< absent means "IPAddress"
    std::optional<std::string> value;
    friend bool operator==(const GatewayAddress&, const GatewayAddress&) = default;
};
BOOST_DESCRIBE_STRUCT(GatewayAddress, (), (type, value))

struct GatewayInfrastructure {
    GatewayInfrastructure() = default;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    std::optional<ParametersReference> parametersRef; ///< in the Gateway's namespace
    friend bool operator==(const GatewayInfrastructure&, const GatewayInfrastructure&) = default;
};
BOOST_DESCRIBE_STRUCT(GatewayInfrastructure, (), (labels, annotations, parametersRef))

struct ListenerNamespaces {
    ListenerNamespaces() = default;
    std::string from; ///< "None" (also when empty), "Same", "All" or "Selector"
    std::optional<LabelSelector> selector;
    friend bool operator==(const ListenerNamespaces&, const ListenerNamespaces&) = default;
};
BOOST_DESCRIBE_STRUCT(ListenerNamespaces, (), (from, selector))

/// Which ListenerSets may add listeners.
struct AllowedListeners {
    AllowedListeners() = default;
    ListenerNamespaces namespaces;
    friend bool operator==(const AllowedListeners&, const AllowedListeners&) = default;
};
BOOST_DESCRIBE_STRUCT(AllowedListeners, (), (namespaces))

struct ListenerStatus {
    ListenerStatus() = default;
    std::string name;
    /// Optional, since `[]` must be written: CRDs before 1.5 require the list.
    std::optional<std::vector<RouteGroupKind>> supportedKinds;
    std::int32_t attachedRoutes = 0;
    std::vector<Condition> conditions;
    friend bool operator==(const ListenerStatus&, const ListenerStatus&) = default;
};
BOOST_DESCRIBE_STRUCT(ListenerStatus, (), (name, supportedKinds, attachedRoutes, conditions))

struct Gateway {
    struct Spec {
        Spec() = default;
        std::string gatewayClassName;
        std::vector<Listener> listeners;
        std::vector<GatewayAddress> addresses;
        std::optional<GatewayInfrastructure> infrastructure;
        std::optional<AllowedListeners> allowedListeners;
        friend bool operator==(const Spec&, const Spec&) = default;
    };
    struct Status {
        Status() = default;
        std::vector<GatewayAddress> addresses;
        std::vector<Condition> conditions;
        std::vector<ListenerStatus> listeners;
        std::optional<std::int32_t> attachedListenerSets; ///< CRDs before 1.5 have no such field
        friend bool operator==(const Status&, const Status&) = default;
    };
    Gateway() = default;
    static constexpr bool owns_all_fields = true; ///< what is plain is required
    static constexpr resource_type type{group, "v1", "Gateway", "gateways", true, "v1beta1"};
    ObjectMeta metadata;
    Spec spec;
    Status status;
    friend bool operator==(const Gateway&, const Gateway&) = default;
};
BOOST_DESCRIBE_STRUCT(Gateway::Spec, (),
                      (gatewayClassName, listeners, addresses, infrastructure, allowedListeners))
BOOST_DESCRIBE_STRUCT(Gateway::Status, (), (addresses, conditions, listeners, attachedListenerSets))
BOOST_DESCRIBE_STRUCT(Gateway, (), (metadata, spec, status))

} // namespace gwctl::gateway_v1
