// Creates, updates and patches, in the order in which a real server takes its steps: so that of several
// reasons for a refusal the same one is given.
#include "cluster.hpp"
#include "events.hpp"
#include "go_values.hpp"
#include "json_util.hpp"
#include "metadata_rules.hpp"
#include "rules.hpp"
#include "schema.hpp"
#include "services.hpp"
#include "strategy.hpp"
#include "typed_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

constexpr std::size_t longest_generated_prefix = 58;

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
    // To the server an event is one of core, whichever API it came by.
    if (!errors.empty())
        throw invalid(kind.kind == "Event" ? "" : kind.group, kind.kind, string_at(o, {"metadata", "name"}),
                      errors);
}

status_error uid_differs(const write_request& r, const std::string& asked, const std::string& is) {
    return conflict(
        r.kind->resource(), r.name,
        fmt::format(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{}/{}, ResourceVersion: 0, "
            "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
            r.kind->plural, r.ns, r.name, asked, is));
}

json::object& metadata_of(json::object& object) { return make_object(object, "metadata"); }

} // namespace

field_manager cluster::manager_of(const write_request& r) const {
    field_manager out{r.manager,  r.kind->api_version(r.version),      {}, r.subresource,
                      now_text(), reset_fields(*r.kind, r.subresource)};
    for (const auto& v : r.kind->versions)
        out.known_versions.push_back(r.kind->api_version(v.name));
    return out;
}

void cluster::warn(const write_request& r, const std::vector<std::string>& warnings) {
    if (r.warnings)
        r.warnings->insert(r.warnings->end(), warnings.begin(), warnings.end());
}

// `when` tells patches from other writes.
void cluster::drop_repeated_owners(const write_request& r, json::object& object, const char* when) {
    const auto repeated = detail::drop_repeated_owners(object);
    if (!repeated.empty())
        warn(r,
             {fmt::format(
                 ".metadata.ownerReferences contains duplicate entries{}; API server dedups owner references "
                 "in 1.20+, and may reject such requests as early as 1.24; please fix your requests; "
                 "duplicate UID(s) observed: {}",
                 when, fmt::join(repeated, ", "))});
}

// What a writer of a new object starts from.
json::value cluster::blank(const write_request& r) {
    json::value out = json::object();
    if (!r.kind->custom)
        encode_as_go(out, *r.kind->version(r.version)->schema, true);
    out.as_object()["apiVersion"] = r.kind->api_version(r.version);
    out.as_object()["kind"] = r.kind->kind;
    return out;
}

// The namespace and the name must be those of the path, or be left out.
void cluster::check_envelope(const write_request& r, json::object& object) {
    auto& metadata = metadata_of(object);
    const auto ns = string_at(metadata, {"namespace"});
    if (!r.kind->namespaced)
        metadata.erase("namespace");
    else if (!ns.empty() && ns != r.ns)
        throw bad_request(
            "the namespace of the provided object does not match the namespace sent on the request");
    else
        metadata["namespace"] = r.ns;
    if (r.name.empty())
        return;
    const auto name = string_at(metadata, {"name"});
    if (name.empty())
        throw bad_request(fmt::format(
            "the name of the object ({} based on URL) was undeterminable: name must be provided", r.name));
    if (name != r.name)
        throw bad_request(
            fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, r.name));
}

json::object cluster::to_storage(const write_request& r, json::object object) {
    if (r.kind->group == "events.k8s.io")
        object = event_to_core(object);
    object["apiVersion"] =
        r.kind->group == "events.k8s.io" ? "v1" : r.kind->api_version(r.kind->storage_version);
    object["kind"] = r.kind->kind;
    return object;
}

void cluster::check_schema(const write_request& r, const json::object& object, const json::object* before,
                           field_errors& errors) {
    const auto* version = r.kind->version(r.version);
    if (!r.kind->custom || version == nullptr || version->schema == nullptr)
        return;
    if (r.subresource == "status") {
        const auto* status = object.if_contains("status");
        const auto* schema = schema_of_member(version->schema.get(), "status");
        if (status && schema)
            validate(*status, *schema, "", errors, before ? before->if_contains("status") : nullptr);
        for (auto& e : errors)
            if (e.field != "<nil>")
                e.field = e.field.empty() ? "status" : "status." + e.field;
        return;
    }
    const json::value now(object);
    const auto was = before ? json::value(*before) : json::value();
    validate(now, *version->schema, "", errors, before ? &was : nullptr);
}

