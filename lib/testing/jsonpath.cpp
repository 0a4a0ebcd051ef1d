#include "jsonpath.hpp"

#include "json_util.hpp"

#include <cstdlib>
#include <string>

namespace gwctl::testing::detail {

namespace {

using nodes = std::vector<const json::value*>;

std::string unquoted(std::string s) {
    if (s.size() >= 2 && (s.front() == '"' || s.front() == '\'') && s.back() == s.front())
        return s.substr(1, s.size() - 2);
    return s;
}

nodes members(const nodes& in, const std::string& name) {
    nodes out;
    for (const auto* v : in)
        if (const auto* at = find(*v, {name}))
            out.push_back(at);
    return out;
}

std::string text_of(const json::value& v) { return v.is_string() ? str(v.get_string()) : canonical(v); }

// `?(@.type=="Ready")` and `!=`.
nodes filtered(const nodes& in, std::string_view condition) {
    nodes out;
    const auto sign = condition.find_first_of("=!");
    if (condition.substr(0, 4) != "?(@." || condition.back() != ')' || sign == std::string_view::npos ||
        sign + 2 >= condition.size())
        return out;
    const bool equal = condition[sign] == '=';
    const auto name = std::string(condition.substr(3, sign - 3));
    auto wanted = std::string(condition.substr(sign + 2, condition.size() - sign - 3));
    while (!wanted.empty() && wanted.front() == ' ')
        wanted.erase(0, 1);
    wanted = unquoted(wanted);
    auto trimmed = name;
    while (!trimmed.empty() && trimmed.back() == ' ')
        trimmed.pop_back();
    for (const auto* v : in)
        if (const auto* a = v->if_array())
            for (const auto& item : *a) {
                const auto found = evaluate_json_path(item, trimmed);
                if (!found.empty() && (text_of(*found[0]) == wanted) == equal)
                    out.push_back(&item);
            }
    return out;
}

nodes subscript(const nodes& in, std::string_view text) {
    nodes out;
    if (text == "*") {
        for (const auto* v : in) {
            if (const auto* a = v->if_array())
                for (const auto& item : *a)
                    out.push_back(&item);
            else if (const auto* o = v->if_object())
                for (const auto& m : *o)
                    out.push_back(&m.value());
        }
        return out;
    }
    if (!text.empty() && text.front() == '?')
        return filtered(in, text);
    if (!text.empty() && (text.front() == '\'' || text.front() == '"'))
        return members(in, unquoted(std::string(text)));
    char* end = nullptr;
    const std::string number(text);
    auto index = std::strtol(number.c_str(), &end, 10);
    if (end == number.c_str() || *end != 0)
        return out;
    for (const auto* v : in)
        if (const auto* a = v->if_array()) {
            const auto size = static_cast<long>(a->size());
            const auto i = index < 0 ? size + index : index;
            if (i >= 0 && i < size)
                out.push_back(&(*a)[static_cast<std::size_t>(i)]);
        }
    return out;
}

} // namespace

std::vector<const json::value*> evaluate_json_path(const json::value& root, std::string_view path) {
    nodes at{&root};
    std::size_t i = 0;
    while (i < path.size() && !at.empty()) {
        if (path[i] == '.') {
            std::string name;
            for (++i; i < path.size() && path[i] != '.' && path[i] != '['; ++i) {
                if (path[i] == '\\' && i + 1 < path.size())
                    ++i;
                name += path[i];
            }
            if (name == "*")
                at = subscript(at, "*");
            else if (!name.empty())
                at = members(at, name);
        } else if (path[i] == '[') {
            const auto end = path.compare(i, 2, "[?") == 0 ? path.find(")]", i) : path.find(']', i);
            if (end == std::string_view::npos)
                return {};
            const auto close = path[end] == ')' ? end + 1 : end;
            at = subscript(at, path.substr(i + 1, close - i - 1));
            i = close + 1;
        } else {
            return {};
        }
    }
    return at;
}

} // namespace gwctl::testing::detail
