// What the server knows about a kind: names, scope, versions, schemas, columns.
#pragma once

#include "status.hpp"

#include <gwctl/json/value.hpp>

#include <memory>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// An OpenAPI v3 structural schema with all references resolved.
using schema_ptr = std::shared_ptr<const json::value>;

/// One column of `kubectl get`, as in a CustomResourceDefinition.
struct column {
    std::string name;
    std::string json_path;
    std::string type = "string";
    int priority = 0;
};

struct kind_version {
    std::string name;
    bool served = true;
    /// What objects look like. Those of built-in kinds describe metadata, those of custom ones do not.
    schema_ptr schema;
    /// The same with metadata in any case: how its fields merge and whose they are.
    schema_ptr fields;
    std::vector<column> columns;
    /// There are CEL rules somewhere in the schema.
    bool has_rules = false;
};

/// How the server treats writes of a kind, beyond its schema.
struct write_rules {
    /// A PUT without resourceVersion overwrites whatever is there.
    bool unconditional_update = true;
    /// A PUT of what is not there creates it.
    bool create_on_update = false;
    /// A DELETE is answered with the object instead of a Status.
    bool returns_deleted = false;
    /// The garbage collector leaves deletions of this kind alone.
    bool no_collection = false;
};

struct kind_info {
    std::string group;
    std::string kind;
    std::string plural;
    std::string singular;
    std::vector<std::string> short_names;
    std::vector<std::string> categories;
    bool namespaced = true;
    bool has_status = false;
    /// metadata.generation is kept: custom resources and some built-in kinds.
    bool has_generation = false;
    /// Comes from a CustomResourceDefinition: unknown fields are pruned, strategic merge patch is refused.
    bool custom = false;
    /// Created and never stored (reviews).
    bool virtual_kind = false;
    write_rules rules;
    std::string storage_version;
    std::vector<kind_version> versions;
    /// Where its objects are stored; two kinds may share one (events).
    std::string storage_key;

    resource_name resource() const { return {group, plural}; }
    /// "gateways.gateway.networking.k8s.io".
    std::string key() const { return resource().text(); }
    std::string api_version(std::string_view version) const {
        return group.empty() ? std::string(version) : group + "/" + std::string(version);
    }
    const kind_version* version(std::string_view name) const {
        for (const auto& v : versions)
            if (v.name == name)
                return &v;
        return nullptr;
    }
    const json::value& fields(std::string_view version_name) const {
        static const json::value open = json::object();
        const auto* v = version(version_name);
        return v && v->fields ? *v->fields : open;
    }
    const kind_version& storage() const { return *version(storage_version); }
    bool served() const {
        for (const auto& v : versions)
            if (v.served)
                return true;
        return false;
    }
};
using kind_ptr = std::shared_ptr<const kind_info>;

/// Kinds that a bare Kubernetes serves, without those of CustomResourceDefinitions.
std::vector<kind_info> builtin_kinds();

/// The schema of a built-in kind in the version that is served. Besides OpenAPI's words it has "x-go", which
/// go_values.hpp reads.
schema_ptr builtin_schema(std::string_view group, std::string_view kind);

/// The schema of metadata, the same for all kinds.
const json::value& metadata_schema();

/// The Gateway API of release 1.6, standard channel, as CustomResourceDefinitions with the schemas in short.
std::vector<json::value> gateway_api_definitions();

/// A kind from a CustomResourceDefinition. Throws `status_error` (Invalid) when it cannot be one.
kind_info kind_from_definition(const json::object& definition);

} // namespace gwctl::testing::detail
