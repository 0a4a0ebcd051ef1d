/// What a cluster of many Gateways has once, however many they are.
#pragma once

#include <string>
#include <support/scale_objects.hpp>
#include <vector>

namespace gwctl::tests {

/// A Gateway whose listeners and ListenerSets take routes from elsewhere; a class, with parameters, of Gateways
/// that draw from the pool `small`; routes whose Gateways or ListenerSet are not there; a backend that no route
/// of the last of the many Gateways has.
std::vector<json::value> corner_objects(const cluster_size& size);

/// Lets the routes of the corner refer to the namespace `far`, as one does.
json::value grant_in_corner();
/// Adds a listener, and one route waits for it.
json::value set_in_corner();
/// Gateway `new` or `waiting`, for which a route waits.
json::value gateway_in_corner(const std::string& name, const std::string& gateway_class);
/// Those of the class.
json::value parameters_in_corner(const std::string& session_affinity);
/// Nobody's but its user's, of type LoadBalancer.
json::value foreign_service(const std::string& address);

} // namespace gwctl::tests
