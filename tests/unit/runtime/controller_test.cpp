// Controllers at work: a real manager on a fake API server.

#include "manual_clock.hpp"
#include "running_manager.hpp"

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using core_v1::Service;

namespace {

object_key key(const std::string& name) { return {"default", name}; }

struct noting {
    std::shared_ptr<journal> j;
    task<action> reconcile(context&, const ConfigMap& m) {
        j->note(m.metadata.name + "=" + m.data.at("v"));
        co_return await_change();
    }
    task<> deleted(context&, object_key k) {
        j->note(k.name + " deleted");
        co_return;
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a controller reconciles what exists, what changes and what goes") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("a"));
    running_manager m(api);
    m.mgr.control<ConfigMap>().reconcile_with(noting{j});
    m.start();
    CHECK(j->await("a=1"));
    api->put("configmaps", config_map("a", "2"));
    CHECK(j->await("a=2"));
    api->put("configmaps", config_map("b"));
    CHECK(j->await("b=1"));
    api->remove("configmaps", "default", "a");
    CHECK(j->await("a deleted"));
    CHECK(m.settle(api->version()).settled);
    CHECK(m.stop() == 0);
    CHECK(j->entries().size() == 4);
}

TEST_CASE("functions and key-only reconcilers") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("a"));
    running_manager m(api);
    m.mgr.control<ConfigMap>("function").reconcile_with([j](context& c, const ConfigMap& o) -> task<action> {
        j->note("function " + o.metadata.name + " " + to_string(c.key()));
        co_return await_change();
    });
    m.mgr.control<ConfigMap>("by-key").reconcile_with(
        [j, &cache = m.mgr.cache<ConfigMap>()](context&, object_key k) -> task<action> {
            j->note(k.name + (cache.get(k) ? " there" : " gone"));
            co_return await_change();
        });
    m.start();
    CHECK(j->await("function a default/a"));
    CHECK(j->await("a there"));
    api->remove("configmaps", "default", "a");
    CHECK(j->await("a gone"));
    CHECK(m.stop() == 0);
    CHECK_THROWS_AS(m.mgr.control<ConfigMap>("by-key").reconcile_with(noting{j}), api_error);
}

TEST_CASE("pitfall 22: workers start when their own handlers have the initial list, all of it") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    for (int i = 0; i < 1201; ++i)
        api->put("configmaps", config_map(fmt::format("m{:04}", i)));
    api->put("services", R"({"metadata":{"namespace":"default","name":"s"}})");
    api->add_fault({"GET", "/services", 503, "ServiceUnavailable", 1}); // one list comes later than the other
    manual_clock clock;
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    auto& maps = m.mgr.cache<ConfigMap>();
    auto& services = m.mgr.cache<Service>();
    m.mgr.control<ConfigMap>().reads<Service>().reconcile_with(
        [j, &maps, &services](context&, const ConfigMap&) -> task<action> {
            j->note(fmt::format("{} {}", maps.size(), services.size()));
            co_return await_change();
        });
    m.start();
    REQUIRE(api->await_request("/configmaps?watch=true")); // its list has been told
    REQUIRE(clock.await_sleeper(800ms, 1600ms));
    CHECK(m.on_loop([&] { return maps.size(); }) == 1201);
    CHECK(j->entries().empty());
    clock.advance(1600ms);
    CHECK(m.settle(api->version()).settled);
    CHECK(j->count("1201 1") == 1201);
    CHECK(j->entries().size() == 1201);
    CHECK(api->last_request("GET /api/v1/configmaps?limit=").target ==
          "/api/v1/configmaps?limit=500&resourceVersion=0");
    // An API server ignores the limit at resourceVersion 0.
    for (const auto& r : api->requests())
        CHECK(r.find("continue=") == std::string::npos);
}

