// The part of JSONPath that printer columns use.
#pragma once

#include <gwctl/json/value.hpp>

#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

/// `.a.b`, `['a']`, `[0]`, `[-1]`, `[*]`, `[?(@.x=="y")]`, `\.` inside names. Nothing for what it cannot
/// read.
std::vector<const json::value*> evaluate_json_path(const json::value& root, std::string_view path);

} // namespace gwctl::testing::detail
