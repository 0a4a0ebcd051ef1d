// Built-in kinds are Go structs in a real server. What decoding JSON into them and encoding them again makes
// of it.
#pragma once

#include <gwctl/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

struct go_findings {
    /// Paths of members that no field has; they are dropped.
    std::vector<std::string> unknown;
    /// What the first value of a wrong type is, in the words of Go's decoder; "" when there is none.
    std::string wrong;
};

/// Reads `v` into the type that `schema` (of `builtin_schema`) describes. Nulls are as good as absent, times
/// come in one form. `type` names the kind in messages.
void decode_as_go(json::value& v, const json::value& schema, std::string_view type, go_findings& found);

/// Drops the fields that are not written when they are zero, adds those that are always written. `stored`: as
/// they come back from storage, where an empty list is no list.
void encode_as_go(json::value& v, const json::value& schema, bool stored);

} // namespace gwctl::testing::detail
