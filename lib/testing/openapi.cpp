// OpenAPI v2 in protobuf, with as much as kubectl looks for: which kinds can be patched with which query
// parameters. Schemas are left out, so clients leave validation to the server.
#include "json_util.hpp"
#include "rest.hpp"

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {

std::string varint(std::uint64_t n) {
    std::string out;
    for (; n >= 0x80; n >>= 7)
        out += static_cast<char>(n | 0x80);
    out += static_cast<char>(n);
    return out;
}

std::string field(unsigned number, std::string_view bytes) {
    return varint(number << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

// The numbers are those of gnostic's OpenAPIv2.proto.
std::string query_parameter(std::string_view name) {
    constexpr unsigned sub_schema_in = 2, sub_schema_name = 4;
    constexpr unsigned query_sub_schema = 3, non_body_parameter = 2, parameter = 1;
    const auto schema = field(sub_schema_in, "query") + field(sub_schema_name, name);
    return field(parameter, field(non_body_parameter, field(query_sub_schema, schema)));
}

std::string patch_operation(const kind_info& kind, std::string_view version) {
    constexpr unsigned operation_parameters = 8, operation_extension = 13, any_yaml = 2, named_name = 1,
                       named_value = 2;
    std::string out;
    for (const char* name : {"dryRun", "fieldManager", "fieldValidation", "force"})
        out += field(operation_parameters, query_parameter(name));
    const auto yaml = fmt::format("group: \"{}\"\nkind: {}\nversion: {}\n", kind.group, kind.kind, version);
    out += field(operation_extension, field(named_name, "x-kubernetes-group-version-kind") +
                                          field(named_value, field(any_yaml, yaml)));
    return out;
}

} // namespace

std::string openapi_v2(const cluster& c) {
    constexpr unsigned document_swagger = 1, document_info = 2, document_paths = 8;
    constexpr unsigned info_title = 1, info_version = 2;
    constexpr unsigned paths_path = 2, named_name = 1, named_value = 2, item_patch = 8;
    std::string paths;
    for (const auto& kind : c.kinds()) {
        if (kind->virtual_kind)
            continue;
        for (const auto& v : kind->versions) {
            if (!v.served)
                continue;
            const auto path = fmt::format("/{}/{}/{}{}/{{name}}", kind->group.empty() ? "api" : "apis",
                                          kind->api_version(v.name),
                                          kind->namespaced ? "namespaces/{namespace}/" : "", kind->plural);
            paths +=
                field(paths_path, field(named_name, path) +
                                      field(named_value, field(item_patch, patch_operation(*kind, v.name))));
        }
    }
    return field(document_swagger, "2.0") +
           field(document_info, field(info_title, "gwctl") + field(info_version, "v1")) +
           field(document_paths, paths);
}

} // namespace gwctl::testing::detail
