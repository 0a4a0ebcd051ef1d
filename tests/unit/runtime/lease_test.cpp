#include "lease_candidate.hpp"

#include <functional>

using namespace gwctl;
using namespace gwctl::tests;

TEST_CASE("pitfall 34: a lease has run out when we saw no change for its duration, whatever its times say") {
    candidate c("b");
    c.fsm.got(held_by("a", "1999-01-01T00:00:00.000000Z"), c.now); // looks long expired
    CHECK(c.next().what == step::wait);
    for (int i = 0; i < 20; ++i) { // renewals with a clock that stands still elsewhere
        c.pass(14s);
        c.fsm.got(held_by("a", "1999-01-01T00:00:" + std::to_string(10 + i) + ".000000Z"), c.now);
        CHECK(c.next().what == step::wait);
    }
    c.pass(14s);
    c.fsm.got(held_by("a", "1999-01-01T00:00:29.000000Z"), c.now);
    CHECK(c.next().what == step::wait);
    c.pass(5s); // 19 s since the last change
    CHECK(c.next().what == step::get);
    c.fsm.got(held_by("a", "1999-01-01T00:00:29.000000Z"), c.now);
    CHECK(c.next().what == step::update);

    candidate future("b");
    future.fsm.got(held_by("a", "2999-01-01T00:00:00.000000Z"), future.now);
    CHECK(future.next().what == step::wait);
    future.pass(15s);
    CHECK(future.next().what == step::get);
    future.fsm.got(held_by("a", "2999-01-01T00:00:00.000000Z"), future.now);
    CHECK(future.next().what == step::update);
}

TEST_CASE("pitfall 35: lease duration > renew deadline > 1.2 retry periods") {
    CHECK(validate(options_of("a")).has_value());
    auto o = options_of("a");
    o.lease_duration = 10s;
    CHECK(validate(o).error().code == errc::config);
    o = options_of("a");
    o.retry_period = 8400ms; // 1.2 times that is more than 10 s
    CHECK(validate(o).has_error());
    o.retry_period = 8300ms;
    CHECK(validate(o).has_value());
    o.retry_period = 0s;
    CHECK(validate(o).has_error());
    o = options_of("a");
    o.name.clear();
    CHECK(validate(o).has_error());
}

TEST_CASE("pitfall 36: leading ends before the lease does, counted from when the last renewal was sent") {
    candidate c("a");
    c.acquire();
    c.pass(2s);
    const auto renewal = c.next();
    REQUIRE(renewal.what == step::update);
    const boot_time sent = c.now;
    c.pass(3s); // the answer took long
    c.fsm.wrote(renewal.lease, sent, c.now);
    CHECK(c.fsm.valid_until() == sent + 10s);
    while (c.next().what != step::lost) {
        REQUIRE(c.now < sent + 10s);
        if (c.next().what == step::wait)
            c.now = c.next().until;
        else
            c.fsm.failed(c.now);
    }
    CHECK(c.now == sent + 10s);
    CHECK_FALSE(c.fsm.leading());
    c.pass(60s);
    CHECK(c.next().what == step::lost); // for good
}

TEST_CASE("pitfall 37: releasing empties the holder, for one second, on the condition that nothing changed") {
    candidate c("a");
    CHECK_FALSE(c.fsm.release(c.wall));
    c.acquire();
    c.pass(2s);
    auto renewed = c.next().lease;
    renewed.metadata.resourceVersion = "42";
    c.fsm.wrote(renewed, c.now, c.now);
    const auto released = c.fsm.release(c.wall);
    REQUIRE(released);
    CHECK(released->spec.holderIdentity == "");
    CHECK(released->spec.leaseDurationSeconds == 1);
    CHECK(released->metadata.resourceVersion == "42");
    CHECK(released->spec.leaseTransitions == 5);
    CHECK(c.next().what == step::lost);

    SECTION("a conflict with a renewal under way is answered with what is there now") {
        renewed.metadata.resourceVersion = "43";
        c.fsm.got(renewed, c.now);
        REQUIRE(c.fsm.release(c.wall));
        CHECK(c.fsm.release(c.wall)->metadata.resourceVersion == "43");
        c.fsm.got(held_by("b"), c.now);
        CHECK_FALSE(c.fsm.release(c.wall));
    }
    SECTION("and the next one takes over at once") {
        candidate b("b");
        b.fsm.got(*released, b.now);
        CHECK(b.next().what == step::update);
    }
}

