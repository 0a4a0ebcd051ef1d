#include "fixtures.hpp"

#include "json_util.hpp"

#include <fmt/format.h>

#include <utility>

namespace gwctl::testing::detail {
namespace {

errc code_of(const status_error& e) {
    switch (e.code()) {
    case 400:
        return errc::bad_request;
    case 403:
        return errc::forbidden;
    case 404:
        return errc::not_found;
    case 405:
        return errc::method_not_allowed;
    case 409:
        return string_at(e.status(), {"reason"}) == "AlreadyExists" ? errc::already_exists : errc::conflict;
    case 410:
        return errc::gone;
    case 413:
        return errc::too_large;
    case 415:
        return errc::unsupported_media_type;
    case 422:
        return errc::invalid;
    default:
        return errc::internal_error;
    }
}

} // namespace

kind_ptr fixtures::kind_named(std::string_view name) const {
    for (const auto& k : cluster_.kinds())
        if (k->key() == name)
            return k;
    return nullptr;
}

result<write_request> fixtures::request_for(const json::value& object) const {
    if (!object.is_object())
        return error{errc::bad_request, "an object must be a JSON object"};
    const auto api_version = string_at(object, {"apiVersion"});
    const auto kind_name = string_at(object, {"kind"});
    if (api_version.empty() || kind_name.empty())
        return error{errc::bad_request,
                     fmt::format("expected apiVersion and kind, got apiVersion \"{}\" and kind \"{}\"",
                                 api_version, kind_name)};
    const auto slash = api_version.find('/');
    const auto group = slash == std::string::npos ? std::string() : api_version.substr(0, slash);
    write_request r;
    r.kind = cluster_.find_kind(group, kind_name);
    r.version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
    const auto* version = r.kind ? r.kind->version(r.version) : nullptr;
    if (!version || !version->served)
        return error{errc::not_found,
                     fmt::format("no matches for kind \"{}\" in version \"{}\", which this server does not "
                                 "serve; apply its CustomResourceDefinition, or correct apiVersion and kind",
                                 kind_name, api_version)};
    if (r.kind->namespaced)
        r.ns = string_at(object, {"metadata", "namespace"});
    if (r.kind->namespaced && r.ns.empty())
        r.ns = "default";
    r.name = string_at(object, {"metadata", "name"});
    r.manager = r.user_agent = "fixture";
    r.force = true;
    if (r.name.empty())
        return error{errc::invalid, fmt::format("{}: metadata.name is required", kind_name)};
    return r;
}

result<json::value> fixtures::patch(const write_request& r, const json::value& object) {
    try {
        const auto done = cluster_.patch(r, patch_type::apply, object);
        return json::value(cluster_.view(*r.kind, r.version, *done.object));
    } catch (const status_error& e) {
        return error{code_of(e), e.what()};
    }
}

result<json::value> fixtures::patch_status(write_request r, const json::value& status) {
    if (!cluster_.objects().find(r.kind->storage_key, r.ns, r.name))
        return error{errc::not_found, not_found(r.kind->resource(), r.name).what()};
    json::object only;
    only["apiVersion"] = r.kind->api_version(r.version);
    only["kind"] = r.kind->kind;
    auto& metadata = make_object(only, "metadata");
    metadata["name"] = r.name;
    if (!r.ns.empty())
        metadata["namespace"] = r.ns;
    only["status"] = status;
    r.subresource = "status";
    return patch(r, only);
}

result<json::value> fixtures::apply(const json::value& object) {
    auto request = request_for(object);
    if (request.has_error())
        return request.error();
    // What writes of the object itself would drop has a write of its own.
    const auto* status = object.get_object().if_contains("status");
    const bool separate = request->kind->has_status && request->kind->kind != "CustomResourceDefinition";
    if (status == nullptr || status->is_null() || !separate)
        return patch(*request, object);
    auto rest = object;
    rest.get_object().erase("status");
    if (auto done = patch(*request, rest); done.has_error())
        return done;
    return patch_status(std::move(*request), *status);
}

result<json::value> fixtures::apply_status(const json::value& object) {
    auto request = request_for(object);
    if (request.has_error())
        return request.error();
    const auto* status = object.get_object().if_contains("status");
    const auto name = fmt::format("{} {}", request->kind->kind, request->name);
    if (status == nullptr)
        return error{errc::invalid, fmt::format("{}: status: there is none to apply", name)};
    if (!request->kind->has_status)
        return error{errc::invalid,
                     fmt::format("{}: status: {} has no subresource status; put what it has by apply()", name,
                                 request->kind->key())};
    return patch_status(std::move(*request), *status);
}

std::vector<json::value> fixtures::objects(std::string_view kind) const {
    std::vector<json::value> out;
    for (const auto& key : cluster_.objects().kinds()) {
        if (!kind.empty() && key != kind)
            continue;
        for (const auto& s : cluster_.objects().list(key, ""))
            if (!cluster_.is_initial(*s))
                out.emplace_back(s->object());
    }
    return out;
}

std::optional<json::value> fixtures::get(std::string_view kind, std::string_view ns,
                                         std::string_view name) const {
    const auto s = cluster_.objects().find(kind, ns, name);
    if (!s)
        return std::nullopt;
    return json::value(s->object());
}

bool fixtures::remove(std::string_view kind, std::string_view ns, std::string_view name,
                      std::string_view propagation) {
    write_request r;
    r.kind = kind_named(kind);
    if (!r.kind || !cluster_.objects().find(r.kind->storage_key, ns, name))
        return false;
    r.version = r.kind->storage_version;
    r.ns = ns;
    r.name = name;
    r.manager = r.user_agent = "fixture";
    delete_options o;
    o.propagation = propagation;
    cluster_.remove(r, o);
    return true;
}

} // namespace gwctl::testing::detail
