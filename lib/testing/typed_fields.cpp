#include "typed_fields.hpp"

#include "json_util.hpp"
#include "schema.hpp"
#include "typed_shape.hpp"

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

const json::object* map_in(const json::value* v) { return v ? v->if_object() : nullptr; }
const json::array* list_in(const json::value* v) { return v ? v->if_array() : nullptr; }

void collect(const json::value& v, const json::value* schema, field_set& out) {
    const auto s = shape_of(schema, &v);
    if (s.atomic || s.what == form_of_value::scalar) {
        out.self = true;
    } else if (s.what == form_of_value::map) {
        const auto* o = v.if_object();
        for (const auto& m : o ? *o : json::object()) {
            const auto element = "f:" + std::string(m.key());
            auto& at = out.children[element];
            collect(m.value(), schema_of_member(schema, m.key()), at);
            const auto* below = m.value().if_object();
            if (m.value().is_null() || (below && below->empty()) || !is_named(schema, m.key()))
                at.self = true;
            if (at.empty())
                out.children.erase(element);
        }
    } else if (const auto* list = v.if_array()) {
        const indexed all(list, schema);
        for (const auto& element : all.elements) {
            auto& at = out.children[element];
            if (const auto* item = all.only(element))
                collect(*item, schema_of_items(schema), at);
            at.self = true;
        }
    }
}

class comparison {
public:
    field_changes found;

    // `in_leaf`: below something that is taken whole.
    void compare(const json::value* a, const json::value* b, const json::value* schema) {
        const auto of_a = shape_of(schema, a), of_b = shape_of(schema, b);
        bool leaf = false;
        if (b == nullptr) {
            leaf = visit(of_a, a, b, schema);
        } else if (a == nullptr || of_a == of_b) {
            leaf = visit(of_b, a, b, schema);
        } else {
            visit(of_a, a, b, schema);
            leaf = visit(of_b, a, b, schema);
        }
        if (!leaf)
            note_presence(a, b);
    }

private:
    bool note_presence(const json::value* a, const json::value* b) {
        if (a == nullptr)
            found.added.insert(path_);
        else if (b == nullptr)
            found.removed.insert(path_);
        return a == nullptr || b == nullptr;
    }

    bool leaf(const json::value* a, const json::value* b) {
        if (!note_presence(a, b) && !same_value(*a, *b))
            found.modified.insert(path_);
        return true;
    }

    void below(const std::string& element, const json::value* a, const json::value* b,
               const json::value* schema) {
        path_.push_back(element);
        compare(a, b, schema);
        path_.pop_back();
    }

    // True when the value was taken whole.
    bool visit(shape s, const json::value* a, const json::value* b, const json::value* schema) {
        if (s.what == form_of_value::scalar)
            return leaf(a, b);
        if (s.what == form_of_value::map) {
            const auto *x = map_in(a), *y = map_in(b);
            if (s.atomic || ((x == nullptr || x->empty()) && (y == nullptr || y->empty())))
                return leaf(a, b);
            static const json::object nothing;
            for (const auto& m : x ? *x : nothing)
                below("f:" + std::string(m.key()), &m.value(), y ? y->if_contains(m.key()) : nullptr,
                      schema_of_member(schema, m.key()));
            for (const auto& m : y ? *y : nothing)
                if (x == nullptr || !x->contains(m.key()))
                    below("f:" + std::string(m.key()), nullptr, &m.value(),
                          schema_of_member(schema, m.key()));
            return false;
        }
        const auto *x = list_in(a), *y = list_in(b);
        if (s.atomic || ((x == nullptr || x->empty()) && (y == nullptr || y->empty())))
            return leaf(a, b);
        visit_items(indexed(x, schema), indexed(y, schema), schema_of_items(schema));
        return false;
    }

    void visit_items(const indexed& x, const indexed& y, const json::value* items) {
        auto elements = x.elements;
        for (const auto& element : y.elements)
            if (!x.has(element))
                elements.push_back(element);
        for (const auto& element : elements) {
            const auto in_x = x.count(element), in_y = y.count(element);
            if (in_x <= 1 && in_y <= 1) {
                below(element, x.only(element), y.only(element), items);
                continue;
            }
            // Of duplicates it is only known that they are there.
            auto here = path_;
            here.push_back(element);
            if (in_x > 1 && in_y > 1) {
                const auto &p = x.items.at(element), &q = y.items.at(element);
                if (!std::equal(p.begin(), p.end(), q.begin(), q.end(),
                                [](const auto* l, const auto* r) { return same_value(*l, *r); }))
                    found.modified.insert(here);
            } else if (in_x > 1) {
                if (in_y == 1)
                    below(element, nullptr, y.only(element), items);
                found.removed.insert(here);
            } else {
                if (in_x == 1)
                    below(element, x.only(element), nullptr, items);
                found.added.insert(here);
            }
        }
    }

    std::vector<std::string> path_;
};

using maybe = std::optional<json::value>;

maybe merge(const json::value* a, const json::value* b, const json::value* schema);

