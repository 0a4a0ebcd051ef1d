#include <gwctl/api/core_v1.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/testing/simulation.hpp>
#include <gwctl/testing/virtual_clock.hpp>

#include <fmt/format.h>

#include <support/catch.hpp>
#include <testing/simulation_checks.hpp>

using namespace gwctl;
using namespace gwctl::testing;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using lines = std::vector<std::string>;

namespace {

struct checked_runs {
    virtual_clock time;
    lines violations;
    testing::detail::run_checks checks{"a-1", time,
                                       [this](std::string what) { violations.push_back(std::move(what)); }};
    object_key key{"default", "x"};

    void begin(std::int64_t version, std::int64_t generation = 1) {
        ObjectMeta m;
        m.resourceVersion = std::to_string(version);
        m.generation = generation;
        checks.began("maps", ConfigMap::type, key, &m);
    }
    void run(std::int64_t version, std::int64_t generation = 1) {
        begin(version, generation);
        checks.ended("maps", key);
    }
    void run_for_none() {
        checks.began("maps", ConfigMap::type, key, nullptr);
        checks.ended("maps", key);
    }
    void write(std::uint64_t version, const std::string& verb = "apply", const std::string& name = "x") {
        write_record w;
        w.verb = verb;
        w.resource = "configmaps";
        w.namespace_ = "default";
        w.name = name;
        w.resource_version = version;
        checks.learnt(w);
    }
    /// What is said at the end, when the object has this generation; none: there is no object.
    lines at_rest(std::optional<std::int64_t> generation) {
        checks.all_was_shown([&](const resource_type&) {
            std::map<object_key, ObjectMeta> all;
            if (generation)
                all[key].generation = generation;
            return all;
        });
        return violations;
    }
};

struct checked_writers {
    lines violations;
    testing::detail::writer_checks checks{
        [this](std::string what) { violations.push_back(std::move(what)); }};

    static testing::detail::process process(const std::string& name, std::chrono::seconds until) {
        testing::detail::process p;
        p.name = name;
        p.renew_deadline = 10s;
        p.may_write_until = steady_time(until);
        return p;
    }
    void renew(const std::string& name, std::chrono::seconds until) { checks.renewed(process(name, until)); }
    void send(const std::string& name, std::chrono::seconds at, std::chrono::seconds until) {
        checks.sent(process(name, until), steady_time(at), "PATCH /x");
    }
};

std::string config_map(const std::string& name, const std::string& value) {
    return fmt::format("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {}}}, data: {{v: '{}'}}}}", name,
                       value);
}

/// Copies the value of "a" into "b".
struct copier {
    store<ConfigMap>& maps;

    task<action> reconcile(context& c, object_key) {
        const auto map = maps.get({"default", "a"});
        if (!map)
            co_return await_change();
        ConfigMap twin;
        twin.metadata.namespace_ = "default";
        twin.metadata.name = "b";
        twin.data = map->data;
        co_await c.api.apply(twin);
        co_return await_change();
    }
};
void copy(manager& m) { m.control<ConfigMap>().reconcile_with(copier{m.cache<ConfigMap>()}); }

std::string value_of(const simulation& world, const std::string& name) {
    const auto map = world.get("configmaps", "default", name);
    return map ? map->at("data").at("v").as_string().c_str() : "none";
}

simulation_options options(unsigned replicas) {
    simulation_options o;
    o.replicas = replicas;
    return o;
}

mishap of(mishap_kind kind, unsigned replica, std::uint32_t dice) {
    mishap m;
    m.kind = kind;
    m.replica = replica;
    m.dice = dice;
    return m;
}

std::string holder(const simulation& world) {
    const auto lease = world.get("leases.coordination.k8s.io", "default", "simulation");
    return lease ? lease->at("spec").at("holderIdentity").as_string().c_str() : "none";
}

task<action> fail(context&, const ConfigMap&) {
    throw api_error(errc::internal_error, "out of paint");
    co_return await_change();
}

task<void> write_the_time(context& c) {
    ConfigMap map;
    map.metadata.namespace_ = "default";
    map.metadata.name = "now";
    map.data["v"] = format_time(c.time.wall_now());
    co_await c.api.apply(map);
}

task<action> write_for_ever(context& c, const ConfigMap& map) {
    if (map.metadata.name == "a")
        co_await write_the_time(c);
    co_return requeue_after(20s);
}

task<action> write_at_the_start(context& c, const core_v1::Namespace& ns) {
    if (ns.metadata.name == "default")
        co_await write_the_time(c);
    co_return await_change();
}

} // namespace

