// What a schema makes of a value: whether it is entered, and by what its items are known.
#pragma once

#include <gwctl/json/value.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

enum class form_of_value { scalar, list, map };

struct shape {
    form_of_value what = form_of_value::scalar;
    /// Taken as a whole.
    bool atomic = false;

    friend bool operator==(const shape&, const shape&) = default;
};

/// What the schema says the value is; where it leaves that open, what the value is. Both may be null.
shape shape_of(const json::value* schema, const json::value* v);

/// A keyword of a schema that is true; not where there is no schema.
bool is_true(const json::value* schema, std::string_view key);
/// A member that the schema lists among its properties.
bool is_named(const json::value* schema, std::string_view key);

/// The path element of an item of a merging list, as in FieldsV1; "" when it has none of its keys.
std::string element_of(const json::value& item, const json::value* list_schema);

/// The items of a list by their elements, in the order of the list.
struct indexed {
    std::vector<std::string> elements;
    std::map<std::string, std::vector<const json::value*>> items;

    indexed(const json::array* list, const json::value* schema);
    bool has(const std::string& element) const { return items.find(element) != items.end(); }
    /// Null when there is none, or several.
    const json::value* only(const std::string& element) const {
        const auto it = items.find(element);
        return it == items.end() || it->second.size() != 1 ? nullptr : it->second[0];
    }
    std::size_t count(const std::string& element) const {
        const auto it = items.find(element);
        return it == items.end() ? 0 : it->second.size();
    }
};

} // namespace gwctl::testing::detail
