#include "kinds.hpp"

#include "json_util.hpp"

namespace gwctl::testing::detail {

namespace {

struct row {
    const char* group;
    const char* version;
    const char* kind;
    const char* plural;
    const char* singular;
    std::vector<std::string> short_names;
    bool namespaced;
    bool has_status;
    bool has_generation;
    bool in_all;
};

const std::vector<row>& rows() {
    static const std::vector<row> table = {
        {"", "v1", "Namespace", "namespaces", "namespace", {"ns"}, false, true, false, false},
        {"", "v1", "ConfigMap", "configmaps", "configmap", {"cm"}, true, false, false, false},
        {"", "v1", "Secret", "secrets", "secret", {}, true, false, false, false},
        {"", "v1", "Service", "services", "service", {"svc"}, true, true, false, true},
        {"", "v1", "Endpoints", "endpoints", "endpoints", {"ep"}, true, false, false, false},
        {"", "v1", "Pod", "pods", "pod", {"po"}, true, true, true, true},
        {"", "v1", "Node", "nodes", "node", {"no"}, false, true, false, false},
        {"", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", {"sa"}, true, false, false, false},
        {"", "v1", "Event", "events", "event", {"ev"}, true, false, false, false},
        {"events.k8s.io", "v1", "Event", "events", "event", {"ev"}, true, false, false, false},
        {"apps", "v1", "Deployment", "deployments", "deployment", {"deploy"}, true, true, true, true},
        {"apps", "v1", "ReplicaSet", "replicasets", "replicaset", {"rs"}, true, true, true, true},
        {"discovery.k8s.io",
         "v1",
         "EndpointSlice",
         "endpointslices",
         "endpointslice",
         {},
         true,
         false,
         true,
         false},
        {"coordination.k8s.io", "v1", "Lease", "leases", "lease", {}, true, false, false, false},
        {"rbac.authorization.k8s.io", "v1", "Role", "roles", "role", {}, true, false, false, false},
        {"rbac.authorization.k8s.io",
         "v1",
         "RoleBinding",
         "rolebindings",
         "rolebinding",
         {},
         true,
         false,
         false,
         false},
        {"rbac.authorization.k8s.io",
         "v1",
         "ClusterRole",
         "clusterroles",
         "clusterrole",
         {},
         false,
         false,
         false,
         false},
        {"rbac.authorization.k8s.io",
         "v1",
         "ClusterRoleBinding",
         "clusterrolebindings",
         "clusterrolebinding",
         {},
         false,
         false,
         false,
         false},
        {"apiextensions.k8s.io",
         "v1",
         "CustomResourceDefinition",
         "customresourcedefinitions",
         "customresourcedefinition",
         {"crd", "crds"},
         false,
         true,
         true,
         false},
    };
    return table;
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
    k.versions.push_back({"v1", true, nullptr, {}});
    k.storage_key = k.key();
    return k;
}

} // namespace

std::vector<kind_info> builtin_kinds() {
    std::vector<kind_info> out;
    for (const auto& r : rows()) {
        kind_info k;
        k.group = r.group;
        k.kind = r.kind;
        k.plural = r.plural;
        k.singular = r.singular;
        k.short_names = r.short_names;
        if (r.in_all)
            k.categories.push_back("all");
        if (k.kind == "CustomResourceDefinition")
            k.categories.push_back("api-extensions");
        k.namespaced = r.namespaced;
        k.has_status = r.has_status;
        k.has_generation = r.has_generation;
        k.storage_version = r.version;
        k.versions.push_back({r.version, true, builtin_schema(r.kind), {}});
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
        for (char c : k.kind)
            k.singular += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);

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
        if (const auto* s = find(*v, {"schema", "openAPIV3Schema"}); s && s->is_object())
            out.schema = std::make_shared<const json::value>(*s);
        else
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
