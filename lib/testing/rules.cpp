#include "rules.hpp"

#include "json_util.hpp"
#include "metadata_rules.hpp"
#include "names.hpp"
#include "services.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

void check_keys(const json::object& object, const char* key, field_errors& errors) {
    for (const auto& m : object_at(object, {key})) {
        const std::string name(m.key());
        for (const auto& p : check_config_key(name))
            errors.push_back(invalid_value(fmt::format("{}[{}]", key, name), json::value(name), p));
    }
}

void check_frozen(const json::object& object, const json::object* before, field_errors& errors) {
    const auto* frozen = before ? before->if_contains("immutable") : nullptr;
    if (frozen == nullptr || *frozen != json::value(true))
        return;
    const std::string why = "field is immutable when `immutable` is set";
    if (const auto* still = object.if_contains("immutable"); still == nullptr || *still != json::value(true))
        errors.push_back(forbidden_field("immutable", why));
    for (const char* key : {"data", "binaryData"}) {
        const auto *now = object.if_contains(key), *was = before->if_contains(key);
        if ((now == nullptr) != (was == nullptr) || (now && *now != *was))
            errors.push_back(forbidden_field(key, why));
    }
}

void check_config_map(const json::object& object, const json::object* before, field_errors& errors) {
    check_frozen(object, before, errors);
    check_keys(object, "data", errors);
    check_keys(object, "binaryData", errors);
    const auto& other = object_at(object, {"binaryData"});
    for (const auto& m : object_at(object, {"data"}))
        if (other.contains(m.key()))
            errors.push_back(invalid_value(fmt::format("data[{}]", std::string_view(m.key())),
                                           json::value(m.key()), "duplicate of key present in binaryData"));
}

void check_secret(const json::object& object, const json::object* before, field_errors& errors) {
    check_immutable(object, before, "type", errors);
    check_frozen(object, before, errors);
    check_keys(object, "data", errors);
    const auto& data = object_at(object, {"data"});
    const auto type = string_at(object, {"type"});
    auto need = [&](const char* key) {
        if (!data.contains(key))
            errors.push_back(required(fmt::format("data[{}]", key)));
    };
    if (type == "kubernetes.io/tls") {
        need("tls.crt");
        need("tls.key");
    } else if (type == "kubernetes.io/basic-auth") {
        if (!data.contains("username") && !data.contains("password")) {
            need("username");
            need("password");
        }
    } else if (type == "kubernetes.io/ssh-auth") {
        need("ssh-privatekey");
    } else if (type == "kubernetes.io/dockerconfigjson") {
        need(".dockerconfigjson");
    } else if (type == "kubernetes.io/dockercfg") {
        need(".dockercfg");
    } else if (type == "kubernetes.io/service-account-token" &&
               string_at(object, {"metadata", "annotations", "kubernetes.io/service-account.name"}).empty()) {
        errors.push_back(required("metadata.annotations[kubernetes.io/service-account.name]"));
    }
}

void check_lease(const json::object& object, field_errors& errors) {
    const auto& spec = object_at(object, {"spec"});
    if (const auto* n = spec.if_contains("leaseDurationSeconds");
        n && int_at(spec, {"leaseDurationSeconds"}, 1) <= 0)
        errors.push_back(invalid_value("spec.leaseDurationSeconds", *n, "must be greater than 0"));
    if (const auto* n = spec.if_contains("leaseTransitions"); n && int_at(spec, {"leaseTransitions"}, 0) < 0)
        errors.push_back(invalid_value("spec.leaseTransitions", *n, "must be greater than or equal to 0"));
    if (!string_at(spec, {"preferredHolder"}).empty() && string_at(spec, {"strategy"}).empty())
        errors.push_back(
            forbidden_field("spec.preferredHolder", "may only be specified if `strategy` is defined"));
}

void check_phase(const json::object& object, field_errors& errors) {
    const bool terminating = find(object, {"metadata", "deletionTimestamp"}) != nullptr;
    const auto phase = string_at(object, {"status", "phase"});
    if (phase != (terminating ? "Terminating" : "Active"))
        errors.push_back(invalid_value("status.Phase", json::value(phase),
                                       terminating
                                           ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
                                           : "may only be 'Active' if `deletionTimestamp` is empty"));
}

