// What `kubectl get` prints: rows and columns made by the server.
#pragma once

#include "cluster.hpp"

#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// meta.k8s.io/v1 Table. `include_object`: Metadata (default), Object or None. Column definitions are left
/// out when `with_columns` is false, as in the later frames of a watch.
json::object make_table(const cluster& c, const kind_info& kind, std::string_view version,
                        const std::vector<stored_ptr>& objects, std::string_view include_object,
                        bool with_columns);

/// PartialObjectMetadata of one object.
json::object make_partial(const stored& s);

/// The columns of a built-in kind and the cells of one object; Name comes first.
std::vector<column> builtin_columns(const kind_info& kind);
json::array builtin_cells(const kind_info& kind, const json::object& object, wall_time now);

/// "5s", "2m30s", "47h", "3d": how kubectl writes ages.
std::string human_duration(std::chrono::seconds d);
std::string age_of(const json::value* timestamp, wall_time now);

} // namespace gwctl::testing::detail
