#include "cluster.hpp"
#include "json_util.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

constexpr const char* foreground = "foregroundDeletion";
constexpr const char* garbage_collector = "garbage-collector";

constexpr const char* orphan = "orphan";

bool has_finalizer(const stored& s, std::string_view name) {
    const auto& list = array_at(s.object(), {"metadata", "finalizers"});
    return std::find(list.begin(), list.end(), json::value(name)) != list.end();
}

bool is_true(const json::value* v) { return v && *v == json::value(true); }

} // namespace

bool cluster::has_finalizers(const json::object& object) {
    return !array_at(object, {"metadata", "finalizers"}).empty() ||
           (string_at(object, {"kind"}) == "Namespace" && !array_at(object, {"spec", "finalizers"}).empty());
}

namespace {

// What the garbage collector has to do is noted among the finalizers.
json::array finalizers_for(const stored& s, const delete_options& o, const kind_info& kind) {
    json::array out;
    const auto& had = array_at(s.object(), {"metadata", "finalizers"});
    for (const auto& f : had)
        if (f != json::value(orphan) && f != json::value(foreground))
            out.push_back(f);
    if (kind.rules.no_collection)
        return out;
    if (o.propagation == "Orphan" || (o.propagation.empty() && has_finalizer(s, orphan)))
        out.push_back(orphan);
    if (o.propagation == "Foreground" || (o.propagation.empty() && has_finalizer(s, foreground)))
        out.push_back(foreground);
    return out;
}

void check_preconditions(const kind_info& kind, const stored& s, const delete_options& o) {
    // Events are stored as those of the core API, whichever they were deleted through.
    const resource_name named{kind.kind == "Event" ? std::string_view() : std::string_view(kind.group),
                              kind.kind};
    if (o.uid && *o.uid != s.uid())
        throw conflict(
            named, s.name(),
            fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The object "
                        "might have been deleted and then recreated",
                        *o.uid, s.uid()));
    if (o.resource_version && *o.resource_version != std::to_string(s.version()))
        throw conflict(
            named, s.name(),
            fmt::format("the ResourceVersion in the precondition ({}) does not match the ResourceVersion in "
                        "record ({}). The object might have been modified",
                        *o.resource_version, s.version()));
}

} // namespace

delete_result cluster::remove(const write_request& r, const delete_options& o) {
    const auto s = require(r);
    const bool is_namespace = r.kind->kind == "Namespace";
    if (is_namespace && (r.name == "default" || r.name == "kube-system" || r.name == "kube-public"))
        throw forbidden(r.kind->resource(), r.name, "this namespace may not be deleted");
    check_preconditions(*r.kind, *s, o);
    auto finalizers = finalizers_for(*s, o, *r.kind);
    const bool waits = !finalizers.empty() || (is_namespace && has_finalizers(s->object()));
    if (!waits) {
        if (o.dry_run)
            return {nullptr, s};
        erase(*r.kind, s);
        log(r, "delete", s->object(), storage_.version());
        const auto last = storage_.at(storage_.version())->now;
        collect_garbage();
        return {nullptr, last};
    }
    auto marked = terminating(*r.kind, *s, std::move(finalizers));
    if (same_value(json::value(marked), json::value(s->object())))
        return {s, s};
    if (o.dry_run)
        return {std::make_shared<const stored>(std::move(marked), s->version()), s};
    const auto left = storage_.put(r.kind->storage_key, std::move(marked));
    log(r, "delete", left->object(), left->version());
    collect_garbage();
    return {left, left};
}

json::object cluster::terminating(const kind_info& kind, const stored& s, json::array finalizers) const {
    auto object = s.object();
    if (kind.kind == "Namespace")
        make_object(object, "status")["phase"] = "Terminating";
    auto& metadata = object.at("metadata").as_object();
    if (!s.terminating()) {
        metadata["deletionTimestamp"] = now_text();
        if (int_at(metadata, {"generation"}, 0) > 0)
            metadata["generation"] = int_at(metadata, {"generation"}, 0) + 1;
    }
    if (kind.kind != "Namespace")
        metadata["deletionGracePeriodSeconds"] = 0;
    if (finalizers.empty())
        metadata.erase("finalizers");
    else
        metadata["finalizers"] = std::move(finalizers);
    return object;
}

