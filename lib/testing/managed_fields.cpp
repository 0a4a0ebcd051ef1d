#include "managed_fields.hpp"

#include "field_set.hpp"
#include "json_util.hpp"

#include <fmt/core.h>

#include <set>
#include <vector>

namespace gwctl::testing::detail {

namespace {

struct entry {
    std::string manager;
    std::string operation;
    std::string api_version;
    std::string subresource;
    std::string time;
    field_set fields;
};

std::vector<entry> entries_of(const json::value& object) {
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
        if (const auto* fields = find(item, {"fieldsV1"}))
            e.fields = field_set_from(*fields);
        if (e.fields.children.empty())
            continue;
        e.fields.self = false;
        out.push_back(std::move(e));
    }
    return out;
}

void store_entries(json::value& object, const std::vector<entry>& entries) {
    json::array list;
    for (const auto& e : entries) {
        if (e.fields.empty())
            continue;
        json::object item;
        item["manager"] = e.manager;
        item["operation"] = e.operation;
        item["apiVersion"] = e.api_version;
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

// What a write by this manager can come to own: no identity, no bookkeeping, only its side of status.
json::value content_of(const json::value& object, const field_manager& manager) {
    json::value out = object;
    auto& o = out.as_object();
    if (manager.subresource == "status") {
        json::object status;
        if (const auto* v = o.if_contains("status"))
            status["status"] = *v;
        return status;
    }
    o.erase("apiVersion");
    o.erase("kind");
    if (manager.splits_status)
        o.erase("status");
    if (auto* metadata = o.if_contains("metadata"); metadata && metadata->is_object()) {
        for (const char* key :
             {"name", "namespace", "generateName", "uid", "resourceVersion", "generation", "selfLink",
              "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"})
            metadata->get_object().erase(key);
        if (metadata->get_object().empty())
            o.erase("metadata");
    }
    return out;
}

// The fields of `s` whose values differ between the two documents.
field_set differing(const field_set& s, const json::value& live, const json::value& applied,
                    const json::value& schema) {
    return intersect(s, compare(live, applied, &schema).changed);
}

status_error conflicts(const std::vector<std::pair<const entry*, field_set>>& found) {
    json::array causes;
    std::string text;
    std::size_t n = 0;
    for (const auto& [owner, fields] : found) {
        auto who = fmt::format("conflict with \"{}\"", owner->manager);
        if (!owner->subresource.empty())
            who += fmt::format(" with subresource \"{}\"", owner->subresource);
        who += fmt::format(" using {}", owner->api_version);
        if (owner->operation == "Update" && !owner->time.empty())
            who += fmt::format(" at {}", owner->time);
        const auto paths = leaf_paths(fields);
        for (const auto& p : paths) {
            json::object cause;
            cause["reason"] = "FieldManagerConflict";
            cause["message"] = who;
            cause["field"] = p;
            causes.push_back(std::move(cause));
            ++n;
        }
        if (!text.empty())
            text += "\n";
        text += who;
        if (paths.size() == 1)
            text += ": " + paths[0];
        else
            for (const auto& p : paths)
                text += "\n- " + p;
    }
    json::object details;
    details["causes"] = std::move(causes);
    return {409, "Conflict",
            fmt::format("Apply failed with {} conflict{}: {}{}", n, n == 1 ? "" : "s",
                        found.size() == 1 ? "" : "conflicts with several managers:\n", text),
            std::move(details)};
}

} // namespace

json::value object_schema(const kind_version& version) {
    json::value out = version.schema ? *version.schema : json::value(json::object());
    make_object(out.as_object(), "properties")["metadata"] = metadata_schema();
    return out;
}

void track_update(const json::value* before, json::value& after, const json::value& schema,
                  const field_manager& manager) {
    auto entries = before ? entries_of(*before) : std::vector<entry>();
    const auto old_content = before ? content_of(*before, manager) : json::value(json::object());
    const auto new_content = content_of(after, manager);
    const auto changes = compare(old_content, new_content, &schema);
    if (!changes.changed.empty() || !changes.removed.empty()) {
        entry* mine = nullptr;
        for (auto& e : entries) {
            const bool ours = e.operation == "Update" && e.manager == manager.name &&
                              e.api_version == manager.api_version && e.subresource == manager.subresource;
            if (ours)
                mine = &e;
            e.fields = subtract_whole(e.fields, changes.removed);
            if (!ours)
                e.fields = subtract_whole(e.fields, changes.changed);
        }
        if (mine == nullptr && !changes.changed.empty()) {
            entries.push_back(
                {manager.name, "Update", manager.api_version, manager.subresource, manager.time, {}});
            mine = &entries.back();
        }
        if (mine != nullptr) {
            mine->fields = unite(mine->fields, changes.changed);
            mine->time = manager.time;
        }
    }
    store_entries(after, entries);
}

json::value apply_fields(const json::value* live, const json::value& applied, const json::value& schema,
                         const field_manager& manager, bool force) {
    auto entries = live ? entries_of(*live) : std::vector<entry>();
    const auto wanted_content = content_of(applied, manager);
    const auto wanted = fields_of(wanted_content, &schema);

    entry* mine = nullptr;
    for (auto& e : entries)
        if (e.operation == "Apply" && e.manager == manager.name && e.subresource == manager.subresource)
            mine = &e;
    if (mine == nullptr) {
        entries.push_back(
            {manager.name, "Apply", manager.api_version, manager.subresource, manager.time, {}});
        mine = &entries.back();
    }

    json::value out = live ? *live : applied;
    if (live != nullptr) {
        const auto live_content = content_of(*live, manager);
        std::vector<std::pair<const entry*, field_set>> found;
        for (auto& e : entries) {
            if (&e == mine)
                continue;
            const auto clash = differing(intersect(wanted, e.fields), live_content, wanted_content, schema);
            if (clash.empty())
                continue;
            found.emplace_back(&e, clash);
            if (force)
                e.fields = subtract_whole(e.fields, clash);
        }
        if (!found.empty() && !force)
            throw conflicts(found);

        field_set others;
        for (const auto& e : entries)
            if (&e != mine)
                others = unite(others, e.fields);
        merge_applied(out, applied, &schema);
        remove_fields(out, subtract(subtract(mine->fields, wanted), others), others, &schema);
    }
    mine->fields = wanted;
    mine->fields.self = false;
    mine->api_version = manager.api_version;
    mine->time = manager.time;
    store_entries(out, entries);
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
    return x == y;
}

} // namespace gwctl::testing::detail
