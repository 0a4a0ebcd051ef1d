// Schemas of built-in kinds, made of the lines of field_types.cpp.
#include "json_util.hpp"
#include "kinds.hpp"
#include "type_lines.hpp"

#include <map>
#include <mutex>

namespace gwctl::testing::detail {

namespace {

json::object schema_of_type(std::string_view type);

json::object scalar(const char* type, const char* format = "") {
    json::object out;
    out["type"] = type;
    if (*format)
        out["format"] = format;
    return out;
}

json::object struct_schema(std::string_view name);

json::object schema_of_type(std::string_view type) {
    if (type.front() == '*') {
        auto out = schema_of_type(type.substr(1));
        out["x-go"] = "pointer";
        return out;
    }
    const auto inner = type.substr(1, type.size() - 2);
    if (type.front() == '[') {
        auto out = scalar("array");
        out["items"] = schema_of_type(inner);
        return out;
    }
    if (type.front() == '<') {
        auto out = scalar("object");
        out["additionalProperties"] = schema_of_type(inner);
        return out;
    }
    if (type == "string")
        return scalar("string");
    if (type == "bool")
        return scalar("boolean");
    if (type == "int32")
        return scalar("integer", "int32");
    if (type == "int64")
        return scalar("integer", "int64");
    if (type == "bytes")
        return scalar("string", "byte");
    if (type == "Time")
        return scalar("string", "go-time");
    if (type == "MicroTime")
        return scalar("string", "go-microtime");
    json::object out;
    if (type == "IntOrString" || type == "Quantity") {
        out["x-kubernetes-int-or-string"] = true;
        return out;
    }
    if (type == "JSON" || type == "JSONSchemaProps" || type == "FieldsV1" || type == "RawExtension") {
        out["x-kubernetes-preserve-unknown-fields"] = true;
        return out;
    }
    return struct_schema(type);
}

void add_field(json::object& properties, const type_field& field) {
    auto schema = schema_of_type(field.type);
    for (auto marks = field.marks; !marks.empty();) {
        const char mark = marks.front();
        const auto next =
            mark == '(' ? marks.find(')') + 1 : std::min(marks.find_first_of("!~(/@=", 1), marks.size());
        const auto argument = marks.substr(1, mark == '(' ? next - 2 : next - 1);
        if (mark == '!') {
            schema["x-go-always"] = true;
        } else if (mark == '~') {
            schema["x-go"] = "omitzero";
        } else if (mark == '@') {
            schema["x-kubernetes-map-type"] = "atomic";
        } else if (mark == '=') {
            schema["default"] = argument;
        } else if (mark == '/') {
            schema["x-kubernetes-patch-merge-key"] = argument;
        } else if (argument == "=") {
            schema["x-kubernetes-list-type"] = "set";
        } else {
            schema["x-kubernetes-list-type"] = "map";
            auto& keys = make_array(schema, "x-kubernetes-list-map-keys");
            for (std::size_t at = 0; at < argument.size();) {
                const auto comma = std::min(argument.find(',', at), argument.size());
                keys.push_back(json::value(argument.substr(at, comma - at)));
                at = comma + 1;
            }
        }
        marks.remove_prefix(next);
    }
    properties[field.name] = std::move(schema);
}

json::object struct_schema(std::string_view name) {
    auto out = scalar("object");
    const auto& line = type_named(name);
    if (line.atomic)
        out["x-kubernetes-map-type"] = "atomic";
    auto& properties = make_object(out, "properties");
    for (const auto& field : line.fields)
        add_field(properties, field);
    return out;
}

} // namespace

schema_ptr builtin_schema(std::string_view group, std::string_view kind) {
    static std::map<std::string, schema_ptr> made;
    static std::mutex guard;
    const auto name = type_of_kind(group, kind);
    std::lock_guard lock(guard);
    auto& at = made[name];
    if (!at) {
        auto schema = struct_schema(name);
        auto& properties = schema["properties"].as_object();
        for (const char* key : {"apiVersion", "kind"})
            properties[key] = scalar("string");
        at = std::make_shared<const json::value>(std::move(schema));
    }
    return at;
}

const json::value& metadata_schema() {
    static const json::value schema = struct_schema("ObjectMeta");
    return schema;
}

} // namespace gwctl::testing::detail
