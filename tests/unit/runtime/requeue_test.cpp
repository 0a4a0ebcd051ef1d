// When a reconciled object runs again, and before and after whom: a manager on a fake API server.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

object_key key(const std::string& name) { return {"default", name}; }

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// What is logged while it lives.
class captured_log {
public:
    captured_log() {
        log::redirect([this](const log::record& r) {
            std::string line(r.message);
            for (const log::field& f : r.fields)
                line += fmt::format(" {}={}", f.key, f.value);
            lines.note(line);
        });
    }
    ~captured_log() { log::redirect({}); }
    std::size_t count(const std::string& part) const {
        const auto all = lines.entries();
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [&](const auto& l) { return contains(l, part); }));
    }
    journal lines;
};

/// A manager with the clock in the test's hand.
struct scene {
    std::shared_ptr<fake_api> api = std::make_shared<fake_api>();
    std::shared_ptr<journal> j = std::make_shared<journal>();
    manual_clock clock;
    std::optional<running_manager> m;

    running_manager& manager() {
        if (!m) {
            manager_options o = quiet_options();
            o.time = &clock;
            m.emplace(api, o);
        }
        return *m;
    }
    bool shows(const std::string& name, const std::string& v) {
        return eventually([this, name, v] {
            const auto o = manager().mgr.cache<ConfigMap>().get(key(name));
            return o && o->data.at("v") == v;
        });
    }
    /// Asks on the manager's thread.
    bool eventually(const std::function<bool()>& done) {
        for (int i = 0; i < 20'000; ++i) {
            if (manager().on_loop(done))
                return true;
            std::this_thread::yield();
        }
        return false;
    }
    bool has_metric(const std::string& line) { return contains(manager().mgr.metrics().text(), line); }
};

std::string depth(int priority, int n) {
    return fmt::format("workqueue_depth{{controller=\"configmap\",name=\"configmap\",priority=\"{}\"}} {}",
                       priority, n);
}

} // namespace

TEST_CASE("requeue-after-zero: asking to run again at once is no hot loop, and is told") {
    const auto delay = GENERATE(0s, -5s);
    const captured_log logged;
    scene s;
    s.api->put("configmaps", config_map("a", "zero"));
    s.api->put("configmaps", config_map("b", "calm"));
    s.manager().mgr.control<ConfigMap>().reconcile_with(
        [j = s.j, delay](context&, const ConfigMap& o) -> task<action> {
            j->note(o.metadata.name + " " + o.data.at("v"));
            if (o.data.at("v") == "zero")
                co_return requeue_after(delay);
            co_return await_change();
        });
    s.manager().start();
    std::size_t runs = 1;
    for (const auto backoff : {5ms, 10ms, 20ms, 40ms}) {
        REQUIRE(s.j->await("a zero", runs));
        REQUIRE(s.clock.await_sleeper(backoff, backoff));
        CHECK(s.j->count("a zero") == runs);
        s.clock.advance(backoff);
        ++runs;
    }
    REQUIRE(s.j->await("a zero", runs));
    REQUIRE(s.clock.await_sleeper(80ms, 80ms));
    settled_report r = s.manager().mgr.wait_settled("", 0ms);
    CHECK_FALSE(r.settled); // however often it has run: it never says that it is done
    CHECK(std::count(
              r.waiting_for.begin(), r.waiting_for.end(),
              "controller configmap: ConfigMap default/a asks to run again at once (requeue_after of zero "
              "or less), 5 times so far") == 1);
    REQUIRE(r.failing.size() == 1);
    CHECK(r.failing[0].last_error == "asks to run again at once");
    CHECK(logged.count("requeue_after of zero or less") == 1); // for five times
    CHECK(s.has_metric(R"(controller_runtime_reconcile_total{controller="configmap",result="requeue"} 5)"));

    s.api->put("configmaps", config_map("a", "calm")); // a change does not wait for the backoff
    CHECK(s.j->await("a calm"));
    r = s.manager().settle(s.api->version());
    CHECK(r.settled);
    CHECK(r.failing.empty());
    CHECK(s.j->count("b calm") == 1);
}

TEST_CASE("a failure after asking to run again at once goes on with the same backoff") {
    scene s;
    s.api->put("configmaps", config_map("a"));
    s.manager().mgr.control<ConfigMap>().reconcile_with(
        [j = s.j](context&, const ConfigMap&) -> task<action> {
            j->note("run");
            if (j->count("run") == 3)
                throw std::runtime_error("no");
            co_return requeue_after(0s);
        });
    s.manager().start();
    std::size_t runs = 1;
    for (const auto backoff : {5ms, 10ms, 20ms, 40ms}) {
        REQUIRE(s.j->await("run", runs++));
        REQUIRE(s.clock.await_sleeper(backoff, backoff));
        s.clock.advance(backoff);
    }
}

