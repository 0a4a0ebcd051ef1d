#include "cluster.hpp"
#include "events.hpp"
#include "json_util.hpp"
#include "managed_fields.hpp"
#include "patch.hpp"
#include "schema.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

constexpr int longest_generated_prefix = 58;

field_manager manager_of(const write_request& r, const cluster& c) {
    return {r.manager, r.kind->api_version(r.version), r.subresource, c.now_text(), r.kind->has_status};
}

// Writes of `to[key]` undone: what the caller may not change on this endpoint.
void restore(json::object& to, const json::object& from, std::string_view key) {
    if (const auto* v = from.if_contains(key))
        to[key] = *v;
    else
        to.erase(key);
}

// What a change of which bumps the generation: all but metadata and, where it is a subresource, status.
json::object specification(const kind_info& kind, const json::object& o) {
    json::object out = o;
    for (const char* key : {"metadata", "apiVersion", "kind"})
        out.erase(key);
    if (kind.has_status)
        out.erase("status");
    return out;
}

// "apiVersion", "kind", "metadata" first, as every reader expects to see them.
json::object ordered(json::object o) {
    json::object out;
    for (const char* key : {"apiVersion", "kind", "metadata", "spec"})
        if (auto* v = o.if_contains(key))
            out[key] = std::move(*v);
    for (auto& m : o)
        if (!out.contains(m.key()))
            out[m.key()] = std::move(m.value());
    return out;
}

void refuse_if_any(const kind_info& kind, const json::object& o, const field_errors& errors) {
    if (errors.empty())
        return;
    throw invalid(kind.group, kind.kind, string_at(o, {"metadata", "name"}), errors);
}

} // namespace

// Checks the envelope, and turns the body into the storage version.
json::object cluster::decode(const write_request& r, json::object body, bool creating) const {
    const auto api_version = string_at(body, {"apiVersion"});
    const auto kind = string_at(body, {"kind"});
    const auto expected = r.kind->api_version(r.version);
    if (!api_version.empty() && api_version != expected)
        throw bad_request(
            fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                        api_version, expected));
    if (!kind.empty() && kind != r.kind->kind)
        throw bad_request(
            fmt::format("{} in version \"{}\" cannot be handled as a {}: the kind in the data does not "
                        "match the expected kind",
                        kind, r.version, r.kind->kind));
    if (const auto* m = body.if_contains("metadata"); m && !m->is_object())
        throw bad_request(
            fmt::format("{} in version \"{}\" cannot be handled as a {}: metadata is not an object",
                        r.kind->kind, r.version, r.kind->kind));
    body["apiVersion"] = expected;
    body["kind"] = r.kind->kind;
    if (r.kind->group == "events.k8s.io")
        body = event_to_core(body);
    body["apiVersion"] =
        r.kind->group == "events.k8s.io" ? "v1" : r.kind->api_version(r.kind->storage_version);
    auto& metadata = make_object(body, "metadata");
    for (const char* key : {"labels", "annotations"})
        if (const auto* v = metadata.if_contains(key);
            v && (v->is_null() || (v->is_object() && v->get_object().empty())))
            metadata.erase(key);
    for (const char* key : {"finalizers", "ownerReferences"})
        if (const auto* v = metadata.if_contains(key);
            v && (v->is_null() || (v->is_array() && v->get_array().empty())))
            metadata.erase(key);
    const auto ns = string_at(metadata, {"namespace"});
    if (r.kind->namespaced) {
        if (!ns.empty() && ns != r.ns)
            throw bad_request(
                "the namespace of the provided object does not match the namespace sent on the request");
        metadata["namespace"] = r.ns;
    } else {
        metadata.erase("namespace");
    }
    const auto name = string_at(metadata, {"name"});
    if (!creating || !r.name.empty()) {
        if (!name.empty() && name != r.name)
            throw bad_request(fmt::format(
                "the name of the object ({}) does not match the name on the URL ({})", name, r.name));
        metadata["name"] = r.name;
    }
    return body;
}

