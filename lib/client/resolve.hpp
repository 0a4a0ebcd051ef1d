/// Host names to addresses.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/core/error.hpp>
#include <gwctl/core/task.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace gwctl::detail {

/// The addresses of a name, in the order to try; a literal address is returned as it is, without DNS.
///
/// Returns at the deadline even though getaddrinfo, on a thread of Asio's, cannot be interrupted.
/// Throws `api_error`: `errc::unreachable`.
task<std::vector<boost::asio::ip::tcp::endpoint>> resolve(std::string host, std::string port,
                                                          steady_time deadline);

} // namespace gwctl::detail
