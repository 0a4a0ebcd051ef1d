/// What operators do in a cluster of many Gateways, one step after the other.
#pragma once

#include <functional>
#include <string>
#include <support/in_process_api.hpp>
#include <support/scale_objects.hpp>
#include <vector>

namespace gwctl::tests {

struct scale_step {
    std::string name; ///< of the same name: the same again
    std::function<void(in_process_api&)> make;
};

/// Every kind of change. The first ones are about the last of the many Gateways, the others about what is in
/// the corner. After the last step all is as it was before the first.
std::vector<scale_step> scale_steps(const cluster_size& size);

} // namespace gwctl::tests
