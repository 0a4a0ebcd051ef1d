#include "http_server.hpp"

#include "connection.hpp"

#include <gwctl/core/error.hpp>

#include <boost/asio/post.hpp>

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace asio = boost::asio;

void http_server::listen(const std::string& address, std::uint16_t port) {
    boost::system::error_code ec;
    const auto ip = asio::ip::make_address(address, ec);
    if (ec)
        throw api_error(
            errc::config,
            fmt::format("cannot listen on {}:{}: not an IP address; choose another --bind", address, port));
    const asio::ip::tcp::endpoint at(ip, port);
    acceptor_.open(at.protocol(), ec);
    if (!ec)
        acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec)
        acceptor_.bind(at, ec);
    if (!ec)
        acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) {
        const auto why =
            ec == boost::system::errc::address_in_use ? std::string("address already in use") : ec.message();
        throw api_error(errc::config,
                        fmt::format("cannot listen on {}:{}: {}; choose another --bind", address, port, why));
    }
    port_ = acceptor_.local_endpoint().port();
}

void http_server::start() {
    accept();
    thread_ = std::thread([this] { context_.run(); });
}

void http_server::stop() {
    if (!thread_.joinable())
        return;
    post([this] {
        stopping_ = true;
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        drop_connections();
    });
    thread_.join();
}

void http_server::post(std::function<void()> f) { asio::post(context_, std::move(f)); }

void http_server::accept() {
    acceptor_.async_accept([this](boost::system::error_code ec, asio::ip::tcp::socket socket) {
        if (stopping_ || ec == asio::error::operation_aborted)
            return;
        if (!ec) {
            boost::system::error_code ignored;
            socket.set_option(asio::ip::tcp::no_delay(true), ignored);
            connection::start(*this, std::move(socket));
        }
        accept();
    });
}

void http_server::wake_watches() {
    if (waking_.exchange(true))
        return;
    post([this] {
        waking_ = false;
        for (auto* c : std::set(connections_))
            c->wake();
    });
}

void http_server::drop_connections() {
    for (auto* c : std::set(connections_))
        c->close();
}

} // namespace gwctl::testing::detail
