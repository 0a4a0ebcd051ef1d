/// A small HTTP server for probes and metrics.
#pragma once

#include "http_exchange.hpp"

#include <gwctl/core/task.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace gwctl::detail {

struct http_limits {
    /// The connections that wait for their request, and those that wait for the client to take its answer, each.
    /// The default is 64, or a sixteenth of the file descriptors that the process may have, and 8 at least.
    std::size_t connections = default_connections();
    /// From the beginning of a connection to the end of the request's headers. kubelet waits 1 s for an answer
    /// unless told otherwise.
    std::chrono::milliseconds request_time = std::chrono::seconds(1);
    /// For a client to take its answer.
    std::chrono::milliseconds answer_time = std::chrono::seconds(5);

    static std::size_t default_connections();
};

/// Answers GET and HEAD, one request per connection, headers of at most 8 KiB.
///
/// Whoever connects can keep nobody else out. When there are more connections than the limits allow, or no
/// file descriptor is left, the *oldest* connection whose request is not complete is closed, and of those that
/// take their answers the one that has stood still for the longest. A complete request is always answered:
/// kubelet's probe is complete with its first packet, and its answer fits into the socket's buffer.
///
/// Use from the thread of its io_context.
class http_server {
public:
    using handler = http_exchange::handler;

    /// Binds at once. `address` is ":8080" or "host:port". Throws `api_error` (`errc::config`) that begins
    /// with `flag` and the address.
    http_server(boost::asio::io_context& io, std::string_view flag, const std::string& address, handler h,
                http_limits limits = {});
    ~http_server();

    /// Serves until `close`. What is under way is cut off.
    task<void> run();
    void close();
    unsigned short port() const;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace gwctl::detail
