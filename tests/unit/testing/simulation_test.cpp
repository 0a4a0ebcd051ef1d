#include <gwctl/api/core_v1.hpp>
#include <gwctl/testing/simulation.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

json::value config_map(const std::string& name, const std::string& value) {
    return boost::json::parse(fmt::format(
        R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}"}},"data":{{"v":"{}"}}}})", name,
        value));
}

/// Keeps a copy of each ConfigMap NAME as NAME-copy, also when somebody changes the copy.
struct copier_of_maps {
    store<ConfigMap>& maps;

    task<action> reconcile(context& c, object_key key) {
        const bool is_copy = key.name.ends_with("-copy");
        const object_key original(key.namespace_,
                                  is_copy ? key.name.substr(0, key.name.size() - 5) : key.name);
        const auto map = maps.get(original);
        if (!map)
            co_return await_change();
        ConfigMap twin;
        twin.metadata.namespace_ = original.namespace_;
        twin.metadata.name = original.name + "-copy";
        twin.data = map->data;
        co_await c.api.apply(twin);
        co_return await_change();
    }
};

void copier(manager& m) { m.control<ConfigMap>().reconcile_with(copier_of_maps{m.cache<ConfigMap>()}); }

simulation_options options(std::uint64_t seed, unsigned replicas = 2) {
    simulation_options o;
    o.seed = seed;
    o.replicas = replicas;
    return o;
}

std::string copied(const simulation& world, const std::string& name) {
    const auto twin = world.get("configmaps", "default", name + "-copy");
    return twin ? std::string(twin->at("data").at("v").as_string()) : "none";
}

std::size_t writes_by_processes(const simulation& world) {
    const auto& all = world.writes();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const write_record& w) {
        return w.user_agent != "fixture" && w.resource != "leases" && w.resource != "events";
    }));
}

/// What a seed leads to.
struct outcome {
    std::uint64_t digest = 0;
    std::uint64_t requests = 0;
    std::vector<std::string> violations;
};

outcome troubled(std::uint64_t seed, const std::vector<mishap_kind>& kinds = all_mishaps()) {
    simulation world(options(seed), copier);
    world.apply(config_map("a", "1"));
    world.apply(config_map("b", "1"));
    world.expect(draw_mishaps(seed, 12, 2min, kinds));
    for (int i = 2; i < 10; ++i) {
        world.run_for(10s);
        world.apply(config_map(i % 2 == 0 ? "a" : "b", std::to_string(i)));
    }
    world.run_for(40s);
    world.calm();
    if (copied(world, "a") != "8" || copied(world, "b") != "9")
        world.violated("a is " + copied(world, "a") + ", b is " + copied(world, "b"));
    const std::size_t before = writes_by_processes(world);
    world.restart();
    world.calm();
    if (writes_by_processes(world) != before)
        world.violated("a restart wrote something");
    return {world.digest(), world.requests(), world.violations()};
}

} // namespace

TEST_CASE("simulation: a controller does its work, and minutes pass in no time") {
    simulation world(options(1, 1), copier);
    world.apply(config_map("a", "1"));
    world.calm();
    CHECK(copied(world, "a") == "1");
    CHECK(world.now() > 2min);
    world.apply(config_map("a", "2"));
    world.calm();
    CHECK(copied(world, "a") == "2");
    CHECK(world.violations() == std::vector<std::string>());
}

TEST_CASE("simulation: the same seed gives the same requests and log lines, another seed others") {
    const outcome first = troubled(3);
    const outcome second = troubled(3);
    CHECK(first.digest == second.digest);
    CHECK(first.requests == second.requests);
    CHECK(troubled(4).digest != first.digest);
}

TEST_CASE("simulation: whatever goes wrong, all is right in the end") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        CHECK(troubled(seed).violations == std::vector<std::string>());
    }
}

TEST_CASE("simulation: each kind of mishap happens, and is survived") {
    for (const mishap_kind kind : all_mishaps()) {
        INFO(to_string(kind));
        CHECK(troubled(7, {kind}).violations == std::vector<std::string>());
    }
}