void cluster::mark_terminating(const kind_info& kind, const stored_ptr& s) {
    storage_.put(kind.storage_key, terminating(kind, *s, array_at(s->object(), {"metadata", "finalizers"})));
}

void cluster::erase(const kind_info& kind, const stored_ptr& s) {
    // A definition goes after its objects, so that watches of them see them go.
    if (kind.kind == "CustomResourceDefinition")
        for (const auto& object : storage_.list(s->name(), ""))
            storage_.erase(s->name(), object->namespace_name(), object->name());
    storage_.erase(kind.storage_key, s->namespace_name(), s->name());
}

void cluster::finish_if_released(const kind_info& kind, const stored_ptr& s) {
    if (s->terminating() && !has_finalizers(s->object()))
        erase(kind, s);
}

std::vector<std::pair<kind_ptr, stored_ptr>> cluster::dependents_of(const std::string& uid) const {
    std::vector<std::pair<kind_ptr, stored_ptr>> out;
    const auto [first, last] = dependents_.equal_range(uid);
    for (auto it = first; it != last; ++it) {
        const auto& [key, place] = it->second;
        auto s = at_place(key, place);
        auto kind = kind_of_storage(key);
        if (s && kind)
            out.emplace_back(std::move(kind), std::move(s));
    }
    return out;
}

void cluster::orphan_dependents(const std::string& uid) {
    for (const auto& [kind, s] : dependents_of(uid)) {
        auto object = s->object();
        auto& metadata = object.at("metadata").as_object();
        json::array kept;
        for (const auto& ref : array_at(metadata, {"ownerReferences"}))
            if (string_at(ref, {"uid"}) != uid)
                kept.push_back(ref);
        if (kept.empty())
            metadata.erase("ownerReferences");
        else
            metadata["ownerReferences"] = std::move(kept);
        storage_.put(kind->storage_key, std::move(object));
    }
}

// An owner counts when its uid is alive and, for a namespaced dependent, it is in that namespace or
// cluster-scoped.
bool cluster::owner_exists(const stored& dependent, const json::value& reference) const {
    const auto api_version = string_at(reference, {"apiVersion"});
    const auto slash = api_version.find('/');
    const auto group = slash == std::string::npos ? std::string() : api_version.substr(0, slash);
    const auto kind = find_kind(group, string_at(reference, {"kind"}));
    const auto* version =
        kind ? kind->version(slash == std::string::npos ? api_version : api_version.substr(slash + 1))
             : nullptr;
    if (kind && kind->namespaced && dependent.namespace_name().empty())
        return true; // no place to look for such an owner
    if (kind && (version == nullptr || !version->served))
        return true; // a collector that cannot look for the owner leaves what refers to it
    const auto uid = string_at(reference, {"uid"});
    if (!uids_.contains(uid))
        return false;
    if (!kind)
        return true; // of a kind that is not served: undecided, so kept
    const auto owner = storage_.find(kind->storage_key, kind->namespaced ? dependent.namespace_name() : "",
                                     string_at(reference, {"name"}));
    return owner && owner->uid() == uid;
}

void cluster::collect_garbage() {
    if (!options_.garbage_collection || collecting_)
        return;
    collecting_ = true;
    while (true) {
        auto suspects = std::exchange(suspects_, {});
        for (const auto& [key, place] : terminating_)
            if (const auto s = at_place(key, place); s && has_finalizer(*s, foreground))
                suspects.insert(s->uid());
        const bool dropped = collect_dependents(suspects);
        const bool finished = finish_terminating();
        if (!dropped && !finished && suspects_.empty())
            break;
    }
    collecting_ = false;
}

stored_ptr cluster::at_place(const std::string& key, const std::string& place) const {
    const auto slash = place.find('/');
    return storage_.find(key, place.substr(0, slash), place.substr(slash + 1));
}

