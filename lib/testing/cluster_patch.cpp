// The four kinds of patches.
#include "cluster.hpp"
#include "json_util.hpp"
#include "patch.hpp"
#include "schema.hpp"
#include "strategy.hpp"
#include "typed_fields.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {

status_error unreadable(const json::value& object, const std::string& why) {
    return invalid("", "", "", {invalid_value("patch", json::value(boost::json::serialize(object)), why)});
}

} // namespace

write_result cluster::patch(const write_request& r, patch_type type, const json::value& patch) {
    const auto before = storage_.find(r.kind->storage_key, r.kind->namespaced ? r.ns : "", r.name);
    if (type == patch_type::apply)
        return apply(r, before, patch);
    if (!before)
        throw not_found(r.kind->resource(), r.name);
    auto after = patched(r, *before, type, patch);
    const json::value was(view(*r.kind, r.version, *before));
    track_update(was, after, r.kind->fields(r.version), manager_of(r));
    drop_repeated_owners(r, after.as_object(), " after mutating admission happens");
    check_envelope(r, after.as_object());
    return store_changed(r, before, to_storage(r, std::move(after.as_object())), "patch");
}

// The object as the patch makes it, read again as if somebody had sent it.
json::value cluster::patched(const write_request& r, const stored& before, patch_type type,
                             const json::value& patch) const {
    json::value current(view(*r.kind, r.version, before));
    if (type == patch_type::merge) {
        if (!patch.is_object())
            throw bad_request("error decoding patch: json: cannot unmarshal it into Go value of type "
                              "map[string]interface {}");
        merge_patch(current, patch);
    } else {
        const auto schema = r.kind->storage().schema;
        auto result = type == patch_type::json
                          ? json_patch(std::move(current), patch)
                          : strategic_merge_patch(std::move(current), patch, schema.get());
        if (result.has_error()) {
            const auto& e = result.error();
            if (type == patch_type::strategic && !patch.is_object())
                throw bad_request("json: cannot unmarshal it into Go value of type map[string]interface {}");
            if (e.code == errc::bad_request)
                throw bad_request(type == patch_type::json ? "error decoding patch: " + e.message
                                                           : e.message);
            if (e.code == errc::too_large)
                throw status_error(413, "RequestEntityTooLarge", e.message);
            if (type == patch_type::strategic)
                throw status_error(500, "", e.message);
            throw status_error(422, "Invalid",
                               "the server rejected our request due to an error in our request")
                .with_empty_details();
        }
        current = std::move(*result);
    }
    if (!current.is_object())
        throw unreadable(current, "json: cannot unmarshal it into Go value of type struct");
    auto& o = current.get_object();
    const auto expected = r.kind->api_version(r.version);
    for (const auto& [key, wanted] : {std::pair("apiVersion", expected), std::pair("kind", r.kind->kind)})
        if (!r.kind->custom && string_at(o, {key}).empty())
            o[key] = wanted;
    if (string_at(o, {"apiVersion"}) != expected || string_at(o, {"kind"}) != r.kind->kind)
        throw unreadable(current, "the object is of another kind or version");
    auto read = decode_content(*r.kind, r.version, o);
    if (!read.wrong.empty())
        throw unreadable(current, read.wrong);
    if (r.validation == field_validation::strict && !read.unknown.empty()) {
        std::string all;
        for (const auto& u : read.unknown)
            all += (all.empty() ? "" : ", ") + u;
        throw unreadable(current, "strict decoding error: " + all);
    }
    if (r.validation == field_validation::warn)
        warn(r, read.unknown);
    return std::move(read.object);
}

write_result cluster::apply(const write_request& r, const stored_ptr& before, const json::value& patch) {
    if (!before && !r.subresource.empty() && !r.kind->rules.create_on_update)
        throw not_found(r.kind->resource(), r.name);
    if (!patch.is_object())
        throw bad_request("error decoding YAML: error converting YAML to JSON: it is not an object");
    const auto expected = r.kind->api_version(r.version);
    const auto api_version = string_at(patch, {"apiVersion"}), kind = string_at(patch, {"kind"});
    if (api_version != expected || kind != r.kind->kind) {
        const auto slash = api_version.find('/');
        throw bad_request(
            fmt::format("invalid object type: {}/{}, Kind={}",
                        slash == std::string::npos ? "" : api_version.substr(0, slash),
                        slash == std::string::npos ? api_version : api_version.substr(slash + 1), kind));
    }
    if (find(patch, {"metadata", "managedFields"}))
        throw bad_request("metadata.managedFields must be nil");
    const auto& schema = r.kind->fields(r.version);
    if (const auto problems = typing_problems(patch, &schema, false); !problems.empty()) {
        std::string all = problems[0];
        if (problems.size() > 1) {
            all = "errors:";
            for (const auto& p : problems)
                all += "\n  " + p;
        }
        throw status_error(500, "",
                           fmt::format("failed to create typed patch object ({}/{}; {}, Kind={}): {}",
                                       string_at(patch, {"metadata", "namespace"}),
                                       string_at(patch, {"metadata", "name"}),
                                       r.kind->group.empty() ? "/" + expected : expected, r.kind->kind, all));
    }
    const auto nothing = blank(r);
    json::value live = nothing;
    if (before)
        live = view(*r.kind, r.version, *before);
    auto merged = apply_fields(live, nothing, patch, schema, manager_of(r), r.force);
    auto read = decode_content(*r.kind, r.version, merged.as_object(), true);
    if (!read.wrong.empty())
        throw status_error(
            500, "",
            fmt::format("failed to convert new object ({}/{}; {}, Kind={}) to proper version: {}",
                        string_at(patch, {"metadata", "namespace"}), string_at(patch, {"metadata", "name"}),
                        r.kind->group.empty() ? "/" + expected : expected, r.kind->kind, read.wrong));
    auto object = std::move(read.object);
    const auto uid = string_at(object, {"metadata", "uid"});
    if (!before && !uid.empty())
        throw conflict(
            r.kind->resource(), r.name,
            fmt::format(
                "uid mismatch: the provided object specified uid {}, and no existing object was found", uid));
    check_envelope(r, object);
    if (!before)
        return store_new(r, to_storage(r, std::move(object)), "apply");
    return store_changed(r, before, to_storage(r, std::move(object)), "apply");
}

} // namespace gwctl::testing::detail
