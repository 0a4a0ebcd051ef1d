#include "protobuf.hpp"

#include "json_util.hpp"
#include "kinds.hpp"
#include "protobuf_values.hpp"
#include "type_lines.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <set>

namespace gwctl::testing::detail {

namespace {

// Fields that are messages within messages; of Kubernetes' types only schemas have no bound.
constexpr int deepest_message = 100;

// What a number means: a field, or a message whose fields are the outer one's in JSON.
struct numbered {
    const type_field* field = nullptr;
    std::map<std::uint64_t, numbered> below;
};
using message = std::map<std::uint64_t, numbered>;

const message& message_named(std::string_view type) {
    static std::map<std::string, message, std::less<>> made;
    static std::mutex guard;
    std::lock_guard lock(guard);
    const auto [it, fresh] = made.try_emplace(std::string(type));
    if (fresh)
        for (const auto& field : type_named(type).fields) {
            auto* at = &it->second[field.numbers.front()];
            for (std::size_t i = 1; i < field.numbers.size(); ++i)
                at = &at->below[field.numbers[i]];
            at->field = &field;
        }
    return it->second;
}

std::string joined(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

[[noreturn]] void fail(const std::string& path, std::string_view why) {
    throw malformed(fmt::format("{}: {}", path.empty() ? "the object itself" : path, why));
}

// Reads one object; `path` is where in it the reader is.
class object_reader {
public:
    void read(std::string_view bytes, const message& fields, json::object& out, const std::string& path) {
        if (++depth_ > deepest_message)
            fail(path, fmt::format("messages nest more than {} levels deep", deepest_message));
        wire_reader r(bytes);
        while (const auto sent = next(r, path)) {
            const auto it = fields.find(sent->number);
            if (it == fields.end())
                fail(path, fmt::format("there is no field of the number {}, in the types of Kubernetes 1.36; "
                                       "a client of another release may have sent it",
                                       sent->number));
            if (it->second.field != nullptr)
                read_field(out, *it->second.field, *sent, joined(path, it->second.field->name));
            else
                read(bytes_of(*sent, path), it->second.below, out, path);
        }
        --depth_;
    }

private:
    static std::optional<wire_field> next(wire_reader& r, const std::string& path) {
        try {
            return r.next();
        } catch (const malformed& e) {
            fail(path, e.what());
        }
    }

    static std::string_view bytes_of(const wire_field& sent, const std::string& path) {
        if (sent.type != wire_type::bytes)
            fail(path, "expected a message, got a number");
        return sent.bytes;
    }

    void read_field(json::object& out, const type_field& field, const wire_field& sent,
                    const std::string& path) {
        auto type = field.type;
        if (type.front() == '[')
            return read_items(make_array(out, field.name), inner(type), sent, path);
        if (type.front() == '<')
            return read_entry(make_object(out, field.name), inner(type), bytes_of(sent, path), path);
        const bool pointer = type.front() == '*';
        if (pointer)
            type.remove_prefix(1);
        if (!is_value(type)) {
            // Once more is more of the same message.
            auto& below = make_object(out, field.name);
            read(bytes_of(sent, path), message_named(type), below, path);
            if (below.empty() && field.marks.find('~') != std::string_view::npos)
                out.erase(field.name);
            return;
        }
        auto v = read_value(type, sent, path);
        // What is no pointer in Go is always sent, and is left out of JSON when it is zero.
        const bool written = pointer || field.marks.find('!') != std::string_view::npos;
        if (v.is_null() || (!written && is_zero(v)))
            out.erase(field.name);
        else
            out[field.name] = std::move(v);
    }

    void read_items(json::array& out, std::string_view type, const wire_field& sent,
                    const std::string& path) {
        const auto here = fmt::format("{}[{}]", path, out.size());
        if (sent.type != wire_type::bytes || !is_packable(type)) {
            out.push_back(read_any(type, sent, here));
            return;
        }
        wire_reader packed(sent.bytes);
        while (!packed.empty()) {
            wire_field one;
            try {
                one.value = packed.varint();
            } catch (const malformed& e) {
                fail(here, e.what());
            }
            out.push_back(read_any(type, one, here));
        }
    }

    // A map is a list of messages: 1 key, 2 value.
    void read_entry(json::object& out, std::string_view type, std::string_view bytes,
                    const std::string& path) {
        wire_field key, value;
        key.type = wire_type::bytes;
        bool has_value = false;
        wire_reader r(bytes);
        while (const auto sent = next(r, path)) {
            if (sent->number == 1)
                key = *sent;
            else if (sent->number == 2)
                value = *sent, has_value = true;
            else
                fail(path, fmt::format("an entry of a map has no field of the number {}", sent->number));
        }
        const auto name = str(read_value("string", key, path + ", a key").get_string());
        if (!has_value && !is_packable(type))
            value.type = wire_type::bytes;
        out[name] = read_any(type, value, fmt::format("{}[\"{}\"]", path, name));
    }

    // An item of a list or the value of a map.
    json::value read_any(std::string_view type, const wire_field& sent, const std::string& path) {
        if (type.front() == '*')
            type.remove_prefix(1);
        if (type.front() == '[') {
            json::array out;
            wire_reader r(bytes_of(sent, path));
            while (const auto item = next(r, path)) {
                if (item->number != 1)
                    fail(path, fmt::format("a list has no field of the number {}", item->number));
                read_items(out, inner(type), *item, path);
            }
            return out;
        }
        if (is_value(type))
            return read_value(type, sent, path);
        json::object out;
        read(bytes_of(sent, path), message_named(type), out, path);
        return out;
    }

    static std::string_view inner(std::string_view type) { return type.substr(1, type.size() - 2); }

    // Types with a form of their own; the others are messages with fields.
    static bool is_value(std::string_view type) { return is_plain(type) || is_schema_or(type); }

    json::value read_value(std::string_view type, const wire_field& sent, const std::string& path) {
        try {
            if (is_plain(type))
                return read_plain(type, sent);
        } catch (const malformed& e) {
            fail(path, e.what());
        }
        return read_schema_or(type, bytes_of(sent, path), path);
    }

    static bool is_schema_or(std::string_view type) { return type.starts_with("JSONSchemaPropsOr"); }

    // A schema, or a list of them (OrArray), a boolean (OrBool), a list of strings (OrStringArray).
    json::value read_schema_or(std::string_view type, std::string_view bytes, const std::string& path) {
        const bool boolean = type == "JSONSchemaPropsOrBool";
        const std::string_view items = type == "JSONSchemaPropsOrArray" ? "JSONSchemaProps" : "string";
        const unsigned schema_number = boolean ? 2 : 1;
        std::optional<json::object> schema;
        json::array list;
        bool allows = false;
        wire_reader r(bytes);
        while (const auto sent = next(r, path)) {
            if (sent->number == schema_number)
                read(bytes_of(*sent, path), message_named("JSONSchemaProps"),
                     schema ? *schema : schema.emplace(), path);
            else if (sent->number == 1)
                allows = sent->value != 0;
            else if (sent->number == 2)
                read_items(list, items, *sent, path);
            else
                fail(path, fmt::format("{} has no field of the number {}", type, sent->number));
        }
        // In the order in which Go looks.
        if (type == "JSONSchemaPropsOrArray" || type == "JSONSchemaPropsOrStringArray")
            if (!list.empty())
                return list;
        if (schema)
            return std::move(*schema);
        return boolean ? json::value(allows) : json::value();
    }

    int depth_ = 0;
};

// runtime.Unknown: 1 typeMeta {1 apiVersion, 2 kind}, 2 raw, 3 contentEncoding, 4 contentType.
struct envelope {
    std::string api_version, kind;
    std::string_view raw;
};

envelope open(std::string_view body) {
    constexpr std::string_view magic("k8s\0", 4);
    if (body.substr(0, magic.size()) != magic)
        throw malformed("it does not begin with the four bytes \"k8s\\0\"");
    envelope out;
    wire_reader r(body.substr(magic.size()));
    while (const auto sent = r.next()) {
        if (sent->number == 2)
            out.raw = sent->bytes;
        if (sent->number != 1)
            continue;
        wire_reader meta(sent->bytes);
        while (const auto field = meta.next())
            if (field->number == 1 || field->number == 2)
                (field->number == 1 ? out.api_version : out.kind) =
                    str(read_plain("string", *field).get_string());
    }
    return out;
}

std::string group_of(std::string_view api_version) {
    const auto slash = api_version.find('/');
    return std::string(slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash));
}

} // namespace

bool has_protobuf(std::string_view group, std::string_view kind) {
    static const auto known = [] {
        std::set<std::pair<std::string, std::string>> out;
        for (const auto& k : builtin_kinds())
            out.emplace(k.group, k.kind);
        return out;
    }();
    return kind == "DeleteOptions" || known.contains({std::string(group), std::string(kind)});
}

json::value parse_protobuf(std::string_view body, std::string_view api_version, std::string_view kind) {
    envelope e;
    try {
        e = open(body);
    } catch (const malformed& why) {
        throw bad_request(
            fmt::format("the body is not Kubernetes' protobuf: {}; send what runtime.Unknown of "
                        "k8s.io/apimachinery writes, or JSON",
                        why.what()));
    }
    if (e.api_version.empty())
        e.api_version = api_version;
    if (e.kind.empty())
        e.kind = kind;
    const auto group = group_of(e.api_version);
    if (!has_protobuf(group, e.kind))
        throw bad_request(
            fmt::format("no kind \"{}\" is registered for version \"{}\"", e.kind, e.api_version));
    json::object object;
    const auto type = e.kind == "DeleteOptions" ? e.kind : type_of_kind(group, e.kind);
    try {
        object_reader().read(e.raw, message_named(type), object, "");
    } catch (const malformed& why) {
        throw bad_request(
            fmt::format("{} of {} in protobuf cannot be read: {}", e.kind, e.api_version, why.what()));
    }
    object["apiVersion"] = e.api_version;
    object["kind"] = e.kind;
    return object;
}

} // namespace gwctl::testing::detail
