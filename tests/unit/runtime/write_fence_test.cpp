// The fence of a manager that elects a leader, before each attempt, up to the bytes that a server sees.
#include "../client/scripted_server.hpp"

#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/routes_v1.hpp>
#include <gwctl/client/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <runtime/write_fence.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using gateway_v1::TCPRoute;

namespace {

/// Time that passes as soon as somebody waits for it, unless it is frozen.
class hasty_clock final : public gwctl::clock {
public:
    steady_time now() const noexcept override { return steady_time(passed); }
    wall_time wall_now() const noexcept override { return {}; }
    task<void> sleep_until(steady_time deadline) override {
        somebody_waits = true;
        if (frozen)
            co_await never.wait();
        passed = std::max(passed, deadline.time_since_epoch());
        co_return;
    }
    steady_time::duration passed{1h};
    bool frozen = false;
    bool somebody_waits = false;
    gwctl::detail::notifier never;
};

/// A client behind a fence that is open for ten seconds, and a server that answers as `reply` says.
struct fenced {
    fenced() {
        fence->on_decided = [this] { decided.notify_all(); };
        fence->open_until(time.boot_now() + 10s);
        cluster_config config;
        config.server = server.url();
        client_options o;
        o.time = &time;
        api.emplace(gwctl::detail::make_fenced_transport(make_http_transport(config), fence, time, decided),
                    o);
    }
    std::string failure(task<ConfigMap> work) { return failure_of(io, drop(std::move(work))); }
    std::string failure(task<TCPRoute> work) { return failure_of(io, drop(std::move(work))); }
    /// Of those that arrived.
    std::size_t writes() const {
        return static_cast<std::size_t>(std::count_if(
            arrived.begin(), arrived.end(), [](const std::string& r) { return !r.starts_with("GET "); }));
    }

    boost::asio::io_context io;
    hasty_clock time;
    std::vector<std::string> arrived{};
    std::function<std::string(const std::string&)> reply = [](const std::string&) {
        return answer(200, "{}");
    };
    scripted_server server{io, [this](peer& p, int) -> task<void> {
                               while (true) {
                                   const std::string request = co_await p.request();
                                   if (request.empty())
                                       co_return;
                                   arrived.push_back(request);
                                   co_await p.write(reply(request));
                               }
                           }};
    std::shared_ptr<gwctl::detail::write_fence> fence = std::make_shared<gwctl::detail::write_fence>();
    gwctl::detail::notifier decided;
    std::optional<client> api;

private:
    template <class T>
    static task<void> drop(task<T> work) {
        co_await std::move(work);
    }
};

const object_key key("default", "x");

std::string lists(const std::string& version, const std::string& plural) {
    return answer(
        200, R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"gateway.networking.k8s.io/)" +
                 version + R"(","resources":[{"name":")" + plural + R"(","kind":"x"}]})");
}

} // namespace

TEST_CASE("a fence that closes while the server has us wait lets no second attempt through") {
    fenced f;
    f.reply = [](const std::string&) { return answer(429, "later", "Retry-After: 20\r\n"); };
    const std::string said = f.failure(f.api->patch<ConfigMap>(key, patch::merge_patch("{}")));
    CHECK(said == "precondition: PATCH /api/v1/namespaces/default/configmaps/x?fieldManager=gwctl: not sent, "
                  "leadership was lost");
    CHECK(f.writes() == 1);
}

TEST_CASE("a fence that closes while another version is looked up lets no second attempt through") {
    fenced f;
    bool is_gone = false;
    f.reply = [&](const std::string& request) {
        if (request.starts_with("GET /apis/gateway.networking.k8s.io/v1 "))
            return lists("v1", is_gone ? "gateways" : "tcproutes");
        if (request.starts_with("GET /apis/gateway.networking.k8s.io/"))
            return lists("v1alpha2", "tcproutes");
        is_gone = true;
        f.fence->close(f.time.boot_now());
        return answer(404, "404 page not found");
    };
    CHECK(f.failure(f.api->patch<TCPRoute>(key, patch::merge_patch("{}"))) != "no failure");
    CHECK(f.writes() == 1);
}

TEST_CASE("a fence that is closed lets reads through, and nothing else") {
    fenced f;
    f.fence->close(f.time.boot_now());
    CHECK(f.failure(f.api->get<ConfigMap>(key)).find("leadership") == std::string::npos);
    ConfigMap map;
    map.metadata.namespace_ = "default";
    map.metadata.name = "x";
    CHECK(f.failure(f.api->apply(map)).starts_with("precondition: PATCH "));
    CHECK(f.failure(f.api->create(map)).starts_with("precondition: POST "));
    CHECK(f.arrived.size() == 1);
    CHECK(f.writes() == 0);
}

TEST_CASE("a write that waits goes on when it may, and fails when it may not any more") {
    fenced f;
    f.fence->hold_until(f.time.boot_now() + 10s);
    // Held, it sleeps until the fence would close by itself.
    const std::string alone = f.failure(f.api->patch<ConfigMap>(key, patch::merge_patch("{}")));
    CHECK(alone.ends_with("not sent, leadership was lost"));
    CHECK(f.writes() == 0);

    const auto later = [](fenced& all, boot_time until) -> task<void> {
        while (!all.time.somebody_waits)
            co_await boost::asio::post(boost::asio::use_awaitable);
        CHECK(all.writes() == 0);
        all.fence->open_until(until);
    };
    f.time.frozen = true;
    f.time.somebody_waits = false;
    f.fence->hold_until(f.time.boot_now() + 10s);
    boost::asio::co_spawn(f.io, later(f, f.time.boot_now() + 30s), boost::asio::detached);
    static_cast<void>(f.failure(f.api->patch<ConfigMap>(key, patch::merge_patch("{}"))));
    CHECK(f.writes() == 1);
}

TEST_CASE("a fence forgets nothing: closed stays closed, and a renewal decides a doubt") {
    gwctl::detail::write_fence fence;
    int decided = 0;
    fence.on_decided = [&decided] { ++decided; };
    const boot_time now = boot_time() + 1h;
    CHECK(fence.at(now).left > 1h); // nobody was elected yet
    fence.open_until(now + 10s);
    CHECK(fence.at(now).left == 10s);
    CHECK(fence.at(now + 10s).left == 0s);
    fence.hold_until(now + 10s);
    CHECK(fence.at(now).held);
    fence.open_until(now + 12s);
    CHECK_FALSE(fence.at(now).held);
    CHECK(decided == 1);
    fence.hold_until(now + 12s);
    fence.close(now + 1s);
    CHECK(fence.at(now + 1s).left == 0s);
    CHECK(decided == 2);
}
