#include "kinds.hpp"

#include "json_util.hpp"

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

enum flag : unsigned {
    namespaced = 1,
    has_status = 2,
    has_generation = 4,
    in_all = 8,
    create_on_update = 16,
    returns_deleted = 32,
    needs_version = 64, ///< no update without resourceVersion
    no_collection = 128,
};

struct row {
    const char* group;
    const char* kind;
    const char* plural;
    const char* short_name;
    unsigned flags;
};

constexpr const char* rbac = "rbac.authorization.k8s.io";

constexpr row rows[] = {
    {"", "Namespace", "namespaces", "ns", has_status},
    {"", "ConfigMap", "configmaps", "cm", namespaced},
    {"", "Secret", "secrets", "", namespaced},
    {"", "Service", "services", "svc", namespaced | has_status | in_all | create_on_update | returns_deleted},
    {"", "Endpoints", "endpoints", "ep", namespaced | create_on_update},
    {"", "Pod", "pods", "po", namespaced | has_status | has_generation | in_all | returns_deleted},
    {"", "Node", "nodes", "no", has_status},
    {"", "ServiceAccount", "serviceaccounts", "sa", namespaced | returns_deleted},
    {"", "Event", "events", "ev", namespaced | create_on_update | no_collection},
    {"events.k8s.io", "Event", "events", "ev", namespaced | create_on_update | no_collection},
    {"apps", "Deployment", "deployments", "deploy", namespaced | has_status | has_generation | in_all},
    {"apps", "ReplicaSet", "replicasets", "rs", namespaced | has_status | has_generation | in_all},
    {"discovery.k8s.io", "EndpointSlice", "endpointslices", "", namespaced | has_generation},
    {"coordination.k8s.io", "Lease", "leases", "", namespaced | create_on_update | needs_version},
    {"networking.k8s.io", "NetworkPolicy", "networkpolicies", "netpol", namespaced | has_generation},
    {"policy", "PodDisruptionBudget", "poddisruptionbudgets", "pdb",
     namespaced | has_status | has_generation | needs_version},
    {rbac, "Role", "roles", "", namespaced | create_on_update},
    {rbac, "RoleBinding", "rolebindings", "", namespaced | create_on_update},
    {rbac, "ClusterRole", "clusterroles", "", create_on_update},
    {rbac, "ClusterRoleBinding", "clusterrolebindings", "", create_on_update},
    {"apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", "crd",
     has_status | has_generation | needs_version},
};

std::string lower(std::string_view kind) {
    std::string out;
    for (char c : kind)
        out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return out;
}

kind_info review(const char* group, const char* kind, const char* plural, bool namespaced) {
    kind_info k;
    k.group = group;
    k.kind = kind;
    k.plural = plural;
    k.singular = plural;
    k.singular.pop_back();
    k.namespaced = namespaced;
    k.virtual_kind = true;
    k.storage_version = "v1";
    k.versions.push_back({"v1", true, nullptr, nullptr, {}});
    k.storage_key = k.key();
    return k;
}

// Objects within objects have metadata.
void describe_embedded(json::value& schema) {
    if (auto* o = schema.if_object()) {
        for (auto& m : *o)
            if (m.key() != "metadata")
                describe_embedded(m.value());
        if (const auto* embedded = o->if_contains("x-kubernetes-embedded-resource");
            embedded && *embedded == json::value(true))
            make_object(*o, "properties")["metadata"] = metadata_schema();
    } else if (auto* a = schema.if_array()) {
        for (auto& item : *a)
            describe_embedded(item);
    }
}

bool has_rules(const json::value& schema) {
    if (const auto* o = schema.if_object()) {
        for (const auto& m : *o)
            if (m.key() == "x-kubernetes-validations" || has_rules(m.value()))
                return true;
    } else if (const auto* a = schema.if_array()) {
        return std::any_of(a->begin(), a->end(), has_rules);
    }
    return false;
}

} // namespace

