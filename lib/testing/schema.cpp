#include "schema.hpp"

#include "json_util.hpp"

#include <fmt/core.h>

#include <set>

namespace gwctl::testing::detail {

namespace {

bool flag(const json::value* schema, std::string_view key) {
    const auto* v = schema ? find(*schema, {key}) : nullptr;
    return v && v->is_bool() && v->get_bool();
}

bool preserves_unknown(const json::value& schema) {
    return flag(&schema, "x-kubernetes-preserve-unknown-fields") ||
           flag(&schema, "x-kubernetes-int-or-string");
}

// The members every object with a kind of its own has.
bool is_type_member(std::string_view key) {
    return key == "apiVersion" || key == "kind" || key == "metadata";
}

} // namespace

const json::value* schema_of_member(const json::value* schema, std::string_view key) {
    if (schema == nullptr)
        return nullptr;
    if (const auto* p = find(*schema, {"properties", key}))
        return p;
    const auto* rest = find(*schema, {"additionalProperties"});
    return rest && rest->is_object() ? rest : nullptr;
}

const json::value* schema_of_items(const json::value* schema) {
    return schema ? find(*schema, {"items"}) : nullptr;
}

list_type list_type_of(const json::value* schema) {
    if (schema == nullptr)
        return list_type::atomic;
    const auto t = string_at(*schema, {"x-kubernetes-list-type"});
    return t == "map" ? list_type::map : t == "set" ? list_type::set : list_type::atomic;
}

std::vector<std::string> list_keys_of(const json::value* schema) {
    std::vector<std::string> keys;
    if (schema == nullptr)
        return keys;
    if (const auto* a = find(*schema, {"x-kubernetes-list-map-keys"}); a && a->is_array())
        for (const auto& k : a->get_array())
            if (k.is_string())
                keys.push_back(str(k.get_string()));
    return keys;
}

std::optional<std::string> merge_key_of(const json::value* schema) {
    const auto* key = schema ? find(*schema, {"x-kubernetes-patch-merge-key"}) : nullptr;
    return key && key->is_string() ? std::optional(str(key->get_string())) : std::nullopt;
}

bool is_atomic_map(const json::value* schema) {
    return schema && string_at(*schema, {"x-kubernetes-map-type"}) == "atomic";
}

void drop_nulls(json::value& v, const json::value& schema) {
    if (auto* o = v.if_object()) {
        std::vector<std::string> gone;
        for (auto& member : *o) {
            const auto* below = schema_of_member(&schema, member.key());
            if (below == nullptr)
                continue;
            if (member.value().is_null() && !flag(below, "nullable") && find(*below, {"default"}) == nullptr)
                gone.emplace_back(member.key());
            else
                drop_nulls(member.value(), *below);
        }
        for (const auto& key : gone)
            o->erase(key);
    } else if (auto* a = v.if_array()) {
        if (const auto* items = schema_of_items(&schema))
            for (auto& item : *a)
                drop_nulls(item, *items);
    }
}

void apply_defaults(json::value& v, const json::value& schema) {
    if (auto* o = v.if_object()) {
        if (const auto* properties = find(schema, {"properties"}); properties && properties->is_object()) {
            for (const auto& member : properties->get_object()) {
                auto* at = o->if_contains(member.key());
                const auto* fallback = find(member.value(), {"default"});
                if (at == nullptr && fallback != nullptr) {
                    at = &(*o)[member.key()];
                    *at = *fallback;
                } else if (at && fallback && at->is_null() && !flag(&member.value(), "nullable")) {
                    *at = *fallback;
                }
                if (at != nullptr)
                    apply_defaults(*at, member.value());
            }
        }
        if (const auto* rest = find(schema, {"additionalProperties"}); rest && rest->is_object())
            for (auto& member : *o)
                apply_defaults(member.value(), *rest);
    } else if (auto* a = v.if_array()) {
        if (const auto* items = schema_of_items(&schema))
            for (auto& item : *a)
                apply_defaults(item, *items);
    }
}

void prune(json::value& v, const json::value& schema, const std::string& at,
           std::vector<std::string>& dropped) {
    if (auto* o = v.if_object()) {
        const auto* properties = find(schema, {"properties"});
        const auto* rest = find(schema, {"additionalProperties"});
        const bool open = preserves_unknown(schema) || (rest && !(rest->is_bool() && !rest->get_bool()));
        const bool resource = at.empty() || flag(&schema, "x-kubernetes-embedded-resource");
        std::vector<std::string> unknown;
        for (auto& member : *o) {
            if (resource && is_type_member(member.key()))
                continue;
            const auto* below = properties ? find(*properties, {std::string_view(member.key())}) : nullptr;
            if (below == nullptr && rest && rest->is_object())
                below = rest;
            const std::string name(member.key());
            if (below != nullptr)
                prune(member.value(), *below, at.empty() ? name : at + "." + name, dropped);
            else if (!open)
                unknown.push_back(name);
        }
        for (const auto& name : unknown) {
            dropped.push_back(at.empty() ? name : at + "." + name);
            o->erase(name);
        }
    } else if (auto* a = v.if_array()) {
        if (const auto* items = schema_of_items(&schema))
            for (std::size_t i = 0; i < a->size(); ++i)
                prune((*a)[i], *items, fmt::format("{}[{}]", at, i), dropped);
    }
}

json::value resolve_references(const json::value& v, const json::object& definitions) {
    if (const auto* o = v.if_object()) {
        json::object out;
        if (const auto* ref = o->if_contains("$ref"); ref && ref->is_string()) {
            const auto name = str(ref->get_string()).substr(1);
            out = resolve_references(definitions.at(name), definitions).as_object();
        }
        for (const auto& member : *o)
            if (member.key() != "$ref")
                out[member.key()] = resolve_references(member.value(), definitions);
        return out;
    }
    if (const auto* a = v.if_array()) {
        json::array out;
        for (const auto& item : *a)
            out.push_back(resolve_references(item, definitions));
        return out;
    }
    return v;
}

} // namespace gwctl::testing::detail