void cluster::finish_definition(json::object& object) const {
    const auto kind = kind_from_definition(object);
    auto& status = make_object(object, "status");
    status["acceptedNames"] = object.at("spec").at("names");
    auto& stored_versions = make_array(status, "storedVersions");
    const json::value current(kind.storage_version);
    if (std::find(stored_versions.begin(), stored_versions.end(), current) == stored_versions.end())
        stored_versions.push_back(current);
    if (!array_at(status, {"conditions"}).empty())
        return;
    auto& conditions = make_array(status, "conditions");
    for (const auto& [type, reason, message] :
         {std::tuple("NamesAccepted", "NoConflicts", "no conflicts found"),
          std::tuple("Established", "InitialNamesAccepted", "the initial names have been accepted")}) {
        json::object c;
        c["type"] = type;
        c["status"] = "True";
        c["lastTransitionTime"] = now_text();
        c["reason"] = reason;
        c["message"] = message;
        conditions.push_back(std::move(c));
    }
}

stored_ptr cluster::require(const write_request& r) const {
    auto s = storage_.find(r.kind->storage_key, r.kind->namespaced ? r.ns : "", r.name);
    if (!s)
        throw not_found(r.kind->resource(), r.name);
    return s;
}

void cluster::require_namespace(const write_request& r, std::string_view name) const {
    if (!r.kind->namespaced)
        return;
    const auto ns = storage_.find("namespaces", "", r.ns);
    if (!ns)
        throw not_found({"", "namespaces"}, r.ns);
    if (!ns->terminating())
        return;
    auto why =
        fmt::format("unable to create new content in namespace {} because it is being terminated", r.ns);
    throw forbidden_because(r.kind->resource(), name, why, "NamespaceTerminating",
                            fmt::format("namespace {} is being terminated", r.ns), "metadata.namespace");
}

