#include "json_util.hpp"
#include "patch.hpp"
#include "schema.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace gwctl::testing::detail {

namespace {

constexpr std::string_view delete_from = "$deleteFromPrimitiveList/";
constexpr std::string_view element_order = "$setElementOrder/";

bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

// fmt.Sprintf("%v") of a decoded document.
std::string as_go_prints(const json::value& v) {
    if (const auto* list = v.if_array()) {
        std::string text;
        for (const auto& item : *list)
            text += (text.empty() ? "" : " ") + as_go_prints(item);
        return "[" + text + "]";
    }
    if (const auto* object = v.if_object()) {
        std::map<std::string_view, const json::value*> sorted;
        for (const auto& member : *object)
            sorted[member.key()] = &member.value();
        std::string text;
        for (const auto& [key, member] : sorted)
            text += fmt::format("{}{}:{}", text.empty() ? "" : " ", key, as_go_prints(*member));
        return "map[" + text + "]";
    }
    if (const auto* text = v.if_string())
        return std::string(*text);
    return v.is_null() ? "<nil>" : boost::json::serialize(v);
}

std::string directive(const json::value& v) { return string_at(v, {"$patch"}); }

// Object by object; throws `error` so that recursion stays readable.
void merge_object(json::object& target, const json::object& patch, const json::value* schema);

// What is new is taken as it is, but for what has directives: there is nothing to direct.
json::value without_directives(const json::value& v) {
    if (const auto* o = v.if_object()) {
        json::object out;
        for (const auto& member : *o)
            if (!member.key().starts_with('$') && !member.value().is_null() &&
                directive(member.value()).empty())
                out[member.key()] = without_directives(member.value());
        return out;
    }
    if (const auto* a = v.if_array()) {
        json::array out;
        for (const auto& item : *a)
            if (directive(item).empty())
                out.push_back(without_directives(item));
        return out;
    }
    return v;
}

// True when the patch replaces the list.
bool merge_keyed(json::array& target, const json::array& patch, const std::string& key,
                 const json::value* items) {
    for (const auto& item : patch)
        if (directive(item) == "replace") {
            target.clear();
            for (const auto& other : patch)
                if (directive(other).empty())
                    target.push_back(without_directives(other));
            return true;
        }
    for (const auto& item : patch) {
        const auto* id = find(item, {key});
        if (!item.is_object() || id == nullptr)
            throw error{errc::internal_error,
                        fmt::format("map: {} does not contain declared merge key: {}", canonical(item), key)};
        auto at = std::find_if(target.begin(), target.end(), [&](const json::value& t) {
            const auto* other = find(t, {key});
            return other && *other == *id;
        });
        if (directive(item) == "delete") {
            if (at != target.end())
                target.erase(at);
        } else if (at != target.end() && at->is_object()) {
            merge_object(at->get_object(), item.get_object(), items);
        } else {
            target.push_back(without_directives(item));
        }
    }
    return false;
}

bool same_item(const json::value& a, const json::value& b, const std::string& key) {
    if (key.empty())
        return a == b;
    const auto *x = find(a, {key}), *y = find(b, {key});
    return x && y && *x == *y;
}

std::size_t place_of(const json::value& item, const json::array& list, const std::string& key) {
    return static_cast<std::size_t>(
        std::find_if(list.begin(), list.end(),
                     [&](const auto& other) { return same_item(item, other, key); }) -
        list.begin());
}

// Items that `order` names come in its order, the others in that of the list before; the two are interleaved
// by where they were before.
void reorder(json::array& target, const json::array& order, const json::array& before,
             const std::string& key) {
    json::array named, others;
    for (auto& item : target)
        (place_of(item, order, key) < order.size() ? named : others).push_back(std::move(item));
    const auto by = [&](const json::array& list) {
        return [&](const auto& a, const auto& b) { return place_of(a, list, key) < place_of(b, list, key); };
    };
    std::stable_sort(named.begin(), named.end(), by(order));
    std::stable_sort(others.begin(), others.end(), by(before));
    target.clear();
    for (std::size_t i = 0, j = 0; i < others.size() || j < named.size();) {
        const bool first =
            j == named.size() || (i < others.size() && place_of(named[j], before, key) < before.size() &&
                                  place_of(others[i], before, key) < place_of(named[j], before, key));
        target.push_back(std::move(first ? others[i++] : named[j++]));
    }
}

void merge_list(json::value& target, const json::array& patch, const json::value* schema) {
    const auto key = merge_key_of(schema);
    if (!target.is_array() || !key) {
        target = without_directives(patch);
        return;
    }
    auto& list = target.get_array();
    const auto before = list;
    if (!key->empty()) {
        if (merge_keyed(list, patch, *key, schema_of_items(schema)))
            return;
    } else {
        for (const auto& item : patch)
            if (std::find(list.begin(), list.end(), item) == list.end())
                list.push_back(item);
    }
    json::array order;
    for (const auto& item : patch)
        if (directive(item).empty())
            order.push_back(item);
    reorder(list, order, before, *key);
}

void merge_object(json::object& target, const json::object& patch, const json::value* schema) {
    if (const auto how = string_at(patch, {"$patch"}); how == "replace" || how == "delete") {
        target = how == "replace" ? without_directives(patch).as_object() : json::object();
        return;
    } else if (!how.empty() && how != "merge") {
        throw error{errc::invalid,
                    fmt::format("unknown patch type: {} in map: {}", how, as_go_prints(patch))};
    }
    if (const auto* retained = patch.if_contains("$retainKeys"); retained && retained->is_array()) {
        std::vector<std::string> gone;
        for (const auto& member : target)
            if (std::find(retained->get_array().begin(), retained->get_array().end(),
                          json::value(member.key())) == retained->get_array().end())
                gone.emplace_back(member.key());
        for (const auto& key : gone)
            target.erase(key);
    }
    const auto before = target;
    for (const auto& member : patch) {
        const std::string_view key(member.key().data(), member.key().size());
        if (starts_with(key, delete_from) && member.value().is_array()) {
            auto* list = target.if_contains(key.substr(delete_from.size()));
            if (list == nullptr || !list->is_array())
                continue;
            for (const auto& item : member.value().get_array()) {
                auto& items = list->get_array();
                items.erase(std::remove(items.begin(), items.end(), item), items.end());
            }
        }
        if (starts_with(key, "$"))
            continue;
        const auto* below = schema_of_member(schema, key);
        if (member.value().is_null()) {
            target.erase(key);
        } else if (const auto* o = member.value().if_object()) {
            auto* at = target.if_contains(key);
            if (at && at->is_object())
                merge_object(at->get_object(), *o, below);
            else if (directive(member.value()).empty())
                target[key] = without_directives(member.value());
            else
                target.erase(key);
        } else if (const auto* a = member.value().if_array()) {
            merge_list(target[key], *a, below);
        } else {
            target[key] = member.value();
        }
    }
    for (const auto& member : patch) {
        const std::string_view key(member.key().data(), member.key().size());
        if (!starts_with(key, element_order) || !member.value().is_array())
            continue;
        const auto name = key.substr(element_order.size());
        if (auto* list = target.if_contains(name); list && list->is_array())
            reorder(list->get_array(), member.value().get_array(), array_at(before, {name}),
                    merge_key_of(schema_of_member(schema, name)).value_or(""));
    }
}

} // namespace

result<json::value> strategic_merge_patch(json::value target, const json::value& patch,
                                          const json::value* schema) {
    if (!patch.is_object() || !target.is_object())
        return error{errc::bad_request, "Invalid JSON document"};
    try {
        merge_object(target.get_object(), patch.get_object(), schema);
    } catch (const error& e) {
        return e;
    }
    return target;
}

} // namespace gwctl::testing::detail
