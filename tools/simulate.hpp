// The controller on YAML files, without a cluster.
#pragma once

#include "flags.hpp"

namespace gwctl::tools {

/// Runs until nothing changes any more and prints the result. Returns 0, or 1 when an object of our classes
/// is not accepted, resolved or programmed, a class or Gateway that is named does not exist, no class is
/// ours, a document could not be loaded or the result not be written; each is said on standard error.
int simulate(flags f);

} // namespace gwctl::tools
