/// The core group's kinds that controllers of this library read and write. Fields that no one here uses are
/// left out; the codec skips them.
#pragma once

#include <gwctl/api/resource.hpp>

namespace gwctl::core_v1 {

struct ConfigMap {
    ConfigMap() = default;
    static constexpr resource_type type{"", "v1", "ConfigMap", "configmaps"};
    ObjectMeta metadata;
    std::map<std::string, std::string> data;
    std::map<std::string, std::string> binaryData;
    std::optional<bool> immutable;
    friend bool operator==(const ConfigMap&, const ConfigMap&) = default;
};
BOOST_DESCRIBE_STRUCT(ConfigMap, (), (metadata, data, binaryData, immutable))

struct Namespace {
    struct Status {
        Status() = default;
        std::string phase; ///< "Active" or "Terminating"
        friend bool operator==(const Status&, const Status&) = default;
    };
    Namespace() = default;
    static constexpr resource_type type{"", "v1", "Namespace", "namespaces", false};
    ObjectMeta metadata;
    Status status;
    friend bool operator==(const Namespace&, const Namespace&) = default;
};
BOOST_DESCRIBE_STRUCT(Namespace::Status, (), (phase))
BOOST_DESCRIBE_STRUCT(Namespace, (), (metadata, status))

struct ServicePort {
    ServicePort() = default;
    static constexpr bool owns_all_fields = true; ///< what is plain is required
    std::string name;                             ///< required as soon as a Service has two ports
    std::string protocol;                         ///< "TCP", "UDP" or "SCTP"
    std::string appProtocol;
    std::int32_t port = 0;
    std::optional<IntOrString> targetPort;
    std::optional<std::int32_t> nodePort;
    friend bool operator==(const ServicePort&, const ServicePort&) = default;
};
BOOST_DESCRIBE_STRUCT(ServicePort, (), (name, protocol, appProtocol, port, targetPort, nodePort))
/// The API server's default where it names none. Good as long as the port is.
inline std::string_view protocol_of(const ServicePort& port) noexcept {
    return port.protocol.empty() ? std::string_view("TCP") : std::string_view(port.protocol);
}

struct PortStatus {
    PortStatus() = default;
    std::int32_t port = 0;
    std::string protocol;
    std::string error;
    friend bool operator==(const PortStatus&, const PortStatus&) = default;
};
BOOST_DESCRIBE_STRUCT(PortStatus, (), (port, protocol, error))

struct LoadBalancerIngress {
    LoadBalancerIngress() = default;
    std::string ip;
    std::string hostname;
    std::string ipMode;
    std::vector<PortStatus> ports;
    friend bool operator==(const LoadBalancerIngress&, const LoadBalancerIngress&) = default;
};
BOOST_DESCRIBE_STRUCT(LoadBalancerIngress, (), (ip, hostname, ipMode, ports))

struct LoadBalancerStatus {
    LoadBalancerStatus() = default;
    std::vector<LoadBalancerIngress> ingress;
    friend bool operator==(const LoadBalancerStatus&, const LoadBalancerStatus&) = default;
};
BOOST_DESCRIBE_STRUCT(LoadBalancerStatus, (), (ingress))

struct ServiceSpec {
    ServiceSpec() = default;
    std::string type; ///< "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName"
    std::vector<ServicePort> ports;
    std::map<std::string, std::string> selector; ///< empty: whoever owns the EndpointSlices decides
    std::string clusterIP;
    std::vector<std::string> clusterIPs;
    std::vector<std::string> externalIPs;
    std::string externalName;
    std::string loadBalancerIP;
    std::string loadBalancerClass; ///< settable only on creation or when the type becomes LoadBalancer
    std::vector<std::string> loadBalancerSourceRanges;
    std::optional<bool> allocateLoadBalancerNodePorts;
    std::string externalTrafficPolicy; ///< "Cluster" or "Local"
    std::string internalTrafficPolicy;
    std::optional<std::int32_t> healthCheckNodePort;
    std::string sessionAffinity;
    std::vector<std::string> ipFamilies; ///< "IPv4", "IPv6"
    std::string ipFamilyPolicy;
    std::optional<bool> publishNotReadyAddresses;
    friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(ServiceSpec, (),
                      (type, ports, selector, clusterIP, clusterIPs, externalIPs, externalName,
                       loadBalancerIP, loadBalancerClass, loadBalancerSourceRanges,
                       allocateLoadBalancerNodePorts, externalTrafficPolicy, internalTrafficPolicy,
                       healthCheckNodePort, sessionAffinity, ipFamilies, ipFamilyPolicy,
                       publishNotReadyAddresses))

struct ServiceStatus {
    ServiceStatus() = default;
    LoadBalancerStatus loadBalancer;
    std::vector<Condition> conditions;
    friend bool operator==(const ServiceStatus&, const ServiceStatus&) = default;
};
BOOST_DESCRIBE_STRUCT(ServiceStatus, (), (loadBalancer, conditions))

struct Service {
    Service() = default;
    static constexpr bool owns_all_fields = true; ///< what is plain is required
    static constexpr resource_type type{"", "v1", "Service", "services"};
    ObjectMeta metadata;
    ServiceSpec spec;
    ServiceStatus status;
    friend bool operator==(const Service&, const Service&) = default;
};
BOOST_DESCRIBE_STRUCT(Service, (), (metadata, spec, status))

struct ObjectReference {
    ObjectReference() = default;
    std::string apiVersion;
    std::string kind;
    std::string namespace_;
    std::string name;
    std::string uid;
    std::string resourceVersion;
    std::string fieldPath;
    friend bool operator==(const ObjectReference&, const ObjectReference&) = default;
};
BOOST_DESCRIBE_STRUCT(ObjectReference, (),
                      (apiVersion, kind, namespace_, name, uid, resourceVersion, fieldPath))

struct EventSource {
    EventSource() = default;
    std::string component;
    std::string host;
    friend bool operator==(const EventSource&, const EventSource&) = default;
};

/// What happened to an object and why, for the person who asks `kubectl describe`.
struct Event {
    Event() = default;
    static constexpr resource_type type{"", "v1", "Event", "events"};
    ObjectMeta metadata;
    ObjectReference involvedObject;
    std::string reason;
    std::string message;
    EventSource source;
    std::string firstTimestamp;
    std::string lastTimestamp;
    std::optional<std::int32_t> count;
    std::string type_; ///< "Normal" or "Warning"; `type` on the wire
    std::string reportingComponent;
    std::string reportingInstance;
    friend bool operator==(const Event&, const Event&) = default;
};
BOOST_DESCRIBE_STRUCT(EventSource, (), (component, host))
BOOST_DESCRIBE_STRUCT(Event, (),
                      (metadata, involvedObject, reason, message, source, firstTimestamp, lastTimestamp,
                       count, type_, reportingComponent, reportingInstance))

} // namespace gwctl::core_v1
