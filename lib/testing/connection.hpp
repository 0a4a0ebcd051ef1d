#pragma once

#include "http_server.hpp"

#include <gwctl/core/task.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace gwctl::testing::detail {

/// One client. Kept alive by its own coroutine; used on the server's thread only.
class connection : public std::enable_shared_from_this<connection> {
public:
    static void start(http_server& server, boost::asio::ip::tcp::socket socket);

    connection(http_server& server, boost::asio::ip::tcp::socket socket);
    ~connection();

    void wake();
    void close();

private:
    using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

    static task<void> run(std::shared_ptr<connection> self);
    task<bool> serve_one();
    task<bool> read(parser& p);
    task<void> send(const http_response& r, bool head, bool keep_alive);
    task<void> send_bytes(std::string bytes);
    /// Returns true when the connection can go on.
    task<bool> stream(watch_start w, bool stalled);
    std::string next_frames(watch_start& w, bool& end);
    task<void> pause(std::chrono::steady_clock::time_point until);
    void notice_hang_up();

    http_server& server_;
    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer timer_;
    boost::beast::flat_buffer buffer_;
    bool closed_ = false;
    bool woken_ = false;
};

} // namespace gwctl::testing::detail
