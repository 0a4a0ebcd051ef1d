#include "json_util.hpp"
#include "schema.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>

// libstdc++'s own knob: the most states a compiled pattern may have. Its default of 100000 would let a
// pattern such as (a?){30000} take minutes. Nothing else in gwctl uses <regex>.
#define _GLIBCXX_REGEX_STATE_LIMIT 4096
#include <regex>

namespace gwctl::testing::detail {

namespace {

// Longer strings are not matched, which bounds the time that one value can take.
constexpr std::size_t longest_matched = 4096;
// As in RE2; the compiler of patterns recurses per group.
constexpr std::ptrdiff_t most_groups = 1000;

// Kubernetes matches with RE2, in time linear in the string. std::regex backtracks by default, for ever on
// ((a+)+)+$; libstdc++'s polynomial mode walks all alternatives at once instead and, like RE2, has no back
// references. Lookaheads, which RE2 does not have either, would start a walk at every character.
std::regex compile(const std::string& pattern) {
    if (std::count(pattern.begin(), pattern.end(), '(') > most_groups ||
        pattern.find("(?=") != std::string::npos || pattern.find("(?!") != std::string::npos)
        throw std::regex_error(std::regex_constants::error_complexity);
    auto how = std::regex::ECMAScript | std::regex::nosubs;
#ifdef __GLIBCXX__
    how |= std::regex_constants::__polynomial;
#endif
    std::regex(pattern, how); // what is unbalanced by itself must not become balanced below
    // Searching would also start at every character; skipping characters in the pattern is one walk.
    return std::regex("[\\s\\S]*?(?:" + pattern + ")", how);
}

// None when the pattern is not one that `compile` reads; such patterns accept everything.
bool matches(const std::string& text, const std::string& pattern) {
    static std::mutex guard;
    static std::map<std::string, std::optional<std::regex>> compiled;
    std::lock_guard lock(guard);
    auto [it, fresh] = compiled.try_emplace(pattern);
    if (fresh) {
        try {
            it->second.emplace(compile(pattern));
        } catch (const std::regex_error&) {
        }
    }
    return !it->second || text.size() > longest_matched ||
           std::regex_search(text, *it->second, std::regex_constants::match_continuous);
}

std::string type_name(const json::value& v) {
    switch (v.kind()) {
    case boost::json::kind::null:
        return "null";
    case boost::json::kind::bool_:
        return "boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
        return "integer";
    case boost::json::kind::double_:
        return "number";
    case boost::json::kind::string:
        return "string";
    case boost::json::kind::array:
        return "array";
    case boost::json::kind::object:
        return "object";
    }
    return "null";
}

bool has_type(const json::value& v, const std::string& type) {
    std::int64_t n = 0;
    if (type.empty())
        return true;
    if (type == "integer")
        return to_int(v, n) || v.is_uint64();
    if (type == "number")
        return v.is_number();
    return type_name(v) == type;
}

std::size_t code_points(const boost::json::string& s) {
    std::size_t n = 0;
    for (char c : s)
        n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return n;
}

void validate_string(const json::value& v, const json::value& schema, const std::string& at,
                     field_errors& errors) {
    const auto text = str(v.get_string());
    const auto length = static_cast<std::int64_t>(code_points(v.get_string()));
    const auto& o = schema.get_object();
    if (const auto least = int_at(o, {"minLength"}, 0); length < least)
        errors.push_back(
            invalid_value(at, v, fmt::format("{} in body should be at least {} chars long", at, least)));
    if (const auto most = int_at(o, {"maxLength"}, -1); most >= 0 && length > most) {
        errors.push_back(
            {at, "FieldValueTooLong", fmt::format("Too long: may not be more than {} bytes", most)});
        return;
    }
    if (const auto pattern = string_at(schema, {"pattern"}); !pattern.empty() && !matches(text, pattern))
        errors.push_back(invalid_value(at, v, fmt::format("{} in body should match '{}'", at, pattern)));
}

void validate_number(const json::value& v, const json::value& schema, const std::string& at,
                     field_errors& errors) {
    const double n = v.to_number<double>();
    if (const auto* least = find(schema, {"minimum"});
        least && least->is_number() && n < least->to_number<double>())
        errors.push_back(invalid_value(
            at, v,
            fmt::format("{} in body should be greater than or equal to {}", at, least->to_number<double>())));
    if (const auto* most = find(schema, {"maximum"});
        most && most->is_number() && n > most->to_number<double>())
        errors.push_back(invalid_value(
            at, v,
            fmt::format("{} in body should be less than or equal to {}", at, most->to_number<double>())));
}

void validate_array(const json::array& a, const json::value& schema, const std::string& at,
                    field_errors& errors) {
    const auto& o = schema.get_object();
    const auto size = static_cast<std::int64_t>(a.size());
    if (const auto least = int_at(o, {"minItems"}, 0); size < least)
        errors.push_back(invalid_value(at, json::value(size),
                                       fmt::format("{} in body should have at least {} items", at, least)));
    if (const auto most = int_at(o, {"maxItems"}, -1); most >= 0 && size > most) {
        errors.push_back(
            {at, "FieldValueTooMany", fmt::format("Too many: {}: must have at most {} items", size, most)});
        return;
    }
    const auto type = list_type_of(&schema);
    const auto keys = list_keys_of(&schema);
    std::set<std::string> seen;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto here = fmt::format("{}[{}]", at, i);
        if (type != list_type::atomic) {
            json::value id = a[i];
            if (type == list_type::map && a[i].is_object()) {
                json::object key;
                for (const auto& k : keys)
                    if (const auto* part = a[i].get_object().if_contains(k))
                        key[k] = *part;
                id = std::move(key);
            }
            if (!seen.insert(canonical(id)).second)
                errors.push_back(duplicate(here, id));
        }
        if (const auto* items = schema_of_items(&schema))
            validate(a[i], *items, here, errors);
    }
}

void validate_object(const json::object& v, const json::value& schema, const std::string& at,
                     field_errors& errors) {
    const auto& o = schema.get_object();
    const auto prefix = at.empty() ? std::string() : at + ".";
    for (const auto& name : array_at(o, {"required"}))
        if (name.is_string() && !v.contains(name.get_string()))
            errors.push_back(required(prefix + str(name.get_string())));
    if (const auto most = int_at(o, {"maxProperties"}, -1);
        most >= 0 && static_cast<std::int64_t>(v.size()) > most)
        errors.push_back({at, "FieldValueTooMany",
                          fmt::format("Too many: {}: must have at most {} items", v.size(), most)});
    if (const auto least = int_at(o, {"minProperties"}, 0); static_cast<std::int64_t>(v.size()) < least)
        errors.push_back(
            invalid_value(at, v, fmt::format("{} in body should have at least {} properties", at, least)));
    for (const auto& member : v)
        if (const auto* below = schema_of_member(&schema, member.key()))
            validate(member.value(), *below, prefix + std::string(member.key()), errors);
}

} // namespace

