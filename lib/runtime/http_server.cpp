#include "http_server.hpp"

#include <gwctl/core/error.hpp>
#include <gwctl/core/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <list>
#include <sys/resource.h>

namespace gwctl::detail {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

[[noreturn]] void refuse(std::string_view flag, const std::string& address, std::string_view why) {
    throw api_error(errc::config, fmt::format("{} {}: {}", flag, address, why));
}

} // namespace

std::size_t http_limits::default_connections() {
    constexpr rlim_t usual = 64;
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0)
        return usual;
    return std::clamp<rlim_t>(descriptors.rlim_cur / 16, 8, usual);
}

struct http_server::state : std::enable_shared_from_this<state> {
    state(asio::io_context& io, handler h, http_limits l) : acceptor(io), handle(std::move(h)), limits(l) {}

    using connection = std::shared_ptr<http_exchange>;

    tcp::acceptor acceptor;
    handler handle;
    const http_limits limits;
    std::list<connection> reading{}; ///< whose request is not complete, the oldest first
    std::list<connection> writing{}; ///< those that take an answer, the one longest without progress first

    void bind(std::string_view flag, const std::string& address) {
        const std::size_t colon = address.rfind(':');
        unsigned short port = 0;
        const std::string digits = colon == std::string::npos ? std::string() : address.substr(colon + 1);
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size())
            refuse(flag, address, "expected \":port\" or \"host:port\"");
        std::string host = address.substr(0, colon);
        if (host.size() > 1 && host.front() == '[' && host.back() == ']')
            host = host.substr(1, host.size() - 2);

        error_code failed;
        if (host.empty()) {
            // One socket for both families; a machine without IPv6 gets an IPv4 one.
            listen(tcp::endpoint(tcp::v6(), port), failed);
            if (failed == asio::error::address_family_not_supported ||
                failed == boost::system::errc::address_not_available)
                listen(tcp::endpoint(tcp::v4(), port), failed);
        } else {
            tcp::resolver resolver(acceptor.get_executor());
            const auto found = resolver.resolve(host, digits, tcp::resolver::passive, failed);
            if (!failed)
                listen(*found.begin(), failed);
        }
        if (failed)
            refuse(flag, address, failed.message());
    }

    void listen(const tcp::endpoint& at, error_code& failed) {
        acceptor.close(failed);
        acceptor.open(at.protocol(), failed);
        if (failed)
            return;
        error_code ignored;
        acceptor.set_option(tcp::acceptor::reuse_address(true), ignored);
        if (at.protocol() == tcp::v6() && at.address().is_unspecified())
            acceptor.set_option(asio::ip::v6_only(false), ignored);
        acceptor.bind(at, failed);
        if (!failed)
            acceptor.listen(asio::socket_base::max_listen_connections, failed);
    }

    /// Takes a new client in, before anything is known of it.
    connection take(tcp::socket socket) {
        while (reading.size() >= limits.connections && give_up_oldest())
            ;
        const auto c = std::make_shared<http_exchange>(std::move(socket));
        reading.push_back(c);
        expect(c, limits.request_time);
        proceed(c);
        return c;
    }

    /// Closes a connection that waits for its request; false when none does. What has come in the meantime is
    /// read first, so that no complete request goes without an answer.
    bool give_up_oldest() {
        if (reading.empty())
            return false;
        const connection oldest = reading.front();
        proceed(oldest);
        if (oldest->now() == http_exchange::stage::reading)
            close(oldest);
        error_code ignored;
        oldest->socket.cancel(ignored); // an answer waits for something else than a request did
        return true;
    }

    /// Does what can be done for the connection without waiting.
    void proceed(const connection& c) {
        const auto before = c->now();
        const bool moved = c->advance(handle);
        if (c->now() == http_exchange::stage::done) {
            close(c);
        } else if (c->now() == http_exchange::stage::writing && moved) {
            (before == http_exchange::stage::reading ? reading : writing).remove(c);
            writing.push_back(c);
            if (before == http_exchange::stage::reading)
                expect(c, limits.answer_time);
            if (writing.size() > limits.connections)
                close(writing.front());
        }
    }

    /// Closes the connection when it is at the same stage after that time.
    void expect(const connection& c, std::chrono::milliseconds time) {
        c->deadline.expires_after(time);
        c->deadline.async_wait([w = weak_from_this(), c](error_code aborted) {
            const auto self = w.lock();
            // The timer may have been set anew when this was already under way.
            if (self && !aborted && c->deadline.expiry() <= std::chrono::steady_clock::now())
                self->close(c);
        });
    }

    void close(connection c) {
        reading.remove(c);
        writing.remove(c);
        c->close();
    }

    static task<void> attend(std::shared_ptr<state> self, connection c) {
        while (c->socket.is_open()) {
            auto for_what = tcp::socket::wait_read;
            if (c->now() == http_exchange::stage::writing)
                for_what = tcp::socket::wait_write;
            error_code failed;
            co_await c->socket.async_wait(for_what, asio::redirect_error(asio::use_awaitable, failed));
            if (c->socket.is_open())
                self->proceed(c);
        }
    }
};

http_server::http_server(asio::io_context& io, std::string_view flag, const std::string& address, handler h,
                         http_limits limits)
    : state_(std::make_shared<state>(io, std::move(h), limits)) {
    state_->bind(flag, address);
}

http_server::~http_server() = default;

unsigned short http_server::port() const { return state_->acceptor.local_endpoint().port(); }

task<void> http_server::run() {
    const std::shared_ptr<state> s = state_;
    while (s->acceptor.is_open()) {
        error_code failed;
        tcp::socket socket =
            co_await s->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
        if (failed == asio::error::operation_aborted || !s->acceptor.is_open())
            co_return;
        if (failed) {
            // Out of file descriptors, most likely. Where none of ours can be given up the queue stays full, so
            // trying at once would spin.
            if (s->give_up_oldest())
                continue;
            asio::steady_timer pause(s->acceptor.get_executor(), std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        const auto c = s->take(std::move(socket));
        if (!c->socket.is_open())
            continue;
        asio::co_spawn(s->acceptor.get_executor(), state::attend(s, c), [s, c](std::exception_ptr e) {
            s->close(c);
            if (e)
                log::warn("a probe's connection failed unexpectedly");
        });
    }
}

void http_server::close() {
    error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto* const some : {&state_->reading, &state_->writing})
        while (!some->empty())
            state_->close(some->front());
}

} // namespace gwctl::detail