// Prunes, defaults and validates in storage form.
void cluster::prepare(const write_request& r, json::object& object, const json::object* before,
                      std::vector<std::string>& warnings) {
    const auto& version = r.kind->storage();
    json::value v = std::move(object);
    // A request in another version obeys that version's rules as well.
    const auto* requested = r.kind->version(r.version);
    field_errors errors;
    validate(v.as_object().at("metadata"), metadata_schema(), "metadata", errors);
    refuse_if_any(*r.kind, v.as_object(), errors);
    if (version.schema) {
        if (r.kind->custom) {
            std::vector<std::string> dropped;
            prune(v, *version.schema, "", dropped);
            std::string unknown;
            for (const auto& d : dropped) {
                warnings.push_back(fmt::format("unknown field \"{}\"", d));
                unknown += (unknown.empty() ? "" : ", ") + warnings.back();
            }
            if (r.strict && !unknown.empty())
                throw bad_request("strict decoding error: " + unknown);
        }
        apply_defaults(v, *version.schema);
        validate(v, requested && requested->schema ? *requested->schema : *version.schema, "", errors);
    }
    object = std::move(v.as_object());
    refuse_if_any(*r.kind, object, errors);
    fill_in(*r.kind, object, before, allocator_);
    check(*r.kind, object, before, allocator_, errors);
    refuse_if_any(*r.kind, object, errors);
    if (r.kind->kind == "CustomResourceDefinition") {
        const auto kind = kind_from_definition(object);
        auto& status = make_object(object, "status");
        status["acceptedNames"] = object.at("spec").at("names");
        auto& stored_versions = make_array(status, "storedVersions");
        const json::value current(kind.storage_version);
        if (std::find(stored_versions.begin(), stored_versions.end(), current) == stored_versions.end())
            stored_versions.push_back(current);
        if (array_at(status, {"conditions"}).empty()) {
            auto& conditions = make_array(status, "conditions");
            for (const auto& [type, reason, message] :
                 {std::tuple("NamesAccepted", "NoConflicts", "no conflicts found"),
                  std::tuple("Established", "InitialNamesAccepted",
                             "the initial names have been accepted")}) {
                json::object c;
                c["type"] = type;
                c["status"] = "True";
                c["lastTransitionTime"] = now_text();
                c["reason"] = reason;
                c["message"] = message;
                conditions.push_back(std::move(c));
            }
        }
    }
}

stored_ptr cluster::require(const write_request& r) const {
    auto s = storage_.find(r.kind->storage_key, r.kind->namespaced ? r.ns : "", r.name);
    if (!s)
        throw not_found(r.kind->resource(), r.name);
    return s;
}

void cluster::require_namespace(const write_request& r) const {
    if (!r.kind->namespaced)
        return;
    const auto ns = storage_.find("namespaces", "", r.ns);
    if (!ns)
        throw not_found({"", "namespaces"}, r.ns);
    if (ns->terminating())
        throw forbidden(
            r.kind->resource(), r.name,
            fmt::format("unable to create new content in namespace {} because it is being terminated", r.ns));
}

write_result cluster::create(const write_request& r, json::object body) {
    if (!string_at(body, {"metadata", "resourceVersion"}).empty() &&
        string_at(body, {"metadata", "resourceVersion"}) != "0")
        throw bad_request("resourceVersion should not be set on objects to be created");
    auto object = decode(r, std::move(body), true);
    auto& metadata = object.at("metadata").as_object();
    if (const auto prefix = string_at(metadata, {"generateName"});
        string_at(metadata, {"name"}).empty() && !prefix.empty()) {
        static constexpr char letters[] = "bcdfghjklmnpqrstvwxz2456789";
        auto name = prefix.substr(0, longest_generated_prefix);
        for (int i = 0; i < 5; ++i)
            name += letters[random_() % (sizeof letters - 1)];
        metadata["name"] = name;
    }
    metadata.erase("managedFields");
    return store_new(r, std::move(object), "create", {}, false);
}

