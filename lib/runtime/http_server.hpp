/// A small HTTP server for probes and metrics.
#pragma once

#include <gwctl/core/task.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gwctl::detail {

struct http_answer {
    int status = 200;
    std::string body{};
    std::string content_type = "text/plain; charset=utf-8";
};

/// Answers GET and HEAD, one request per connection.
///
/// A client has 5 s for its request and 5 s to take the answer, headers of at most 8 KiB, and shares 64
/// connections with the others; beyond that connections are closed at once. Use from the thread of its
/// io_context.
class http_server {
public:
    /// `path` and `query` of the request, the latter without its question mark.
    using handler = std::function<http_answer(std::string_view path, std::string_view query)>;

    /// Binds at once. `address` is ":8080" or "host:port". Throws `api_error` (`errc::config`) that begins
    /// with `flag` and the address.
    http_server(boost::asio::io_context& io, std::string_view flag, const std::string& address, handler h);
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