void validate(const json::value& v, const json::value& schema, const std::string& at, field_errors& errors) {
    if (!schema.is_object() || errors.size() > 50)
        return;
    const auto& o = schema.get_object();
    if (v.is_null()) {
        const auto* nullable = o.if_contains("nullable");
        if (nullable && nullable->is_bool() && nullable->get_bool())
            return;
    }
    if (const auto* either = o.if_contains("x-kubernetes-int-or-string");
        either && *either == json::value(true)) {
        std::int64_t n = 0;
        if (!v.is_string() && !to_int(v, n))
            errors.push_back(
                {at, "FieldValueTypeInvalid",
                 fmt::format("Invalid value: \"{}\": {} in body must be of type integer,string: \"{}\"",
                             type_name(v), at, type_name(v))});
        return;
    }
    const auto type = string_at(schema, {"type"});
    if (!has_type(v, type)) {
        errors.push_back({at, "FieldValueTypeInvalid",
                          fmt::format("Invalid value: \"{}\": {} in body must be of type {}: \"{}\"",
                                      type_name(v), at.empty() ? "<root>" : at, type, type_name(v))});
        return;
    }
    if (const auto* allowed = o.if_contains("enum"); allowed && allowed->is_array()) {
        bool known = false;
        std::vector<std::string> names;
        for (const auto& a : allowed->get_array()) {
            known = known || a == v;
            if (a.is_string())
                names.push_back(str(a.get_string()));
        }
        if (!known)
            errors.push_back(unsupported(at, v, names));
    }
    if (v.is_string())
        validate_string(v, schema, at, errors);
    else if (v.is_number())
        validate_number(v, schema, at, errors);
    else if (const auto* a = v.if_array())
        validate_array(*a, schema, at, errors);
    else if (const auto* below = v.if_object())
        validate_object(*below, schema, at, errors);
}

} // namespace gwctl::testing::detail
