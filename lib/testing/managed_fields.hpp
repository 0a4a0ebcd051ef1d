// Who owns which field: metadata.managedFields under updates and under server-side apply.
#pragma once

#include "kinds.hpp"

#include <string>

namespace gwctl::testing::detail {

/// Who writes: one entry of managedFields.
struct field_manager {
    std::string name;
    /// Of the request: "apps/v1".
    std::string api_version;
    std::string subresource;
    /// RFC 3339.
    std::string time;
    /// The kind keeps status behind a subresource: writes elsewhere own none of it, writes there nothing
    /// else.
    bool splits_status = false;
};

/// The schema of whole objects of the kind, metadata included.
json::value object_schema(const kind_version& version);

/// Records an update: `manager` owns what differs between `before` (may be null) and `after`, nobody what is
/// gone. Writes `after.metadata.managedFields`.
void track_update(const json::value* before, json::value& after, const json::value& schema,
                  const field_manager& manager);

/// Server-side apply of `applied` on `live` (null when the object is new): the result with its managedFields.
///
/// Removes what this manager applied before and does not any more, unless another manager owns it. Throws
/// `status_error` (409) when another manager owns a field with another value and `force` is not set.
json::value apply_fields(const json::value* live, const json::value& applied, const json::value& schema,
                         const field_manager& manager, bool force);

/// True when nothing differs but the times in managedFields.
bool same_but_times(const json::value& a, const json::value& b);

} // namespace gwctl::testing::detail
