#include "go_values.hpp"

#include "encoding.hpp"
#include "json_util.hpp"

#include <gwctl/core/time.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace gwctl::testing::detail {

namespace {

bool is_set(const json::value& schema, std::string_view key) {
    const auto* v = find(schema, {key});
    return v && *v == json::value(true);
}

class decoder {
public:
    decoder(std::string_view type, go_findings& found) : type_(type), found_(found) {}

    void decode(json::value& v, const json::value& schema, const std::string& at, const std::string& field) {
        if (is_set(schema, "x-kubernetes-preserve-unknown-fields"))
            return;
        if (is_set(schema, "x-kubernetes-int-or-string")) {
            std::int64_t n = 0;
            if (!v.is_string() && !to_int(v, n))
                wrong(v, field, "int32");
            return;
        }
        const auto type = string_at(schema, {"type"});
        if (type == "object")
            return decode_object(v, schema, at, field);
        if (type == "array")
            return decode_array(v, schema, at, field);
        const auto format = string_at(schema, {"format"});
        if (type == "boolean") {
            if (!v.is_bool())
                wrong(v, field, "bool");
        } else if (type == "integer") {
            if (!v.is_int64() ||
                (format == "int32" && v.get_int64() != static_cast<std::int32_t>(v.get_int64())))
                wrong(v, field, format);
        } else if (!v.is_string()) {
            wrong(v, field, format == "byte" ? "[]uint8" : "string");
        } else {
            decode_text(v, format);
        }
    }

private:
    void decode_text(json::value& v, const std::string& format) {
        const auto text = str(v.get_string());
        if (format == "byte" && !is_base64(text))
            complain("illegal base64 data at input byte 0");
        if (format != "go-time" && format != "go-microtime")
            return;
        const bool micro = format == "go-microtime";
        const auto dot = text.find('.');
        const auto digits =
            dot == std::string::npos ? 0 : text.find_first_not_of("0123456789", dot + 1) - dot - 1;
        const auto time = parse_time(text);
        if (time.has_error() || (micro && digits != 6)) {
            complain(fmt::format("parsing time \"{}\" as \"2006-01-02T15:04:05{}Z07:00\": cannot parse it",
                                 text, micro ? ".000000" : ""));
            return;
        }
        v = micro ? format_micro_time(*time) : format_time(*time);
    }

    void decode_object(json::value& v, const json::value& schema, const std::string& at,
                       const std::string& field) {
        auto* o = v.if_object();
        if (o == nullptr)
            return wrong(v, field, find(schema, {"properties"}) ? "struct" : "map[string]string");
        const auto* rest = find(schema, {"additionalProperties"});
        const auto& properties = object_at(schema.get_object(), {"properties"});
        std::vector<std::string> gone;
        for (auto& m : *o) {
            const std::string name(m.key());
            const auto here = at.empty() ? name : at + "." + name;
            if (rest != nullptr) {
                if (m.value().is_null())
                    m.value() = zero_of(*rest);
                decode(m.value(), *rest, here, field);
                continue;
            }
            const auto* below = properties.if_contains(name);
            if (below == nullptr)
                found_.unknown.push_back(here);
            if (below == nullptr || m.value().is_null())
                gone.push_back(name);
            else
                decode(m.value(), *below, here, field + "." + name);
        }
        for (const auto& name : gone)
            o->erase(name);
    }

    void decode_array(json::value& v, const json::value& schema, const std::string& at,
                      const std::string& field) {
        auto* a = v.if_array();
        if (a == nullptr)
            return wrong(v, field, "[]" + string_at(schema, {"items", "type"}));
        const auto& items = *find(schema, {"items"});
        for (std::size_t i = 0; i < a->size(); ++i) {
            auto& item = (*a)[i];
            if (item.is_null())
                item = zero_of(items);
            else
                decode(item, items, fmt::format("{}[{}]", at, i), field);
        }
    }

    static json::value zero_of(const json::value& schema) {
        const auto type = string_at(schema, {"type"});
        if (type == "object")
            return json::object();
        if (type == "array")
            return json::array();
        if (type == "integer")
            return 0;
        if (type == "boolean")
            return false;
        return "";
    }

    void complain(std::string text) {
        if (found_.wrong.empty())
            found_.wrong = std::move(text);
    }

    void wrong(const json::value& v, const std::string& field, std::string_view wanted) {
        const char* what = v.is_string()   ? "string"
                           : v.is_bool()   ? "bool"
                           : v.is_array()  ? "array"
                           : v.is_object() ? "object"
                                           : "number";
        const auto number = v.is_number() ? " " + boost::json::serialize(v) : std::string();
        complain(fmt::format("json: cannot unmarshal {}{} into Go struct field {}{} of type {}", what,
                             v.is_number() && (wanted == "int32" || wanted == "int64") ? number : "", type_,
                             field, wanted));
    }

    std::string type_;
    go_findings& found_;
};

bool is_zero(const json::value& v) {
    if (v.is_null())
        return true;
    if (const auto* s = v.if_string())
        return s->empty();
    if (const auto* b = v.if_bool())
        return !*b;
    if (const auto* a = v.if_array())
        return a->empty();
    if (const auto* o = v.if_object())
        return o->empty();
    return v.is_number() && v.to_number<double>() == 0;
}

void encode_struct(json::object& o, const json::object& properties, bool stored) {
    for (const auto& property : properties) {
        const auto& schema = property.value();
        const auto go = string_at(schema, {"x-go"});
        const bool is_struct = find(schema, {"properties"}) != nullptr;
        const auto format = string_at(schema, {"format"});
        const bool is_time = format == "go-time" || format == "go-microtime";
        auto* v = o.if_contains(property.key());
        if (v != nullptr && v->is_null())
            v = nullptr;
        if (v != nullptr) {
            encode_as_go(*v, schema, stored);
            if (go != "pointer" && !is_set(schema, "x-go-always") && !is_struct && is_zero(*v)) {
                o.erase(property.key());
                v = nullptr;
            } else if (stored && is_set(schema, "x-go-always") && v->is_array() && v->get_array().empty()) {
                *v = nullptr;
            }
        }
        if (v != nullptr || go == "omitzero")
            continue;
        const bool always = is_set(schema, "x-go-always");
        const auto type = string_at(schema, {"type"});
        if (go == "pointer" || is_time) {
            // Times are structs to Go, and written as null when they are not set.
            if (always || (is_time && go != "pointer"))
                o[property.key()] = nullptr;
        } else if (is_struct) {
            json::value empty = json::object();
            encode_as_go(empty, schema, stored);
            o[property.key()] = std::move(empty);
        } else if (always) {
            o[property.key()] = type == "integer"                      ? json::value(0)
                                : type == "boolean"                    ? json::value(false)
                                : type == "string" && format != "byte" ? json::value("")
                                                                       : json::value();
        }
    }
}

} // namespace

void decode_as_go(json::value& v, const json::value& schema, std::string_view type, go_findings& found) {
    decoder(type, found).decode(v, schema, "", "");
}

void encode_as_go(json::value& v, const json::value& schema, bool stored) {
    if (auto* o = v.if_object()) {
        if (const auto* properties = find(schema, {"properties"}))
            return encode_struct(*o, properties->get_object(), stored);
        if (const auto* rest = find(schema, {"additionalProperties"}))
            for (auto& m : *o)
                encode_as_go(m.value(), *rest, stored);
    } else if (auto* a = v.if_array()) {
        if (const auto* items = find(schema, {"items"}))
            for (auto& item : *a)
                encode_as_go(item, *items, stored);
    }
}

} // namespace gwctl::testing::detail
