/// The labels, annotations, finalizers and object names that the gateway controller writes.
#pragma once

#include <gwctl/gateway/route_kind.hpp>

#include <string>
#include <string_view>

namespace gwctl::gateway {

// The names of the Go controller whose clusters this one can take over.
inline constexpr std::string_view label_selector_key = "selectorkey";
inline constexpr std::string_view label_selector_value = "selectorvalue";
inline constexpr std::string_view label_behaviour = "serviceBehaviour";
inline constexpr std::string_view label_ipam_address = "ipam-address";
inline constexpr std::string_view label_implementation = "implementation";
inline constexpr std::string_view annotation_controller = "gateway-api-controller";
inline constexpr std::string_view annotation_parent_tcp_route = "parent-tcp-route";
inline constexpr std::string_view annotation_parent_udp_route = "parent-udp-route";
inline constexpr std::string_view duplicate_suffix = "-gw-api";

// The Gateway API's.
inline constexpr std::string_view label_gateway_name = "gateway.networking.k8s.io/gateway-name";
inline constexpr std::string_view label_gateway_class_name = "gateway.networking.k8s.io/gateway-class-name";
inline constexpr std::string_view finalizer_class_in_use =
    "gateway-exists-finalizer.gateway.networking.k8s.io";

// Cilium's (its documentation, "kube-proxy free", Maglev): the weight of each endpoint of a slice, 1 to
// 65535, and the algorithm that heeds it, on the Service.
inline constexpr std::string_view annotation_cilium_weight = "service.cilium.io/weight";
inline constexpr std::string_view annotation_cilium_algorithm = "service.cilium.io/lb-algorithm";

/// The condition on a route's parent that says how it is served. The Gateway API has no such type for routes
/// yet; the name is that of Gateways and listeners.
inline constexpr std::string_view condition_programmed = "Programmed";

/// The value of `endpointslice.kubernetes.io/managed-by` on our slices.
inline constexpr std::string_view slice_manager = "gwctl";

/// Names that depend on the controller's own name, so that two controllers of one cluster do not meet.
class names {
public:
    /// `controller_name` is DOMAIN/PATH; ours are DOMAIN/something.
    explicit names(std::string_view controller_name);

    const std::string& controller() const noexcept { return controller_; }
    /// Annotation on everything we make: "NAMESPACE/NAME" of the Gateway it serves.
    std::string gateway() const { return domain_ + "/gateway"; }
    /// Annotation on everything we apply: a digest of what was applied, which tells a change of ours from
    /// none.
    std::string applied() const { return domain_ + "/applied"; }
    /// Annotation on a Gateway: its allocated address where a label cannot hold it (IPv6).
    std::string address() const { return domain_ + "/ipam-address"; }
    /// Annotation on a user's Service that behaviour `update` changed: what it was before.
    std::string original() const { return domain_ + "/original"; }
    /// Annotation in `spec.infrastructure` of a Gateway: "Local" or "Cluster".
    std::string external_traffic_policy() const { return domain_ + "/external-traffic-policy"; }
    /// Label, "true", on the ConfigMaps that a parametersRef may name.
    std::string parameters() const { return domain_ + "/parameters"; }
    /// Annotation on GatewayClasses and Gateways: the parameters that were accepted last.
    std::string accepted_parameters() const { return domain_ + "/accepted-parameters"; }
    /// Annotation on a user's Service whose ports the Go controller replaced for its behaviour `update`.
    std::string replaced_ports() const { return domain_ + "/replaced-ports"; }
    /// Annotation on a slice that has the endpoints of one backend only: "NAMESPACE/NAME:PORT" of it.
    std::string backend() const { return domain_ + "/backend"; }
    /// Condition on a route's parent: whether the weights of its backendRefs are what its backends get.
    std::string weights_condition() const { return domain_ + "/WeightsApplied"; }
    /// Condition on a Gateway, for people: which addresses this controller gave it, and which of them lie in no
    /// pool.
    std::string granted_condition() const { return domain_ + "/AddressesGranted"; }
    /// The same for this controller: its message is a JSON array of the addresses. In a status, which users do
    /// not write, it is what tells a record of ours from a forged one.
    std::string grant_record() const { return domain_ + "/GrantedAddresses"; }
    /// Condition on a Gateway, False and there only when the limit of endpoints leaves some out.
    std::string endpoints_condition() const { return domain_ + "/AllEndpointsServed"; }
    /// Finalizer on routes whose clean-up must outlive them.
    std::string cleanup_finalizer() const { return domain_ + "/cleanup"; }

private:
    std::string controller_;
    std::string domain_;
};

/// `text` if it has at most `limit` characters and a digest-suffixed prefix of it otherwise. Distinct texts
/// stay distinct; the result is a valid DNS label if `text` is one but for its length.
std::string shortened(std::string_view text, std::size_t limit);

/// The Service of a Gateway: "GATEWAY-CLASS" (GEP-1762) as a DNS-1035 label of at most 63 characters.
std::string gateway_service_name(std::string_view gateway, std::string_view gateway_class);

/// The Go controller's annotation that names a Service's route; empty for kinds that it did not have.
std::string_view parent_annotation(const route_kind& kind);

/// "tcp-80": the name of a Service port, unique within a Service.
std::string port_name(std::string_view protocol, std::int32_t port);

} // namespace gwctl::gateway
