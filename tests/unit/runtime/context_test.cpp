// What reconcilers write through their contexts, and what that makes the next ones wait for.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using core_v1::Service;

namespace {

object_key key(const std::string& name) { return {"default", name}; }

/// Writes to a Service.
task<> write_with(client& api, std::string verb, std::string name) {
    Service service;
    service.metadata.namespace_ = "default";
    service.metadata.name = name;
    service.metadata.labels["written"] = "yes";
    service.status.conditions.emplace_back().type = "Written"; // all that apply_status sends
    const object_key of = key_of(service);
    class patch change = patch::merge_patch(R"({"metadata":{"labels":{"written":"yes"}}})");
    if (verb == "create")
        co_await api.create(service);
    else if (verb == "apply")
        co_await api.apply(service);
    else if (verb == "apply_status")
        co_await api.apply_status(service);
    else if (verb == "patch")
        co_await api.patch<Service>(of, change);
    else
        co_await api.patch_status<Service>(of, change);
}

} // namespace

TEST_CASE("a reconcile does not act on what was there before its own last write") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a", "0"));
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    auto& c =
        m.mgr.control<ConfigMap>().reconcile_with([j](context& ctx, const ConfigMap& o) -> task<action> {
            j->note("sees " + o.data.at("v"));
            const int next = std::stoi(o.data.at("v")) + 1;
            if (next <= 2) {
                class patch change = patch::merge_patch(fmt::format(R"({{"data":{{"v":"{}"}}}})", next));
                co_await ctx.api.patch<ConfigMap>(ctx.key(), std::move(change));
            }
            co_return await_change();
        });
    m.start();
    CHECK(j->await("sees 2"));
    REQUIRE(m.settle(api->version()).settled);

    api->hold_watches(true);
    api->put("configmaps", config_map("a", "0"));
    api->hold_watches(false);
    CHECK(j->await("sees 2", 2));
    REQUIRE(m.settle(api->version()).settled);

    // The watch lags while other triggers come in.
    const std::size_t before = j->entries().size();
    m.on_loop([&] {
        api->hold_watches(true);
        return 0;
    });
    api->put("configmaps", config_map("other", "0"));
    m.on_loop([&] {
        c.enqueue(key("a"));
        return 0;
    });
    CHECK(j->await("sees 2", 3)); // nothing of its own is missing: no wait
    CHECK(j->entries().size() == before + 1);
    api->hold_watches(false);
    CHECK(j->await("sees 2", 4)); // "other", by way of 0 and 1
    REQUIRE(m.settle(api->version()).settled);
    CHECK(j->count("sees 0") == 3);
    CHECK(j->count("sees 1") == 3);
    CHECK(m.stop() == 0);
}

TEST_CASE("a write that the watch never shows holds its key up for 10 s, and no other key") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a"));
    api->put("configmaps", config_map("b"));
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    auto& c = m.mgr.control<ConfigMap>().reads<Service>().reconcile_with(
        [j](context& ctx, const ConfigMap& o) -> task<action> {
            j->note(o.metadata.name);
            if (o.metadata.name == "a" && j->count("a") == 1)
                co_await write_with(ctx.api, "apply", "s");
            co_return await_change();
        });
    api->hold_watches(true);
    m.start();
    CHECK(j->await("a"));
    CHECK(j->await("b"));
    m.on_loop([&] {
        c.enqueue(key("a"));
        c.enqueue(key("b"));
        return 0;
    });
    CHECK(j->await("b", 2));
    REQUIRE(clock.await_sleeper(9s, 10s));
    CHECK(j->count("a") == 1);
    CHECK_FALSE(m.mgr.wait_settled("", 0ms).settled);
    clock.advance(10s);
    CHECK(j->await("a", 2));
    CHECK(m.stop() == 0);
}

TEST_CASE("whatever a reconcile writes with ctx.api, or a copy of it, the next one of its key waits for") {
    const std::string verb = GENERATE("create", "apply", "apply_status", "patch", "patch_status");
    const bool by_copy = GENERATE(false, true);
    INFO(verb << (by_copy ? " by a copy" : ""));
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("writes"));
    api->put("configmaps", config_map("writes-nothing"));
    if (verb != "create")
        api->put("services", R"({"metadata":{"namespace":"default","name":"s"}})");
    running_manager m(api);
    auto& services = m.mgr.cache<Service>();
    auto& c = m.mgr.control<ConfigMap>().reads<Service>().reconcile_with(
        [j, &services, verb, by_copy](context& ctx, object_key k) -> task<action> {
            const auto service = services.get(key("s"));
            const bool sees_it = service && (service->metadata.labels.contains("written") ||
                                             !service->status.conditions.empty());
            j->note(k.name + (sees_it ? " sees it" : ""));
            if (k.name != "writes" || sees_it)
                co_return await_change();
            if (by_copy) {
                client copy = ctx.api;
                co_await write_with(copy, verb, "s");
            } else {
                co_await write_with(ctx.api, verb, "s");
            }
            co_return await_change();
        });
    api->hold_watches(true);
    m.start();
    CHECK(j->await("writes"));
    CHECK(j->await("writes-nothing")); // by the same worker, so the write is done
    // The worker takes them in this order.
    m.on_loop([&] {
        c.enqueue(key("writes"));
        c.enqueue(key("writes-nothing"));
        return 0;
    });
    CHECK(j->await("writes-nothing", 2));
    CHECK(j->count("writes") == 1);
    api->hold_watches(false);
    CHECK(j->await("writes sees it"));
    CHECK(m.settle(api->version()).settled);
    CHECK(j->count("writes") == 1);
    CHECK(m.stop() == 0);
}

TEST_CASE("writes that a reconcile makes side by side are all waited for") {
    using namespace boost::asio::experimental::awaitable_operators;
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("a"));
    running_manager m(api);
    auto& services = m.mgr.cache<Service>();
    auto& c = m.mgr.control<ConfigMap>().reads<Service>().reconcile_with(
        [j, &services](context& ctx, object_key) -> task<action> {
            j->note(std::to_string(services.size()));
            if (services.size() == 0)
                co_await (write_with(ctx.api, "apply", "s") && write_with(ctx.api, "apply", "t"));
            co_return await_change();
        });
    api->hold_watches(true);
    m.start();
    CHECK(j->await("0"));
    REQUIRE(api->await_request("services/t"));
    m.on_loop([&] {
        c.enqueue(key("a"));
        return 0;
    });
    api->hold_watches(false);
    CHECK(j->await("2"));
    CHECK(m.stop() == 0);
    CHECK(j->entries() == std::vector<std::string>{"0", "2"});
}

TEST_CASE("a copy of ctx.api may be used after its run, and nobody waits for what it writes then") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    api->put("configmaps", config_map("a"));
    api->put("configmaps", config_map("b"));
    std::optional<client> kept;
    running_manager m(api);
    auto& c = m.mgr.control<ConfigMap>().reads<Service>().reconcile_with(
        [j, &kept](context& ctx, object_key k) -> task<action> {
            if (k.name == "a" && !kept)
                kept = ctx.api;
            else if (k.name == "b")
                co_await write_with(*kept, "apply", "s");
            j->note(k.name);
            co_return await_change();
        });
    api->hold_watches(true);
    m.start();
    CHECK(j->await("a"));
    CHECK(j->await("b"));
    m.on_loop([&] {
        c.enqueue(key("a"));
        c.enqueue(key("b"));
        return 0;
    });
    CHECK(j->await("a", 2));
    CHECK(j->await("b", 2));
    CHECK(m.stop() == 0);
    CHECK(api->await_request("PATCH", 2));
}
