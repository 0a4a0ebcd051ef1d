#include "field_set.hpp"

#include "json_util.hpp"
#include "schema.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

// The path element of a list item; "" when it lacks its keys or is not of a merging list.
std::string element_of(const json::value& item, const json::value* list_schema) {
    switch (list_type_of(list_schema)) {
    case list_type::set:
        return "v:" + canonical(item);
    case list_type::map: {
        json::object id;
        for (const auto& key : list_keys_of(list_schema)) {
            const auto* part = find(item, {key});
            // A key with a default identifies the item even when it is not written.
            if (part == nullptr)
                if (const auto* below = schema_of_member(schema_of_items(list_schema), key))
                    part = find(*below, {"default"});
            if (part != nullptr)
                id[key] = *part;
        }
        return id.empty() ? std::string() : "k:" + canonical(id);
    }
    case list_type::atomic:
        break;
    }
    return {};
}

bool merges(const json::array& a, const json::value* schema) {
    return list_type_of(schema) != list_type::atomic &&
           std::all_of(a.begin(), a.end(),
                       [&](const auto& item) { return !element_of(item, schema).empty(); });
}

bool enters(const json::value& v, const json::value* schema) {
    if (const auto* o = v.if_object())
        return !o->empty() && !is_atomic_map(schema);
    if (const auto* a = v.if_array())
        return merges(*a, schema);
    return false;
}

json::value* item_at(json::array& a, const std::string& element, const json::value* schema) {
    for (auto& item : a)
        if (element_of(item, schema) == element)
            return &item;
    return nullptr;
}
const json::value* item_at(const json::array& a, const std::string& element, const json::value* schema) {
    return item_at(const_cast<json::array&>(a), element, schema);
}

void compare_into(const json::value& a, const json::value& b, const json::value* schema, field_set& changed,
                  field_set& removed);

void descend(const json::value* a, const json::value* b, const std::string& element,
             const json::value* schema, bool item, field_set& changed, field_set& removed) {
    if (a != nullptr && b != nullptr) {
        field_set c, r;
        compare_into(*a, *b, schema, c, r);
        if (!c.empty())
            changed.children[element] = std::move(c);
        if (!r.empty())
            removed.children[element] = std::move(r);
    } else {
        auto all = fields_of(a ? *a : *b, schema);
        if (item)
            all.self = true;
        (a ? removed : changed).children[element] = std::move(all);
    }
}

void compare_into(const json::value& a, const json::value& b, const json::value* schema, field_set& changed,
                  field_set& removed) {
    if (a == b)
        return;
    if (a.is_object() && b.is_object() && !is_atomic_map(schema)) {
        const auto& x = a.get_object();
        const auto& y = b.get_object();
        for (const auto& m : y)
            descend(x.if_contains(m.key()), &m.value(), "f:" + std::string(m.key()),
                    schema_of_member(schema, m.key()), false, changed, removed);
        for (const auto& m : x)
            if (!y.contains(m.key()))
                descend(&m.value(), nullptr, "f:" + std::string(m.key()), schema_of_member(schema, m.key()),
                        false, changed, removed);
        return;
    }
    if (a.is_array() && b.is_array() && merges(a.get_array(), schema) && merges(b.get_array(), schema)) {
        const auto* items = schema_of_items(schema);
        for (const auto& item : b.get_array()) {
            const auto element = element_of(item, schema);
            descend(item_at(a.get_array(), element, schema), &item, element, items, true, changed, removed);
        }
        for (const auto& item : a.get_array()) {
            const auto element = element_of(item, schema);
            if (item_at(b.get_array(), element, schema) == nullptr)
                descend(&item, nullptr, element, items, true, changed, removed);
        }
        return;
    }
    changed = unite(changed, fields_of(b, schema));
    changed.self = true;
}

bool removable(const field_set& gone, const field_set* kept) {
    return gone.self && (kept == nullptr || kept->empty());
}

const field_set* child(const field_set* s, const std::string& element) {
    if (s == nullptr)
        return nullptr;
    const auto it = s->children.find(element);
    return it == s->children.end() ? nullptr : &it->second;
}