// Items of `a` keep their places, except that those which both have come in the order of `b`.
maybe merge_items(const json::array& a, const json::array& b, const json::value* schema) {
    const indexed x(&a, schema), y(&b, schema);
    const auto* items = schema_of_items(schema);
    std::vector<std::string> left;
    for (const auto& item : a)
        left.push_back(element_of(item, schema));
    const auto& right = y.elements;
    std::vector<std::string> shared;
    for (const auto& element : right)
        if (x.has(element))
            shared.push_back(element);
    std::size_t next = 0;
    auto expected = [&]() { return next < shared.size() ? &shared[next] : nullptr; };
    std::map<std::string, bool> merged;
    json::array out;
    auto take = [&](const json::value* p, const json::value* q) {
        if (auto v = merge(p, q, items))
            out.push_back(std::move(*v));
    };
    for (std::size_t i = 0, j = 0; i < left.size() || j < right.size();) {
        if (i < left.size() && j < right.size()) {
            if (left[i] == right[j]) {
                merged[left[i]] = true;
                take(x.only(left[i]), y.only(left[i]));
                ++i;
                ++j;
                ++next;
                continue;
            }
            if (y.has(left[i]) && expected() && *expected() != left[i]) {
                ++i; // of both, but not its turn
                continue;
            }
        }
        if (i < left.size()) {
            if (!y.has(left[i])) {
                take(&a[i], nullptr);
                ++i;
                continue;
            }
            if (merged.count(left[i]))
                ++i;
        }
        if (j < right.size()) {
            merged[right[j]] = true;
            take(x.only(right[j]), y.only(right[j]));
            if (expected() && *expected() == right[j])
                ++next;
            ++j;
        }
    }
    return out.empty() ? maybe() : maybe(std::move(out));
}

maybe merge(const json::value* a, const json::value* b, const json::value* schema) {
    if (a == nullptr && b == nullptr)
        return std::nullopt;
    const auto s = shape_of(schema, b ? b : a);
    const auto& winner = b ? *b : *a;
    if (s.what == form_of_value::scalar || s.atomic)
        return winner;
    if (s.what == form_of_value::map) {
        const auto *x = map_in(a), *y = map_in(b);
        if ((x == nullptr || x->empty()) && (y == nullptr || y->empty()))
            return winner;
        json::object out;
        static const json::object nothing;
        for (const auto& m : x ? *x : nothing)
            if (auto v = merge(&m.value(), y ? y->if_contains(m.key()) : nullptr,
                               schema_of_member(schema, m.key())))
                out[m.key()] = std::move(*v);
        for (const auto& m : y ? *y : nothing)
            if (x == nullptr || !x->contains(m.key()))
                if (auto v = merge(nullptr, &m.value(), schema_of_member(schema, m.key())))
                    out[m.key()] = std::move(*v);
        return out.empty() ? maybe() : maybe(std::move(out));
    }
    const auto *x = list_in(a), *y = list_in(b);
    if ((x == nullptr || x->empty()) && (y == nullptr || y->empty()))
        return winner;
    static const json::array nothing;
    return merge_items(x ? *x : nothing, y ? *y : nothing, schema);
}

} // namespace

field_set fields_of(const json::value& v, const json::value* schema) {
    field_set out;
    collect(v, schema, out);
    return out;
}

field_changes compare(const json::value& a, const json::value& b, const json::value* schema) {
    comparison c;
    c.compare(&a, &b, schema);
    return std::move(c.found);
}

json::value merge_applied(const json::value& live, const json::value& applied, const json::value* schema) {
    auto out = merge(&live, &applied, schema);
    return out ? std::move(*out) : json::value(json::object());
}

json::value remove_fields(const json::value& v, const field_set& gone, const json::value* schema) {
    const auto s = shape_of(schema, &v);
    if (const auto* o = v.if_object()) {
        json::object out;
        for (const auto& m : s.atomic ? json::object() : *o) {
            const auto it = gone.children.find("f:" + std::string(m.key()));
            if (it == gone.children.end())
                out[m.key()] = m.value();
            else if (!it->second.self)
                out[m.key()] = remove_fields(m.value(), it->second, schema_of_member(schema, m.key()));
        }
        return out;
    }
    if (const auto* a = v.if_array()) {
        json::array out;
        for (const auto& item : s.atomic ? json::array() : *a) {
            const auto it = gone.children.find(element_of(item, schema));
            if (it == gone.children.end())
                out.push_back(item);
            else if (!it->second.self)
                out.push_back(remove_fields(item, it->second, schema_of_items(schema)));
        }
        return out;
    }
    return v;
}

field_set with_named_fields(const field_set& s, const json::value* schema) {
    field_set out;
    out.self = s.self;
    for (const auto& [element, below] : s.children) {
        const bool field = element[0] == 'f';
        const auto name = element.substr(2);
        auto& at = out.children[element];
        at = with_named_fields(below, field ? schema_of_member(schema, name) : schema_of_items(schema));
        if (field && !below.children.empty() && is_named(schema, name))
            at.self = true;
    }
    return out;
}

} // namespace gwctl::testing::detail
