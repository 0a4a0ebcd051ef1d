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
    schema_ptr schema;
    std::vector<column> columns;
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

/// List keys and merge keys of a built-in kind; an open schema where nothing needs saying.
schema_ptr builtin_schema(std::string_view kind);

/// The schema of metadata, the same for all kinds.
const json::value& metadata_schema();

/// The Gateway API of release 1.6, standard channel, as CustomResourceDefinitions with the schemas in short.
std::vector<json::value> gateway_api_definitions();

/// A kind from a CustomResourceDefinition. Throws `status_error` (Invalid) when it cannot be one.
kind_info kind_from_definition(const json::object& definition);

} // namespace gwctl::testing::detail
