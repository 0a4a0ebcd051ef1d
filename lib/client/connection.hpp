/// One TCP or TLS connection to the API server.
#pragma once

#include "endpoint.hpp"
#include "watchdog.hpp"

#include <gwctl/core/task.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gwctl::detail {

/// How to secure a connection.
struct tls_use {
    tls_use() = default;
    std::shared_ptr<boost::asio::ssl::context> context{}; ///< null: plain TCP
    std::string server_name{};                            ///< expected instead of the host; may be empty
};

/// A byte stream with a deadline on every operation. One operation at a time, from one executor.
///
/// Cancelling an awaiting coroutine leaves the connection fit only for destruction.
class connection {
public:
    explicit connection(const boost::asio::any_io_executor& executor)
        : socket_(executor), watchdog_(socket_) {}

    /// Resolves, connects and shakes hands.
    /// Throws `api_error`: `errc::unreachable`, `errc::tls`, `errc::timeout`; and system_error when
    /// cancelled.
    task<void> open(const endpoint& server, tls_use tls, steady_time deadline);

    /// Writes a piece and takes it away from `bytes`. `timed_out` tells the deadline from other failures.
    /// `bytes` must outlive the task.
    task<boost::system::error_code> write_some(std::string_view& bytes);
    /// From now until `keep_unsent`: what the kernel holds and the peer has not acknowledged within `limit`,
    /// or when the connection is closed, is never delivered.
    void drop_unsent(std::chrono::milliseconds limit);
    void keep_unsent();
    /// Appends to what was received. `error::eof` at the end of the stream.
    task<boost::system::error_code> receive();

    /// What was received and not yet consumed.
    std::string_view received() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }
    void consume(std::size_t n) noexcept { begin_ += n; }

    /// For the operations from here on.
    void set_deadline(steady_time deadline) { watchdog_.arm(deadline); }
    void pause_deadline() noexcept { watchdog_.pause(); }
    void stop_deadline() { watchdog_.stop(); }
    bool timed_out() const noexcept { return watchdog_.expired(); }

    /// Whether an idle connection can carry another request: nothing was received, not even its end.
    bool reusable();
    boost::asio::execution_context& context();

private:
    task<void> connect(const endpoint& server, steady_time deadline);
    task<void> shake_hands(const endpoint& server, tls_use tls);

    boost::asio::ip::tcp::socket socket_;
    watchdog watchdog_;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
    std::vector<char> buffer_ = std::vector<char>(32 * 1024);
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace gwctl::detail
