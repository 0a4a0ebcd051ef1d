/// The seam between the client and the network: requests in, byte streams out.
///
/// The client is written against `transport`, so tests can plug in a scripted one, and user code never
/// includes the HTTP and TLS headers behind `make_http_transport`.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/core/task.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gwctl {

/// Set it member by member, as the options of the verbs.
struct http_request {
    http_request() = default;
    std::string method = "GET";
    /// Path and query, percent-encoded.
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    /// For the whole exchange up to the end of the response head. Errors: `errc::timeout`.
    std::chrono::milliseconds timeout = std::chrono::seconds(30);
    /// For each silence between pieces of the body; none: as `timeout`. The idle watchdog of watches, which
    /// are quiet for longer than a server may take to answer.
    std::optional<std::chrono::milliseconds> idle_timeout{};
};

/// A response whose head has arrived and whose body is still coming.
///
/// Destroying it before the end closes its connection; reading it to the end returns the connection to the
/// pool. Use from the executor of the coroutine that got it.
class http_response {
public:
    virtual ~http_response() = default;

    virtual int status() const noexcept = 0;
    /// The value of a header, by case-insensitive name; empty when absent.
    virtual std::string_view header(std::string_view name) const noexcept = 0;
    /// The next piece of the body, valid until the next call; empty at its end.
    /// Errors: `errc::connection_lost`, `errc::timeout`, `errc::protocol`.
    virtual task<std::string_view> read_some() = 0;
};

/// Sends requests to one API server, each on a connection of its own from a keep-alive pool, with credentials
/// added.
///
/// Cancelling the coroutine that awaits `send` or `read_some` closes the connection; they then throw
/// `boost::system::system_error` (operation_aborted), as `clock::sleep_until` does. All responses must be
/// gone before the transport is.
class transport {
public:
    virtual ~transport() = default;

    /// Errors: `errc::unreachable` and `errc::tls` (not sent), `errc::timeout`, `errc::connection_lost`
    /// (perhaps sent), `errc::protocol`.
    virtual task<std::unique_ptr<http_response>> send(http_request request) = 0;

    /// "127.0.0.1:6443", for log lines and metrics.
    virtual std::string_view host() const noexcept = 0;
};

} // namespace gwctl
