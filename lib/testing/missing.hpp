// What is said of an API group or a resource that the server does not serve.
#pragma once

#include "cluster.hpp"
#include "request.hpp"

namespace gwctl::testing::detail {

/// "the server could not find the requested resource", as a Status without details: 404 of no object.
status_error no_such_resource();

/// 404 for the path of a group: as kube-apiserver says it, or in a Status that names what Kubernetes has and
/// this server has not.
status_error missing_group(const cluster& c, std::string_view group);

/// The same for a resource. `builtin`: its group has built-in kinds, and so answers for what it does not have.
status_error missing_resource(const cluster& c, const resource_path& p, bool builtin);

} // namespace gwctl::testing::detail