write_result cluster::create(const write_request& r, const request_body& body) {
    auto object = decode_body(*r.kind, r.version, body, r.validation, r.warnings);
    check_envelope(r, object);
    drop_repeated_owners(r, object, "");
    auto& metadata = metadata_of(object);
    for (const char* key :
         {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"})
        metadata.erase(key);
    json::value v = std::move(object);
    track_update(blank(r), v, r.kind->fields(r.version), manager_of(r));
    return store_new(r, to_storage(r, std::move(v.as_object())), "create");
}

write_result cluster::store_new(const write_request& r, json::object object, const char* verb) {
    auto& metadata = metadata_of(object);
    require_namespace(r, string_at(metadata, {"name"}));
    if (const auto prefix = string_at(metadata, {"generateName"});
        string_at(metadata, {"name"}).empty() && !prefix.empty()) {
        static constexpr char letters[] = "bcdfghjklmnpqrstvwxz2456789";
        auto name = prefix.substr(0, longest_generated_prefix);
        for (int i = 0; i < 5; ++i)
            name += letters[random_() % (sizeof letters - 1)];
        metadata["name"] = name;
    }
    const auto version = string_at(metadata, {"resourceVersion"});
    metadata.erase("resourceVersion");
    // Where nobody counts generations, they are whatever the writer says.
    if (r.kind->has_generation)
        metadata.erase("generation");
    metadata["uid"] = new_uid();
    metadata["creationTimestamp"] = now_text();
    if (r.kind->kind == "Service" && r.kind->group.empty() && r.subresource.empty())
        allocate_for_service(object, nullptr, allocator_, r.dry_run);
    prepare_new(*r.kind, object);
    field_errors errors;
    check_schema(r, object, nullptr, errors);
    check_new(*r.kind, object, errors);
    check_cel_rules(*r.kind, r.version, object, nullptr, errors);
    refuse_if_any(*r.kind, object, errors);
    warn(r, warnings_about(*r.kind, object, nullptr));
    if (version.find_first_not_of('0') != std::string::npos &&
        version.find_first_not_of("0123456789") == std::string::npos)
        throw status_error(500, "", "resourceVersion should not be set on objects to be created");
    const auto name = string_at(object, {"metadata", "name"});
    if (const auto there =
            storage_.find(r.kind->storage_key, string_at(object, {"metadata", "namespace"}), name)) {
        auto e = already_exists(r.kind->resource(), name);
        throw there->terminating() ? e.with_message("object is being deleted: " + std::string(e.what())) : e;
    }
    if (r.kind->kind == "CustomResourceDefinition")
        finish_definition(object);
    bool defaulted = false;
    object = stored_form(*r.kind, std::move(object), defaulted);
    if (r.dry_run) {
        object.at("metadata").as_object().erase("resourceVersion");
        return {std::make_shared<const stored>(std::move(object), 0), true};
    }
    auto s = storage_.put(r.kind->storage_key, std::move(object), defaulted);
    log(r, verb, s->object(), s->version());
    collect_garbage();
    return {std::move(s), true};
}

// As it is read back: defaults of the stored version, zero values gone, members in the usual order.
json::object cluster::stored_form(const kind_info& kind, json::object object, bool& defaulted) const {
    const auto stored_kind = kind.group == "events.k8s.io" ? find_kind("", kind.kind) : nullptr;
    const auto& schema = (stored_kind ? *stored_kind : kind).storage().schema;
    json::value v = std::move(object);
    if (schema != nullptr && kind.custom) {
        const auto before = v;
        apply_defaults(v, *schema);
        defaulted = v != before;
    } else if (schema != nullptr) {
        if (kind.kind == "Service")
            hide_unread_service_fields(v.as_object());
        encode_as_go(v, *schema, true);
    }
    return ordered(std::move(v.as_object()));
}

write_result cluster::update(const write_request& r, const request_body& body) {
    auto object = decode_body(*r.kind, r.version, body, r.validation, r.warnings);
    check_envelope(r, object);
    drop_repeated_owners(r, object, "");
    const auto before = storage_.find(r.kind->storage_key, r.kind->namespaced ? r.ns : "", r.name);
    const auto uid = string_at(object, {"metadata", "uid"});
    if (!before) {
        if (!r.kind->rules.create_on_update)
            throw not_found(r.kind->resource(), r.name);
        if (!uid.empty())
            throw uid_differs(r, uid, "");
        json::value v = std::move(object);
        track_update(blank(r), v, r.kind->fields(r.version), manager_of(r));
        return store_new(r, to_storage(r, std::move(v.as_object())), "create");
    }
    if (!uid.empty() && uid != before->uid())
        throw uid_differs(r, uid, before->uid());
    json::value after = std::move(object);
    const json::value was(view(*r.kind, r.version, *before));
    track_update(was, after, r.kind->fields(r.version), manager_of(r));
    return store_changed(r, before, to_storage(r, std::move(after.as_object())), "update");
}

write_result cluster::store_changed(const write_request& r, const stored_ptr& before, json::object object,
                                    const char* verb) {
    const auto& old = before->object();
    const auto& old_metadata = object_at(old, {"metadata"});
    {
        auto& metadata = metadata_of(object);
        const auto version = string_at(metadata, {"resourceVersion"});
        const bool unconditional = version.empty() || version == "0";
        if (unconditional && !r.kind->rules.unconditional_update)
            throw invalid(r.kind->group, r.kind->plural, r.name,
                          {invalid_value("metadata.resourceVersion", json::value(0),
                                         "must be specified for an update")});
        if (!unconditional && version != std::to_string(before->version()))
            throw stale(r.kind->resource(), before->name());
        metadata["resourceVersion"] = std::to_string(before->version());
    }
    if (r.kind->kind == "Service" && r.kind->group.empty() && r.subresource.empty())
        allocate_for_service(object, &old, allocator_, r.dry_run);
    prepare_changed(*r.kind, r.subresource, object, old);
    auto& metadata = metadata_of(object);
    if (string_at(metadata, {"uid"}).empty())
        metadata["uid"] = before->uid();
    for (const char* key : {"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"})
        if (const auto* v = old_metadata.if_contains(key))
            metadata[key] = *v;
    field_errors errors;
    check_schema(r, object, &old, errors);
    check_changed(*r.kind, r.subresource, object, old, errors);
    check_cel_rules(*r.kind, r.version, object, &old, errors);
    refuse_if_any(*r.kind, object, errors);
    if (r.subresource.empty())
        warn(r, warnings_about(*r.kind, object, &old));
    if (r.kind->kind == "CustomResourceDefinition")
        finish_definition(object);
    bool defaulted = false;
    object = stored_form(*r.kind, std::move(object), defaulted);

    const json::value was(old);
    json::value after = std::move(object);
    if (same_but_times(was, after))
        after = was;
    // Whoever takes the last finalizer off deletes the object; the answer is what it would have become.
    const bool released = before->terminating() && !has_finalizers(after.as_object());
    if (released || r.dry_run) {
        auto last = std::make_shared<const stored>(std::move(after.as_object()), before->version());
        if (released && !r.dry_run) {
            erase(*r.kind, before);
            log(r, "delete", last->object(), storage_.version());
            collect_garbage();
        }
        return {std::move(last), false};
    }
    if (after == was && !before->defaulted())
        return {before, false};
    auto s = storage_.put(r.kind->storage_key, std::move(after.as_object()), defaulted);
    log(r, verb, s->object(), s->version());
    collect_garbage();
    return {std::move(s), false};
}

} // namespace gwctl::testing::detail
