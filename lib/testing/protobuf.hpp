// Requests of Go clients in protobuf. Field numbers are those of Kubernetes' Go types (field_types.cpp).
#pragma once

#include <gwctl/json/value.hpp>

#include <string_view>

namespace gwctl::testing::detail {

/// True for a kind whose type is in field_types.cpp: all that the server serves by itself, and DeleteOptions,
/// which is of every group.
bool has_protobuf(std::string_view group, std::string_view kind);

/// The object that `body` holds, as its JSON. `kind` of `api_version` is what it is when it does not say so
/// itself. Throws `status_error` (400) for bytes that are no such object, and for fields that the kind does
/// not have: other than kube-apiserver, which drops them.
json::value parse_protobuf(std::string_view body, std::string_view api_version, std::string_view kind);

} // namespace gwctl::testing::detail
