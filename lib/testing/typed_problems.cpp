#include "json_util.hpp"
#include "schema.hpp"
#include "typed_fields.hpp"
#include "typed_shape.hpp"

namespace gwctl::testing::detail {

namespace {

class typing {
public:
    explicit typing(bool allow_duplicates) : allow_duplicates_(allow_duplicates) {}

    void check(const json::value& v, const json::value* schema, const std::string& at) {
        if (v.is_null() || schema == nullptr)
            return;
        const auto type = string_at(*schema, {"type"});
        if (type == "object") {
            if (const auto* o = v.if_object())
                check_map(*o, schema, at);
            else
                wrong(at, "map", v);
        } else if (type == "array") {
            if (const auto* a = v.if_array())
                check_list(*a, schema, at);
            else
                wrong(at, "list", v);
        } else if (type == "string" && plain(*schema) && !v.is_string()) {
            wrong(at, "string", v);
        } else if (type == "boolean" && !v.is_bool()) {
            wrong(at, "boolean", v);
        } else if ((type == "integer" || type == "number") && !v.is_number()) {
            wrong(at, "numeric (int or float)", v);
        } else if (!type.empty() && (v.is_object() || v.is_array())) {
            wrong(at, "scalar", v);
        }
    }

    std::vector<std::string> problems;

private:
    // Times and the like are strings that nobody looks into.
    static bool plain(const json::value& schema) {
        const auto format = string_at(schema, {"format"});
        return format.empty() || format == "byte";
    }

    void wrong(const std::string& at, const char* expected, const json::value& v) {
        problems.push_back(at + ": expected " + expected + ", got " + canonical(v));
    }

    void check_map(const json::object& o, const json::value* schema, const std::string& at) {
        const bool open = is_true(schema, "x-kubernetes-preserve-unknown-fields") ||
                          find(*schema, {"properties"}) == nullptr ||
                          find(*schema, {"additionalProperties"}) != nullptr;
        for (const auto& m : o) {
            const auto here = at + "." + std::string(m.key());
            const auto* below = schema_of_member(schema, m.key());
            const bool identity = at.empty() && (m.key() == "apiVersion" || m.key() == "kind");
            if (below == nullptr && !open && !identity)
                problems.push_back(here + ": field not declared in schema");
            else
                check(m.value(), below, here);
        }
    }

    void check_list(const json::array& a, const json::value* schema, const std::string& at) {
        const auto type = list_type_of(schema);
        std::map<std::string, int> seen;
        for (std::size_t i = 0; i < a.size(); ++i) {
            auto here = at + "[" + std::to_string(i) + "]";
            if (type != list_type::atomic) {
                const auto element = element_of(a[i], schema);
                if (element.empty() || (type == list_type::map) != a[i].is_object() || a[i].is_null()) {
                    problems.push_back(at + ": element " + std::to_string(i) + ": it has no key");
                    continue;
                }
                field_set named;
                named.insert({element});
                const auto shown = member_paths(named)[0];
                here = at + shown;
                if (++seen[element] == 2 && !allow_duplicates_)
                    problems.push_back(at + ": duplicate entries for key " + shown);
            }
            check(a[i], schema_of_items(schema), here);
        }
    }

    bool allow_duplicates_;
};

} // namespace

std::vector<std::string> typing_problems(const json::value& v, const json::value* schema,
                                         bool allow_duplicates) {
    typing t(allow_duplicates);
    t.check(v, schema, "");
    return std::move(t.problems);
}

} // namespace gwctl::testing::detail
