#include "connection.hpp"

#include "resolve.hpp"
#include "tls_errors.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace gwctl::detail {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using boost::system::error_code;
using tcp = asio::ip::tcp;

std::string reason(const error_code& ec) {
    std::string text = ec.message();
    if (!text.empty())
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

/// A peer that vanished is noticed after 45 s, as by client-go's HTTP/2 pings (30 s and 15 s), also while a
/// request is unacknowledged.
constexpr std::chrono::milliseconds dead_peer = std::chrono::seconds(45);

template <class Value>
void set_option(tcp::socket& socket, int level, int option, Value value) {
    // Best effort: all are refinements.
    ::setsockopt(socket.native_handle(), level, option, &value, sizeof(value));
}

void notice_dead_peers(tcp::socket& socket) {
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(dead_peer.count()));
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
}

} // namespace

task<void> connection::open(const endpoint& server, tls_use tls, steady_time deadline) {
    co_await connect(server, deadline);
    notice_dead_peers(socket_);
    watchdog_.arm(deadline);
    if (tls.context)
        co_await shake_hands(server, std::move(tls));
}

task<void> connection::connect(const endpoint& server, steady_time deadline) {
    const std::vector<tcp::endpoint> addresses = co_await resolve(server.host, server.port, deadline);
    error_code ec = asio::error::host_not_found;
    bool late = false;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        // An address that swallows packets must not use up the time of those after it.
        const auto now = std::chrono::steady_clock::now();
        const auto share = (deadline - now) / static_cast<std::int64_t>(addresses.size() - i);
        watchdog_.arm(now + share);
        co_await socket_.async_connect(addresses[i], asio::redirect_error(use_awaitable, ec));
        late = watchdog_.expired();
        if (!ec && !late)
            co_return;
        if (ec == asio::error::operation_aborted && !late)
            throw boost::system::system_error(ec);
        error_code ignored;
        socket_.close(ignored);
    }
    throw api_error(errc::unreachable,
                    fmt::format("cannot connect to {}: {}; is the API server running, and is this the right "
                                "address?",
                                server.url(), late ? "no answer in time" : reason(ec)));
}

task<void> connection::shake_hands(const endpoint& server, tls_use tls) {
    certificate_problem problem;
    tls_.emplace(socket_, *tls.context);
    expect_server(tls_->native_handle(), server, tls.server_name);
    tls_->set_verify_callback([&problem](bool good, asio::ssl::verify_context& step) {
        if (!good)
            problem = problem_of(step.native_handle());
        return good;
    });
    error_code ec;
    co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(use_awaitable, ec));
    if (!ec) {
        error_code ignored; // the callback must not outlive `problem`
        tls_->set_verify_callback([](bool good, asio::ssl::verify_context&) { return good; }, ignored);
        co_return;
    }
    if (watchdog_.expired())
        throw api_error(errc::timeout,
                        fmt::format("{} did not finish the TLS handshake in time", server.url()));
    if (ec == asio::error::operation_aborted)
        throw boost::system::system_error(ec);
    const std::string message = describe_handshake_failure(server, tls.server_name, problem, ec);
    throw api_error(errc::tls, message);
}

task<error_code> connection::write_some(std::string_view& bytes) {
    error_code ec;
    const asio::const_buffer rest(bytes.data(), bytes.size());
    std::size_t written = 0;
    if (tls_)
        written = co_await tls_->async_write_some(rest, asio::redirect_error(use_awaitable, ec));
    else
        written = co_await socket_.async_write_some(rest, asio::redirect_error(use_awaitable, ec));
    bytes.remove_prefix(written);
    co_return ec;
}

void connection::drop_unsent(std::chrono::milliseconds limit) {
    // Past Asio, which would undo it in the destructor. Closing then resets the connection.
    set_option(socket_, SOL_SOCKET, SO_LINGER, linger{1, 0});
    // 0 would mean the system's default.
    const auto at_most = std::clamp(limit, std::chrono::milliseconds(1), dead_peer);
    set_option(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(at_most.count()));
}

void connection::keep_unsent() {
    set_option(socket_, SOL_SOCKET, SO_LINGER, linger{0, 0});
    set_option(socket_, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(dead_peer.count()));
}

task<error_code> connection::receive() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (begin_ > 0 && end_ == buffer_.size()) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
    }
    const asio::mutable_buffer room(buffer_.data() + end_, buffer_.size() - end_);
    error_code ec;
    std::size_t received = 0;
    if (tls_)
        received = co_await tls_->async_read_some(room, asio::redirect_error(use_awaitable, ec));
    else
        received = co_await socket_.async_read_some(room, asio::redirect_error(use_awaitable, ec));
    end_ += received;
    co_return ec;
}

bool connection::reusable() {
    if (!socket_.is_open() || begin_ != end_)
        return false;
    pollfd p{socket_.native_handle(), POLLIN, 0};
    return ::poll(&p, 1, 0) == 0;
}

asio::execution_context& connection::context() {
    return asio::query(socket_.get_executor(), asio::execution::context);
}

} // namespace gwctl::detail