TEST_CASE(
    "pitfall 38: transitions count holders, renewals keep the time of acquisition, times are MicroTime") {
    candidate c("a");
    c.acquire();
    c.pass(2s);
    auto renewal = c.next();
    REQUIRE(renewal.what == step::update);
    CHECK(renewal.lease.spec.acquireTime == "2026-01-31T08:15:00.000000Z");
    CHECK(renewal.lease.spec.renewTime == "2026-01-31T08:15:02.000000Z");
    CHECK(renewal.lease.spec.leaseTransitions == 5);
    CHECK(renewal.lease.spec.leaseDurationSeconds == 15);

    candidate first("a");
    first.fsm.got_nothing();
    CHECK(first.next().lease.spec.leaseTransitions == 0);

    candidate successor("b");
    successor.fsm.got(held_by(""), successor.now);
    const auto takeover = successor.next();
    REQUIRE(takeover.what == step::update);
    CHECK(takeover.lease.metadata.resourceVersion == "7");
    CHECK(takeover.lease.spec.leaseTransitions == 5);
    CHECK(takeover.lease.spec.holderIdentity == "b");
    CHECK(takeover.lease.spec.acquireTime == takeover.lease.spec.renewTime);

    candidate again("a"); // our write took effect although its answer was lost
    again.fsm.got(held_by("a"), again.now);
    const auto resumed = again.next();
    REQUIRE(resumed.what == step::update);
    CHECK(resumed.lease.spec.leaseTransitions == 4);
    CHECK(resumed.lease.spec.acquireTime == "2026-01-31T08:00:00.000000Z");
}

TEST_CASE("pitfall 39: every process has an identity of its own") {
    CHECK(unique_identity() != unique_identity());
    CHECK(unique_identity().find('_') != std::string::npos);
    lease_fsm anonymous(options_of(""));
    CHECK_FALSE(anonymous.options().identity.empty());
}

TEST_CASE("whoever creates a Lease acts only after one lease duration, and renews it meanwhile") {
    candidate c("a");
    c.create("u1");
    const boot_time created = c.now;
    CHECK_FALSE(c.fsm.leading());
    CHECK(c.fsm.waits_to_lead());
    c.renew_until(created + 15s - 1ms);
    c.next();
    CHECK_FALSE(c.fsm.leading());
    c.renew_until(created + 15s);
    c.next();
    CHECK(c.fsm.leading());
    CHECK(c.fsm.valid_until() > c.now);

    SECTION("the answer of the create was lost") {
        candidate lost("a");
        lost.fsm.got_nothing();
        REQUIRE(lost.next().what == step::create);
        lost.fsm.failed(lost.now);
        lost.pass(2s);
        lost.fsm.got(held_by("a"), lost.now);
        const auto renewal = lost.next();
        REQUIRE(renewal.what == step::update);
        lost.wrote(renewal.lease);
        CHECK_FALSE(lost.fsm.leading());
        lost.renew_until(lost.now + 15s);
        lost.next();
        CHECK(lost.fsm.leading());
    }
    SECTION("the server took so long for the create that another led meanwhile") {
        candidate late("a");
        late.fsm.got_nothing();
        REQUIRE(late.next().what == step::create);
        late.fsm.failed(late.now);
        late.pass(2s);
        late.fsm.got(held_by("b"), late.now);
        CHECK(late.next().what == step::wait);
        late.pass(60s); // b's was deleted, and then the create took effect
        Lease ours = held_by("a");
        ours.metadata.uid = "u2";
        late.fsm.got(ours, late.now);
        const auto renewal = late.next();
        REQUIRE(renewal.what == step::update);
        late.wrote(renewal.lease, "u2");
        CHECK_FALSE(late.fsm.leading());
    }
    SECTION("somebody else made it, with no holder") {
        candidate found("a");
        Lease nobodys = held_by("");
        nobodys.spec = {};
        found.fsm.got(nobodys, found.now);
        const auto todo = found.next();
        REQUIRE(todo.what == step::update);
        found.wrote(todo.lease);
        CHECK_FALSE(found.fsm.leading());
    }
    SECTION("a second one is created like the first") {
        candidate again("a");
        again.create("u1");
        again.pass(2s);
        REQUIRE(again.next().what == step::update);
        again.fsm.conflicted(again.now);
        REQUIRE(again.next().what == step::get);
        again.fsm.got_nothing();
        const auto todo = again.next();
        REQUIRE(todo.what == step::create);
        again.pass(14s);
        again.wrote(todo.lease, "u2");
        CHECK_FALSE(again.fsm.leading());
    }
}

TEST_CASE(
    "who waits to lead and cannot renew, or finds another holder, competes again and has lost nothing") {
    candidate c("a");
    c.create("u1");
    SECTION("no renewal") {
        c.pass(2s);
        while (c.next().what != step::get) {
            if (c.next().what == step::wait)
                c.now = c.next().until;
            else
                c.fsm.failed(c.now);
        }
        c.pass(14s);
        REQUIRE(c.next().what == step::get); // nobody else came: it is still ours, and the time has passed
        CHECK_FALSE(c.fsm.waits_to_lead());
        c.fsm.got(held_by("a"), c.now);
        const auto renewal = c.next();
        REQUIRE(renewal.what == step::update);
        c.wrote(renewal.lease);
        CHECK(c.fsm.leading());
    }
    SECTION("another holder") {
        c.pass(2s);
        REQUIRE(c.next().what == step::update);
        c.fsm.conflicted(c.now);
        REQUIRE(c.next().what == step::get);
        c.fsm.got(held_by("b"), c.now);
        CHECK(c.next().what == step::wait);
        CHECK_FALSE(c.fsm.waits_to_lead());
    }
}

