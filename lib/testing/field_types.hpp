// The fields of the kinds that the server serves by itself, as text; builtin_types.cpp makes schemas of it.
#pragma once

#include <string_view>

namespace gwctl::testing::detail {

/// A line per type; field_types.cpp says what they mean.
std::string_view field_types();

} // namespace gwctl::testing::detail
