#include "metadata_rules.hpp"

#include "json_util.hpp"
#include "names.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

constexpr std::size_t most_annotation_bytes = 256 * 1024;

problems check_name(const kind_info& kind, std::string_view name) {
    if (kind.group == "rbac.authorization.k8s.io" || (kind.kind == "Event" && kind.group.empty()))
        return check_path_segment(name);
    if (kind.kind == "Namespace" || (kind.kind == "Service" && kind.group.empty()))
        return check_dns_label(name);
    return check_dns_subdomain(name);
}

void add(field_errors& errors, const std::string& field, std::string_view value, const problems& found) {
    for (const auto& p : found)
        errors.push_back(invalid_value(field, json::value(value), p));
}

void check_annotations(const json::object& annotations, field_errors& errors) {
    std::size_t size = 0;
    for (const auto& m : annotations) {
        const std::string key(m.key());
        size += key.size() + (m.value().is_string() ? m.value().get_string().size() : 0);
        auto lower = key;
        for (auto& c : lower)
            c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        add(errors, "metadata.annotations", key, check_qualified_name(lower));
    }
    if (size > most_annotation_bytes)
        errors.push_back({"metadata.annotations", "FieldValueTooLong",
                          fmt::format("Too long: may not be more than {} bytes", most_annotation_bytes)});
}

void check_owners(const json::array& owners, field_errors& errors) {
    std::string first_controller;
    const std::string at = "metadata.ownerReferences";
    for (const auto& ref : owners) {
        const auto api_version = string_at(ref, {"apiVersion"}), kind = string_at(ref, {"kind"}),
                   name = string_at(ref, {"name"});
        if (api_version.empty())
            errors.push_back(invalid_value(at + ".apiVersion", "", "version must not be empty"));
        for (const char* key : {"kind", "name", "uid"})
            if (string_at(ref, {key}).empty())
                errors.push_back(invalid_value(at + "." + key, "", "must not be empty"));
        if (api_version == "v1" && kind == "Event")
            errors.push_back(invalid_value(at, ref, "/v1, Kind=Event is disallowed from being an owner"));
        const auto* controller = find(ref, {"controller"});
        if (controller == nullptr || *controller != json::value(true))
            continue;
        if (first_controller.empty())
            first_controller = kind + "/" + name;
        else
            errors.push_back(invalid_value(
                at, owners,
                fmt::format(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {} "
                    "and {}/{}",
                    first_controller, kind, name)));
    }
}

void check_finalizers(const json::array& finalizers, field_errors& errors) {
    bool orphan = false, foreground = false;
    for (const auto& f : finalizers) {
        if (!f.is_string())
            continue;
        const auto text = str(f.get_string());
        add(errors, "metadata.finalizers", text, check_qualified_name(text));
        orphan = orphan || text == "orphan";
        foreground = foreground || text == "foregroundDeletion";
    }
    if (orphan && foreground)
        errors.push_back(invalid_value("metadata.finalizers", finalizers,
                                       "finalizer orphan and foregroundDeletion cannot be both set"));
}

// Core kinds want finalizers that say whose they are.
void check_finalizer_owners(const kind_info& kind, const json::array& finalizers, field_errors& errors) {
    if (kind.custom || kind.kind == "Lease" || (kind.kind == "Event" && kind.group.empty()) ||
        kind.group == "rbac.authorization.k8s.io" || kind.kind == "CustomResourceDefinition")
        return;
    for (std::size_t i = 0; i < finalizers.size(); ++i) {
        const auto name = finalizers[i].is_string() ? str(finalizers[i].get_string()) : std::string();
        if (name.find('/') == std::string::npos && !is_standard_finalizer(name))
            errors.push_back(
                invalid_value(fmt::format("metadata.finalizers[{}]", i), finalizers[i],
                              "name is neither a standard finalizer name nor is it fully qualified"));
    }
}

void check_managers(const json::array& entries, field_errors& errors) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto at = fmt::format("metadata.managedFields[{}]", i);
        const auto operation = string_at(entries[i], {"operation"});
        if (operation != "Apply" && operation != "Update")
            errors.push_back(
                invalid_value(at + ".operation", json::value(operation), "must be `Apply` or `Update`"));
        const auto type = string_at(entries[i], {"fieldsType"});
        if (!type.empty() && type != "FieldsV1")
            errors.push_back(invalid_value(at + ".fieldsType", json::value(type), "must be `FieldsV1`"));
    }
}

