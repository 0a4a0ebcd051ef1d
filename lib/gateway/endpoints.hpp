// The endpoints behind the backends of a route.
#pragma once

#include <gwctl/gateway/backends.hpp>

#include <map>

namespace gwctl::gateway::detail {

/// Whether kube-proxy sends connections there; absent means true.
bool is_ready(const discovery_v1::Endpoint& e);

/// Endpoints of one target port.
struct endpoint_group {
    std::int32_t target_port = 0;
    const backend* target = nullptr; ///< whose they are; null when of all backends together
    std::map<std::string, discovery_v1::Endpoint> endpoints{}; ///< by address
};

/// The endpoints of all usable backends in one address family ("IPv4", "IPv6"), by target port; with `apart`
/// each backend's by themselves. An endpoint that several backends have belongs to the first of them.
std::vector<endpoint_group> collect_endpoints(const std::vector<backend>& backends, std::string_view family,
                                              const cluster_view& cluster, bool apart);

/// Whether the usable backends are to get different shares.
bool is_weighted(const std::vector<backend>& backends);

/// Of these endpoints the ready ones; all when none is.
std::size_t count_serving(const std::map<std::string, discovery_v1::Endpoint>& endpoints);

/// The weight of each of `endpoints` endpoints of a backend, 1 to 65535, such that backends get shares in
/// proportion to their weights. `heaviest` is the largest weight of them.
std::int32_t endpoint_weight(std::int64_t weight, std::int64_t heaviest, std::size_t endpoints);

} // namespace gwctl::gateway::detail
