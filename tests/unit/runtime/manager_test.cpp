// Starting, draining, Events.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <gwctl/api/coordination_v1.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdlib>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

manager_options with_clock(gwctl::clock& c) {
    manager_options o = quiet_options();
    o.time = &c;
    return o;
}

auto sleeping(std::shared_ptr<journal> j, std::chrono::seconds t) {
    return [j, t](context& c, const ConfigMap& o) -> task<action> {
        j->note(o.metadata.name + " begins");
        co_await c.time.sleep_for(t);
        j->note(o.metadata.name + " ends");
        co_return await_change();
    };
}

std::string text_of(const json::value& v) { return std::string(v.as_string()); }

} // namespace

TEST_CASE("pitfall 32 in the loop: stopping wakes idle workers, and queued keys stay undone") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a"));
    api->put("configmaps", config_map("b"));
    running_manager m(api, with_clock(clock));
    m.mgr.control<ConfigMap>().reconcile_with(sleeping(j, 10s));
    m.mgr.control<core_v1::Service>().workers(4).reconcile_with(
        [](context&, object_key) -> task<action> { co_return await_change(); });
    m.start();
    REQUIRE(j->await("a begins"));
    REQUIRE(clock.await_sleeper(10s, 10s));
    m.mgr.stop();
    REQUIRE(clock.await_sleeper(30s, 30s)); // the drain's deadline
    clock.advance(10s);
    CHECK(m.join() == 0);
    CHECK(j->entries() == std::vector<std::string>{"a begins", "a ends"});
}

TEST_CASE("a reconcile that outlasts the drain timeout is cancelled") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a"));
    running_manager m(api, with_clock(clock));
    m.mgr.control<ConfigMap>().reconcile_with(sleeping(j, 3600s));
    m.start();
    REQUIRE(j->await("a begins"));
    REQUIRE(clock.await_sleeper(3600s, 3600s));
    m.mgr.stop();
    REQUIRE(clock.await_sleeper(30s, 30s));
    clock.advance(30s);
    CHECK(m.join() == 0);
    CHECK(j->count("a ends") == 0);
}

TEST_CASE("a drain timeout below zero is none: a reconcile may take as long as it likes") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a"));
    auto options = with_clock(clock);
    options.drain_timeout = -1ms;
    running_manager m(api, options);
    m.mgr.control<ConfigMap>().reconcile_with(sleeping(j, 3600s));
    m.start();
    REQUIRE(j->await("a begins"));
    REQUIRE(clock.await_sleeper(3600s, 3600s));
    m.mgr.stop();
    for (int i = 0; i < 59; ++i) {
        m.on_loop([] { return 0; });
        clock.advance(1min);
    }
    CHECK(j->count("a ends") == 0);
    CHECK_FALSE(m.mgr.health().ready().ok); // shutting down, and still here
    clock.advance(1min);
    CHECK(m.join() == 0);
    CHECK(j->count("a ends") == 1);
}

TEST_CASE("stop before run, fail, and running twice") {
    const auto api = std::make_shared<fake_api>();
    manager stopped(quiet_options(), api);
    stopped.cache<ConfigMap>();
    stopped.stop();
    CHECK(stopped.run() == 0);
    CHECK(api->requests().empty());
    CHECK_THROWS_AS(stopped.run(), api_error);

    running_manager failed(api);
    failed.start();
    failed.mgr.fail("of all things");
    CHECK(failed.join() == 1);
    CHECK(failed.mgr.wait_settled("", 0ms).settled == false);

    running_manager thrown(api);
    thrown.start();
    thrown.mgr.post([] { throw std::runtime_error("no"); });
    CHECK(thrown.join() == 1);
}

TEST_CASE("a manager that finds no cluster says so and ends, and its requests fail with the reason") {
    const char* const before = std::getenv("KUBECONFIG");
    const std::string restored = before == nullptr ? "" : before;
    ::setenv("KUBECONFIG", "/nonexistent/kubeconfig", 1);
    manager_options with_lease = quiet_options();
    with_lease.leader_election = leader_election_options();
    with_lease.leader_election->namespace_ = "default";
    with_lease.leader_election->name = "test";
    manager no_cluster(with_lease);
    ::setenv("KUBECONFIG", restored.c_str(), 1); // empty is as good as unset

    no_cluster.control<ConfigMap>().reconcile_with(
        [](context&, object_key) -> task<action> { co_return await_change(); });
    std::string failure;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, no_cluster.api().get<ConfigMap>(object_key("default", "x")),
                          [&](const std::exception_ptr& e, const ConfigMap&) {
                              try {
                                  if (e)
                                      std::rethrow_exception(e);
                              } catch (const api_error& why) {
                                  failure = why.what();
                                  CHECK(why.code() == errc::config);
                              }
                          });
    loop.run();
    CHECK(failure.find("/nonexistent/kubeconfig") != std::string::npos);
    CHECK(no_cluster.run() == 1);
    CHECK_THROWS_AS(no_cluster.run(), api_error);

    manager_options nameless = quiet_options();
    nameless.name.clear();
    CHECK_THROWS_AS(manager(nameless), api_error);
}