write_result cluster::store_new(const write_request& r, json::object object, const char* verb,
                                std::vector<std::string> warnings, bool applied) {
    if (r.kind->has_status && r.kind->kind != "Node")
        object.erase("status");
    for (const char* key : {"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                            "deletionGracePeriodSeconds", "selfLink"})
        object.at("metadata").as_object().erase(key);
    prepare(r, object, nullptr, warnings);
    auto& metadata = object.at("metadata").as_object();
    const auto name = string_at(metadata, {"name"});
    if (storage_.find(r.kind->storage_key, string_at(metadata, {"namespace"}), name))
        throw already_exists(r.kind->resource(), name);
    require_namespace(r);
    metadata["uid"] = new_uid();
    metadata["creationTimestamp"] = now_text();
    if (r.kind->has_generation)
        metadata["generation"] = 1;
    object = ordered(std::move(object));
    if (!applied) {
        json::value v = std::move(object);
        track_update(nullptr, v, object_schema(r.kind->storage()), manager_of(r, *this));
        object = std::move(v.as_object());
    }
    if (r.dry_run)
        return {std::make_shared<const stored>(std::move(object), storage_.version()), true,
                std::move(warnings)};
    auto s = storage_.put(r.kind->storage_key, std::move(object));
    log(r, verb, s->object(), s->version());
    collect_garbage();
    return {std::move(s), true, std::move(warnings)};
}

write_result cluster::update(const write_request& r, json::object body) {
    const auto before = require(r);
    auto object = decode(r, std::move(body), false);
    const auto version = string_at(object, {"metadata", "resourceVersion"});
    if (version.empty() && r.kind->custom)
        refuse_if_any(*r.kind, object,
                      {{"metadata.resourceVersion", "FieldValueInvalid",
                        "Invalid value: 0: must be specified for an update"}});
    return store_changed(r, before, std::move(object), "update", false);
}

write_result cluster::store_changed(const write_request& r, const stored_ptr& before, json::object object,
                                    const char* verb, bool applied) {
    const auto& old = before->object();
    const auto& old_metadata = old.at("metadata").as_object();
    auto& metadata = make_object(object, "metadata");
    const auto version = string_at(metadata, {"resourceVersion"});
    if (!version.empty() && version != "0" && version != std::to_string(before->version()))
        throw stale(r.kind->resource(), before->name());
    const auto uid = string_at(metadata, {"uid"});
    if (!uid.empty() && uid != before->uid())
        throw conflict(r.kind->resource(), before->name(),
                       fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}",
                                   uid, before->uid()));

    for (const char* key : {"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                            "deletionGracePeriodSeconds", "generateName", "selfLink"})
        restore(metadata, old_metadata, key);
    if (!applied)
        restore(metadata, old_metadata, "managedFields");
    if (r.subresource == "status") {
        // Only status is written here, plus the bookkeeping of who owns it.
        auto status = object.contains("status") ? object.at("status") : json::value(json::object());
        auto fields = metadata.contains("managedFields") ? metadata.at("managedFields") : json::value();
        json::object base = old;
        base["status"] = std::move(status);
        if (applied && !fields.is_null())
            base.at("metadata").as_object()["managedFields"] = std::move(fields);
        object = std::move(base);
    } else if (r.kind->has_status) {
        restore(object, old, "status");
    }
    if (before->terminating()) {
        const auto& had = array_at(old_metadata, {"finalizers"});
        for (const auto& f : array_at(object, {"metadata", "finalizers"}))
            if (std::find(had.begin(), had.end(), f) == had.end())
                refuse_if_any(
                    *r.kind, object,
                    {forbidden_field("metadata.finalizers",
                                     fmt::format("no new finalizers can be added if the object is being "
                                                 "deleted, found new finalizers []string{{{}}}",
                                                 canonical(f)))});
    }
    std::vector<std::string> warnings;
    prepare(r, object, &old, warnings);
    if (r.kind->has_generation && specification(*r.kind, object) != specification(*r.kind, old))
        object.at("metadata").as_object()["generation"] = int_at(old_metadata, {"generation"}, 0) + 1;
    json::value after = ordered(std::move(object));
    const json::value was(old);
    if (!applied)
        track_update(&was, after, object_schema(r.kind->storage()), manager_of(r, *this));
    if (same_but_times(was, after))
        return {before, false, std::move(warnings)};
    if (r.dry_run)
        return {std::make_shared<const stored>(std::move(after.as_object()), before->version()), false,
                std::move(warnings)};
    auto s = storage_.put(r.kind->storage_key, std::move(after.as_object()));
    log(r, verb, s->object(), s->version());
    finish_if_released(*r.kind, s);
    collect_garbage();
    return {std::move(s), false, std::move(warnings)};
}

write_result cluster::patch(const write_request& r, patch_type type, const json::value& patch) {
    const auto before = storage_.find(r.kind->storage_key, r.kind->namespaced ? r.ns : "", r.name);
    const auto schema = object_schema(r.kind->storage());
    if (type == patch_type::apply) {
        if (!patch.is_object())
            throw bad_request("the body of an apply patch must be an object");
        if (string_at(patch, {"apiVersion"}).empty() || string_at(patch, {"kind"}).empty())
            throw bad_request("apply patches must name apiVersion and kind");
        if (find(patch, {"metadata", "managedFields"}))
            throw bad_request("metadata.managedFields must be nil");
        auto body = decode(r, patch.as_object(), false);
        const auto asked = string_at(body, {"metadata", "resourceVersion"});
        const auto uid = string_at(body, {"metadata", "uid"});
        if (!before) {
            if (r.subresource == "status")
                throw not_found(r.kind->resource(), r.name);
            if (!uid.empty())
                throw conflict(r.kind->resource(), r.name,
                               fmt::format("uid mismatch: the provided object specified uid {}, and no "
                                           "existing object was found",
                                           uid));
            auto object = apply_fields(nullptr, body, schema, manager_of(r, *this), r.force);
            return store_new(r, std::move(object.as_object()), "apply", {}, true);
        }
        for (const char* key : {"resourceVersion", "uid", "creationTimestamp", "generation"})
            body.at("metadata").as_object().erase(key);
        // Fields of the other endpoint are ignored rather than owned.
        if (r.subresource == "status") {
            for (auto it = body.begin(); it != body.end();)
                it = it->key() == "apiVersion" || it->key() == "kind" || it->key() == "metadata" ||
                             it->key() == "status"
                         ? it + 1
                         : body.erase(it);
            for (const char* key : {"labels", "annotations", "finalizers", "ownerReferences"})
                body.at("metadata").as_object().erase(key);
        } else if (r.kind->has_status) {
            body.erase("status");
        }
        const json::value live(before->object());
        auto object = apply_fields(&live, body, schema, manager_of(r, *this), r.force);
        if (!asked.empty())
            object.as_object().at("metadata").as_object()["resourceVersion"] = asked;
        if (!uid.empty())
            object.as_object().at("metadata").as_object()["uid"] = uid;
        return store_changed(r, before, std::move(object.as_object()), "apply", true);
    }

    if (!before)
        throw not_found(r.kind->resource(), r.name);
    json::value current(view(*r.kind, r.version, *before));
    if (type == patch_type::merge) {
        if (!patch.is_object())
            throw bad_request("error decoding patch: a merge patch must be an object");
        merge_patch(current, patch);
    } else {
        auto patched = type == patch_type::json ? json_patch(std::move(current), patch)
                                                : strategic_merge_patch(std::move(current), patch, &schema);
        if (patched.has_error()) {
            if (patched.error().code == errc::bad_request)
                throw bad_request(patched.error().message);
            if (patched.error().code == errc::too_large)
                throw status_error(413, "RequestEntityTooLarge", patched.error().message);
            throw status_error(422, "Invalid",
                               "the server rejected our request due to an error in our request");
        }
        current = std::move(*patched);
    }
    if (!current.is_object())
        throw bad_request("the patch turned the object into something else");
    auto object = decode(r, std::move(current.as_object()), false);
    return store_changed(r, before, std::move(object), "patch", false);
}

} // namespace gwctl::testing::detail