bool cluster::collect(const kind_ptr& kind, const stored_ptr& s) {
    if (has_finalizers(s->object())) {
        if (s->terminating())
            return false;
        mark_terminating(*kind, s);
    } else {
        erase(*kind, s);
    }
    write_request r;
    r.user_agent = r.manager = garbage_collector;
    r.kind = kind;
    log(r, "delete", s->object(), storage_.version());
    return true;
}

// An owner holds its dependents unless it is gone or being deleted in the foreground.
bool cluster::is_held(const stored& dependent) const {
    for (const auto& ref : array_at(dependent.object(), {"metadata", "ownerReferences"})) {
        if (!owner_exists(dependent, ref))
            continue;
        const auto api_version = string_at(ref, {"apiVersion"});
        const auto slash = api_version.find('/');
        const auto kind = find_kind(slash == std::string::npos ? "" : api_version.substr(0, slash),
                                    string_at(ref, {"kind"}));
        const auto owner =
            kind ? storage_.find(kind->storage_key, kind->namespaced ? dependent.namespace_name() : "",
                                 string_at(ref, {"name"}))
                 : nullptr;
        if (!owner || !owner->terminating() || !has_finalizer(*owner, foreground))
            return true;
    }
    return false;
}

bool cluster::collect_dependents(const std::set<std::string>& owners) {
    bool did = false;
    for (const auto& uid : owners)
        for (const auto& [kind, s] : dependents_of(uid))
            if (!is_held(*s) && collect(kind, s))
                did = true;
    return did;
}

bool cluster::finish_terminating() {
    bool did = false;
    for (const auto& [key, place] : std::set(terminating_)) {
        const auto s = at_place(key, place);
        const auto kind = kind_of_storage(key);
        if (!s || !kind)
            continue;
        if (has_finalizer(*s, orphan)) {
            orphan_dependents(s->uid());
            release(*kind, *s, orphan);
            did = true;
        } else if (has_finalizer(*s, foreground))
            did = finish_foreground(*kind, s) || did;
        else if (key == "namespaces")
            did = empty_namespace(*kind, s) || did;
    }
    return did;
}

bool cluster::finish_foreground(const kind_info& kind, const stored_ptr& s) {
    for (const auto& [dependent_kind, dependent] : dependents_of(s->uid()))
        for (const auto& ref : array_at(dependent->object(), {"metadata", "ownerReferences"}))
            if (string_at(ref, {"uid"}) == s->uid() && is_true(find(ref, {"blockOwnerDeletion"})))
                return false;
    release(kind, *s, foreground);
    return true;
}

// Takes off a finalizer of the garbage collector's; with the last one the object goes.
void cluster::release(const kind_info& kind, const stored& s, std::string_view finalizer) {
    auto object = s.object();
    auto& metadata = object.at("metadata").as_object();
    auto& list = metadata.at("finalizers").as_array();
    list.erase(std::remove(list.begin(), list.end(), json::value(finalizer)), list.end());
    if (list.empty())
        metadata.erase("finalizers");
    if (has_finalizers(object))
        storage_.put(kind.storage_key, std::move(object));
    else
        storage_.erase(kind.storage_key, s.namespace_name(), s.name());
}

bool cluster::empty_namespace(const kind_info& kind, const stored_ptr& s) {
    bool did = false;
    bool empty = true;
    for (const auto& content_kind : kinds()) {
        if (!content_kind->namespaced || content_kind->storage_key != content_kind->key())
            continue;
        for (const auto& content : storage_.list(content_kind->storage_key, s->name())) {
            did = collect(content_kind, content) || did;
            empty = empty && storage_.find(content_kind->storage_key, s->name(), content->name()) == nullptr;
        }
    }
    if (!empty || array_at(s->object(), {"spec", "finalizers"}).empty())
        return did;
    auto object = s->object();
    object.at("spec").as_object().erase("finalizers");
    finish_if_released(kind, storage_.put("namespaces", std::move(object)));
    return true;
}

} // namespace gwctl::testing::detail
