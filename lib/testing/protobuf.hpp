// Reads the protobuf bodies that kubectl and client-go send for built-in kinds; answers are JSON, which they
// read too.
#pragma once

#include <gwctl/json/value.hpp>

#include <optional>
#include <string_view>

namespace gwctl::testing::detail {

/// The object in an `application/vnd.kubernetes.protobuf` body; none for kinds that are not described here
/// and for what is not such a body. Fields that are not described are left out.
std::optional<json::value> parse_protobuf(std::string_view body);

} // namespace gwctl::testing::detail
