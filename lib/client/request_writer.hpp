/// HTTP/1.1 requests to bytes.
#pragma once

#include "endpoint.hpp"

#include <gwctl/client/transport.hpp>

namespace gwctl::detail {

/// The bytes of a request, with what every request carries. `token` may be empty.
/// Errors: `errc::precondition` for a target or header that would break out of its line.
result<std::string> write_request(const http_request& request, const endpoint& server,
                                  std::string_view token);

} // namespace gwctl::detail
