#include "formats.hpp"
#include "json_util.hpp"
#include "schema.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
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

// Where the server refuses a schema's numbers, it shows them as Go does: 1, not 1.0.
std::string number_text(const json::value& v) {
    std::int64_t n = 0;
    return to_int(v, n) ? std::to_string(n) : fmt::format("{}", v.to_number<double>());
}

class validator {
public:
    explicit validator(field_errors& errors) : errors_(errors) {}

    void check(const json::value& v, const json::value& schema, const std::string& at,
               const json::value* before);

private:
    void add(const std::string& at, const json::value& v, const std::string& what) {
        errors_.push_back(invalid_value(at, v, named(at) + " in body " + what));
    }
    static std::string named(const std::string& at) { return at.empty() ? "<root>" : at; }
    void wrong_type(const json::value& v, const std::string& at, const json::value& schema, std::string type);
    void check_string(const json::value& v, const json::value& schema, const std::string& at);
    void check_number(const json::value& v, const json::value& schema, const std::string& at);
    void check_array(const json::array& a, const json::value& schema, const std::string& at,
                     const json::value* before);
    void check_object(const json::object& v, const json::value& schema, const std::string& at,
                      const json::value* before);
    void check_combinations(const json::value& v, const json::value& schema, const std::string& at);

    field_errors& errors_;
};

// A value with a format is expected to have that for a type.
void validator::wrong_type(const json::value& v, const std::string& at, const json::value& schema,
                           std::string type) {
    auto is = type_name(v);
    const auto format = string_at(schema, {"format"});
    if (type == "integer" && v.is_double()) {
        const auto with = format.empty() ? "(default format)" : "with format " + format;
        errors_.push_back({"<nil>", "FieldValueInvalid",
                           fmt::format("Invalid value: \"\": Checked value must be of type integer {} in {}",
                                       with, named(at))});
    }
    if (!format.empty() && !v.is_string() && !v.is_null()) {
        if (v.is_array() && type == "string")
            return;
        if (!v.is_array()) {
            type = format;
            is = v.is_int64() ? "int64" : v.is_double() ? "float64" : "";
        }
    }
    errors_.push_back({at, "FieldValueTypeInvalid",
                       fmt::format("Invalid value: \"{0}\": {1} in body must be of type {2}: \"{0}\"", is,
                                   named(at), type)});
}

void validator::check_string(const json::value& v, const json::value& schema, const std::string& at) {
    const auto text = str(v.get_string());
    const auto length = static_cast<std::int64_t>(code_points(v.get_string()));
    const auto& o = schema.get_object();
    if (const auto most = int_at(o, {"maxLength"}, -1); most >= 0 && length > most)
        errors_.push_back(
            {at, "FieldValueTooLong", fmt::format("Too long: may not be more than {} bytes", most)});
    else if (const auto least = int_at(o, {"minLength"}, 0); length < least)
        add(at, v, fmt::format("should be at least {} chars long", least));
    else if (const auto pattern = string_at(schema, {"pattern"}); !pattern.empty() && !matches(text, pattern))
        add(at, v, fmt::format("should match '{}'", pattern));
    if (const auto format = string_at(schema, {"format"}); !has_format(text, format))
        errors_.push_back({at, "FieldValueTypeInvalid",
                           fmt::format("Invalid value: {}: {} in body must be of type {}: {}", canonical(v),
                                       named(at), format, canonical(v))});
}

