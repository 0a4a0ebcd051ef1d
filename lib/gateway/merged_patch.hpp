// JSON merge patches (RFC 7386) of one object that are sent as one.
#pragma once

#include <string>

namespace gwctl::gateway::detail {

/// Does what both patches do; of what both set, as the second has it. Either may be empty.
std::string merged_patch(const std::string& first, const std::string& second);

} // namespace gwctl::gateway::detail
