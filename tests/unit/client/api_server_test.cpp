// Every verb against a real API server's semantics, over real HTTP.
#include "scripted_server.hpp"

#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/gateway_v1.hpp>
#include <gwctl/client/client.hpp>
#include <gwctl/testing/api_server.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::test;
using core_v1::ConfigMap;
using gateway_v1::Gateway;

namespace {

client connect(const testing::api_server& server) {
    cluster_config config;
    config.server = server.url();
    return client(make_http_transport(config));
}

ConfigMap map_named(std::string name, std::string value) {
    ConfigMap map;
    map.metadata.namespace_ = "default";
    map.metadata.name = std::move(name);
    map.metadata.labels["app"] = "web";
    map.data["k"] = std::move(value);
    return map;
}

task<void> write_and_read(client api) {
    const object_key key("default", "a");
    ConfigMap created = co_await api.create(map_named("a", "1"));
    CHECK_FALSE(created.metadata.uid.empty());
    const ConfigMap read = co_await api.get<ConfigMap>(key);
    CHECK(read == created);

    ConfigMap wish = map_named("a", "2");
    const ConfigMap applied = co_await api.apply(wish);
    CHECK(applied.data.at("k") == "2");
    const ConfigMap merged = co_await api.patch<ConfigMap>(key, patch::merge_patch(R"({"data":{"m":"3"}})"));
    CHECK(merged.data.at("m") == "3");
    const ConfigMap patched = co_await api.patch<ConfigMap>(
        key, patch::json_patch(
                 R"([{"op":"test","path":"/data/m","value":"3"},{"op":"remove","path":"/data/m"}])"));
    CHECK(patched.data.count("m") == 0);

    delete_options stale;
    stale.uid = "somebody else";
    errc refused = errc::precondition;
    try {
        co_await api.remove<ConfigMap>(key, stale);
    } catch (const api_error& e) {
        refused = e.code();
    }
    CHECK(refused == errc::conflict);
    co_await api.remove<ConfigMap>(key);
}

task<void> exists_twice(client api) {
    co_await api.create(map_named("a", "1"));
    co_await api.create(map_named("a", "1"));
}

task<void> lists(client api) {
    const std::string names = "abcde";
    for (const char c : names)
        co_await api.create(map_named(std::string(1, c), "1"));
    list_options options;
    options.namespace_ = "default";
    options.label_selector = "app=web";
    options.limit = 2;
    const auto page = co_await api.list_page<ConfigMap>(options);
    CHECK(page.items.size() == 2);
    CHECK_FALSE(page.metadata.continue_.empty());
    const auto all = co_await api.list<ConfigMap>(options);
    REQUIRE(all.items.size() == 5);
    CHECK(all.items[4]->metadata.name == "e");
}

task<void> watches(client api) {
    list_options options;
    const auto before = co_await api.list<ConfigMap>(options);
    watch_options from;
    from.namespace_ = "default";
    from.resource_version = before.metadata.resourceVersion;
    auto stream = co_await api.watch<ConfigMap>(from);
    co_await api.create(map_named("a", "1"));
    const object_key key("default", "a");
    co_await api.remove<ConfigMap>(key);
    const auto added = co_await stream.next();
    REQUIRE(added.has_value());
    CHECK(added->type == watch_event_type::added);
    CHECK(added->object->metadata.name == "a");
    const auto deleted = co_await stream.next();
    REQUIRE(deleted.has_value());
    CHECK(deleted->type == watch_event_type::deleted);

    watch_options initial;
    initial.namespace_ = "default";
    initial.send_initial_events = true;
    initial.server_timeout = std::chrono::seconds(1);
    co_await api.create(map_named("b", "1"));
    auto all = co_await api.watch<ConfigMap>(initial);
    const auto first = co_await all.next();
    REQUIRE(first.has_value());
    CHECK(first->object->metadata.name == "b");
    const auto end = co_await all.next();
    REQUIRE(end.has_value());
    CHECK(end->type == watch_event_type::bookmark);
    CHECK(end->object->metadata.annotations.at("k8s.io/initial-events-end") == "true");
    const auto none = co_await all.next(); // the server's timeout ends it in good order
    CHECK_FALSE(none.has_value());
}

task<void> watch_from(client api, std::string version) {
    watch_options from;
    from.resource_version = std::move(version);
    auto stream = co_await api.watch<ConfigMap>(from);
    co_await stream.next();
}

task<void> statuses(client api) {
    Gateway gateway;
    gateway.metadata.namespace_ = "default";
    gateway.metadata.name = "web";
    gateway.spec.gatewayClassName = "kube-vip";
    gateway_v1::Listener listener;
    listener.name = "tcp";
    listener.port = 80;
    listener.protocol = "TCP";
    gateway.spec.listeners.push_back(listener);
    const Gateway applied = co_await api.apply(gateway);
    CHECK(applied.metadata.generation == 1);

    Gateway status;
    status.metadata.namespace_ = "default";
    status.metadata.name = "web";
    Condition accepted;
    accepted.type = "Accepted";
    accepted.status = "True";
    accepted.reason = "Accepted";
    accepted.lastTransitionTime = "2026-01-01T00:00:00Z";
    status.status.conditions.push_back(accepted);
    const object_key key("default", "web");
    const Gateway written = co_await api.apply_status(status);
    REQUIRE_FALSE(written.status.conditions.empty());
    CHECK(written.metadata.generation == 1);
    const Gateway read = co_await api.get<Gateway>(key);
    CHECK(read.spec.listeners.size() == 1);
}

task<void> get_gateway(client api) {
    const object_key key("default", "web");
    co_await api.get<Gateway>(key);
}

task<void> get_map(client api) {
    const object_key key("default", "none");
    co_await api.get<ConfigMap>(key);
}

} // namespace

TEST_CASE("verbs against an API server") {
    testing::api_server server;
    boost::asio::io_context io;
    const client api = connect(server);
    SECTION("create, get, apply, patch, remove") { run(io, write_and_read(api)); }
    SECTION("pages") { run(io, lists(api)); }
    SECTION("watch") { run(io, watches(api)); }
    SECTION("status") { run(io, statuses(api)); }
    SECTION("refusals") {
        CHECK(failure_of(io, exists_twice(api)) ==
              "already_exists: ConfigMap default/a: configmaps \"a\" already exists");
        CHECK(failure_of(io, get_map(api)) ==
              "not_found: ConfigMap default/none: configmaps \"none\" not found");
        const std::string old = std::to_string(server.resource_version() - 1);
        server.compact();
        CHECK(failure_of(io, watch_from(api, old)).starts_with("gone: watch of configmaps: "));
    }
    SECTION("kinds that are not served") {
        REQUIRE(server.serve("gateways.gateway.networking.k8s.io", "", false));
        CHECK(failure_of(io, get_gateway(api)) ==
              "not_found: the API server does not serve "
              "gateways.gateway.networking.k8s.io (v1, v1beta1); install the "
              "Gateway API CRDs");
    }
}