void check_common(const json::object& metadata, field_errors& errors) {
    check_labels(object_at(metadata, {"labels"}), "metadata.labels", errors);
    check_annotations(object_at(metadata, {"annotations"}), errors);
    check_owners(array_at(metadata, {"ownerReferences"}), errors);
    check_managers(array_at(metadata, {"managedFields"}), errors);
}

json::array* find_array(json::value& v, std::string_view key) {
    auto* o = v.if_object();
    auto* member = o ? o->if_contains(key) : nullptr;
    return member ? member->if_array() : nullptr;
}

} // namespace

void check_labels(const json::object& labels, const std::string& field, field_errors& errors) {
    for (const auto& m : labels) {
        const std::string key(m.key());
        add(errors, field, key, check_qualified_name(key));
        if (m.value().is_string()) {
            const auto value = str(m.value().get_string());
            add(errors, field, value, check_label_value(value));
        }
    }
}

std::vector<std::string> drop_repeated_owners(json::object& object) {
    auto* metadata = object.if_contains("metadata");
    auto* owners = metadata ? find_array(*metadata, "ownerReferences") : nullptr;
    std::vector<std::string> repeated;
    if (owners == nullptr)
        return repeated;
    json::array kept;
    for (auto& ref : *owners)
        if (std::find(kept.begin(), kept.end(), ref) == kept.end())
            kept.push_back(ref);
        else
            repeated.push_back(string_at(ref, {"uid"}));
    if (!repeated.empty())
        *owners = std::move(kept);
    return repeated;
}

void check_new_metadata(const kind_info& kind, const json::object& object, field_errors& errors) {
    const auto& metadata = object_at(object, {"metadata"});
    if (const auto prefix = string_at(metadata, {"generateName"}); !prefix.empty()) {
        // A dash at the end is followed by something.
        auto form = prefix;
        if (form.back() == '-')
            form.back() = 'a';
        add(errors, "metadata.generateName", prefix, check_name(kind, form));
    }
    const auto name = string_at(metadata, {"name"});
    if (name.empty())
        errors.push_back(required("metadata.name", "name or generateName is required"));
    else
        add(errors, "metadata.name", name, check_name(kind, name));
    const auto ns = string_at(metadata, {"namespace"});
    if (kind.namespaced && ns.empty())
        errors.push_back(required("metadata.namespace"));
    else if (kind.namespaced)
        add(errors, "metadata.namespace", ns, check_dns_label(ns));
    check_common(metadata, errors);
    check_finalizers(array_at(metadata, {"finalizers"}), errors);
    check_finalizer_owners(kind, array_at(metadata, {"finalizers"}), errors);
}

void check_changed_metadata(const kind_info& kind, const json::object& object, const json::object& before,
                            field_errors& errors) {
    const auto& metadata = object_at(object, {"metadata"});
    const auto& old = object_at(before, {"metadata"});
    if (old.contains("deletionTimestamp")) {
        const auto& had = array_at(old, {"finalizers"});
        std::vector<std::string> fresh;
        for (const auto& f : array_at(metadata, {"finalizers"}))
            if (std::find(had.begin(), had.end(), f) == had.end())
                fresh.push_back(canonical(f));
        std::sort(fresh.begin(), fresh.end());
        std::string list;
        for (const auto& f : fresh)
            list += (list.empty() ? "" : ", ") + f;
        if (!fresh.empty())
            errors.push_back(forbidden_field(
                "metadata.finalizers",
                fmt::format(
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                    "[]string{{{}}}",
                    list)));
    }
    for (const char* key : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                            "deletionGracePeriodSeconds"}) {
        const auto *now = metadata.if_contains(key), *was = old.if_contains(key);
        if ((now == nullptr) != (was == nullptr) || (now && *now != *was))
            errors.push_back(invalid_value(std::string("metadata.") + key, now ? *now : json::value(),
                                           "field is immutable"));
    }
    check_common(metadata, errors);
    check_finalizers(array_at(metadata, {"finalizers"}), errors);
    check_finalizer_owners(kind, array_at(metadata, {"finalizers"}), errors);
}

} // namespace gwctl::testing::detail
