/// The objects of a table by what a function of the user says of them.
#pragma once

#include <gwctl/runtime/object_table.hpp>

namespace gwctl::detail {

using objects_by_key = std::map<object_key, any_object>;

class table_index {
public:
    table_index() = default;
    table_index(std::string name, object_table::index_function values)
        : name_(std::move(name)), values_(std::move(values)) {}

    /// The values of an object; none, and a line in the log, when the user's function throws. Asked before anything
    /// changes.
    std::vector<std::string> values_of(const resource_type& type, const any_object& o) const;
    void insert(const object_key& key, const any_object& o, const std::vector<std::string>& values);
    /// Takes out what was inserted under `key` for `o`. The user's function is asked again rather than its answer
    /// kept, which would cost memory for each object.
    void erase(const object_key& key, const any_object& o);
    /// Null: none.
    const objects_by_key* find(std::string_view value) const;

private:
    void erase_entry(std::map<std::string, objects_by_key, std::less<>>::iterator entry,
                     const object_key& key);

    std::string name_;
    object_table::index_function values_;
    std::map<std::string, objects_by_key, std::less<>> entries_; ///< none of them empty
};

} // namespace gwctl::detail
