// Who owns which field: metadata.managedFields under updates and under server-side apply.
#pragma once

#include "field_set.hpp"
#include "kinds.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// Who writes: one entry of managedFields.
struct field_manager {
    std::string name;
    /// Of the request: "apps/v1".
    std::string api_version;
    /// All that the kind has. Who wrote in another, through another group for one, is forgotten.
    std::vector<std::string> known_versions;
    std::string subresource;
    /// RFC 3339.
    std::string time;
    /// Fields that this endpoint puts back to what they were, so that nobody owns them by a write there.
    field_set reset;
};

/// Records an update: `manager` owns what differs between `before` (without uid when the object is new) and
/// `after`, nobody what is gone. Writes `after.metadata.managedFields`, starting from the entries that
/// `after` has, if any.
void track_update(const json::value& before, json::value& after, const json::value& schema,
                  const field_manager& manager);

/// Server-side apply of `applied` on `live`: the result with its managedFields. `blank` is an object with
/// nothing in it, which is also what `live` is when the object is new.
///
/// Removes what this manager applied before and does not any more, unless another manager owns it. Throws
/// `status_error` (409) when another manager owns a field with another value and `force` is not set.
json::value apply_fields(const json::value& live, const json::value& blank, const json::value& applied,
                         const json::value& schema, const field_manager& manager, bool force);

/// Equal but for the times in managedFields: such a write is none.
bool same_but_times(const json::value& a, const json::value& b);

} // namespace gwctl::testing::detail
