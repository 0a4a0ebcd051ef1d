#include <gwctl/core/time.hpp>

#include <map>
#include <random>
#include <runtime/lease_fsm.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace std::chrono_literals;
using coordination_v1::Lease;
using step = lease_fsm::step;

namespace {

leader_election_options options_of(const std::string& identity) {
    leader_election_options o;
    o.namespace_ = "kube-system";
    o.name = "gateway";
    o.identity = identity;
    return o;
}

struct candidate {
    explicit candidate(const std::string& identity) : fsm(options_of(identity)) {}
    lease_fsm fsm;
    steady_time now = steady_time() + 1h;
    wall_time wall = parse_time("2026-01-31T08:15:00Z").value();

    lease_fsm::todo next() { return fsm.next(now, wall); }
    void pass(std::chrono::seconds t) {
        now += t;
        wall += t;
    }
    void acquire_new() {
        REQUIRE(next().what == step::get);
        fsm.got_nothing();
        const auto todo = next();
        REQUIRE(todo.what == step::create);
        fsm.wrote(todo.lease, now, now);
        REQUIRE(fsm.leading());
    }
};

Lease held_by(const std::string& who, const std::string& renewed = "2026-01-31T08:15:00.000000Z") {
    Lease l;
    l.metadata.resourceVersion = "7";
    l.spec.holderIdentity = who;
    l.spec.leaseDurationSeconds = 15;
    l.spec.acquireTime = "2026-01-31T08:00:00.000000Z";
    l.spec.renewTime = renewed;
    l.spec.leaseTransitions = 4;
    return l;
}

} // namespace

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
    c.acquire_new();
    c.pass(2s);
    const auto renewal = c.next();
    REQUIRE(renewal.what == step::update);
    const steady_time sent = c.now;
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
    c.acquire_new();
    c.pass(2s);
    auto renewed = c.next().lease;
    renewed.metadata.resourceVersion = "42";
    c.fsm.wrote(renewed, c.now, c.now);
    const auto released = c.fsm.release(c.wall);
    REQUIRE(released);
    CHECK(released->spec.holderIdentity == "");
    CHECK(released->spec.leaseDurationSeconds == 1);
    CHECK(released->metadata.resourceVersion == "42");
    CHECK(released->spec.leaseTransitions == 0);
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
    c.acquire_new();
    c.pass(2s);
    auto renewal = c.next();
    REQUIRE(renewal.what == step::update);
    CHECK(renewal.lease.spec.acquireTime == "2026-01-31T08:15:00.000000Z");
    CHECK(renewal.lease.spec.renewTime == "2026-01-31T08:15:02.000000Z");
    CHECK(renewal.lease.spec.leaseTransitions == 0);
    CHECK(renewal.lease.spec.leaseDurationSeconds == 15);

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

TEST_CASE("a leader that finds someone else in the lease has lost") {
    candidate c("a");
    c.acquire_new();
    c.pass(2s);
    REQUIRE(c.next().what == step::update);
    c.fsm.conflicted(c.now);
    c.pass(2s);
    REQUIRE(c.next().what == step::get);
    c.fsm.got(held_by("b"), c.now);
    CHECK(c.next().what == step::lost);
}

TEST_CASE("never two leaders, whatever fails and however slow the answers are") {
    const auto seed = GENERATE(range(1u, 41u));
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };

    // One lease on a server, candidates that run by the same monotonic time but each with a calendar of its
    // own.
    std::optional<Lease> server;
    int version = 0;
    int leaderships = 0;
    struct process {
        candidate c;
        bool was_leading = false;
        std::optional<lease_fsm::todo> in_flight{};
        std::optional<Lease> answer{};
        bool applied = false;
        steady_time sent{};
        steady_time answered{};
        int lives = 0;
    };
    std::vector<std::unique_ptr<process>> all;
    int born = 0;
    const auto make = [&] {
        auto p = std::make_unique<process>(process{candidate("p" + std::to_string(++born))});
        p->c.wall += std::chrono::hours(pick(1000) - 500);
        return p;
    };
    for (int i = 0; i < 3; ++i)
        all.push_back(make());

    const steady_time start = steady_time() + 1h;
    for (int tick = 0; tick < 6000; ++tick) {
        const steady_time now = start + tick * 100ms;
        for (auto& p : all) {
            p->c.wall += 100ms;
            p->c.now = now;
            if (p->in_flight) {
                if (now < p->answered)
                    continue;
                const auto todo = *std::exchange(p->in_flight, std::nullopt);
                const int fate = pick(10);
                if (fate == 0) // the answer is lost
                    p->c.fsm.failed(now);
                else if (todo.what == step::get)
                    p->answer ? p->c.fsm.got(*p->answer, now) : p->c.fsm.got_nothing();
                else if (p->applied)
                    p->c.fsm.wrote(*p->answer, p->sent, now);
                else
                    p->c.fsm.conflicted(now);
                continue;
            }
            const auto todo = p->c.next();
            if (todo.what == step::wait)
                continue;
            if (todo.what == step::lost) {
                p = make(); // the process exits and is started again
                continue;
            }
            p->in_flight = todo;
            p->sent = now;
            p->answered = now + std::chrono::milliseconds(pick(20) == 0 ? pick(9000) : pick(300));
            p->applied = false;
            p->answer = server;
            if (pick(15) == 0) { // the request never arrives
                p->answer.reset();
                if (todo.what == step::get)
                    p->answer = server;
                continue;
            }
            const std::string expected = server ? server->metadata.resourceVersion : "";
            if (todo.what != step::get && todo.lease.metadata.resourceVersion == expected) {
                server = todo.lease;
                server->metadata.resourceVersion = std::to_string(++version);
                p->answer = server;
                p->applied = true;
            }
        }
        int leading = 0;
        for (auto& p : all) {
            const bool leads = p->c.fsm.leading() && now < p->c.fsm.valid_until();
            leaderships += leads && !p->was_leading ? 1 : 0;
            p->was_leading = leads;
            leading += leads ? 1 : 0;
        }
        REQUIRE(leading <= 1);
        if (pick(600) == 0) // a crash
            all[static_cast<std::size_t>(pick(3))] = make();
    }
    CHECK(leaderships > 0);
}