void remove_into(json::value& v, const field_set& gone, const field_set* kept, const json::value* schema) {
    for (const auto& [element, below] : gone.children) {
        const auto* other = child(kept, element);
        if (auto* o = v.if_object(); o && element.compare(0, 2, "f:") == 0) {
            const auto name = element.substr(2);
            auto* at = o->if_contains(name);
            if (at == nullptr)
                continue;
            if (removable(below, other)) {
                o->erase(name);
                continue;
            }
            const bool had = !(at->is_object() && at->get_object().empty()) &&
                             !(at->is_array() && at->get_array().empty());
            remove_into(*at, below, other, schema_of_member(schema, name));
            const bool emptied =
                (at->is_object() && at->get_object().empty()) || (at->is_array() && at->get_array().empty());
            if (had && emptied && (other == nullptr || other->empty()))
                o->erase(name);
        } else if (auto* a = v.if_array()) {
            auto* at = item_at(*a, element, schema);
            if (at == nullptr)
                continue;
            if (removable(below, other))
                a->erase(a->begin() + (at - a->data()));
            else
                remove_into(*at, below, other, schema_of_items(schema));
        }
    }
}

void collect_leaves(const field_set& s, const std::string& at, std::vector<std::string>& out) {
    if (s.self || s.children.empty()) {
        if (!at.empty())
            out.push_back(at);
    }
    for (const auto& [element, below] : s.children) {
        const auto text = element.substr(2);
        if (element[0] == 'f') {
            collect_leaves(below, at + "." + text, out);
        } else if (element[0] == 'v') {
            collect_leaves(below, at + "[=" + text + "]", out);
        } else {
            std::string id;
            boost::system::error_code ec;
            if (const auto keys = boost::json::parse(text, ec); !ec && keys.is_object())
                for (const auto& k : keys.get_object())
                    id += (id.empty() ? "" : ",") + std::string(k.key()) + "=" + canonical(k.value());
            collect_leaves(below, at + "[" + id + "]", out);
        }
    }
}

} // namespace

field_set fields_of(const json::value& v, const json::value* schema) {
    field_set out;
    if (!enters(v, schema)) {
        out.self = true;
    } else if (const auto* o = v.if_object()) {
        for (const auto& m : *o)
            out.children["f:" + std::string(m.key())] =
                fields_of(m.value(), schema_of_member(schema, m.key()));
    } else {
        for (const auto& item : v.get_array()) {
            auto& at = out.children[element_of(item, schema)];
            if (item.is_object())
                at = fields_of(item, schema_of_items(schema));
            at.self = true;
        }
        if (v.get_array().empty())
            out.self = true;
    }
    return out;
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
        const auto* other = child(&b, element);
        auto left = other ? subtract(below, *other) : below;
        if (!left.empty())
            out.children[element] = std::move(left);
    }
    return out;
}

field_set subtract_whole(const field_set& a, const field_set& b) {
    field_set out;
    out.self = a.self && !b.self;
    if (b.self && b.children.empty())
        return out;
    for (const auto& [element, below] : a.children) {
        const auto* other = child(&b, element);
        auto left = other ? subtract_whole(below, *other) : below;
        if (!left.empty())
            out.children[element] = std::move(left);
    }
    return out;
}

field_set intersect(const field_set& a, const field_set& b) {
    field_set out;
    out.self = a.self && b.self;
    for (const auto& [element, below] : a.children)
        if (const auto* other = child(&b, element)) {
            auto both = intersect(below, *other);
            if (!both.empty())
                out.children[element] = std::move(both);
        }
    return out;
}

field_changes compare(const json::value& a, const json::value& b, const json::value* schema) {
    field_changes out;
    compare_into(a, b, schema, out.changed, out.removed);
    out.changed.self = false;
    return out;
}

void merge_applied(json::value& live, const json::value& applied, const json::value* schema) {
    if (live.is_object() && applied.is_object() && !is_atomic_map(schema)) {
        auto& o = live.get_object();
        for (const auto& m : applied.get_object()) {
            if (auto* at = o.if_contains(m.key()))
                merge_applied(*at, m.value(), schema_of_member(schema, m.key()));
            else
                o[m.key()] = m.value();
        }
        return;
    }
    if (live.is_array() && applied.is_array() && merges(live.get_array(), schema) &&
        merges(applied.get_array(), schema)) {
        auto& list = live.get_array();
        for (const auto& item : applied.get_array()) {
            if (auto* at = item_at(list, element_of(item, schema), schema))
                merge_applied(*at, item, schema_of_items(schema));
            else
                list.push_back(item);
        }
        return;
    }
    live = applied;
}

void remove_fields(json::value& v, const field_set& gone, const field_set& kept, const json::value* schema) {
    remove_into(v, gone, &kept, schema);
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

std::vector<std::string> leaf_paths(const field_set& s) {
    std::vector<std::string> out;
    collect_leaves(s, "", out);
    return out;
}

} // namespace gwctl::testing::detail
