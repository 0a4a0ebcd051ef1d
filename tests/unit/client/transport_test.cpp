#include "scripted_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <client/user_agent.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
namespace asio = boost::asio;

namespace {

std::shared_ptr<transport> connect(const std::string& url) {
    cluster_config config;
    config.server = url;
    return make_http_transport(config);
}

std::shared_ptr<transport> connect(const scripted_server& server) { return connect(server.url()); }

/// Answers every request with the same bytes; `close` after that.
scripted_server::session always(std::string bytes, bool close = false) {
    return [bytes, close](peer& p, int) -> task<void> {
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            co_await p.write(bytes);
            if (close)
                co_return;
        }
    };
}

/// Reads requests and never answers.
scripted_server::session silent() {
    return [](peer& p, int) -> task<void> { co_await p.until_closed(); };
}

task<void> fetch_into(std::shared_ptr<transport> t, http_request request, std::string& out) {
    out = co_await fetch(*t, std::move(request));
}

std::string fetched(asio::io_context& io, const std::shared_ptr<transport>& t,
                    http_request request = get("/x")) {
    std::string out;
    run(io, fetch_into(t, std::move(request), out));
    return out;
}

std::string failed(asio::io_context& io, const std::shared_ptr<transport>& t,
                   http_request request = get("/x")) {
    std::string ignored;
    return failure_of(io, fetch_into(t, std::move(request), ignored));
}

http_request post() {
    http_request r = get("/x");
    r.method = "POST";
    r.body = "{}";
    return r;
}

} // namespace