TEST_CASE("low-priority-kept: a change comes before what the first list brought and asked to run later") {
    constexpr std::size_t objects = 40;
    scene s;
    for (std::size_t i = 0; i < objects; ++i)
        s.api->put("configmaps", config_map(fmt::format("m{:02}", i), "cold"));
    s.manager().mgr.control<ConfigMap>().reconcile_with(
        [j = s.j](context& c, const ConfigMap& o) -> task<action> {
            j->note(o.data.at("v"));
            if (j->entries().size() <= objects)
                co_return requeue_after(3s);
            if (j->entries().size() == objects + 1) // while the others get ready behind it
                co_await c.time.sleep_for(30s);     // half of what makes them overdue
            co_return await_change();
        });
    s.manager().start();
    REQUIRE(s.j->await("cold", objects));
    REQUIRE(s.eventually([&] { return s.has_metric("requeue_after\"} 40"); }));
    s.clock.advance(3s);
    REQUIRE(s.j->await("cold", objects + 1));
    CHECK(s.eventually([&] { return s.has_metric(depth(-100, static_cast<int>(objects) - 1)); }));
    s.api->put("configmaps", config_map("m39", "hot"));
    REQUIRE(s.shows("m39", "hot"));
    REQUIRE(s.clock.await_sleeper(30s, 30s));
    s.clock.advance(30s);
    REQUIRE(s.manager().settle(s.api->version()).settled);
    CHECK(s.j->entries().at(objects + 1) == "hot");
}

TEST_CASE("an event that only shows the controller's own write keeps the priority of the first list") {
    const bool late = GENERATE(false, true); // whether the event comes after the run that wrote
    scene s;
    for (const char* name : {"a", "b", "c"})
        s.api->put("configmaps", config_map(name, "0"));
    for (const char* name : {"d", "e"}) // write nothing; d does not end before all has been shown
        s.api->put("configmaps", config_map(name, "1"));
    auto& maps = s.manager().mgr.cache<ConfigMap>();
    s.manager().mgr.control<ConfigMap>().reconcile_with([j = s.j, &maps, api = s.api, late](
                                                            context& c, const ConfigMap& o) -> task<action> {
        const std::string name = o.metadata.name;
        j->note(name + o.data.at("v"));
        if (o.data.at("v") == "0") {
            class patch change = patch::merge_patch(R"({"data":{"v":"1"}})");
            co_await c.api.patch<ConfigMap>(c.key(), change);
        }
        if (late && name == "d")
            api->hold_watches(false);
        const auto shown = [&maps](const std::string& n) { return maps.get(key(n))->data.at("v") == "1"; };
        const auto enough = [&] {
            if (late)
                return name != "d" || (shown("a") && shown("b") && shown("c"));
            return shown(name);
        };
        while (!enough()) {
            co_await boost::asio::post(boost::asio::use_awaitable);
        }
        co_return await_change();
    });
    if (late)
        s.api->hold_watches(true);
    s.manager().start();
    REQUIRE(s.manager().settle(s.api->version()).settled);
    // With the priority of a change, an echo would come before the first run of the next.
    CHECK(s.j->entries() == std::vector<std::string>{"a0", "b0", "c0", "d1", "e1", "a1", "b1", "c1"});
}

TEST_CASE("the finalizer's patch keeps the priority of the first list") {
    struct with_cleanup {
        std::shared_ptr<journal> j;
        task<action> reconcile(context&, const ConfigMap& o) {
            j->note(fmt::format("{} {}", o.metadata.name, o.metadata.finalizers.size()));
            co_return await_change();
        }
        task<> cleanup(context&, const ConfigMap&) { co_return; }
    };
    scene s;
    for (int i = 0; i < 20; ++i)
        s.api->put("configmaps", config_map(fmt::format("m{:02}", i)));
    // Of the first list, and with nothing to be patched: it would be the last if patched ones went before it.
    s.api->put("configmaps", config_map("z", "1", R"(,"finalizers":["gwctl/configmap"])"));
    s.manager().mgr.control<ConfigMap>().reconcile_with(with_cleanup{s.j});
    s.manager().start();
    REQUIRE(s.manager().settle(s.api->version()).settled);
    const auto all = s.j->entries();
    CHECK(all.at(0) == "z 1");
    CHECK(s.j->count("m00 1") == 1);
    CHECK(s.j->count("m19 1") == 1);
    CHECK(all.size() == 21);
}

TEST_CASE("after the first list's backlog requeue_after has the usual priority, or the one it names") {
    scene s;
    s.api->put("configmaps", config_map("a"));
    auto& c = s.manager().mgr.control<ConfigMap>().reconcile_with(
        [j = s.j](context& ctx, object_key k) -> task<action> {
            j->note(k.name);
            if (k.name == "block")
                co_await ctx.time.sleep_for(10s);
            if (k.name != "a")
                co_return await_change();
            if (j->count("a") < 3)
                co_return requeue_after(1s);
            co_return requeue_after(1s, 7);
        });
    const auto block = [&] {
        return s.manager().on_loop([&] {
            c.enqueue(key("block"), 1000);
            return 0;
        });
    };
    s.manager().start();
    REQUIRE(s.j->await("a"));
    for (const int priority : {-100, 0, 7}) { // the first run is the backlog, and what it asks for is of it
        REQUIRE(s.clock.await_sleeper(1s, 1s));
        block();
        REQUIRE(s.clock.await_sleeper(10s, 10s));
        s.clock.advance(1s);
        CHECK(s.eventually([&] { return s.has_metric(depth(priority, 1)); }));
        s.clock.advance(9s);
    }
}