TEST_CASE("pitfall 33: a change leads to what the object belonged to before and what it belongs to now") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    running_manager m(api);
    m.mgr.control<ConfigMap>()
        .owns<Service>()
        .watches<core_v1::Namespace>([](const core_v1::Namespace& n) {
            const auto team = n.metadata.labels.find("team");
            return team == n.metadata.labels.end()
                       ? std::vector<object_key>()
                       : std::vector<object_key>{object_key("default", team->second)};
        })
        .reconcile_with([j](context&, object_key k) -> task<action> {
            j->note(k.name);
            co_return await_change();
        });
    m.start();
    REQUIRE(m.settle().settled);
    api->put("namespaces", R"({"metadata":{"name":"n","labels":{"team":"red"}}})");
    REQUIRE(m.settle(api->version()).settled);
    CHECK(j->entries() == std::vector<std::string>{"red"});
    api->put("namespaces", R"({"metadata":{"name":"n","labels":{"team":"blue"}}})");
    REQUIRE(m.settle(api->version()).settled);
    CHECK(j->count("red") == 2);
    CHECK(j->count("blue") == 1);

    const auto owned = [](const std::string& owner, const std::string& kind) {
        return fmt::format(
            R"({{"metadata":{{"namespace":"default","name":"s","ownerReferences":[{{"apiVersion":"v1",)"
            R"("kind":"{}","name":"{}","uid":"u","controller":true}}]}}}})",
            kind, owner);
    };
    api->put("services", owned("first", "ConfigMap"));
    REQUIRE(m.settle(api->version()).settled);
    api->put("services", owned("second", "ConfigMap"));
    REQUIRE(m.settle(api->version()).settled);
    api->put("services", owned("third", "Secret")); // not ours any more
    REQUIRE(m.settle(api->version()).settled);
    CHECK(j->count("first") == 2);
    CHECK(j->count("second") == 2);
    CHECK(j->count("third") == 0);
}

TEST_CASE("pitfall 25: keys run concurrently, each key once at a time") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    for (const char* name : {"a", "b", "c", "d"})
        api->put("configmaps", config_map(name));
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    int running = 0;
    int most = 0;
    auto& c = m.mgr.control<ConfigMap>().workers(3).reconcile_with(
        [&running, &most, j](context& ctx, const ConfigMap& o) -> task<action> {
            most = std::max(most, ++running);
            j->note(o.metadata.name + " begins");
            co_await ctx.time.sleep_for(1min);
            --running;
            j->note(o.metadata.name + " ends");
            co_return await_change();
        });
    m.start();
    CHECK(j->await("a begins"));
    CHECK(j->await("b begins"));
    CHECK(j->await("c begins"));
    CHECK(clock.await_sleeper(1min, 1min, 3));
    m.on_loop([&] {
        for (int i = 0; i < 3; ++i)
            c.enqueue(key("a"));
        return 0;
    });
    CHECK(j->count("d begins") == 0);
    CHECK(j->count("a begins") == 1);
    clock.advance(1min);
    CHECK(j->await("d begins"));
    CHECK(j->await("a begins", 2));
    CHECK(clock.await_sleeper(1min, 1min, 2));
    clock.advance(1min);
    CHECK(j->await("d ends"));
    CHECK(j->await("a ends", 2));
    CHECK(m.settle().settled);
    CHECK(m.stop() == 0);
    CHECK(most == 3);
    CHECK(j->count("a begins") == 2);
}

TEST_CASE("requeue_after runs again when the time has come, and not before") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a"));
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    m.mgr.control<ConfigMap>().reconcile_with([j](context&, const ConfigMap&) -> task<action> {
        j->note("run");
        co_return requeue_after(10min);
    });
    m.start();
    CHECK(m.settle().settled);
    CHECK(j->count("run") == 1);
    CHECK(clock.await_sleeper(10min, 10min));
    clock.advance(9min);
    CHECK(m.settle().settled);
    CHECK(j->count("run") == 1);
    clock.advance(1min);
    CHECK(j->await("run", 2));
    CHECK(contains(m.mgr.metrics().text(),
                   R"(controller_runtime_reconcile_total{controller="configmap",result="requeue_after"})"));
}

TEST_CASE("failures are retried with backoff, counted and reported; a terminal error is not retried") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("bad"));
    api->put("configmaps", config_map("hopeless"));
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    m.mgr.control<ConfigMap>().reconcile_with([j](context&, const ConfigMap& o) -> task<action> {
        j->note(o.metadata.name);
        if (o.metadata.name == "hopeless")
            throw terminal_error("never");
        throw std::runtime_error("try " + std::to_string(j->count("bad")));
    });
    m.start();
    CHECK(j->await("bad"));
    CHECK(j->await("hopeless"));
    for (const auto delay : {5ms, 10ms}) {
        CHECK_FALSE(m.mgr.wait_settled("", 0ms).settled);
        REQUIRE(clock.await_sleeper(delay, delay));
        clock.advance(delay);
        REQUIRE(j->await("bad", delay == 5ms ? 2 : 3));
    }
    const settled_report r = m.settle();
    CHECK(r.settled);
    REQUIRE(r.failing.size() == 1);
    CHECK(r.failing[0].key == key("bad"));
    CHECK(r.failing[0].failures == 3);
    CHECK(r.failing[0].last_error == "try 3");
    CHECK(j->count("hopeless") == 1);
    const std::string text = m.mgr.metrics().text();
    CHECK(contains(text, "controller_runtime_terminal_reconcile_errors_total{controller=\"configmap\"} 1"));
    CHECK(contains(text, "controller_runtime_reconcile_errors_total{controller=\"configmap\"} 4"));
    CHECK(contains(text, "workqueue_retries_total{controller=\"configmap\",name=\"configmap\"} 3"));
    CHECK(m.stop() == 0);
}

