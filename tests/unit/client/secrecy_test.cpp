// What is secret, and where it must not come to light: messages, and the log.
#include "scripted_server.hpp"

#include <gwctl/client/client.hpp>
#include <gwctl/core/log.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;

namespace {

constexpr const char* token = "opaque-5f3a9c";

struct logged {
    logged() {
        log::redirect([this](const log::record& r) {
            std::string line(r.message);
            for (const auto& f : r.fields)
                line += " " + f.key + "=" + f.value;
            lines.push_back(std::move(line));
        });
    }
    ~logged() { log::redirect({}); }
    std::size_t count(std::string_view part) const {
        return static_cast<std::size_t>(
            std::count_if(lines.begin(), lines.end(),
                          [&](const std::string& line) { return line.find(part) != std::string::npos; }));
    }
    std::vector<std::string> lines{};
};

std::shared_ptr<transport> connect(const std::string& url, const std::string& bearer) {
    cluster_config config;
    config.server = url;
    config.token = bearer;
    return make_http_transport(config);
}

task<void> ask(std::shared_ptr<transport> t, std::string& message) {
    client api(std::move(t));
    http_request request = get("/apis");
    try {
        message = co_await api.raw(std::move(request));
    } catch (const api_error& e) {
        message = e.what();
    }
}

std::string asked(boost::asio::io_context& io, std::shared_ptr<transport> t) {
    std::string message;
    run(io, ask(std::move(t), message));
    return message;
}

std::string refusal(const std::string& server) {
    try {
        connect(server, "");
    } catch (const api_error& e) {
        return e.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("a server that is refused is named without user and password") {
    for (const char* server : {"http://joe:s3cr3t@example.com", "https://joe:s3cr3t@example.com:6443/p",
                               "https://s3cr3t@example.com", "https://joe:s3/cr3t@example.com",
                               "https://joe:s3cr3t \"@example.com", "joe:s3cr3t@example.com:6443",
                               "https://example.com?token=s3cr3t", "https://example.com/#s3cr3t"}) {
        const std::string said = refusal(server);
        INFO(said);
        CHECK(said.starts_with("server: expected "));
        CHECK(said.find("example.com") != std::string::npos);
        CHECK(said.find("s3") == std::string::npos);
        CHECK(said.find("cr3t") == std::string::npos);
    }
}

TEST_CASE("a server that shows the request in its error does not bring the token into messages") {
    boost::asio::io_context io;
    int status = 0;
    scripted_server server(io, [&](peer& p, int) -> task<void> {
        const std::string request = co_await p.request();
        std::string text = request;
        if (status == 422)
            text = R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"got )" +
                   std::string(token) + R"(","code":422})";
        co_await p.write(answer(status, text));
    });
    for (const int code : {400, 404, 422, 501}) {
        status = code;
        const std::string said = asked(io, connect(server.url(), token));
        INFO(said);
        CHECK(said.find(token) == std::string::npos);
        CHECK(said.find("***") != std::string::npos);
    }
}

TEST_CASE("of a redirect neither the query nor a password is shown") {
    boost::asio::io_context io;
    scripted_server server(io, [](peer& p, int) -> task<void> {
        const std::string request = co_await p.request();
        co_await p.write(answer(
            302, "",
            "Location: https://joe:s3cr3t@login.example.com/start?nonce=s3cr3t&next=%2Fapis#s3cr3t\r\n"));
    });
    CHECK(asked(io, connect(server.url(), "")) ==
          "GET /apis: 127.0.0.1:" + server.port() +
              " redirects to \"https://***@login.example.com/start?***\", which is not followed; give the "
              "server's own address");
}

TEST_CASE("a token that is sent over http is warned about once for a server, without the token") {
    boost::asio::io_context io;
    scripted_server server(io, [](peer& p, int) -> task<void> {
        const std::string request = co_await p.request();
        co_await p.write(answer(200, "{}"));
    });
    const logged log;
    const std::string warning = "the bearer token is sent without encryption";
    CHECK(asked(io, connect(server.url(), "")) == "{}");
    CHECK(log.count(warning) == 0);
    CHECK(asked(io, connect(server.url(), token)) == "{}");
    CHECK(asked(io, connect(server.url(), token)) == "{}"); // as a manager's second transport does
    CHECK(log.count(warning) == 1);
    CHECK(log.count("server=" + server.url()) == 1);
    CHECK(log.count(token) == 0);
}
