// The reflector's loop: what a store does when the API server does not do as it should.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <algorithm>
#include <set>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using core_v1::Service;

namespace {

struct fixture {
    std::shared_ptr<fake_api> api = std::make_shared<fake_api>();
    std::shared_ptr<journal> j = std::make_shared<journal>();
    manual_clock clock;
    running_manager m{api, [this] {
                          auto o = quiet_options();
                          o.time = &clock;
                          return o;
                      }()};
    store<ConfigMap>& maps = m.mgr.cache<ConfigMap>();

    fixture() {
        maps.on_change([this](const change<ConfigMap>& c) {
            j->note(c.now ? c.now->metadata.name + "=" + c.now->data.at("v")
                          : c.old->metadata.name + (c.final_state_unknown ? " vanished" : " deleted"));
        });
    }
    store_state state() {
        return m.on_loop([this] { return maps.state(); });
    }
    bool settled() { return m.settle(api->version()).settled; }
};

} // namespace

TEST_CASE(
    "pitfall 07 in the loop: a watch that ends is resumed, a broken one after a pause, without a list") {
    const bool broken = GENERATE(false, true);
    fixture f;
    f.api->put("configmaps", config_map("a"));
    f.m.start();
    REQUIRE(f.settled());
    f.api->put("configmaps", config_map("a", "2"));
    REQUIRE(f.settled());
    const std::string seen = f.api->version();
    f.api->end_watches(broken);
    if (broken) {
        REQUIRE(f.clock.await_sleeper(800ms, 1600ms));
        f.clock.advance(1600ms);
    }
    REQUIRE(f.api->await_request("resourceVersion=" + seen));
    f.api->put("configmaps", config_map("b"));
    CHECK(f.j->await("b=1"));
    CHECK(f.api->last_request("watch=true").target.find("resourceVersion=" + seen) != std::string::npos);
    std::size_t lists = 0;
    for (const std::string& r : f.api->requests())
        lists += r.find("limit=") != std::string::npos ? 1 : 0;
    CHECK(lists == 1);
}

TEST_CASE("pitfalls 01 and 16 in the loop: after 410 a list shows what was missed, deletions included") {
    fixture f;
    f.api->put("configmaps", config_map("a"));
    f.api->put("configmaps", config_map("b"));
    f.m.start();
    REQUIRE(f.settled());
    f.api->put("configmaps", config_map("b", "2")); // the watch shows life, so that its end is no failure
    REQUIRE(f.settled());
    f.api->hold_watches(true);
    f.api->remove("configmaps", "default", "a");
    f.api->put("configmaps", config_map("c"));
    f.api->compact();
    f.api->end_watches(false);
    f.api->hold_watches(false);
    CHECK(f.j->await("a vanished"));
    CHECK(f.j->await("c=1"));
    REQUIRE(f.settled());
    CHECK(f.j->count("b=1") == 1);
}

TEST_CASE("pitfall 21 in the loop: the idle watchdog is longer than the server's timeout") {
    fixture f;
    f.api->put("configmaps", config_map("a"));
    f.m.start();
    std::set<std::chrono::seconds> all;
    for (std::size_t i = 1; i <= 20; ++i) {
        REQUIRE(f.api->await_request("watch=true", i));
        const http_request watch = f.api->last_request("watch=true");
        const std::size_t at = watch.target.find("timeoutSeconds=");
        REQUIRE(at != std::string::npos);
        const std::chrono::seconds asked(std::stoi(watch.target.substr(at + 15)));
        CHECK(asked >= 5min);
        CHECK(asked <= 10min);
        REQUIRE(watch.idle_timeout);
        CHECK(*watch.idle_timeout > asked);
        CHECK(watch.target.find("allowWatchBookmarks=true") != std::string::npos);
        all.insert(asked);
        f.api->put("configmaps", config_map("a", std::to_string(i + 1))); // a sign of life
        REQUIRE(f.settled());
        f.api->end_watches(false);
    }
    CHECK(all.size() > 10); // of 301 values: the watches of many clients must not end together
}

TEST_CASE("pitfall 23: hours go by and watches end, and nothing lists or reconciles again without a cause") {
    fixture f;
    f.api->put("configmaps", config_map("a"));
    f.m.mgr.control<ConfigMap>().reconcile_with([j = f.j](context&, object_key key) -> task<action> {
        j->note("reconciled " + key.name);
        co_return await_change();
    });
    f.m.start();
    REQUIRE(f.settled());
    for (int hour = 0; hour < 24; ++hour) {
        f.clock.advance(1h);
        f.api->end_watches(false);
        f.api->put("services",
                   R"({"metadata":{"namespace":"default","name":"s"}})"); // a bookmark for the others
        REQUIRE(f.settled());
    }
    const auto all = f.api->requests();
    CHECK(std::count_if(all.begin(), all.end(),
                        [](const std::string& r) { return r.find("limit=") != std::string::npos; }) == 1);
    CHECK(f.j->count("reconciled a") == 1);
}

