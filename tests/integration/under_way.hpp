// What the control plane, kubelet and announcer of a cluster have yet to do.
#pragma once

#include "blocking_client.hpp"

#include <string>
#include <vector>

namespace gwctl::tests {

/// Whether a namespace belongs to the cluster or to the suite's set-up, not to a test.
bool is_system_namespace(const std::string& name);

/// One line for each thing that is not yet as it will be when nobody but a test or the controller under test
/// does anything more: something is being deleted or has lost its owner, pods are not ready, EndpointSlices
/// do not show them, an address is not announced. Judged by the objects of the kinds that the suite works
/// with.
std::vector<std::string> under_way(blocking_client& api);

} // namespace gwctl::tests