void check_content(const kind_info& kind, const json::object& object, const json::object* before,
                   field_errors& errors) {
    const auto& k = kind.kind;
    if (k == "Event")
        check_event(kind, object, before, errors);
    else if (k == "Service" && kind.group.empty())
        check_service(object, before, errors);
    else if (k == "ConfigMap")
        check_config_map(object, before, errors);
    else if (k == "Secret")
        check_secret(object, before, errors);
    else if (k == "Lease")
        check_lease(object, errors);
    else if (k == "EndpointSlice")
        check_slice(object, before, errors);
    else if (kind.group == "apps")
        check_workload(object, before, errors);
    else if (k == "RoleBinding" || k == "ClusterRoleBinding")
        check_immutable(object, before, "roleRef", errors);
}

std::vector<std::string> finalizer_warnings(const json::object& object, const json::object* before) {
    static const json::array none;
    const auto& had = before ? array_at(*before, {"metadata", "finalizers"}) : none;
    std::vector<std::string> out;
    for (const auto& f : array_at(object, {"metadata", "finalizers"})) {
        if (!f.is_string() || std::find(had.begin(), had.end(), f) != had.end())
            continue;
        const auto name = str(f.get_string());
        const auto at = fmt::format("metadata.finalizers: \"{}\": ", name);
        for (const auto& p : check_qualified_name(name))
            out.push_back(at + p);
        if (name.find('/') == std::string::npos && !is_standard_finalizer(name))
            out.push_back(
                at + fmt::format("prefer a domain-qualified finalizer name {}to avoid accidental conflicts "
                                 "with other finalizer writers",
                                 name.find('.') == std::string::npos ? "" : "including a path (/) "));
    }
    return out;
}

} // namespace

void check_cel_rules(const kind_info& kind, std::string_view version, const json::object& object,
                     const json::object* before, field_errors& errors) {
    const auto* v = kind.version(version);
    if (v == nullptr || !v->has_rules)
        return;
    for (const auto& e : errors)
        if (e.reason != "FieldValueInvalid" && e.reason != "FieldValueForbidden" &&
            e.reason != "FieldValueDuplicate") {
            errors.push_back(
                {"<nil>", "FieldValueInvalid",
                 "Invalid value: null: some validation rules were not checked because the object was "
                 "invalid; correct the existing errors to complete validation"});
            return;
        }
    if (kind.group == "gateway.networking.k8s.io")
        check_gateway_api(kind, object, before, errors);
}

void check_immutable(const json::object& object, const json::object* before, std::string_view field,
                     field_errors& errors) {
    if (before == nullptr)
        return;
    const auto *now = object.if_contains(field), *was = before->if_contains(field);
    if ((now == nullptr) != (was == nullptr) || (now && *now != *was))
        errors.push_back(invalid_value(std::string(field), now ? *now : json::value(), "field is immutable"));
}

void check_new(const kind_info& kind, const json::object& object, field_errors& errors) {
    // Events of core are as they have always been: their metadata is looked at last.
    const bool old_event = kind.kind == "Event" && kind.group.empty();
    if (!old_event)
        check_new_metadata(kind, object, errors);
    check_content(kind, object, nullptr, errors);
    if (old_event && errors.empty())
        check_new_metadata(kind, object, errors);
}

void check_changed(const kind_info& kind, std::string_view subresource, const json::object& object,
                   const json::object& before, field_errors& errors) {
    check_changed_metadata(kind, object, before, errors);
    if (subresource != "status" || kind.custom)
        check_content(kind, object, &before, errors);
    else if (kind.kind == "Namespace")
        check_phase(object, errors);
    else if (kind.kind == "Service")
        check_service_status(object, errors);
}

std::vector<std::string> warnings_about(const kind_info& kind, const json::object& object,
                                        const json::object* before) {
    if (kind.custom)
        return finalizer_warnings(object, before);
    if (kind.kind == "Service" && kind.group.empty())
        return service_warnings(object);
    if (kind.kind == "EndpointSlice")
        return slice_warnings(object, before);
    return {};
}

} // namespace gwctl::testing::detail
