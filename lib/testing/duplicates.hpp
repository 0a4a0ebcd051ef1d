// Members that a JSON document has twice: the last one counts, and strict readers say so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

/// Their paths, "metadata.name", in the order in which they are repeated. None for what is no JSON.
std::vector<std::string> duplicate_members(std::string_view text);

} // namespace gwctl::testing::detail