TEST_CASE("settled without a version: what the manager's own lists show has been seen and reconciled") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("a"));
    api->set_absent("leases", true); // a kind that is not served has nothing to see
    manual_clock clock;
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    m.mgr.cache<coordination_v1::Lease>();
    m.mgr.control<ConfigMap>().reconcile_with([j](context&, const ConfigMap& o) -> task<action> {
        j->note(o.metadata.name + "=" + o.data.at("v"));
        co_return await_change();
    });
    m.start();
    for (const auto delay : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 2250ms}) { // until the second look
        REQUIRE(clock.await_sleeper(delay, delay));
        clock.advance(delay);
    }
    const settled_report first = m.mgr.wait_settled(20s);
    REQUIRE(first.settled);
    CHECK(first.reconciles == 1);
    CHECK(j->entries() == std::vector<std::string>{"a=1"});

    api->hold_watches(true);
    api->put("configmaps", config_map("a", "2"));
    const settled_report held = m.mgr.wait_settled(100ms);
    CHECK_FALSE(held.settled);
    REQUIRE(held.waiting_for.size() == 1);
    CHECK(held.waiting_for[0].find("configmaps: at resourceVersion ") == 0);
    api->hold_watches(false);
    const settled_report second = m.mgr.wait_settled(20s);
    CHECK(second.settled);
    CHECK(second.reconciles == 2);
    CHECK(j->count("a=2") == 1);

    api->add_fault({"GET", "/configmaps", 403, "Forbidden", -1});
    const settled_report refused = m.mgr.wait_settled(100ms);
    REQUIRE(refused.waiting_for.size() == 1);
    CHECK(refused.waiting_for[0].find("configmaps: ") == 0);
    CHECK(m.stop() == 0);
    CHECK_FALSE(m.mgr.wait_settled(20s).settled);
}

TEST_CASE("SIGTERM drains and exits with 0") {
    const auto api = std::make_shared<fake_api>();
    auto options = quiet_options();
    options.handle_signals = true;
    running_manager m(api, options);
    m.mgr.cache<ConfigMap>();
    m.start();
    REQUIRE(m.settle().settled);
    ::kill(::getpid(), SIGTERM);
    CHECK(m.join() == 0);
}

TEST_CASE("Events are written, counted up, and never in the way") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("x"));
    running_manager m(api, with_clock(clock));
    auto& c =
        m.mgr.control<ConfigMap>().reconcile_with([j](context& ctx, const ConfigMap& o) -> task<action> {
            ctx.event(o, event_type::warning, "Odd", "value is odd");
            j->note("run");
            co_return await_change();
        });
    const auto again = [&] {
        m.on_loop([&] {
            c.enqueue(object_key("default", "x"));
            return 0;
        });
    };
    SECTION("counting") {
        m.start();
        REQUIRE(j->await("run"));
        again();
        REQUIRE(j->await("run", 2));
        REQUIRE(api->await_request("PATCH /apis/events.k8s.io/v1/namespaces/default/events/x."));
        CHECK(m.stop() == 0);
        const auto events = api->all("events");
        REQUIRE(events.size() == 1);
        CHECK(events[0].at("series").at("count").as_int64() == 2);
        CHECK(text_of(events[0].at("type")) == "Warning");
        CHECK(text_of(events[0].at("note")) == "value is odd");
        CHECK(text_of(events[0].at("regarding").at("name")) == "x");
        CHECK(text_of(events[0].at("reportingController")) == "test");
    }
    SECTION("an Event that expired is made anew") {
        m.start();
        REQUIRE(api->await_request("POST"));
        const std::string name = text_of(api->all("events").at(0).at("metadata").at("name"));
        api->remove("events", "default", name);
        again();
        REQUIRE(api->await_request("POST", 2));
        CHECK(m.stop() == 0);
        CHECK(api->all("events").size() == 1);
    }
    SECTION("refused") {
        api->add_fault({"POST", "events", 403, "Forbidden", -1});
        m.start();
        REQUIRE(j->await("run"));
        REQUIRE(api->await_request("POST"));
        again();
        REQUIRE(j->await("run", 2));
        CHECK(m.settle().settled);
        CHECK(m.stop() == 0);
    }
    SECTION("what waits is written before the end") {
        m.start();
        REQUIRE(j->await("run"));
        CHECK(m.stop() == 0);
        CHECK(api->all("events").size() == 1);
    }
}