TEST_CASE("a request carries method, target, host, agent and length") {
    asio::io_context io;
    std::string seen;
    scripted_server server(io, [&seen](peer& p, int) -> task<void> {
        for (int i = 0; i < 2; ++i) {
            seen = co_await p.request();
            co_await p.write(answer(201, "ok"));
        }
    });
    auto request = get("/api/v1/nodes?limit=5");
    request.method = "POST";
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = "{}";
    const auto t = connect(server.url() + "/prefix/");
    CHECK(fetched(io, t, request) == "201 ok");
    CHECK(seen == "POST /prefix/api/v1/nodes?limit=5 HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() +
                      "\r\nAccept-Encoding: identity\r\nUser-Agent: " + detail::user_agent({}) +
                      "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    request.headers.emplace_back("User-Agent", "me/1");
    CHECK(fetched(io, t, request) == "201 ok");
    CHECK(seen.find("User-Agent: me/1\r\n") != std::string::npos);
    CHECK(seen.find("User-Agent: ") == seen.rfind("User-Agent: "));
    CHECK(t->host() == "127.0.0.1:" + server.port());
}

TEST_CASE("a request cannot break out of its line") {
    asio::io_context io;
    const auto t = connect("http://127.0.0.1:1");
    CHECK(failed(io, t, get("/x HTTP/1.1\r\nEvil: 1")).starts_with("precondition: http_request.target"));
    CHECK(failed(io, t, get("x")).starts_with("precondition: http_request.target"));
    auto request = get("/");
    request.headers.emplace_back("X", "a\r\nEvil: 1");
    CHECK(failed(io, t, request) == "precondition: http_request.headers: \"X\" contains a control character");
}

TEST_CASE("bodies are read whatever their framing and wherever they are cut") {
    const std::string body = GENERATE(as<std::string>(), "", "hello", std::string(100'000, 'b'));
    const std::string chunked = [&] {
        std::string out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (std::size_t at = 0; at < body.size(); at += 30'000) {
            const std::string piece = body.substr(at, 30'000);
            char size[32];
            std::snprintf(size, sizeof(size), "%zx;ext=1\r\n", piece.size());
            out.append(size).append(piece).append("\r\n");
        }
        return out + "0\r\nTrailer: x\r\n\r\n";
    }();
    const std::vector<std::string> answers{answer(200, body), chunked,
                                           "HTTP/1.1 100 Continue\r\n\r\n" + answer(200, body),
                                           "HTTP/1.1 200 OK\r\n\r\n" + body};
    for (const std::string& bytes : answers) {
        // The first bytes one by one, so that heads and chunk headers are cut anywhere.
        asio::io_context io;
        scripted_server server(io, [&bytes](peer& p, int) -> task<void> {
            co_await p.request();
            const std::size_t single = std::min<std::size_t>(bytes.size(), 120);
            for (std::size_t i = 0; i < single; ++i) {
                co_await p.write(bytes.substr(i, 1));
                co_await asio::post(asio::use_awaitable);
            }
            co_await p.write(bytes.substr(single));
        });
        INFO(bytes.substr(0, 60));
        CHECK(fetched(io, connect(server)) == "200 " + body);
    }
}

TEST_CASE("a connection is used again if the server and the body allow it") {
    asio::io_context io;
    SECTION("keep-alive") {
        scripted_server server(io, always(answer(200, "a")));
        const auto t = connect(server);
        for (int i = 0; i < 5; ++i)
            CHECK(fetched(io, t) == "200 a");
        CHECK(server.accepted() == 1);
    }
    SECTION("Connection: close") {
        scripted_server server(io, always(answer(200, "a", "Connection: close\r\n")));
        const auto t = connect(server);
        CHECK(fetched(io, t) == "200 a");
        CHECK(fetched(io, t) == "200 a");
        CHECK(server.accepted() == 2);
    }
    SECTION("more bytes than the body") {
        scripted_server server(io, always(answer(200, "a") + "HTTP/1.1 200 smuggled\r\n\r\n"));
        const auto t = connect(server);
        CHECK(fetched(io, t) == "200 a");
        CHECK(fetched(io, t) == "200 a");
        CHECK(server.accepted() == 2);
    }
    SECTION("a body that was not read to its end") {
        scripted_server server(io, always(answer(200, "a")));
        const auto t = connect(server);
        const auto drop = [](std::shared_ptr<transport> link) -> task<void> {
            const auto response = co_await link->send(get("/x"));
            CHECK(response->status() == 200);
        };
        run(io, drop(t));
        CHECK(fetched(io, t) == "200 a");
        CHECK(server.accepted() == 2);
    }
    SECTION("closed while idle") {
        scripted_server server(io, always(answer(200, "a"), true));
        const auto t = connect(server);
        for (int i = 0; i < 3; ++i) {
            CHECK(fetched(io, t, i == 1 ? post() : get("/x")) == "200 a");
            io.restart();
            io.run_for(std::chrono::milliseconds(1)); // lets the server close
        }
        CHECK(server.accepted() == 3);
    }
}

TEST_CASE(
    "pitfall 41 on the wire: a read is sent again when an idle connection turns out closed, a write is not") {
    asio::io_context io;
    // The first connection answers once, then closes upon the second request.
    scripted_server server(io, [](peer& p, int number) -> task<void> {
        co_await p.request();
        co_await p.write(answer(200, std::to_string(number)));
        co_await p.request();
        if (number == 1)
            co_return;
        co_await p.write(answer(200, std::to_string(number)));
    });
    const auto t = connect(server);
    CHECK(fetched(io, t) == "200 1");
    SECTION("GET") {
        CHECK(fetched(io, t) == "200 2");
        CHECK(server.accepted() == 2);
    }
    SECTION("POST") {
        CHECK(failed(io, t, post()) == "connection_lost: lost the connection to " + server.url() +
                                           ": the server closed it; the request may have taken effect");
        CHECK(server.accepted() == 1);
    }
}

TEST_CASE("broken answers") {
    asio::io_context io;
    const auto failure = [&](const std::string& bytes) {
        scripted_server server(io, always(bytes, true));
        std::string message = failed(io, connect(server));
        if (const auto at = message.find(server.url()); at != std::string::npos)
            message.replace(at, server.url().size(), "URL");
        return message;
    };
    CHECK(failure("") == "connection_lost: lost the connection to URL: the server closed it");
    CHECK(failure("HTTP/1.1 200") == "connection_lost: lost the connection to URL: the server closed it");
    CHECK(
        failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") ==
        "connection_lost: lost the connection to URL: the server closed it, after 3 of the 10 bytes that its "
        "Content-Length says");
    CHECK(failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n") ==
          "connection_lost: lost the connection to URL: the server closed it");
    CHECK(failure("SSH-2.0-OpenSSH_9.2\r\n").starts_with("protocol: URL: the answer is not HTTP/1.1: "));
    CHECK(failure("HTTP/2.0 200 OK\r\n\r\n").starts_with("protocol: URL: the answer is not HTTP/1.1: "));
    CHECK(failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n")
              .starts_with("protocol: URL: the answer is not HTTP/1.1: "));
    CHECK(failure("HTTP/1.1 101 Switching Protocols\r\n\r\n") ==
          "protocol: URL: the server switched to another protocol without being asked to");
    CHECK(failure("\x15\x03\x01") == "protocol: URL: the server speaks TLS; use https:// in its address");
    const std::string long_head = "protocol: URL: the head of the answer is longer than 32768 bytes";
    CHECK(failure("HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'a')) == long_head);
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 3000; ++i)
        many += "Header: value\r\n";
    CHECK(failure(many) == long_head);
}

TEST_CASE("a refused connection says what to check") {
    asio::io_context io;
    std::string url;
    {
        const scripted_server gone(io, silent());
        url = gone.url();
    }
    CHECK(failed(io, connect(url)) == "unreachable: cannot connect to " + url +
                                          ": connection refused; is the API server running, and is this the "
                                          "right address?");
    CHECK(failed(io, connect("http://name.invalid:1"))
              .starts_with("unreachable: cannot resolve name.invalid: "));
}

TEST_CASE("silence ends at the deadline") {
    asio::io_context io;
    auto request = get("/x");
    SECTION("before the head") {
        scripted_server server(io, silent());
        request.timeout = std::chrono::milliseconds(50);
        CHECK(failed(io, connect(server), request) == "timeout: " + server.url() + " was silent for 0.05s");
        request.method = "PUT";
        CHECK(failed(io, connect(server), request) ==
              "timeout: " + server.url() + " was silent for 0.05s; the request may have taken effect");
    }
    SECTION("in the body") {
        scripted_server server(io, [](peer& p, int) -> task<void> {
            co_await p.request();
            co_await p.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
            co_await p.until_closed();
        });
        request.idle_timeout = std::chrono::milliseconds(50);
        CHECK(failed(io, connect(server), request) ==
              "timeout: " + server.url() +
                  " was silent for 0.05s, after 3 of the 10 bytes that its Content-Length says");
    }
    SECTION("during the TLS handshake") {
        scripted_server server(io, silent());
        request.timeout = std::chrono::milliseconds(50);
        const auto t = connect("https://127.0.0.1:" + server.port());
        CHECK(failed(io, t, request) ==
              "timeout: https://127.0.0.1:" + server.port() + " did not finish the TLS handshake in time");
    }
}

TEST_CASE("an answer that comes before the request was read is not lost") {
    asio::io_context io;
    scripted_server server(io, [](peer& p, int) -> task<void> {
        co_await p.write(answer(413, "too large", "Connection: close\r\n"));
        co_await p.until_closed();
    });
    auto request = post();
    request.body.assign(4 << 20, 'x');
    CHECK(fetched(io, connect(server), request) == "413 too large");
}

TEST_CASE("many requests at once each have a connection, and the pool keeps few of them") {
    asio::io_context io;
    scripted_server server(io, always(answer(200, std::string(5000, 'r'))));
    const auto t = connect(server);
    int done = 0;
    for (int i = 0; i < 60; ++i) {
        const auto several = [](std::shared_ptr<transport> link, int& count) -> task<void> {
            for (int n = 0; n < 20; ++n) {
                const std::string body = co_await fetch(*link, get("/x"));
                CHECK(body.size() == 5004);
            }
            ++count;
        };
        asio::co_spawn(io, several(t, done), asio::detached);
    }
    const auto wait = [](int& count) -> task<void> {
        while (count < 60)
            co_await asio::post(asio::use_awaitable);
    };
    run(io, wait(done));
    CHECK(done == 60);
    CHECK(server.accepted() >= 16);
    CHECK(server.accepted() <= 60 * 20);
    CHECK(fetched(io, t).size() == 5004);
}

TEST_CASE("a cancelled request ends at once and closes its connection") {
    // Steps of the event loop before the cancellation: connecting, waiting for the head, reading the body.
    const int steps = GENERATE(range(0, 12));
    asio::io_context io;
    bool peer_closed = false;
    scripted_server server(io, [&peer_closed](peer& p, int) -> task<void> {
        co_await p.request();
        co_await p.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        co_await p.until_closed();
        peer_closed = true;
    });
    const auto t = connect(server);
    asio::cancellation_signal signal;
    std::exception_ptr failure;
    bool ended = false;
    std::string ignored;
    // From within the loop, where it begins at once: what is cancelled before it began throws out of the
    // event loop in Asio of Boost 1.83.
    bool begun = false;
    asio::post(io, [&] {
        asio::co_spawn(io, fetch_into(t, get("/x"), ignored),
                       asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) {
                           failure = e;
                           ended = true;
                       }));
        begun = true;
    });
    while (!begun)
        io.run_one();
    for (int i = 0; i < steps; ++i)
        io.run_one_for(std::chrono::milliseconds(5));
    signal.emit(asio::cancellation_type::terminal);
    while (!ended && io.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    REQUIRE(ended);
    REQUIRE(failure != nullptr);
    CHECK_THROWS_AS(std::rethrow_exception(failure), boost::system::system_error);
    if (server.accepted() > 0)
        while (!peer_closed && io.run_one_for(std::chrono::milliseconds(200)) > 0) {
        }
}

TEST_CASE("an io_context may end with requests under way and connections idle") {
    std::shared_ptr<transport> t;
    const int steps = GENERATE(range(0, 20, 3));
    {
        asio::io_context io;
        scripted_server server(io, [](peer& p, int) -> task<void> {
            co_await p.request();
            co_await p.write(answer(200, "a"));
            co_await p.until_closed();
        });
        t = connect(server);
        std::string ignored;
        CHECK(fetched(io, t) == "200 a");
        asio::co_spawn(io, fetch_into(t, get("/x"), ignored), asio::detached);
        asio::co_spawn(io, fetch_into(t, get("/x"), ignored), asio::detached);
        io.restart();
        for (int i = 0; i < steps; ++i)
            io.run_one_for(std::chrono::milliseconds(2));
    }
    asio::io_context another;
    CHECK(failed(another, t).starts_with("unreachable: "));
}

TEST_CASE("an idle connection does not keep an io_context running") {
    asio::io_context io;
    const auto t = [&] {
        scripted_server server(io, always(answer(200, "a")));
        auto made = connect(server);
        CHECK(fetched(io, made) == "200 a");
        return made;
    }();
    io.restart();
    const auto before = std::chrono::steady_clock::now();
    io.run();
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(15)); // the timeout is 20 s
}
