#include "managed_fields.hpp"

#include "json_util.hpp"
#include "typed_fields.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <vector>

namespace gwctl::testing::detail {

namespace {

// Updates by more managers than this are merged into one entry per version, the oldest first.
constexpr std::size_t most_updaters = 10;
constexpr const char* merged_updates = "ancient-changes";

struct entry {
    std::string manager;
    std::string operation;
    std::string api_version;
    std::string subresource;
    std::string time;
    field_set fields;

    /// The same manager for the same thing: appliers in whatever version.
    bool same_writer(const entry& o) const {
        return manager == o.manager && operation == o.operation && subresource == o.subresource &&
               (operation == "Apply" || api_version == o.api_version);
    }
};

// None when an entry is malformed.
std::optional<std::vector<entry>> parse_entries(const json::value& object) {
    std::vector<entry> out;
    const auto* list = find(object, {"metadata", "managedFields"});
    if (list == nullptr || !list->is_array())
        return out;
    for (const auto& item : list->get_array()) {
        entry e;
        e.manager = string_at(item, {"manager"});
        e.operation = string_at(item, {"operation"});
        e.api_version = string_at(item, {"apiVersion"});
        e.subresource = string_at(item, {"subresource"});
        e.time = string_at(item, {"time"});
        if ((e.operation != "Apply" && e.operation != "Update") || e.api_version.empty() ||
            string_at(item, {"fieldsType"}) != "FieldsV1")
            return std::nullopt;
        if (const auto* fields = find(item, {"fieldsV1"}))
            e.fields = field_set_from(*fields);
        e.fields.self = false;
        out.push_back(std::move(e));
    }
    return out;
}

std::vector<entry> entries_of(const json::value& object) {
    return parse_entries(object).value_or(std::vector<entry>());
}

void store_entries(json::value& object, std::vector<entry> entries) {
    std::sort(entries.begin(), entries.end(), [](const entry& a, const entry& b) {
        return std::tie(a.operation, a.time, a.manager, a.api_version, a.subresource) <
               std::tie(b.operation, b.time, b.manager, b.api_version, b.subresource);
    });
    json::array list;
    for (const auto& e : entries) {
        json::object item;
        item["manager"] = e.manager;
        item["operation"] = e.operation;
        item["apiVersion"] = e.api_version;
        if (!e.time.empty())
            item["time"] = e.time;
        item["fieldsType"] = "FieldsV1";
        item["fieldsV1"] = to_json(e.fields);
        if (!e.subresource.empty())
            item["subresource"] = e.subresource;
        list.push_back(std::move(item));
    }
    auto& metadata = make_object(object.as_object(), "metadata");
    if (list.empty())
        metadata.erase("managedFields");
    else
        metadata["managedFields"] = std::move(list);
}

json::value without_entries(const json::value& object) {
    json::value out = object;
    if (auto* metadata = out.as_object().if_contains("metadata"); metadata && metadata->is_object())
        metadata->get_object().erase("managedFields");
    return out;
}

// Identity and bookkeeping are nobody's.
const field_set& never_owned() {
    static const field_set set = [] {
        field_set s;
        for (const char* key : {"apiVersion", "kind", "metadata"})
            s.insert({std::string("f:") + key});
        for (const char* key : {"name", "namespace", "creationTimestamp", "selfLink", "uid", "generation",
                                "managedFields", "resourceVersion"})
            s.insert({"f:metadata", std::string("f:") + key});
        return s;
    }();
    return set;
}

void drop_empty(std::vector<entry>& entries) {
    entries.erase(
        std::remove_if(entries.begin(), entries.end(), [](const entry& e) { return e.fields.empty(); }),
        entries.end());
}

void drop_unknown(std::vector<entry>& entries, const field_manager& m) {
    entries.erase(std::remove_if(entries.begin(), entries.end(),
                                 [&](const entry& e) {
                                     return std::find(m.known_versions.begin(), m.known_versions.end(),
                                                      e.api_version) == m.known_versions.end();
                                 }),
                  entries.end());
}

entry entry_of(const field_manager& m, const char* operation) {
    return {m.name, operation, m.api_version, m.subresource, m.time, {}};
}

void merge_oldest_updaters(std::vector<entry>& entries) {
    std::vector<entry> updaters, kept;
    for (auto& e : entries)
        (e.operation == "Update" ? updaters : kept).push_back(std::move(e));
    std::sort(updaters.begin(), updaters.end(), [](const entry& a, const entry& b) {
        return std::tie(a.time, a.manager) < std::tie(b.time, b.manager);
    });
    // The first of a version becomes the bucket of those that follow.
    std::size_t left = updaters.size();
    std::map<std::string, std::size_t> buckets;
    std::vector<entry> out;
    for (auto& e : updaters) {
        const auto [bucket, first] = buckets.emplace(e.api_version, out.size());
        if (left > most_updaters && !first) {
            auto& into = out[bucket->second];
            into = {merged_updates, "Update", e.api_version, "", e.time, unite(into.fields, e.fields)};
            --left;
        } else {
            out.push_back(std::move(e));
        }
    }
    entries = std::move(kept);
    entries.insert(entries.end(), out.begin(), out.end());
}

std::string text_of(const entry& e) {
    auto text = fmt::format("\"{}\"", e.manager);
    if (!e.subresource.empty())
        text += fmt::format(" with subresource \"{}\"", e.subresource);
    if (e.operation == "Update")
        text += " using " + e.api_version;
    return text;
}

status_error conflicts(const std::vector<std::pair<const entry*, field_set>>& found) {
    json::array causes;
    std::string list, only;
    for (const auto& [owner, fields] : found) {
        list += (list.empty() ? "" : "\n") + fmt::format("conflicts with {}:", text_of(*owner));
        for (const auto& p : member_paths(fields)) {
            json::object cause;
            cause["reason"] = "FieldManagerConflict";
            cause["message"] = "conflict with " + text_of(*owner);
            cause["field"] = p;
            causes.push_back(std::move(cause));
            list += "\n- " + p;
            only = fmt::format("conflict with {}: {}", text_of(*owner), p);
        }
    }
    const auto n = causes.size();
    json::object details;
    details["causes"] = std::move(causes);
    return {409, "Conflict",
            n == 1 ? "Apply failed with 1 conflict: " + only
                   : fmt::format("Apply failed with {} conflicts: {}", n, list),
            std::move(details)};
}

field_changes without(field_changes c, const field_set& reset) {
    c.added = subtract_below(c.added, reset);
    c.modified = subtract_below(c.modified, reset);
    c.removed = subtract_below(c.removed, reset);
    return c;
}

// Takes from everybody but `self` what changed and what is gone; the first is what they are in conflict
// about.
std::vector<std::pair<const entry*, field_set>> disown(std::vector<entry>& entries, const entry* self,
                                                       const field_changes& c, bool force) {
    const auto touched = unite(c.modified, c.added);
    std::vector<std::pair<const entry*, field_set>> found;
    for (const auto& e : entries)
        if (&e != self)
            if (auto clash = intersect(e.fields, touched); !clash.empty())
                found.emplace_back(&e, std::move(clash));
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return std::tie(a.first->manager, a.first->operation, a.first->api_version, a.first->subresource) <
               std::tie(b.first->manager, b.first->operation, b.first->api_version, b.first->subresource);
    });
    if (!found.empty() && !force)
        return found;
    for (auto& e : entries)
        if (&e != self)
            e.fields = subtract(subtract(e.fields, intersect(e.fields, touched)), c.removed);
    return {};
}

