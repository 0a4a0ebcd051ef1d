/// How the gateway controller is to behave: the flags of the reference binary, and what parameters of classes
/// and Gateways change of them.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/gateway/announcer.hpp>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::gateway {

/// How a route is served.
enum class behaviour {
    merge,     ///< the Gateway's Service gets a port per listener and the endpoints of all backends
    create,    ///< a Service named like the backendRef is made, selecting pods by the route's labels
    duplicate, ///< a copy of the backend's Service gets the address
    update,    ///< the backend's own Service gets the address, and its former shape back afterwards
};

std::string_view to_string(behaviour b) noexcept;
std::optional<behaviour> parse_behaviour(std::string_view text) noexcept;

/// "merge, create, duplicate, update"
inline constexpr std::string_view behaviour_names = "merge, create, duplicate, update";

/// What becomes of HTTP and HTTPS listeners.
enum class http_listeners {
    refused, ///< UnsupportedProtocol: no one would serve them
    status,  ///< judged, counted and given a port that refuses, as the Gateway API's conformance suite needs
};

struct options {
    /// GatewayClasses with this spec.controllerName are ours. A domain-prefixed path, as the Gateway API
    /// demands.
    std::string controller_name = "thebsdbox.co.uk/controller";
    /// Where the objects lie that are read, all of them: Gateways, routes, backends, grants and parameters.
    /// Empty: everywhere.
    std::set<std::string> namespaces{};
    /// The ConfigMap with the address pools, which may lie anywhere. An empty name: the announcer chooses
    /// addresses.
    object_key ipam_config{};
    /// The value of the `implementation` label on Gateways and Services.
    std::string implementation_label = "thebsdbox";
    /// For routes without the label `serviceBehaviour`.
    behaviour default_behaviour = behaviour::merge;
    /// Whether an allocated address is also written to `spec.addresses`; the record on the Gateway is written
    /// anyway.
    bool write_spec_address = true;
    /// Lets users pin addresses that lie in no pool.
    bool allow_addresses_outside_pools = false;
    /// What announces the addresses of Services.
    announcer announced_by = announcer::kube_vip;
    /// `status` also reads HTTPRoutes and the Secrets of type kubernetes.io/tls.
    http_listeners http = http_listeners::refused;
    /// How many endpoints one Gateway serves, counted once for each listener and address family that has them behind it.
    /// 20,000 are 200 EndpointSlices of 100, the size that Kubernetes' own controller makes.
    std::size_t max_endpoints = 20'000;
    /// How many of them routes of one namespace other than the Gateway's own may have.
    std::size_t max_endpoints_per_namespace = 5'000;
    /// Writes nothing at all; what would be written is logged and counted. Goes with a manager that elects no
    /// leader.
    bool observe_only = false;

    // Parameters only.

    /// The pools to draw from: "edge" for `range-edge` and `cidr-edge`. Empty: those of the Gateway's
    /// namespace, then the global ones.
    std::vector<std::string> pools{};
    /// Services get externalTrafficPolicy Local, under which pods see the client's address; else Cluster.
    bool keep_client_address = false;
    /// Services get sessionAffinity ClientIP.
    bool session_affinity = false;
    /// Services get this `loadBalancerClass`; empty: none.
    std::string load_balancer_class{};
    /// Services get `allocateLoadBalancerNodePorts`; without a value, when the announcer needs them.
    std::optional<bool> node_ports{};
};

} // namespace gwctl::gateway
