#include "table_index.hpp"

#include "user_code.hpp"

namespace gwctl::detail {

std::vector<std::string> table_index::values_of(const resource_type& type, const any_object& o) const {
    std::vector<std::string> values;
    const auto fields = [&] {
        return std::vector<log::field>{{"index", name_}, {"object", describe(type, key_of(*o.metadata))}};
    };
    guard_user_code("an index function threw: the index does not show the object", fields,
                    [&] { values = values_(o.object.get()); });
    return values;
}

void table_index::insert(const object_key& key, const any_object& o, const std::vector<std::string>& values) {
    for (const std::string& v : values)
        entries_[v][key] = o;
}

void table_index::erase_entry(std::map<std::string, objects_by_key, std::less<>>::iterator entry,
                              const object_key& key) {
    if (entry->second.erase(key) > 0 && entry->second.empty())
        entries_.erase(entry);
}

void table_index::erase(const object_key& key, const any_object& o) {
    std::vector<std::string> values;
    try {
        values = values_(o.object.get());
    } catch (...) { // told when the object was inserted; whatever was inserted is found without the function
        for (auto entry = entries_.begin(); entry != entries_.end();)
            erase_entry(entry++, key);
        return;
    }
    for (const std::string& v : values)
        if (const auto entry = entries_.find(v); entry != entries_.end())
            erase_entry(entry, key);
}

const objects_by_key* table_index::find(std::string_view value) const {
    const auto entry = entries_.find(value);
    return entry == entries_.end() ? nullptr : &entry->second;
}

} // namespace gwctl::detail
