// Leave to send, asked at the last moment: what happens between a decision and the first byte.
#include "certificates.hpp"
#include "scratch.hpp"
#include "scripted_server.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// Waits for `ready`, and then says what `decide` says of the question of this number, from 1; negative: no.
class scripted_permit final : public send_permit {
public:
    explicit scripted_permit(std::function<std::chrono::milliseconds(int)> d) : decide(std::move(d)) {}

    task<std::chrono::milliseconds> wait() override {
        ++asked;
        asio::steady_timer pause(co_await asio::this_coro::executor);
        while (!ready()) {
            pause.expires_after(1ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        const std::chrono::milliseconds left = decide(asked);
        if (left < 0ms)
            throw api_error(errc::precondition, "leadership was lost");
        co_return left;
    }

    std::function<std::chrono::milliseconds(int)> decide;
    std::function<bool()> ready = [] { return true; };
    int asked = 0;
};

/// What a server got of each connection.
struct what_arrived {
    int connections = 0;
    std::vector<std::string> requests{};
};

scripted_server::session note(what_arrived& seen, std::string reply) {
    return [&seen, reply](peer& p, int) -> task<void> {
        ++seen.connections;
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            seen.requests.push_back(request);
            co_await p.write(reply);
        }
    };
}

http_request post(std::shared_ptr<send_permit> permit, std::string body = "{}") {
    http_request r = get("/x");
    r.method = "POST";
    r.body = std::move(body);
    r.permit = std::move(permit);
    return r;
}

task<void> fetch_into(std::shared_ptr<transport> t, http_request request, std::string& out) {
    out = co_await fetch(*t, std::move(request));
}

std::string outcome(asio::io_context& io, const std::shared_ptr<transport>& t, http_request request) {
    std::string out;
    const std::string failure = failure_of(io, fetch_into(t, std::move(request), out));
    return failure == "no failure" ? out : failure;
}

constexpr std::string_view lost = "precondition: leadership was lost";

} // namespace

TEST_CASE("the fence is asked when the connection is ready, and not one byte of a refused write leaves") {
    asio::io_context io;
    what_arrived seen;
    const auto permit = std::make_shared<scripted_permit>([](int) { return -1ms; });
    // Asked before that, it would wait for ever: the server's session begins when the client is connected.
    permit->ready = [&seen] { return seen.connections == 1; };
    cluster_config config;
    SECTION("TCP") {
        scripted_server server(io, note(seen, answer(200, "done")));
        config.server = server.url();
        CHECK(outcome(io, make_http_transport(config), post(permit)) == lost);
    }
    SECTION("TLS, whose handshake a server may stall") {
        const authority ca;
        scripted_server server(io, ca.sign({}), note(seen, answer(200, "done")));
        config.server = server.url();
        config.certificate_authority.text = ca.pem();
        CHECK(outcome(io, make_http_transport(config), post(permit)) == lost);
    }
    CHECK(permit->asked == 1);
    CHECK(seen.requests.empty());
}

TEST_CASE("the fence is asked on a connection that is used again") {
    asio::io_context io;
    what_arrived seen;
    scripted_server server(io, note(seen, answer(200, "done")));
    cluster_config config;
    config.server = server.url();
    const auto t = make_http_transport(config);
    const auto permit = std::make_shared<scripted_permit>([](int n) { return n < 3 ? 5000ms : -1ms; });
    CHECK(outcome(io, t, post(permit)) == "200 done");
    CHECK(outcome(io, t, post(permit)) == "200 done");
    CHECK(outcome(io, t, post(permit)) == lost);
    CHECK(seen.connections == 1);
    CHECK(seen.requests.size() == 2);
}

TEST_CASE("the fence is asked again before a write is repeated with another token") {
    asio::io_context io;
    what_arrived seen;
    scratch files;
    const auto file = files.write("token", "stale");
    scripted_server server(io, note(seen, answer(401, "who?")));
    cluster_config config;
    config.server = server.url();
    config.token_file = file;
    const auto t = make_http_transport(config);
    // The lease runs out while the refusal is on its way.
    const auto permit = std::make_shared<scripted_permit>([&](int n) {
        if (n == 1)
            files.write("token", "fresh");
        return n == 1 ? 5000ms : -1ms;
    });
    CHECK(outcome(io, t, post(permit)) == lost);
    CHECK(permit->asked == 2);
    CHECK(seen.requests.size() == 1);
}

TEST_CASE("the fence is asked again between the pieces of a long body") {
    asio::io_context io;
    std::string seen;
    bool refused = false;
    scripted_server server(io, [&](peer& p, int) -> task<void> {
        asio::steady_timer pause(co_await asio::this_coro::executor);
        while (!refused) { // reads nothing meanwhile, so the body does not go in one piece
            pause.expires_after(1ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        seen = co_await p.request();
    });
    cluster_config config;
    config.server = server.url();
    const auto permit = std::make_shared<scripted_permit>([&](int n) {
        refused = n > 1;
        return n == 1 ? 5000ms : -1ms;
    });
    CHECK(outcome(io, make_http_transport(config), post(permit, std::string(64 << 20, 'x'))) == lost);
    CHECK(permit->asked > 1);
    CHECK(seen.empty());
}

TEST_CASE("a write is under way for no longer than the fence allows") {
    asio::io_context io;
    what_arrived seen;
    scripted_server server(io, [](peer& p, int) -> task<void> { co_await p.until_closed(); });
    cluster_config config;
    config.server = server.url();
    const auto permit = std::make_shared<scripted_permit>([](int) { return 50ms; });
    CHECK(outcome(io, make_http_transport(config), post(permit)) ==
          "timeout: " + server.url() + " was silent for 0.05s; the request may have taken effect");
}

TEST_CASE("what a server has not taken by then is never delivered") {
    asio::io_context io;
    std::string seen = "nothing yet";
    bool failed = false;
    // As after a partition: the client's kernel has the whole write, and the server takes it when it can.
    scripted_server server(io, [&](peer& p, int) -> task<void> {
        asio::steady_timer pause(co_await asio::this_coro::executor);
        while (!failed) {
            pause.expires_after(1ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
        seen = co_await p.request();
    });
    cluster_config config;
    config.server = server.url();
    const auto permit = std::make_shared<scripted_permit>([](int) { return 50ms; });
    const std::string said =
        outcome(io, make_http_transport(config), post(permit, std::string(1 << 20, 'x')));
    CHECK(said.starts_with("timeout: "));
    failed = true;
    io.restart();
    while (seen == "nothing yet")
        io.run_one();
    CHECK(seen.empty());
}

TEST_CASE("what is sent without asking is sent as before") {
    asio::io_context io;
    what_arrived seen;
    scripted_server server(io, note(seen, answer(200, "done")));
    cluster_config config;
    config.server = server.url();
    CHECK(outcome(io, make_http_transport(config), post(nullptr, std::string(1 << 20, 'x'))) == "200 done");
    CHECK(seen.requests.size() == 1);
}
