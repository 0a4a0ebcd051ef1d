#include "json_util.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace gwctl::testing::detail {

const json::value* find(const json::object& o, path p) {
    const json::object* at = &o;
    const json::value* found = nullptr;
    for (auto key : p) {
        if (at == nullptr)
            return nullptr;
        found = at->if_contains(key);
        if (found == nullptr)
            return nullptr;
        at = found->if_object();
    }
    return found;
}

const json::value* find(const json::value& v, path p) {
    if (p.size() == 0)
        return &v;
    const auto* o = v.if_object();
    return o ? find(*o, p) : nullptr;
}

std::string string_at(const json::object& o, path p) {
    const auto* v = find(o, p);
    return v && v->is_string() ? str(v->get_string()) : std::string();
}

std::string string_at(const json::value& v, path p) {
    const auto* found = find(v, p);
    return found && found->is_string() ? str(found->get_string()) : std::string();
}

const json::object& object_at(const json::object& o, path p) {
    static const json::object empty;
    const auto* v = find(o, p);
    return v && v->is_object() ? v->get_object() : empty;
}

const json::array& array_at(const json::object& o, path p) {
    static const json::array empty;
    const auto* v = find(o, p);
    return v && v->is_array() ? v->get_array() : empty;
}

namespace {

// Boost's operator[] may move all members even when there is one of this key.
json::value& member_of(json::object& o, std::string_view key) {
    auto* there = o.if_contains(key);
    return there ? *there : o[key];
}

} // namespace

json::object& make_object(json::object& o, std::string_view key) {
    auto& v = member_of(o, key);
    if (!v.is_object())
        v.emplace_object();
    return v.get_object();
}

json::array& make_array(json::object& o, std::string_view key) {
    auto& v = member_of(o, key);
    if (!v.is_array())
        v.emplace_array();
    return v.get_array();
}

void set_default(json::object& o, std::string_view key, json::value v) {
    auto& at = member_of(o, key);
    if (at.is_null())
        at = std::move(v);
}

bool to_int(const json::value& v, std::int64_t& out) {
    if (v.is_int64()) {
        out = v.get_int64();
        return true;
    }
    if (v.is_double() && std::trunc(v.get_double()) == v.get_double() && std::abs(v.get_double()) < 9e15) {
        out = static_cast<std::int64_t>(v.get_double());
        return true;
    }
    return false;
}

std::int64_t int_at(const json::object& o, path p, std::int64_t otherwise) {
    const auto* v = find(o, p);
    std::int64_t n = otherwise;
    return v && to_int(*v, n) ? n : otherwise;
}

bool same_value(const json::value& a, const json::value& b) {
    if (a.is_number() && b.is_number()) {
        std::int64_t x = 0, y = 0;
        if (to_int(a, x) && to_int(b, y))
            return x == y;
        return a.to_number<double>() == b.to_number<double>();
    }
    if (a.kind() != b.kind())
        return false;
    if (const auto* list = a.if_array()) {
        const auto& other = b.get_array();
        if (list->size() != other.size())
            return false;
        for (std::size_t i = 0; i < list->size(); ++i)
            if (!same_value((*list)[i], other[i]))
                return false;
        return true;
    }
    if (const auto* o = a.if_object()) {
        const auto& other = b.get_object();
        if (o->size() != other.size())
            return false;
        for (const auto& member : *o) {
            const auto* in_other = other.if_contains(member.key());
            if (!in_other || !same_value(member.value(), *in_other))
                return false;
        }
        return true;
    }
    return a == b;
}

std::string canonical(const json::value& v) {
    if (const auto* o = v.if_object()) {
        std::vector<std::string_view> keys;
        for (const auto& member : *o)
            keys.push_back(member.key());
        std::sort(keys.begin(), keys.end());
        std::string out = "{";
        for (auto key : keys) {
            if (out.size() > 1)
                out += ',';
            out += boost::json::serialize(boost::json::string_view(key)) + ":" + canonical(o->at(key));
        }
        return out + "}";
    }
    if (const auto* a = v.if_array()) {
        std::string out = "[";
        for (const auto& item : *a) {
            if (out.size() > 1)
                out += ',';
            out += canonical(item);
        }
        return out + "]";
    }
    return boost::json::serialize(v);
}

} // namespace gwctl::testing::detail