TEST_CASE("having cleanup is having a finalizer") {
    struct with_cleanup {
        std::shared_ptr<journal> j;
        std::shared_ptr<int> failures;
        task<action> reconcile(context&, const ConfigMap& o) {
            j->note("reconcile with " + std::to_string(o.metadata.finalizers.size()));
            co_return await_change();
        }
        task<> cleanup(context&, const ConfigMap& o) {
            j->note("cleanup " + o.metadata.name);
            if ((*failures)-- > 0)
                throw std::runtime_error("not yet");
            co_return;
        }
        task<> deleted(context&, object_key) {
            j->note("deleted");
            co_return;
        }
    };
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("a", "1", R"(,"finalizers":["example.com/other"])"));
    running_manager m(api);
    m.mgr.control<ConfigMap>()
        .finalizer("example.com/cleanup")
        .where(generation_changed)
        .reconcile_with(with_cleanup{j, std::make_shared<int>(2)});
    m.start();
    CHECK(j->await("reconcile with 2")); // never seen without, although the predicate hides the patch's event
    CHECK(m.settle(api->version()).settled);
    CHECK(j->entries().size() == 1);
    CHECK(api->last_request("PATCH").body.find("\"test\",\"path\":\"/metadata/resourceVersion\"") !=
          std::string::npos);

    api->put("configmaps", config_map("a", "2",
                                      R"(,"deletionTimestamp":"2026-01-31T08:15:00Z",)"
                                      R"("finalizers":["example.com/other","example.com/cleanup"])"));
    CHECK(j->await("cleanup a", 3)); // the first two failed
    CHECK(m.settle(api->version()).settled);
    const auto left = api->get("configmaps", "default", "a");
    REQUIRE(left.is_object());
    CHECK(left.at("metadata").at("finalizers").as_array().size() == 1);
    CHECK(j->count("reconcile with 2") == 1);
    api->remove("configmaps", "default", "a");
    CHECK(j->await("deleted"));
    CHECK(m.stop() == 0);
}

TEST_CASE("pitfall 42: a status written by the reconciler itself does not run it again") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("services", R"({"metadata":{"namespace":"default","name":"s"},"spec":{"type":"ClusterIP"}})");
    running_manager m(api);
    m.mgr.control<Service>()
        .where(generation_changed)
        .reconcile_with([j](context& ctx, const Service& s) -> task<action> {
            j->note(s.spec.type);
            class patch change = patch::merge_patch(fmt::format(
                R"({{"status":{{"conditions":[{{"type":"Seen","status":"True","message":"{}"}}]}}}})",
                j->entries().size()));
            co_await ctx.api.patch_status<Service>(ctx.key(), std::move(change));
            co_return await_change();
        });
    m.start();
    CHECK(j->await("ClusterIP"));
    REQUIRE(api->await_request("/status", 1)); // its event is what must not count
    CHECK(m.settle(api->version()).settled);
    api->put("services", R"({"metadata":{"namespace":"default","name":"s"},"spec":{"type":"LoadBalancer"}})");
    CHECK(j->await("LoadBalancer"));
    REQUIRE(api->await_request("/status", 2));
    CHECK(m.settle(api->version()).settled);
    CHECK(j->entries().size() == 2);
}

TEST_CASE("resource_version_changed ignores what a list repeats") {
    const auto at = [](const char* version) {
        auto map = std::make_shared<ConfigMap>();
        map->metadata.resourceVersion = version;
        return std::shared_ptr<const ConfigMap>(std::move(map));
    };
    const std::shared_ptr<const ConfigMap> none;
    CHECK(resource_version_changed(none, at("1")));
    CHECK(resource_version_changed(at("1"), none));
    CHECK(resource_version_changed(at("1"), at("2")));
    CHECK_FALSE(resource_version_changed(at("2"), at("2")));
}

TEST_CASE("a map function that throws costs its change, not the watch") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    running_manager m(api);
    m.mgr.control<ConfigMap>()
        .watches<Service>([](const Service& s) -> std::vector<object_key> {
            if (s.metadata.name == "bad")
                throw std::runtime_error("cannot map");
            return {object_key("default", s.metadata.name)};
        })
        .reconcile_with([j](context&, object_key k) -> task<action> {
            j->note(k.name);
            co_return await_change();
        });
    m.start();
    api->put("services", R"({"metadata":{"namespace":"default","name":"bad"}})");
    api->put("services", R"({"metadata":{"namespace":"default","name":"good"}})");
    CHECK(j->await("good"));
    CHECK(m.stop() == 0);
}
