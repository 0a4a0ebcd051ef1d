// A wall clock that is set, back or forward: nothing that is timed notices.

#include "lease_candidate.hpp"
#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/core/time.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::ConfigMap;

TEST_CASE("a clock that is set keeps no delay waiting and ends none early") {
    const auto jump = GENERATE(std::chrono::hours(24 * 365), std::chrono::hours(-24 * 365));
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("a"));
    auto options = quiet_options();
    options.time = &clock;
    running_manager m(api, options);
    m.mgr.control<ConfigMap>().reconcile_with([j](context& c, const ConfigMap& o) -> task<action> {
        j->note("run");
        c.event(o, event_type::normal, "Ran", "it ran");
        co_return requeue_after(10min);
    });
    m.start();
    REQUIRE(m.settle().settled);
    clock.set_wall(clock.wall_now() + jump);
    REQUIRE(clock.await_sleeper(10min, 10min));
    clock.advance(9min);
    REQUIRE(m.settle().settled);
    CHECK(j->count("run") == 1);
    clock.advance(1min);
    REQUIRE(j->await("run", 2));
    REQUIRE(m.settle().settled);
    CHECK(m.mgr.health().ready().ok);
    // Still one Event, counted up, with the time that it is now.
    const auto events = api->all("events");
    REQUIRE(events.size() == 1);
    CHECK(events[0].at("series").at("count").as_int64() == 2);
    CHECK(std::string(events[0].at("series").at("lastObservedTime").as_string()) ==
          format_micro_time(clock.wall_now()));
}

TEST_CASE("a leader whose clock is set renews on, and a candidate whose clock is set takes nothing") {
    const auto jump = GENERATE(std::chrono::hours(24 * 365), std::chrono::hours(-24 * 365));
    tests::candidate a("a");
    a.acquire();
    tests::candidate b("b");
    REQUIRE(b.next().what == step::get);
    Lease last = held_by("a");
    b.fsm.got(last, b.now);

    SECTION("the leader's") { a.wall += jump; }
    SECTION("the candidate's") { b.wall += jump; }
    SECTION("both") {
        a.wall += jump;
        b.wall += jump;
    }
    for (int i = 0; i < 60; ++i) {
        a.pass(2s);
        b.pass(2s);
        const auto renewal = a.next();
        REQUIRE(renewal.what == step::update);
        CHECK(renewal.lease.spec.acquireTime == "2026-01-31T08:15:00.000000Z");
        CHECK(renewal.lease.spec.leaseTransitions == 5);
        a.wrote(renewal.lease);
        REQUIRE(a.fsm.leading());
        CHECK(a.fsm.valid_until() == a.now + 10s);

        const auto wish = b.next();
        CHECK(wish.what != step::update);
        if (wish.what == step::get)
            b.fsm.got(renewal.lease, b.now);
        last = renewal.lease;
    }
    // Once the leader says nothing more, no clock keeps it in office.
    while (b.next().what != step::update) {
        b.pass(1s);
        if (b.next().what == step::get)
            b.fsm.got(last, b.now);
        REQUIRE(b.now < a.now + 60s);
    }
}
