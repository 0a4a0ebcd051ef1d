/// discovery.k8s.io/v1: EndpointSlice, from which kube-proxy learns where a Service's connections go.
#pragma once

#include <gwctl/api/core_v1.hpp>

namespace gwctl::discovery_v1 {

struct EndpointConditions {
    EndpointConditions() = default;
    std::optional<bool> ready; ///< absent means true
    std::optional<bool> serving;
    std::optional<bool> terminating;
    friend bool operator==(const EndpointConditions&, const EndpointConditions&) = default;
};
BOOST_DESCRIBE_STRUCT(EndpointConditions, (), (ready, serving, terminating))

struct ForZone {
    ForZone() = default;
    std::string name;
    friend bool operator==(const ForZone&, const ForZone&) = default;
};
BOOST_DESCRIBE_STRUCT(ForZone, (), (name))

struct ForNode {
    ForNode() = default;
    std::string name;
    friend bool operator==(const ForNode&, const ForNode&) = default;
};
BOOST_DESCRIBE_STRUCT(ForNode, (), (name))

/// Whose traffic an endpoint is for.
struct EndpointHints {
    EndpointHints() = default;
    std::vector<ForZone> forZones;
    std::vector<ForNode> forNodes;
    friend bool operator==(const EndpointHints&, const EndpointHints&) = default;
};
BOOST_DESCRIBE_STRUCT(EndpointHints, (), (forZones, forNodes))

struct Endpoint {
    Endpoint() = default;
    std::vector<std::string> addresses; ///< kube-proxy reads only the first
    EndpointConditions conditions;
    std::string hostname;
    std::optional<core_v1::ObjectReference> targetRef;
    std::string nodeName;
    std::string zone;
    std::optional<EndpointHints> hints;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
BOOST_DESCRIBE_STRUCT(Endpoint, (), (addresses, conditions, hostname, targetRef, nodeName, zone, hints))

struct EndpointPort {
    EndpointPort() = default;
    std::optional<std::string> name; ///< "" for the unnamed port; equals the Service port's name
    std::string protocol;
    std::optional<std::int32_t> port; ///< absent: all ports
    std::string appProtocol;
    friend bool operator==(const EndpointPort&, const EndpointPort&) = default;
};
BOOST_DESCRIBE_STRUCT(EndpointPort, (), (name, protocol, port, appProtocol))

struct EndpointSlice {
    EndpointSlice() = default;
    static constexpr resource_type type{"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"};
    ObjectMeta metadata;
    std::string addressType; ///< "IPv4", "IPv6" or "FQDN"; immutable
    /// Optional, since the API requires the list even when it is empty.
    std::optional<std::vector<Endpoint>> endpoints;
    std::vector<EndpointPort> ports;
    friend bool operator==(const EndpointSlice&, const EndpointSlice&) = default;
};
BOOST_DESCRIBE_STRUCT(EndpointSlice, (), (metadata, addressType, endpoints, ports))

/// The label that ties a slice to its Service.
inline constexpr std::string_view label_service_name = "kubernetes.io/service-name";
/// The label that says who writes a slice.
inline constexpr std::string_view label_managed_by = "endpointslice.kubernetes.io/managed-by";

} // namespace gwctl::discovery_v1
