// What of a parameters ConfigMap is kept.
#pragma once

#include <string_view>

namespace gwctl::gateway {

/// Bytes of a value, without the blanks around it. 32 names of pools take less.
inline constexpr std::size_t longest_parameter = 4096;
/// How many mistakes a message names.
inline constexpr std::size_t most_parameter_mistakes = 5;

/// Without blanks at both ends.
std::string_view trimmed(std::string_view s);

} // namespace gwctl::gateway