TEST_CASE("pitfalls 12 and 13: initial events are not asked for, so none can be mistaken for a full list") {
    fixture f;
    f.m.start();
    REQUIRE(f.api->await_request("watch=true"));
    CHECK(f.api->last_request("watch=true").target.find("sendInitialEvents") == std::string::npos);
}

TEST_CASE(
    "a kind that discovery does not have counts as empty after 10 s, and is found within 30 s or on demand") {
    const bool on_demand = GENERATE(false, true);
    fixture f;
    f.api->set_absent("configmaps", true);
    f.m.start();
    std::chrono::milliseconds left = 10s;
    for (const auto delay : {250ms, 500ms, 1000ms, 2000ms, 4000ms}) {
        REQUIRE(f.clock.await_sleeper(delay, delay));
        CHECK(f.state() == store_state::starting);
        CHECK_FALSE(f.m.mgr.health().ready().ok);
        f.clock.advance(delay);
        left -= delay;
    }
    REQUIRE(f.clock.await_sleeper(left, left));
    f.clock.advance(left);
    REQUIRE(f.settled());
    CHECK(f.state() == store_state::not_served);
    const auto ready = f.m.mgr.health().ready();
    CHECK(ready.ok);
    CHECK(ready.remarks);
    CHECK(ready.verbose.find("[+]cache-configmaps ok: configmaps: not_served: the API server does not serve "
                             "configmaps (v1); Kubernetes 1.0 and newer serve it") != std::string::npos);
    REQUIRE(f.clock.await_sleeper(16s, 16s));
    f.clock.advance(16s);
    REQUIRE(f.clock.await_sleeper(30s, 30s));
    f.api->put("configmaps", config_map("a"));
    f.api->set_absent("configmaps", false);
    if (on_demand)
        f.m.on_loop([&] {
            f.m.mgr.recheck_kinds();
            return 0;
        });
    else
        f.clock.advance(30s);
    CHECK(f.j->await("a=1"));
    REQUIRE(f.settled());
    CHECK(f.state() == store_state::synced);
    CHECK_FALSE(f.m.mgr.health().ready().remarks);
}

TEST_CASE("what kubectl apply keeps for itself is not kept in stores") {
    fixture f;
    const std::string noted =
        R"(,"annotations":{"a":"b","kubectl.kubernetes.io/last-applied-configuration":"{}"})";
    f.api->put("configmaps", config_map("listed", "1", noted));
    f.m.start();
    REQUIRE(f.settled());
    f.api->put("configmaps", config_map("watched", "1", noted));
    REQUIRE(f.settled());
    for (const auto& map : f.m.on_loop([&] { return f.maps.list(); }))
        CHECK(map->metadata.annotations == std::map<std::string, std::string>{{"a", "b"}});
    CHECK(f.m.on_loop([&] { return f.maps.size(); }) == 2);
}

TEST_CASE("a manager that may not see CustomResourceDefinitions works without them") {
    fixture f;
    f.api->add_fault({"GET", "/customresourcedefinitions", 403, "Forbidden", -1});
    f.m.mgr.follow_crds();
    f.m.mgr.control<ConfigMap>().reconcile_with([j = f.j](context&, object_key key) -> task<action> {
        j->note("reconciled " + key.name);
        co_return await_change();
    });
    f.api->put("configmaps", config_map("a"));
    f.m.start();
    CHECK(f.j->await("reconciled a"));
    REQUIRE(f.api->await_request("/customresourcedefinitions", 1));
    REQUIRE(f.settled());
    const auto ready = f.m.mgr.health().ready();
    CHECK(ready.ok);
    CHECK(ready.verbose.find("[+]cache-customresourcedefinitions.apiextensions.k8s.io ok: "
                             "customresourcedefinitions.apiextensions.k8s.io: denied: ") !=
          std::string::npos);
}