void validator::check_number(const json::value& v, const json::value& schema, const std::string& at) {
    const double n = v.to_number<double>();
    auto limit = [&](std::string_view key) {
        const auto* l = find(schema, {key});
        return l && l->is_number() ? l : nullptr;
    };
    auto set = [&](std::string_view key) {
        const auto* flag = find(schema, {key});
        return flag && *flag == json::value(true);
    };
    if (const auto* step = limit("multipleOf")) {
        const double times = n / step->to_number<double>();
        if (std::abs(times - std::round(times)) > 1e-9)
            add(at, v, "should be a multiple of " + number_text(*step));
    }
    if (const auto* most = limit("maximum")) {
        const bool exclusive = set("exclusiveMaximum");
        const double m = most->to_number<double>();
        if (n > m || (exclusive && n == m))
            add(at, v,
                fmt::format("should be less than {}{}", exclusive ? "" : "or equal to ", number_text(*most)));
    }
    if (const auto* least = limit("minimum")) {
        const bool exclusive = set("exclusiveMinimum");
        const double m = least->to_number<double>();
        if (n < m || (exclusive && n == m))
            add(at, v,
                fmt::format("should be greater than {}{}", exclusive ? "" : "or equal to ",
                            number_text(*least)));
    }
}

json::value identity(const json::value& item, list_type type, const std::vector<std::string>& keys) {
    if (type != list_type::map || !item.is_object())
        return item;
    json::object key;
    for (const auto& k : keys)
        if (const auto* part = item.get_object().if_contains(k))
            key[k] = *part;
    return key;
}

void validator::check_array(const json::array& a, const json::value& schema, const std::string& at,
                            const json::value* before) {
    const auto& o = schema.get_object();
    const auto size = static_cast<std::int64_t>(a.size());
    if (const auto least = int_at(o, {"minItems"}, 0); size < least)
        errors_.push_back(invalid_value(at, json::value(size),
                                        fmt::format("{} in body should have at least {} items", at, least)));
    if (const auto most = int_at(o, {"maxItems"}, -1); most >= 0 && size > most)
        errors_.push_back(
            {at, "FieldValueTooMany",
             fmt::format("Too many: {}: must have at most {} item{}", size, most, most == 1 ? "" : "s")});
    const auto type = list_type_of(&schema);
    const auto keys = list_keys_of(&schema);
    std::map<std::string, const json::value*> old;
    if (type == list_type::map && before && before->is_array())
        for (const auto& item : before->get_array())
            old[canonical(identity(item, type, keys))] = &item;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto here = fmt::format("{}[{}]", at, i);
        const auto id = identity(a[i], type, keys);
        const auto text = canonical(id);
        if (type == list_type::map && !a[i].is_object())
            errors_.push_back(invalid_value(here, a[i], "must be an object for an array of list-type map"));
        else if (type != list_type::atomic && !seen.insert(text).second)
            errors_.push_back(duplicate(here, id));
        const auto was = old.find(text);
        if (const auto* items = schema_of_items(&schema))
            check(a[i], *items, here, was == old.end() ? nullptr : was->second);
    }
}

void validator::check_object(const json::object& v, const json::value& schema, const std::string& at,
                             const json::value* before) {
    const auto& o = schema.get_object();
    const auto prefix = at.empty() ? std::string() : at + ".";
    if (const auto* resource = o.if_contains("x-kubernetes-embedded-resource");
        resource && *resource == json::value(true))
        for (const char* name : {"apiVersion", "kind"})
            if (!v.contains(name))
                errors_.push_back(required(prefix + name));
    for (const auto& name : array_at(o, {"required"}))
        if (name.is_string() && !v.contains(name.get_string()))
            errors_.push_back(required(prefix + str(name.get_string())));
    if (const auto most = int_at(o, {"maxProperties"}, -1);
        most >= 0 && static_cast<std::int64_t>(v.size()) > most)
        errors_.push_back(
            {at, "FieldValueTooMany",
             fmt::format("Too many: {}: must have at most {} item{}", v.size(), most, most == 1 ? "" : "s")});
    if (const auto least = int_at(o, {"minProperties"}, 0); static_cast<std::int64_t>(v.size()) < least)
        add(at, v, fmt::format("should have at least {} properties", least));
    for (const auto& member : v)
        if (const auto* below = schema_of_member(&schema, member.key()))
            check(member.value(), *below, prefix + std::string(member.key()),
                  before ? find(*before, {std::string_view(member.key())}) : nullptr);
}

