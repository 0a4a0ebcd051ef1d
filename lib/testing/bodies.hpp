// What a request has for a body, by its media type.
#pragma once

#include "request.hpp"

namespace gwctl::testing::detail {

/// "application/json" of "application/json; charset=utf-8".
std::string media_type(std::string_view content_type);

constexpr std::string_view protobuf_media_type = "application/vnd.kubernetes.protobuf";

/// The body as JSON, whether it was written as JSON, YAML or protobuf. In protobuf it is a `kind` of
/// `api_version` unless it says otherwise. Throws `status_error` (400).
json::value parse_body(const http_request& r, std::string_view api_version = {}, std::string_view kind = {});

/// The body of a create or an update; what cannot be read is no object of the kind. Throws `status_error`
/// (400).
request_body body_of(const http_request& r, const kind_info& kind, std::string_view version);

/// Throws `status_error` (415) for a type that patches of the kind cannot have.
patch_type patch_type_of(const http_request& r, const kind_info& kind);
/// Throws `status_error` (400).
json::value patch_of(const http_request& r, patch_type type);

} // namespace gwctl::testing::detail
