// What the server does to an object between reading and storing it, whoever wrote what.
#pragma once

#include "field_set.hpp"
#include "kinds.hpp"

namespace gwctl::testing::detail {

/// Fields that a write to the endpoint cannot change: the spec on /status, the status elsewhere.
field_set reset_fields(const kind_info& kind, std::string_view subresource);

/// Drops what a new object may not bring along, and gives it its first generation.
void prepare_new(const kind_info& kind, json::object& object);
/// Puts back what the endpoint does not change, and counts the generation.
void prepare_changed(const kind_info& kind, std::string_view subresource, json::object& object,
                     const json::object& before);

} // namespace gwctl::testing::detail
