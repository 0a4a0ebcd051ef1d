/// The objects of a cluster of many Gateways that are much the same.
#pragma once

#include <gwctl/json/value.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace gwctl::tests {

/// Ten Gateways in each namespace, and two routes at least. Each has a listener, a route and a backend
/// Service with one EndpointSlice per `routes`.
struct cluster_size {
    std::size_t gateways = 30;
    std::size_t routes = 3;    ///< of one Gateway
    std::size_t endpoints = 4; ///< of one backend
    /// All routes of a Gateway want its one listener, which goes to the first.
    bool one_listener = false;
    /// And the objects that there are once in a cluster of any size, see scale_corner.hpp.
    bool corner = false;
};

/// One object, as YAML.
json::value parse_object(const std::string& yaml);

std::string namespace_of(std::size_t gateway);
json::value namespace_object(const std::string& name, const std::string& label);
/// `small`: the pool of that name, from which no Gateway of these draws.
json::value pools_object(const std::string& small);
json::value gateway_object(std::size_t g, std::size_t listeners);
json::value route_object(std::size_t g, std::size_t r, std::size_t listener, int port);
/// Port 80 goes with `whole` only, port 81 stays.
json::value service_object(std::size_t g, std::size_t r, bool whole = true);
/// `unready` of the endpoints, the first ones, are not ready.
json::value slice_object(std::size_t g, std::size_t r, std::size_t endpoints, std::size_t unready = 0);

/// What users have made, in the order in which they made it.
std::vector<json::value> objects_of(const cluster_size& size);

} // namespace gwctl::tests