TEST_CASE("simulation checks: two runs for one key at once") {
    checked_runs r;
    r.run(1);
    r.begin(1);
    CHECK(r.violations.empty());
    r.begin(1);
    CHECK(r.violations == lines{"a-1: maps reconciles ConfigMap default/x twice at once"});
}

TEST_CASE("simulation checks: a run before the store shows what the run before wrote") {
    checked_runs r;
    r.begin(5);
    r.write(7);
    r.checks.ended("maps", r.key);
    SECTION("an older version") {
        r.run(6);
        CHECK(r.violations ==
              lines{"a-1: maps reconciles ConfigMap default/x at resourceVersion 6, before its store "
                    "shows its own write 7"});
    }
    SECTION("that one, or a newer") {
        r.run(7);
        r.run(8);
        CHECK(r.violations.empty());
    }
    SECTION("none, when it was deleted meanwhile") {
        r.run_for_none();
        CHECK(r.violations.empty());
    }
    SECTION("after the time that runs wait for it") {
        r.time.advance(10s);
        r.run(6);
        CHECK(r.violations.empty());
    }
    SECTION("a deletion is not waited for") {
        r.begin(7);
        r.write(9, "delete");
        r.checks.ended("maps", r.key);
        r.run(8);
        CHECK(r.violations.empty());
    }
}

TEST_CASE("simulation checks: writes of other objects, or outside of runs, bind no run") {
    checked_runs r;
    r.begin(5);
    r.write(7, "apply", "other");
    r.checks.ended("maps", r.key);
    r.write(9);
    r.run(6);
    CHECK(r.violations.empty());
}

TEST_CASE("simulation checks: at rest, runs were shown the newest generation and each deletion") {
    checked_runs r;
    r.run(5, 2);
    SECTION("as it is") { CHECK(r.at_rest(2).empty()); }
    SECTION("a newer generation") {
        CHECK(r.at_rest(3) ==
              lines{"a-1: maps was last run for ConfigMap default/x at generation 2, which is 3 now"});
    }
    SECTION("a deletion") {
        CHECK(r.at_rest({}) == lines{"a-1: maps was not run after ConfigMap default/x was deleted"});
    }
    SECTION("a deletion that was shown") {
        r.run_for_none();
        CHECK(r.at_rest({}).empty());
    }
    SECTION("created again after a deletion that was shown") {
        r.run_for_none();
        CHECK(r.at_rest(1).size() == 1);
    }
}

TEST_CASE("simulation checks: a write leaves when the Lease may be another's") {
    checked_writers w;
    w.send("a-1", 5s, 10s);
    w.send("a-1", 10s, 10s);
    CHECK(w.violations.empty());
    w.send("a-1", 12s, 10s);
    CHECK(w.violations == lines{"a-1: PATCH /x leaves 2000ms after its Lease may be another's"});
}

TEST_CASE("simulation checks: a write leaves after another process's first one") {
    checked_writers w;
    w.send("a-1", 5s, 10s);
    w.send("b-1", 20s, 30s);
    w.send("b-1", 21s, 30s);
    CHECK(w.violations.empty());
    w.send("a-1", 22s, 30s);
    CHECK(w.violations == lines{"a-1: PATCH /x leaves after b-1 has begun to write"});
}

TEST_CASE("simulation checks: a write leaves while the process that wrote before may still write") {
    checked_writers w;
    w.renew("a-1", 10s);
    SECTION("it wrote") {
        w.send("a-1", 5s, 10s);
        w.send("b-1", 8s, 20s);
        CHECK(w.violations ==
              lines{"b-1: PATCH /x leaves while a-1 may write by its Lease for another 2000ms"});
    }
    SECTION("its time is over") {
        w.send("a-1", 5s, 10s);
        w.send("b-1", 10s, 20s);
        CHECK(w.violations.empty());
    }
    SECTION("it never wrote") {
        w.send("b-1", 8s, 20s);
        CHECK(w.violations.empty());
    }
}

