#include "scripted_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <list>
#include <optional>
#include <support/catch.hpp>

namespace gwctl::test {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class tcp_peer final : public peer {
public:
    explicit tcp_peer(tcp::socket s) : socket_(std::move(s)) {}

    task<void> shake_hands(asio::ssl::context& context) {
        tls_.emplace(socket_, context);
        co_await tls_->async_handshake(asio::ssl::stream_base::server, use_awaitable);
    }

    task<std::string> request() override {
        while (true) {
            const auto head = buffer_.find("\r\n\r\n");
            if (head != std::string::npos) {
                std::size_t size = head + 4;
                const auto length = buffer_.find("Content-Length: ");
                if (length < head)
                    size += std::stoul(buffer_.substr(length + 16));
                if (buffer_.size() >= size) {
                    std::string taken = buffer_.substr(0, size);
                    buffer_.erase(0, size);
                    co_return taken;
                }
            }
            if (!co_await receive())
                co_return std::string();
        }
    }

    task<void> write(std::string bytes) override {
        if (tls_)
            co_await asio::async_write(*tls_, asio::buffer(bytes), use_awaitable);
        else
            co_await asio::async_write(socket_, asio::buffer(bytes), use_awaitable);
    }

    task<void> until_closed() override {
        bool open = true; // g++ 12 lays out the frame wrongly when a loop's condition awaits
        while (open) {
            open = co_await receive();
            buffer_.clear();
        }
    }

    void close() override {
        error_code ignored;
        socket_.close(ignored);
    }

private:
    task<bool> receive() {
        std::array<char, 4096> bytes;
        error_code ec;
        std::size_t n = 0;
        if (tls_)
            n = co_await tls_->async_read_some(asio::buffer(bytes), asio::redirect_error(use_awaitable, ec));
        else
            n = co_await socket_.async_read_some(asio::buffer(bytes),
                                                 asio::redirect_error(use_awaitable, ec));
        buffer_.append(bytes.data(), n);
        co_return !ec;
    }

    tcp::socket socket_;
    std::optional<asio::ssl::stream<tcp::socket&>> tls_;
    std::string buffer_;
};

} // namespace

struct scripted_server::state {
    state(asio::io_context& io, session s)
        : acceptor(io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)), script(std::move(s)) {}
    tcp::acceptor acceptor;
    session script;
    std::optional<asio::ssl::context> tls;
    std::list<std::shared_ptr<tcp_peer>> peers;
    int accepted = 0;
    bool stopped = false;
};

namespace {

using server_state = std::shared_ptr<scripted_server::state>;

task<void> serve(server_state s, std::shared_ptr<tcp_peer> p, int number) {
    try {
        if (s->tls)
            co_await p->shake_hands(*s->tls);
        co_await s->script(*p, number);
    } catch (const boost::system::system_error&) {
        // the client went away, which some tests are about
    }
    p->close();
}

task<void> accept(server_state s) {
    while (!s->stopped) {
        error_code ec;
        tcp::socket socket = co_await s->acceptor.async_accept(asio::redirect_error(use_awaitable, ec));
        if (ec)
            co_return;
        auto p = std::make_shared<tcp_peer>(std::move(socket));
        s->peers.push_back(p);
        asio::co_spawn(s->acceptor.get_executor(), serve(s, p, ++s->accepted), asio::detached);
    }
}

} // namespace

scripted_server::scripted_server(asio::io_context& io, session s)
    : state_(std::make_shared<state>(io, std::move(s))) {
    asio::co_spawn(io, accept(state_), asio::detached);
}

scripted_server::scripted_server(asio::io_context& io, server_certificate certificate, session s)
    : scripted_server(io, std::move(s)) {
    use(certificate);
}

void scripted_server::use(const server_certificate& certificate) {
    auto& tls = state_->tls.emplace(asio::ssl::context::tls_server);
    tls.use_certificate_chain(asio::buffer(certificate.chain));
    tls.use_private_key(asio::buffer(certificate.key), asio::ssl::context::pem);
    if (certificate.client_authority.empty())
        return;
    tls.add_certificate_authority(asio::buffer(certificate.client_authority));
    tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
}

scripted_server::~scripted_server() { stop(); }

std::string scripted_server::port() const { return std::to_string(state_->acceptor.local_endpoint().port()); }
std::string scripted_server::url() const {
    return fmt::format("{}://127.0.0.1:{}", state_->tls ? "https" : "http", port());
}
int scripted_server::accepted() const noexcept { return state_->accepted; }

void scripted_server::stop() {
    state_->stopped = true;
    error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& p : state_->peers)
        p->close();
    state_->peers.clear();
}

std::string answer(int status, const std::string& body, const std::string& headers) {
    return fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers, body);
}

void run(asio::io_context& io, task<void> work) {
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) {
        failure = e;
        done = true;
        io.stop();
    });
    io.restart();
    io.run_for(std::chrono::seconds(30));
    if (failure)
        std::rethrow_exception(failure);
    REQUIRE(done);
}

http_request get(std::string target) {
    http_request r;
    r.target = std::move(target);
    r.timeout = std::chrono::seconds(20);
    return r;
}

task<std::string> fetch(transport& t, http_request request) {
    const auto response = co_await t.send(std::move(request));
    std::string body;
    while (true) {
        const std::string_view piece = co_await response->read_some();
        if (piece.empty())
            break;
        body += piece;
    }
    co_return fmt::format("{} {}", response->status(), body);
}

std::string failure_of(asio::io_context& io, task<void> work) {
    try {
        run(io, std::move(work));
    } catch (const api_error& e) {
        return fmt::format("{}: {}", to_string(e.code()), e.what());
    }
    return "no failure";
}

} // namespace gwctl::test
