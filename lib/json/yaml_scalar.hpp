// How a YAML scalar reads: shared by the reader and by the writer, which must know what needs quotes.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/json/value.hpp>

#include <string_view>

namespace gwctl::json::detail {

// The value of an unquoted scalar, by the table of sigs.k8s.io/yaml. The error says only what is wrong with
// the scalar; the caller knows where it is.
result<value> resolve_plain(std::string_view text);

// The value of a scalar under one of the tags !!int, !!float, !!bool, !!null (`tag` without the marks).
result<value> resolve_tagged(std::string_view tag, std::string_view text);

// A float without a fraction becomes an integer where one can hold it, as on the way through Go's JSON: `3.0`
// is 3.
value number_value(double d);

// True for what YAML 1.1 reads as a date: four digits, dash, digits, dash, a digit. Strings to us, but not to
// everyone.
bool looks_like_timestamp(std::string_view text);

} // namespace gwctl::json::detail
