/// The way to fill an `object_table`.
#pragma once

#include <gwctl/runtime/object_table.hpp>

namespace gwctl::detail {

/// Use from the manager's thread. The table must outlive the writer.
class table_writer {
public:
    explicit table_writer(object_table& table) : table_(table) {}

    /// Makes `objects` the whole content of a part. Readers see the old content or the new one, handlers every
    /// difference.
    void replace(std::vector<received_object> objects, std::string resource_version, std::size_t part = 0);
    /// Takes in one event of a watch. Bookmarks move the resourceVersion only; with `keep_version` nothing does.
    void apply(watch_event_type event, received_object object, bool keep_version = false,
               std::size_t part = 0);
    void set_state(store_state state, std::string reason = {}, std::size_t part = 0);
    void set_version(std::string version);

private:
    object_table& table_;
};

} // namespace gwctl::detail