// What `applied` left out of the merged object although this manager applied it before goes, unless somebody
// owns it.
json::value prune(const json::value& merged, const field_set& last, const std::vector<entry>& entries,
                  const json::value* schema) {
    if (last.empty())
        return merged;
    field_set owned;
    for (const auto& e : entries)
        owned = unite(owned, e.fields);
    auto named = [&](const field_set& s) { return with_named_fields(s, schema); };
    const auto all = named(fields_of(merged, schema));
    auto pruned = remove_fields(merged, named(last), schema);
    pruned =
        remove_fields(merged, subtract(all, unite(named(fields_of(pruned, schema)), named(owned))), schema);
    return remove_fields(merged, intersect(subtract(all, named(fields_of(pruned, schema))), named(last)),
                         schema);
}

} // namespace

void track_update(const json::value& before, json::value& after, const json::value& schema,
                  const field_manager& manager) {
    // What cannot be seen through its schema is not tracked; it will be refused.
    if (!typing_problems(without_entries(after), &schema, true).empty()) {
        store_entries(after, {});
        return;
    }
    const auto* given = find(after, {"metadata", "managedFields"});
    const auto* list = given ? given->if_array() : nullptr;
    // A list that is empty, or of one empty entry, asks to forget everything.
    const bool forget =
        manager.subresource.empty() && list &&
        (list->empty() || (list->size() == 1 && (*list)[0].is_object() && (*list)[0].get_object().empty()));
    std::vector<entry> entries;
    if (!forget) {
        auto parsed = manager.subresource.empty() ? parse_entries(after) : std::vector<entry>();
        entries = parsed && !parsed->empty() ? std::move(*parsed) : entries_of(before);
    }
    // An object that has lost its entries is not tracked any more.
    if (entries.empty() && !string_at(before, {"metadata", "uid"}).empty()) {
        store_entries(after, {});
        return;
    }
    drop_unknown(entries, manager);
    auto changes = without(compare(without_entries(before), without_entries(after), &schema), manager.reset);
    disown(entries, nullptr, changes, true);
    drop_empty(entries);
    auto mine = entry_of(manager, "Update");
    mine.fields =
        subtract(subtract_below(unite(changes.modified, changes.added), manager.reset), never_owned());
    if (!mine.fields.empty()) {
        const auto it =
            std::find_if(entries.begin(), entries.end(), [&](const entry& e) { return e.same_writer(mine); });
        if (it == entries.end()) {
            entries.push_back(std::move(mine));
        } else {
            it->fields = unite(it->fields, mine.fields);
            it->time = mine.time;
        }
    }
    merge_oldest_updaters(entries);
    store_entries(after, std::move(entries));
}

