#include "field_set.hpp"

#include "json_util.hpp"

#include <boost/json/parse.hpp>

namespace gwctl::testing::detail {

namespace {

const field_set* child(const field_set& s, const std::string& element) {
    const auto it = s.children.find(element);
    return it == s.children.end() ? nullptr : &it->second;
}

std::string text_of(const std::string& element) {
    const auto text = element.substr(2);
    if (element[0] == 'f')
        return "." + text;
    if (element[0] != 'k')
        return "[=" + text + "]";
    std::string id;
    boost::system::error_code ec;
    if (const auto keys = boost::json::parse(text, ec); !ec && keys.is_object())
        for (const auto& k : keys.get_object())
            id += (id.empty() ? "" : ",") + std::string(k.key()) + "=" + canonical(k.value());
    return "[" + id + "]";
}

// What is a member here, before what lies deeper.
void collect(const field_set& s, const std::string& at, std::vector<std::string>& out) {
    for (const auto& [element, below] : s.children)
        if (below.self)
            out.push_back(at + text_of(element));
    for (const auto& [element, below] : s.children)
        collect(below, at + text_of(element), out);
}

} // namespace

void field_set::insert(const std::vector<std::string>& path) {
    auto* at = this;
    for (const auto& element : path)
        at = &at->children[element];
    at->self = true;
}

field_set unite(const field_set& a, const field_set& b) {
    field_set out = a;
    out.self = a.self || b.self;
    for (const auto& [element, below] : b.children) {
        auto& at = out.children[element];
        at = unite(at, below);
    }
    return out;
}

field_set subtract(const field_set& a, const field_set& b) {
    field_set out;
    out.self = a.self && !b.self;
    for (const auto& [element, below] : a.children) {
        const auto* other = child(b, element);
        auto left = other ? subtract(below, *other) : below;
        if (!left.empty())
            out.children[element] = std::move(left);
    }
    return out;
}

field_set subtract_below(const field_set& a, const field_set& b) {
    field_set out;
    if (b.self)
        return out;
    out.self = a.self;
    for (const auto& [element, below] : a.children) {
        const auto* other = child(b, element);
        auto left = other ? subtract_below(below, *other) : below;
        if (!left.empty())
            out.children[element] = std::move(left);
    }
    return out;
}

field_set intersect(const field_set& a, const field_set& b) {
    field_set out;
    out.self = a.self && b.self;
    for (const auto& [element, below] : a.children)
        if (const auto* other = child(b, element)) {
            auto both = intersect(below, *other);
            if (!both.empty())
                out.children[element] = std::move(both);
        }
    return out;
}

json::object to_json(const field_set& s) {
    json::object out;
    if (s.self && !s.children.empty())
        out["."] = json::object();
    for (const auto& [element, below] : s.children)
        out[element] = to_json(below);
    return out;
}

field_set field_set_from(const json::value& v) {
    field_set out;
    const auto* o = v.if_object();
    if (o == nullptr || o->empty()) {
        out.self = true;
        return out;
    }
    for (const auto& m : *o) {
        if (m.key() == ".")
            out.self = true;
        else if (m.key().size() > 2)
            out.children[std::string(m.key())] = field_set_from(m.value());
    }
    return out;
}

std::vector<std::string> member_paths(const field_set& s) {
    std::vector<std::string> out;
    collect(s, "", out);
    return out;
}

} // namespace gwctl::testing::detail
