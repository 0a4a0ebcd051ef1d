#include <gwctl/api/core_v1.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <boost/json/parse.hpp>

#include <atomic>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;
using core_v1::ConfigMap;

namespace {

manager_options quiet_options() {
    log::configure({.minimum = log::level::error});
    manager_options o;
    o.name = "test";
    o.handle_signals = false;
    return o;
}

void put(api_server& server, const std::string& name, const std::string& value) {
    json::object data;
    data["v"] = value;
    json::object metadata;
    metadata["name"] = name;
    json::object object;
    object["apiVersion"] = "v1";
    object["kind"] = "ConfigMap";
    object["metadata"] = metadata;
    object["data"] = data;
    REQUIRE(server.apply(object).has_value());
}

/// Makes a copy of each ConfigMap NAME as NAME-copy.
task<action> copy(context& c, const ConfigMap& map) {
    if (map.metadata.name.ends_with("-copy"))
        co_return await_change();
    ConfigMap twin;
    twin.metadata.namespace_ = map.metadata.namespace_;
    twin.metadata.name = map.metadata.name + "-copy";
    twin.data = map.data;
    co_await c.api.apply(twin);
    co_return await_change();
}

} // namespace

TEST_CASE("quiet means: the manager has reacted to all there is, and others have nothing left to do") {
    api_server server; // whose bookmarks come every 30 s
    manager m(quiet_options(), config_for(server));
    m.control<ConfigMap>().reconcile_with(copy);
    const manager_thread running(m);
    put(server, "a", "1");
    REQUIRE(wait_until_quiet(m).settled);
    CHECK(server.get("configmaps", "", "a-copy") == std::nullopt);
    CHECK(server.get("configmaps", "default", "a-copy")->at("data").at("v") == "1");

    // Somebody else, slow: reacts to the copy when asked for the third time.
    int looks = 0;
    put(server, "a", "2");
    const auto other = [&] {
        std::vector<std::string> left;
        if (++looks < 3)
            left.emplace_back("b is missing");
        else if (!server.get("configmaps", "default", "b"))
            put(server, "b", "of other");
        return left;
    };
    REQUIRE(wait_until_quiet(m, other).settled);
    CHECK(looks >= 4); // what it did the third time made the manager act, so it was asked again
    CHECK(server.get("configmaps", "default", "a-copy")->at("data").at("v") == "2");
    CHECK(server.get("configmaps", "default", "b-copy")->at("data").at("v") == "of other");
}

TEST_CASE("when it does not become quiet, the report says who is to blame") {
    api_server server;
    manager m(quiet_options(), config_for(server));
    m.cache<ConfigMap>();
    {
        const manager_thread running(m);
        REQUIRE(wait_until_quiet(m).settled);
        const settled_report report = wait_until_quiet(
            m, [] { return std::vector<std::string>{"Deployment web: its pods are not ready"}; },
            std::chrono::seconds(3)); // enough for the lists, also under a sanitizer
        CHECK_FALSE(report.settled);
        REQUIRE_FALSE(report.waiting_for.empty());
        CHECK(report.waiting_for.back() == "Deployment web: its pods are not ready");
    }
    const settled_report ended = wait_until_quiet(m);
    CHECK_FALSE(ended.settled);
    CHECK(ended.waiting_for == std::vector<std::string>{"the manager has ended"});
}