// oneOf and anyOf show, besides themselves, what is wrong by the first of their schemas.
void validator::check_combinations(const json::value& v, const json::value& schema, const std::string& at) {
    const auto& o = schema.get_object();
    auto failures = [&](const json::value& s) {
        field_errors found;
        validator(found).check(v, s, at, nullptr);
        return found;
    };
    auto complain = [&](const std::string& what) {
        errors_.push_back(
            {"<nil>", "FieldValueInvalid", fmt::format("Invalid value: \"\": \"{}\" {}", named(at), what)});
    };
    for (const char* key : {"anyOf", "oneOf"}) {
        const auto& alternatives = array_at(o, {key});
        if (alternatives.empty())
            continue;
        std::size_t valid = 0;
        field_errors first;
        for (const auto& s : alternatives) {
            auto found = failures(s);
            valid += found.empty();
            if (first.empty())
                first = std::move(found);
        }
        const bool any = std::string_view(key) == "anyOf";
        if (any ? valid > 0 : valid == 1)
            continue;
        complain(any ? "must validate at least one schema (anyOf)"
                     : fmt::format("must validate one and only one schema (oneOf). Found {}",
                                   valid == 0 ? "none valid" : fmt::format("{} valid alternatives", valid)));
        if (valid == 0)
            errors_.insert(errors_.end(), first.begin(), first.end());
    }
    std::size_t met = 0;
    const auto& all = array_at(o, {"allOf"});
    for (const auto& s : all) {
        const auto found = failures(s);
        met += found.empty();
        errors_.insert(errors_.end(), found.begin(), found.end());
    }
    if (met != all.size())
        complain(std::string("must validate all the schemas (allOf)") + (met == 0 ? ". None validated" : ""));
    if (const auto* s = o.if_contains("not"); s && failures(*s).empty())
        complain("must not validate the schema (not)");
}

void validator::check(const json::value& v, const json::value& schema, const std::string& at,
                      const json::value* before) {
    if (!schema.is_object() || errors_.size() > 50)
        return;
    if (before != nullptr && same_value(v, *before))
        return;
    const auto& o = schema.get_object();
    const auto* nullable = o.if_contains("nullable");
    if (v.is_null() && nullable && *nullable == json::value(true))
        return;
    const auto* either = o.if_contains("x-kubernetes-int-or-string");
    if (either && *either == json::value(true)) {
        std::int64_t n = 0;
        if (!v.is_string() && !to_int(v, n))
            return wrong_type(v, at, schema, "integer,string");
    }
    const auto type = string_at(schema, {"type"});
    const bool formatted =
        type.empty() && o.contains("format") && !v.is_string() && !v.is_array() && !v.is_null();
    const bool typed = has_type(v, type) && !formatted;
    if (!typed)
        wrong_type(v, at, schema, type);
    if (!v.is_null())
        check_combinations(v, schema, at);
    if (const auto* allowed = o.if_contains("enum"); allowed && allowed->is_array()) {
        bool known = false;
        std::vector<std::string> names;
        for (const auto& a : allowed->get_array()) {
            known = known || same_value(a, v);
            if (a.is_string())
                names.push_back(str(a.get_string()));
        }
        if (!known)
            errors_.push_back(unsupported(at, v, names));
    }
    if (!typed)
        return;
    if (v.is_string())
        check_string(v, schema, at);
    else if (v.is_number())
        check_number(v, schema, at);
    else if (const auto* a = v.if_array())
        check_array(*a, schema, at, before);
    else if (const auto* below = v.if_object())
        check_object(*below, schema, at, before);
}

} // namespace

void validate(const json::value& v, const json::value& schema, const std::string& at, field_errors& errors,
              const json::value* before) {
    validator(errors).check(v, schema, at, before);
}

} // namespace gwctl::testing::detail