TEST_CASE("a denied kind blocks the controllers that need it, says so, and stops nothing else") {
    fixture f;
    f.api->add_fault({"GET", "/services", 403, "Forbidden", -1});
    f.api->put("configmaps", config_map("a"));
    const auto note = [j = f.j](std::string who) {
        return [j, who](context&, object_key) -> task<action> {
            j->note(who);
            co_return await_change();
        };
    };
    f.m.mgr.control<ConfigMap>("free").reconcile_with(note("free"));
    f.m.mgr.control<ConfigMap>("blocked").reads<Service>().reconcile_with(note("blocked"));
    f.m.mgr.control<ConfigMap>("knowing").reads<Service>().allow_unsynced().reconcile_with(note("knowing"));
    f.m.start();
    CHECK(f.j->await("free"));
    CHECK(f.j->await("knowing"));
    const auto ready = f.m.mgr.health().ready();
    CHECK_FALSE(ready.ok);
    CHECK(ready.verbose.find("services: denied: ") != std::string::npos);
    const auto report = f.m.mgr.wait_settled("", 0ms);
    CHECK_FALSE(report.settled);
    CHECK(f.j->count("blocked") == 0);

    f.api->clear_faults();
    REQUIRE(f.clock.await_sleeper(800ms, 1600ms));
    f.clock.advance(1600ms);
    CHECK(f.j->await("blocked"));
    REQUIRE(f.settled());
    CHECK(f.m.mgr.health().ready().ok);
}

TEST_CASE("a cache of part of a kind asks for that part") {
    fixture f;
    cache_scope scope;
    scope.namespaces = {"kube-system"};
    scope.field_selector = "metadata.name=ipam";
    auto& part = f.m.mgr.cache<ConfigMap>(scope);
    CHECK(&part == &f.m.mgr.cache<ConfigMap>(scope));
    CHECK(&part != &f.maps);
    f.api->put("configmaps", config_map("a"));
    f.api->put("configmaps", R"({"metadata":{"namespace":"kube-system","name":"ipam"}})");
    f.m.start();
    f.m.on_loop([&] {
        f.maps.on_change([](const change<ConfigMap>&) {});
        return 0;
    });
    REQUIRE(f.api->await_request("/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Dipam"));
    CHECK(f.m.mgr.wait_settled(f.api->version(), 20s).settled);
    CHECK(f.m.on_loop([&] { return part.size(); }) == 1);
}

TEST_CASE("a cache of several namespaces lists and watches each of them, and never all") {
    cache_scope scope;
    scope.namespaces = {"blue", "red"};
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    running_manager m(api);
    auto& both = m.mgr.cache<ConfigMap>(scope);
    auto builder = m.mgr.control<ConfigMap>({}, scope);
    builder.reconcile_with([j](context& ctx, const ConfigMap& map) -> task<action> {
        if (map.data.contains("done")) {
            j->note("done");
            co_return await_change();
        }
        auto change = patch::merge_patch(R"({"data":{"done":"1"}})");
        const object_key key = key_of(map);
        co_await ctx.api.patch<ConfigMap>(key, change);
        co_return await_change();
    });
    api->put("configmaps", config_map("elsewhere"));
    api->put("configmaps", R"({"metadata":{"namespace":"blue","name":"a"}})");
    api->put("configmaps", R"({"metadata":{"namespace":"red","name":"a"}})");
    m.start();
    // A write to one namespace is not waited for in the other, whose watch has nothing to show.
    REQUIRE(j->await("done", 2));
    CHECK(m.on_loop([&] { return both.size(); }) == 2);
    for (const std::string& r : api->requests())
        CHECK(r.find("/api/v1/namespaces/") != std::string::npos);

    api->put("configmaps", R"({"metadata":{"namespace":"red","name":"b"},"data":{"done":"1"}})");
    CHECK(j->await("done", 3));
}

TEST_CASE("a cache that may be denied keeps neither controllers nor readiness waiting") {
    const bool may_be = GENERATE(false, true);
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("a"));
    api->add_fault({"GET", "/api/v1/services", 403, "Forbidden", -1});
    running_manager m(api);
    cache_scope scope;
    scope.may_be_denied = may_be;
    auto& services = m.mgr.cache<Service>(scope);
    m.mgr.control<ConfigMap>().reads<Service>(scope).reconcile_with(
        [j](context&, object_key key) -> task<action> {
            j->note(key.name);
            co_return await_change();
        });
    m.start();
    REQUIRE(api->await_request("GET /api/v1/services", 2)); // the answer to the first one has been seen
    if (may_be)
        REQUIRE(j->await("a"));
    CHECK(m.on_loop([&] { return services.state(); }) == store_state::denied);
    CHECK(m.mgr.health().ready().ok == may_be);
    CHECK(j->count("a") == (may_be ? 1 : 0));
}
