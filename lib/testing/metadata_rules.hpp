// What metadata must look like.
#pragma once

#include "kinds.hpp"

namespace gwctl::testing::detail {

/// Of a new object.
void check_new_metadata(const kind_info& kind, const json::object& object, field_errors& errors);
/// Of a changed one: what may not change, and what would be refused in a new one as well.
void check_changed_metadata(const kind_info& kind, const json::object& object, const json::object& before,
                            field_errors& errors);

/// Leaves every owner once; the uids of those that were there again.
std::vector<std::string> drop_repeated_owners(json::object& object);

/// Labels, or what has the form of labels, such as a Service's selector.
void check_labels(const json::object& labels, const std::string& field, field_errors& errors);

} // namespace gwctl::testing::detail
