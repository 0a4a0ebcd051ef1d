#include "scripted_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
namespace asio = boost::asio;

namespace {

std::shared_ptr<transport> connect(const scripted_server& server) {
    cluster_config config;
    config.server = server.url();
    return make_http_transport(config);
}

/// Answers every request with the same bytes.
scripted_server::session always(std::string bytes) {
    return [bytes](peer& p, int) -> task<void> {
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            co_await p.write(bytes);
        }
    };
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

} // namespace

TEST_CASE("a request carries method, target, host, agent and length") {
    asio::io_context io;
    std::string seen;
    scripted_server server(io, [&seen](peer& p, int) -> task<void> {
        seen = co_await p.request();
        co_await p.write(answer(201, "ok"));
    });
    auto request = get("/api/v1/nodes?limit=5");
    request.method = "POST";
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = "{}";
    const auto t = connect(server);
    CHECK(fetched(io, t, request) == "201 ok");
    CHECK(seen == "POST /api/v1/nodes?limit=5 HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() +
                      "\r\nUser-Agent: gwctl/" GWCTL_VERSION "\r\nContent-Type: application/json\r\n"
                      "Content-Length: 2\r\n\r\n{}");
    CHECK(t->host() == "127.0.0.1:" + server.port());
}

TEST_CASE("a connection is used again") {
    asio::io_context io;
    scripted_server server(io, always(answer(200, "a")));
    const auto t = connect(server);
    for (int i = 0; i < 5; ++i)
        CHECK(fetched(io, t) == "200 a");
    CHECK(server.accepted() == 1);
}