json::value apply_fields(const json::value& live, const json::value& blank, const json::value& applied,
                         const json::value& schema, const field_manager& manager, bool force) {
    auto entries = entries_of(live);
    const auto live_content = without_entries(live);
    if (entries.empty()) {
        // What was there before anybody applied belongs to a manager of its own.
        auto first = entry_of(manager, "Update");
        first.manager = "before-first-apply";
        const auto there = compare(blank, live_content, &schema);
        first.fields = unite(there.added, there.modified);
        first.fields = subtract(subtract_below(first.fields, manager.reset), never_owned());
        if (!first.fields.empty())
            entries.push_back(std::move(first));
    }
    drop_unknown(entries, manager);
    auto mine = entry_of(manager, "Apply");
    field_set last;
    const auto known =
        std::find_if(entries.begin(), entries.end(), [&](const entry& e) { return e.same_writer(mine); });
    if (known != entries.end()) {
        last = known->fields;
        mine.time = known->time;
        entries.erase(known);
    } else {
        mine.time.clear();
    }
    mine.fields = subtract_below(fields_of(applied, &schema), manager.reset);
    entries.push_back(mine);

    auto out = prune(merge_applied(live_content, applied, &schema), last, entries, &schema);
    auto changes = without(compare(live_content, out, &schema), manager.reset);
    const auto found = disown(entries, &entries.back(), changes, force);
    if (!found.empty())
        throw conflicts(found);
    entries.back().fields = subtract(entries.back().fields, never_owned());
    if (!same_value(live_content, out))
        entries.back().time = manager.time;
    drop_empty(entries);
    store_entries(out, std::move(entries));
    return out;
}

bool same_but_times(const json::value& a, const json::value& b) {
    json::value x = a, y = b;
    for (auto* v : {&x, &y}) {
        auto* list = const_cast<json::value*>(find(*v, {"metadata", "managedFields"}));
        if (list == nullptr || !list->is_array())
            continue;
        for (auto& item : list->get_array())
            if (item.is_object())
                item.get_object().erase("time");
    }
    return same_value(x, y);
}

} // namespace gwctl::testing::detail