TEST_CASE(
    "a renewal that says that the Lease changed or is gone leaves it in doubt, and a look at once decides") {
    candidate c("a");
    c.acquire();
    const boot_time until = c.fsm.valid_until();
    c.pass(2s);
    REQUIRE(c.next().what == step::update);
    CHECK_FALSE(c.fsm.in_doubt());
    c.fsm.conflicted(c.now);
    CHECK(c.fsm.in_doubt());
    REQUIRE(c.next().what == step::get); // without a pause
    Lease found = held_by("a");
    found.metadata.resourceVersion = "99";

    SECTION("still ours: a renewal of our own whose answer was lost") {
        c.fsm.got(found, c.now);
        CHECK_FALSE(c.fsm.in_doubt());
        CHECK(c.fsm.leading());
        CHECK(c.fsm.valid_until() == until); // a look is no renewal
        CHECK(c.next().what == step::wait);  // whoever refuses for ever is asked in peace
        c.pass(2s);
        const auto renewal = c.next();
        REQUIRE(renewal.what == step::update);
        CHECK(renewal.lease.metadata.resourceVersion == "99");
    }
    SECTION("another's") {
        c.fsm.got(held_by("b"), c.now);
        CHECK(c.next().what == step::lost);
    }
    SECTION("nobody's") {
        c.fsm.got(held_by(""), c.now);
        CHECK(c.next().what == step::lost);
    }
    SECTION("another Lease of the same name, though it names us") {
        found.metadata.uid = "u2";
        c.fsm.got(found, c.now);
        CHECK(c.next().what == step::lost);
    }
    SECTION("gone") {
        c.fsm.got_nothing();
        CHECK(c.next().what == step::lost);
    }
    SECTION("no answer: it stays in doubt, at most as long as it would have been valid") {
        while (c.next().what != step::lost) {
            REQUIRE(c.now < until);
            CHECK(c.fsm.in_doubt());
            if (c.next().what == step::wait)
                c.now = c.next().until;
            else
                c.fsm.failed(c.now);
        }
        CHECK(c.now == until);
    }
}

TEST_CASE("a renewal that just fails leaves nothing in doubt") {
    candidate c("a");
    c.acquire();
    c.pass(2s);
    REQUIRE(c.next().what == step::update);
    c.fsm.failed(c.now);
    CHECK_FALSE(c.fsm.in_doubt());
    CHECK(c.next().what == step::wait);
    c.pass(2s);
    CHECK(c.next().what == step::get);
}

TEST_CASE("an answer that is not the Lease is none") {
    const candidate c("a");
    CHECK(c.fsm.check(held_by("b")).has_value());
    CHECK(c.fsm.check(Lease()).error().code == errc::decode); // {}
    for (const auto& spoil : std::vector<std::function<void(ObjectMeta&)>>{
             [](ObjectMeta& m) { m.name = "other"; }, [](ObjectMeta& m) { m.namespace_ = "other"; },
             [](ObjectMeta& m) { m.uid.clear(); }, [](ObjectMeta& m) { m.resourceVersion.clear(); }}) {
        Lease l = held_by("a");
        spoil(l.metadata);
        CHECK(c.fsm.check(l).has_error());
    }
}

TEST_CASE("a holder that says no duration is given ours") {
    candidate c("b");
    Lease l = held_by("a");
    l.spec.leaseDurationSeconds.reset();
    c.fsm.got(l, c.now);
    CHECK(c.next().what == step::wait);
    c.pass(14s);
    c.fsm.got(l, c.now);
    CHECK(c.next().what == step::wait);
    c.pass(5s);
    c.fsm.got(l, c.now);
    CHECK(c.next().what == step::update);
}

TEST_CASE("a leader that slept through its lease has lost it") {
    candidate c("a");
    c.acquire();
    c.now += 1h; // boot time goes on; the timer that should have woken it does not
    CHECK(c.next().what == step::lost);
}

TEST_CASE("a leader that finds someone else in the lease has lost") {
    candidate c("a");
    c.acquire();
    c.pass(2s);
    REQUIRE(c.next().what == step::update);
    c.fsm.conflicted(c.now);
    c.pass(2s);
    REQUIRE(c.next().what == step::get);
    c.fsm.got(held_by("b"), c.now);
    CHECK(c.next().what == step::lost);
}
