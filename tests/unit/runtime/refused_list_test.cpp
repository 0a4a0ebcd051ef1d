// Lists that are none: the store stays as it was.

#include "manual_clock.hpp"
#include "running_manager.hpp"

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

TEST_CASE("a list that is none, or has no version to watch from, takes nothing out of a store") {
    const std::string list = GENERATE(
        as<std::string>(), "<!DOCTYPE html><title>Sign in</title>", "{}",
        R"({"kind":"Status","apiVersion":"v1","status":"Success"})",
        R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"}})",
        R"({"kind":"ConfigMapList","apiVersion":"v2","metadata":{"resourceVersion":"9"},"items":[]})",
        R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[]})",
        R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":""},"items":null})");
    INFO(list);
    const auto api = std::make_shared<fake_api>();
    manual_clock clock;
    journal told;
    manager_options options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    m.mgr.cache<ConfigMap>().on_change([&](const change<ConfigMap>& c) {
        told.note(c.now ? c.now->metadata.name + "=" + c.now->data.at("v") : c.old->metadata.name + " gone");
    });
    api->put("configmaps", config_map("a"));
    m.start();
    REQUIRE(m.settle(api->version()).settled);
    api->add_fault({"GET", "limit=", 200, "", -1, list});
    api->put("configmaps", config_map("a", "2")); // the watch shows life, so that its end is no failure
    REQUIRE(m.settle(api->version()).settled);
    api->hold_watches(true);
    api->put("configmaps", config_map("b"));
    api->compact();
    api->end_watches(false);
    api->hold_watches(false);
    REQUIRE(api->await_request("limit=", 2));
    REQUIRE(clock.await_sleeper(800ms, 1600ms)); // it was refused, and is asked for again
    api->clear_faults();
    clock.advance(1600ms);
    CHECK(told.await("b=1"));
    CHECK(told.count("a gone") == 0);
}
