#include "typed_shape.hpp"

#include "json_util.hpp"
#include "schema.hpp"

namespace gwctl::testing::detail {

bool is_true(const json::value* schema, std::string_view key) {
    const auto* v = schema ? find(*schema, {key}) : nullptr;
    return v && *v == json::value(true);
}

shape shape_of(const json::value* schema, const json::value* v) {
    const auto type = schema ? string_at(*schema, {"type"}) : std::string();
    if (type == "object")
        return {form_of_value::map, is_atomic_map(schema)};
    if (type == "array")
        return {form_of_value::list, list_type_of(schema) == list_type::atomic};
    if (!type.empty() || is_true(schema, "x-kubernetes-int-or-string"))
        return {form_of_value::scalar, false};
    if (v != nullptr && v->is_array())
        return {form_of_value::list, true};
    if (v != nullptr && !v->is_object() && !v->is_null())
        return {form_of_value::scalar, false};
    return {form_of_value::map, is_atomic_map(schema)};
}

bool is_named(const json::value* schema, std::string_view key) {
    return schema && find(*schema, {"properties", key}) != nullptr;
}

std::string element_of(const json::value& item, const json::value* list_schema) {
    if (list_type_of(list_schema) == list_type::set)
        return "v:" + canonical(item);
    json::object id;
    for (const auto& key : list_keys_of(list_schema)) {
        const auto* part = find(item, {key});
        // A key with a default identifies the item even when it is not written.
        if (part == nullptr)
            if (const auto* below = schema_of_member(schema_of_items(list_schema), key))
                part = find(*below, {"default"});
        if (part != nullptr)
            id[key] = *part;
    }
    return id.empty() ? std::string() : "k:" + canonical(id);
}

indexed::indexed(const json::array* list, const json::value* schema) {
    if (list == nullptr)
        return;
    for (const auto& item : *list) {
        const auto element = element_of(item, schema);
        auto& same = items[element];
        if (same.empty())
            elements.push_back(element);
        same.push_back(&item);
    }
}

} // namespace gwctl::testing::detail
