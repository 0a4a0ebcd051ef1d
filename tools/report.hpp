// What became of the objects: as a tree for people, and as a list of what is not as it should be.
#pragma once

#include <gwctl/json/value.hpp>

#include <string>
#include <vector>

namespace gwctl::tools {

/// GatewayClasses, Gateways, listeners, routes and Services with their endpoints, each with its conditions in
/// words. `controller_name` tells which classes are ours; `colour` adds ANSI escapes.
std::string render_tree(const std::vector<json::value>& objects, const std::string& controller_name,
                        bool colour);

/// One line per object of our classes that is not accepted, resolved or programmed, with the condition's
/// message; per Gateway whose class and per route whose Gateways do not exist; and one when no class is ours.
std::vector<std::string> find_failures(const std::vector<json::value>& objects,
                                       const std::string& controller_name);

} // namespace gwctl::tools
