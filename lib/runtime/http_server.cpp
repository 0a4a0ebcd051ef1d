#include "http_server.hpp"

#include <gwctl/core/error.hpp>
#include <gwctl/core/log.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <set>

namespace gwctl::detail {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t most_connections = 64;
constexpr std::size_t most_header_bytes = 8 << 10;
constexpr std::chrono::seconds patience(5);

[[noreturn]] void refuse(std::string_view flag, const std::string& address, std::string_view why) {
    throw api_error(errc::config, fmt::format("{} {}: {}", flag, address, why));
}

struct connection {
    explicit connection(tcp::socket s) : socket(std::move(s)), deadline(socket.get_executor()) {}
    tcp::socket socket;
    asio::steady_timer deadline;
};

/// Closes the connection unless it is called again in time.
void expect_progress(const std::shared_ptr<connection>& c) {
    c->deadline.expires_after(patience);
    c->deadline.async_wait([c](error_code aborted) {
        error_code ignored;
        if (!aborted)
            c->socket.close(ignored);
    });
}

std::string_view reason_of(int status) { return http::obsolete_reason(static_cast<http::status>(status)); }

std::string response(const http_answer& a, bool with_body) {
    std::string out = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                                  "{}Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                                  a.status, reason_of(a.status), a.content_type, a.body.size(),
                                  a.status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (with_body)
        out += a.body;
    return out;
}

http_answer plain(int status, std::string body) {
    http_answer a;
    a.status = status;
    a.body = std::move(body);
    return a;
}

} // namespace

struct http_server::state {
    state(asio::io_context& io, handler h) : acceptor(io), handle(std::move(h)) {}

    tcp::acceptor acceptor;
    handler handle;
    std::set<std::shared_ptr<connection>> open{};

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

    /// The answer and whether the request may have a body in return; nothing when there was no request.
    task<std::string> answer(connection& c) {
        http::request_parser<http::empty_body> parser;
        parser.header_limit(most_header_bytes);
        parser.eager(false);
        std::array<char, most_header_bytes> buffer;
        std::size_t filled = 0;
        while (!parser.is_header_done()) {
            if (filled == buffer.size())
                co_return response(plain(431, "the request's headers are too long\n"), true);
            error_code failed;
            filled += co_await c.socket.async_read_some(
                asio::buffer(buffer.data() + filled, buffer.size() - filled),
                asio::redirect_error(asio::use_awaitable, failed));
            if (failed)
                co_return std::string();
            error_code malformed;
            const std::size_t used = parser.put(asio::buffer(buffer.data(), filled), malformed);
            if (malformed == http::error::header_limit)
                co_return response(plain(431, "the request's headers are too long\n"), true);
            if (malformed && malformed != http::error::need_more)
                co_return response(plain(400, "not an HTTP request\n"), true);
            std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(used),
                      buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
            filled -= used;
        }
        const auto& request = parser.get();
        if (request.method() != http::verb::get && request.method() != http::verb::head)
            co_return response(plain(405, "only GET and HEAD\n"), true);
        const std::string target(request.target());
        const std::size_t question = target.find('?');
        const std::string_view path = std::string_view(target).substr(0, question);
        const std::string_view query = question == std::string::npos
                                           ? std::string_view()
                                           : std::string_view(target).substr(question + 1);
        http_answer a;
        try {
            a = handle(path, query);
        } catch (const std::exception& e) {
            a = plain(500, std::string(e.what()) + "\n");
        }
        co_return response(a, request.method() == http::verb::get);
    }

    static task<void> serve(std::shared_ptr<state> self, std::shared_ptr<connection> c) {
        expect_progress(c);
        const std::string text = co_await self->answer(*c);
        if (!text.empty()) {
            expect_progress(c);
            error_code failed;
            co_await asio::async_write(c->socket, asio::buffer(text),
                                       asio::redirect_error(asio::use_awaitable, failed));
            c->socket.shutdown(tcp::socket::shutdown_both, failed);
        }
    }
};

http_server::http_server(asio::io_context& io, std::string_view flag, const std::string& address, handler h)
    : state_(std::make_shared<state>(io, std::move(h))) {
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
            // Out of file descriptors, most likely: the queue stays full, so trying at once would spin.
            asio::steady_timer pause(s->acceptor.get_executor(), std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::use_awaitable);
            continue;
        }
        if (s->open.size() >= most_connections)
            continue; // closes it
        auto c = std::make_shared<connection>(std::move(socket));
        s->open.insert(c);
        asio::co_spawn(s->acceptor.get_executor(), state::serve(s, c), [s, c](std::exception_ptr e) {
            c->deadline.cancel();
            error_code ignored;
            c->socket.close(ignored);
            s->open.erase(c);
            if (e)
                log::warn("a probe's connection failed unexpectedly");
        });
    }
}

void http_server::close() {
    error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& c : state_->open) {
        c->deadline.cancel();
        c->socket.close(ignored);
    }
}

} // namespace gwctl::detail