TEST_CASE("a reconcile that takes longer than its timeout is cancelled, counted and tried again") {
    const captured_log logged;
    scene s;
    s.api->put("configmaps", config_map("endless"));
    s.api->put("configmaps", config_map("quick"));
    s.api->put("configmaps", config_map("stubborn"));
    s.manager().mgr.control<ConfigMap>().workers(3).timeout(30s).reconcile_with(
        [j = s.j](context& c, const ConfigMap& o) -> task<action> {
            j->note(o.metadata.name);
            if (o.metadata.name == "quick")
                co_return await_change();
            if (o.metadata.name == "endless" && j->count("endless") > 1)
                co_return await_change();
            try {
                co_await c.time.sleep_for(1h);
            } catch (const boost::system::system_error&) {
                j->note(o.metadata.name + " cancelled");
                if (o.metadata.name == "endless")
                    throw;
            }
            co_return requeue_after(2h); // it has ended all the same, so what it says counts
        });
    s.manager().start();
    REQUIRE(s.j->await("quick"));
    REQUIRE(s.clock.await_sleeper(1h, 1h, 2));
    for (int turn = 0; turn < 3; ++turn) // until the timer of the quick one is gone
        s.manager().on_loop([] { return 0; });
    REQUIRE(s.clock.await_sleeper(30s, 30s, 2));
    s.clock.advance(29s);
    CHECK(s.j->count("endless cancelled") == 0);
    CHECK(s.has_metric("controller_runtime_reconcile_timeouts_total{controller=\"configmap\"} 0"));
    s.clock.advance(1s);
    REQUIRE(s.j->await("endless cancelled"));
    REQUIRE(s.j->await("stubborn cancelled"));
    CHECK(s.eventually([&] {
        return s.has_metric("controller_runtime_reconcile_timeouts_total{controller=\"configmap\"} 2");
    }));
    CHECK(s.has_metric("controller_runtime_reconcile_errors_total{controller=\"configmap\"} 1"));
    CHECK(logged.count("error=the reconcile did not end within 30 s, its timeout, and was cancelled") == 1);
    REQUIRE(s.clock.await_sleeper(5ms, 5ms)); // the backoff of a failure
    s.clock.advance(5ms);
    CHECK(s.j->await("endless", 2));
    CHECK(s.clock.await_sleeper(2h - 5ms, 2h - 5ms));
    CHECK(s.manager().settle().settled);
    CHECK(s.j->count("stubborn") == 1);
    CHECK(s.manager().stop() == 0);
    CHECK_THROWS_AS(s.manager().mgr.control<ConfigMap>("none").timeout(0s).reconcile_with(
                        [](context&, const ConfigMap&) -> task<action> { co_return await_change(); }),
                    api_error);
}

TEST_CASE("control-without-reconcile: run names a controller that reconcile_with did not finish") {
    const captured_log logged;
    scene s;
    auto builder = s.manager().mgr.control<ConfigMap>("first");
    builder.owns<core_v1::Service>();
    (void)s.manager().mgr.control<ConfigMap>("second");
    builder.reconcile_with([](context&, const ConfigMap&) -> task<action> { co_return await_change(); });
    CHECK(s.manager().mgr.run() == 1);
    CHECK(logged.count(
              "controller second: control<T>() began it, and nothing finished it; call reconcile_with") == 1);
    CHECK(logged.count("controller first") == 0);
}

TEST_CASE(
    "pitfall 27: success, a later run and a terminal error make the next failure the first, and none holds "
    "the key") {
    const std::string end = GENERATE(as<std::string>(), "success", "later", "terminal");
    INFO(end);
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a"));
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    m.mgr.control<ConfigMap>().reconcile_with([j, end](context&, const ConfigMap&) -> task<action> {
        j->note("run");
        const std::size_t run = j->count("run");
        if (run <= 3 || run == 5)
            throw std::runtime_error("no");
        if (run == 4 && end == "terminal")
            throw terminal_error("never");
        if (run == 4 && end == "later")
            co_return requeue_after(10min);
        co_return await_change();
    });
    m.start();
    std::size_t runs = 1;
    for (const auto backoff : {5ms, 10ms, 20ms}) {
        REQUIRE(j->await("run", runs++));
        REQUIRE(clock.await_sleeper(backoff, backoff));
        clock.advance(backoff);
    }
    REQUIRE(j->await("run", 4));
    CHECK(m.settle().failing.empty());
    api->put("configmaps", config_map("a", "2")); // comes through whatever the fourth run ended with
    REQUIRE(j->await("run", 5));
    REQUIRE(clock.await_sleeper(5ms, 5ms));
    clock.advance(5ms);
    REQUIRE(j->await("run", 6));
    CHECK(m.settle().settled);
}
