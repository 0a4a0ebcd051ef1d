// Values seen through a schema that says what merges: their fields, how two differ, and laying one over
// another. The rules are those of structured-merge-diff, on which server-side apply rests.
#pragma once

#include "field_set.hpp"

#include <optional>

namespace gwctl::testing::detail {

/// Every field of `v`. Lists and maps are entered where they merge and are taken whole elsewhere.
field_set fields_of(const json::value& v, const json::value* schema);

/// What `b` has and `a` has not, what both have with different values, and what only `a` has.
struct field_changes {
    field_set added, modified, removed;

    bool empty() const { return added.empty() && modified.empty() && removed.empty(); }
};
field_changes compare(const json::value& a, const json::value& b, const json::value* schema);

/// Lays `applied` over `live`: objects and keyed lists merge, everything else is replaced.
json::value merge_applied(const json::value& live, const json::value& applied, const json::value* schema);

/// `v` without the members of `gone`. What loses its last field stays, empty.
json::value remove_fields(const json::value& v, const field_set& gone, const json::value* schema);

/// Fields that the schema names become members where anything below them is one.
field_set with_named_fields(const field_set& s, const json::value* schema);

/// What keeps `v` from being seen through the schema: fields that it does not declare, values of another
/// type, and in what somebody applies also items with the same keys. In the words of apply: `.spec.x: field
/// not declared in schema`.
std::vector<std::string> typing_problems(const json::value& v, const json::value* schema,
                                         bool allow_duplicates);

} // namespace gwctl::testing::detail