TEST_CASE("simulation: calm reports a reconciler that keeps failing, and what it says") {
    simulation world(options(1), [](manager& m) { m.control<ConfigMap>().reconcile_with(fail); });
    world.apply_yaml(config_map("a", "1"));
    world.calm(5min);
    REQUIRE(world.violations().size() == 1);
    const std::string said = world.violations()[0];
    INFO(said);
    CHECK(said.find("no rest within 5 min") != std::string::npos);
    CHECK(said.find("out of paint") != std::string::npos);
}

TEST_CASE("simulation: calm reports a controller that never rests") {
    simulation world(options(1), [](manager& m) { m.control<ConfigMap>().reconcile_with(write_for_ever); });
    world.apply_yaml(config_map("a", "1"));
    world.calm(10min);
    REQUIRE(world.violations().size() == 1);
    CHECK(world.violations()[0].find("something is written again and again") != std::string::npos);
}

TEST_CASE("simulation: a leader that is paused beyond its Lease loses it, and writes nothing after that") {
    simulation world(options(2), copy);
    world.apply_yaml(config_map("a", "1"));
    REQUIRE(world.run_until([&] { return value_of(world, "b") == "1"; }));
    const std::string first = holder(world);
    world.expect({of(mishap_kind::pause, first[0] == 'a' ? 0 : 1, 39000)}); // for 39.5 s
    world.run_for(1s);
    world.apply_yaml(config_map("a", "2"));
    REQUIRE(world.run_until([&] { return value_of(world, "b") == "2"; }, 35s));
    const std::string second = holder(world);
    CHECK(second[0] != first[0]);
    const std::size_t before = world.writes_of_controllers().size();
    world.apply_yaml(config_map("a", "3"));
    world.run_for(60s); // the first one wakes up, and ends
    world.apply_yaml(config_map("a", "4"));
    world.calm();
    CHECK(value_of(world, "b") == "4");
    const auto all = world.writes_of_controllers();
    CHECK(all.size() == before + 2);
    for (std::size_t i = before; i < all.size(); ++i)
        CHECK(all[i].user_agent == second);
    CHECK(world.violations() == lines());
}

TEST_CASE("simulation: a late write is told with what it changed, and is put right") {
    simulation world(options(1), copy);
    std::vector<late_write> late;
    world.on_late_write([&](const late_write& w) { late.push_back(w); });
    world.apply_yaml(config_map("a", "1"));
    world.calm();
    world.expect({of(mishap_kind::late_write, 0, 20000)}); // after 21 s
    world.run_for(1s);
    world.apply_yaml(config_map("a", "2")); // of which the copy comes late
    world.run_for(5s);
    world.apply_yaml(config_map("a", "3"));
    REQUIRE(world.run_until([&] { return value_of(world, "b") == "3"; }, 10s));
    REQUIRE(world.run_until([&] { return !late.empty(); }, 1min));
    CHECK(late[0].method == "PATCH");
    CHECK(late[0].target.find("/configmaps/b") != std::string::npos);
    CHECK(late[0].process == "a-1");
    CHECK(late[0].before.at("data").at("v") == "3");
    CHECK(late[0].after.at("data").at("v") == "2");
    world.calm();
    CHECK(value_of(world, "b") == "3");
    CHECK(late.size() == 1);
    CHECK(world.violations() == lines());
}

TEST_CASE("simulation: a restart that writes is a violation, with what it wrote") {
    simulation world(options(1),
                     [](manager& m) { m.control<core_v1::Namespace>().reconcile_with(write_at_the_start); });
    world.calm();
    CHECK(world.violations() == lines());
    world.restart_to_no_effect();
    REQUIRE(world.violations().size() == 1);
    CHECK(world.violations()[0].find("a-2: a restart had no reason to write: apply configmaps default/now") !=
          std::string::npos);
}

TEST_CASE("simulation: each document of YAML is applied, and a wrong one is refused") {
    simulation world(options(1), copy);
    world.apply_yaml(config_map("a", "1") + "\n---\n" + config_map("c", "2"));
    CHECK(value_of(world, "a") == "1");
    CHECK(value_of(world, "c") == "2");
    CHECK_THROWS_AS(world.apply_yaml("{"), api_error);
}
