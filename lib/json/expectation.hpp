/// The words of decoding errors.
#pragma once

#include <gwctl/json/type_info.hpp>

#include <string>
#include <string_view>

namespace gwctl::json::detail {

/// What a member takes: "an integer".
std::string_view expectation(const type_info& type);

/// The beginning of `text` in quotes, with control characters escaped.
std::string quote_for_error(std::string_view text);

} // namespace gwctl::json::detail
