// Values that protobuf has in another form than JSON.
#pragma once

#include "wire.hpp"

#include <gwctl/json/value.hpp>

namespace gwctl::testing::detail {

/// True for scalars, and for types with a form of their own in JSON: Time, MicroTime, Quantity, IntOrString,
/// RawExtension, JSON, FieldsV1.
bool is_plain(std::string_view type);

/// Of these the ones that a list may have without a tag for each.
bool is_packable(std::string_view type);

/// The JSON of a value of such a type; null for a time that is not set. Throws `malformed`.
json::value read_plain(std::string_view type, const wire_field& sent);

/// As Go sees it, for what is left out of JSON.
bool is_zero(const json::value& v);

} // namespace gwctl::testing::detail