std::vector<kind_info> builtin_kinds() {
    std::vector<kind_info> out;
    for (const auto& r : rows) {
        kind_info k;
        k.group = r.group;
        k.kind = r.kind;
        k.plural = r.plural;
        k.singular = lower(r.kind);
        if (*r.short_name)
            k.short_names.push_back(r.short_name);
        if (r.flags & in_all)
            k.categories.push_back("all");
        if (k.kind == "CustomResourceDefinition") {
            k.short_names.push_back("crds");
            k.categories.push_back("api-extensions");
        }
        k.namespaced = r.flags & namespaced;
        k.has_status = r.flags & has_status;
        k.has_generation = r.flags & has_generation;
        k.rules = {!(r.flags & needs_version), (r.flags & create_on_update) != 0,
                   (r.flags & returns_deleted) != 0, (r.flags & no_collection) != 0};
        k.storage_version = "v1";
        const auto schema = builtin_schema(r.group, r.kind);
        k.versions.push_back({"v1", true, schema, schema, {}});
        k.storage_key = k.kind == "Event" ? "events" : k.key();
        out.push_back(std::move(k));
    }
    out.push_back(
        review("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews", false));
    out.push_back(review("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews", false));
    out.push_back(review("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews", false));
    return out;
}

kind_info kind_from_definition(const json::object& definition) {
    const auto name = string_at(definition, {"metadata", "name"});
    const auto& spec = object_at(definition, {"spec"});
    const auto& names = object_at(spec, {"names"});
    kind_info k;
    k.group = string_at(spec, {"group"});
    k.kind = string_at(names, {"kind"});
    k.plural = string_at(names, {"plural"});
    k.singular = string_at(names, {"singular"});
    k.custom = true;
    k.rules.unconditional_update = false;
    k.has_generation = true;
    k.namespaced = string_at(spec, {"scope"}) == "Namespaced";
    for (const auto& s : array_at(names, {"shortNames"}))
        if (s.is_string())
            k.short_names.push_back(str(s.get_string()));
    for (const auto& s : array_at(names, {"categories"}))
        if (s.is_string())
            k.categories.push_back(str(s.get_string()));

    field_errors errors;
    if (k.group.empty())
        errors.push_back(required("spec.group"));
    if (k.plural.empty())
        errors.push_back(required("spec.names.plural"));
    if (k.kind.empty())
        errors.push_back(required("spec.names.kind"));
    if (const auto scope = string_at(spec, {"scope"}); scope != "Namespaced" && scope != "Cluster")
        errors.push_back(unsupported("spec.scope", json::value(scope), {"Cluster", "Namespaced"}));
    if (errors.empty() && name != k.plural + "." + k.group)
        errors.push_back(
            invalid_value("metadata.name", json::value(name), "must be spec.names.plural+\".\"+spec.group"));
    if (k.singular.empty())
        k.singular = lower(k.kind);

    for (const auto& item : array_at(spec, {"versions"})) {
        const auto* v = item.if_object();
        if (v == nullptr)
            continue;
        kind_version out;
        out.name = string_at(*v, {"name"});
        if (out.name.empty())
            errors.push_back(required("spec.versions[*].name"));
        const auto* served = v->if_contains("served");
        out.served = served && served->is_bool() && served->get_bool();
        if (const auto* storage = v->if_contains("storage");
            storage && storage->is_bool() && storage->get_bool())
            k.storage_version = out.name;
        if (const auto* s = find(*v, {"schema", "openAPIV3Schema"}); s && s->is_object()) {
            auto fields = *s;
            make_object(fields.get_object(), "properties")["metadata"] = metadata_schema();
            describe_embedded(fields);
            out.fields = std::make_shared<const json::value>(std::move(fields));
            out.schema = std::make_shared<const json::value>(*s);
            out.has_rules = has_rules(*s);
        } else
            errors.push_back(required("spec.versions[*].schema.openAPIV3Schema", "schemas are required"));
        if (find(*v, {"subresources", "status"}))
            k.has_status = true;
        for (const auto& c : array_at(*v, {"additionalPrinterColumns"}))
            if (const auto* o = c.if_object())
                out.columns.push_back({string_at(*o, {"name"}), string_at(*o, {"jsonPath"}),
                                       string_at(*o, {"type"}),
                                       static_cast<int>(int_at(*o, {"priority"}, 0))});
        if (out.columns.empty())
            out.columns.push_back({"Age", ".metadata.creationTimestamp", "date", 0});
        k.versions.push_back(std::move(out));
    }
    if (k.storage_version.empty())
        errors.push_back(invalid_value("spec.versions", array_at(spec, {"versions"}),
                                       "must have exactly one version marked as storage version"));
    if (!errors.empty())
        throw invalid("apiextensions.k8s.io", "CustomResourceDefinition", name, errors);
    k.storage_key = k.key();
    return k;
}

} // namespace gwctl::testing::detail
