// Leader election in a manager: who acts, and what becomes of writes when that is in doubt.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/core/log.hpp>

#include <algorithm>
#include <atomic>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

manager_options with_clock(gwctl::clock& c) {
    manager_options o = quiet_options();
    o.time = &c;
    return o;
}

std::string text_of(const json::value& v) { return std::string(v.as_string()); }

struct candidate {
    candidate(std::shared_ptr<fake_api> api, manual_clock& clock, const std::string& who,
              std::shared_ptr<journal> j)
        : m(
              api,
              [&] {
                  manager_options o = with_clock(clock);
                  leader_election_options e;
                  e.namespace_ = "kube-system";
                  e.name = "gwctl";
                  e.identity = who;
                  o.leader_election = e;
                  return o;
              }(),
              api) {
        m.mgr.control<ConfigMap>().reconcile_with([j, who](context& c, const ConfigMap&) -> task<action> {
            j->note(who);
            class patch change = patch::merge_patch("{}");
            std::string outcome = who + " wrote";
            try {
                co_await c.api.patch<ConfigMap>(c.key(), std::move(change));
            } catch (const api_error& e) {
                outcome = who + " refused: " + std::string(to_string(e.code()));
            }
            j->note(outcome);
            co_return requeue_after(1min);
        });
    }
    running_manager m;
};

json::value lease_spec(fake_api& api) { return api.get("leases", "kube-system", "gwctl").at("spec"); }

std::string holder(fake_api& api) { return text_of(lease_spec(api).at("holderIdentity")); }

std::string lease(const std::string& holder) {
    return R"({"metadata":{"namespace":"kube-system","name":"gwctl"},"spec":{"leaseDurationSeconds":1,)"
           R"("leaseTransitions":3,"holderIdentity":")" +
           holder + "\"}}";
}

/// One that can be taken over at once.
void put_released_lease(fake_api& api) { api.put("leases", lease("")); }

/// A candidate that leads, renews every 2 s, and has written once.
struct leader {
    leader() {
        put_released_lease(*api);
        api->put("configmaps", config_map("x"));
        a.m.start();
        REQUIRE(j->await("a wrote"));
        REQUIRE(clock.await_sleeper(2s, 2s));
    }
    /// Has the reconciler run, which writes.
    void change() { api->put("configmaps", config_map("x", std::to_string(++changes))); }
    void renew() {
        REQUIRE(clock.await_sleeper(1ms, 2s));
        clock.advance(2s);
    }
    std::size_t writes() {
        const auto all = api->requests();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const std::string& r) {
            return r.find("PATCH /api/v1/namespaces/default/configmaps") == 0;
        }));
    }

    std::shared_ptr<fake_api> api = std::make_shared<fake_api>();
    std::shared_ptr<journal> j = std::make_shared<journal>();
    manual_clock clock;
    candidate a{api, clock, "a", j};
    int changes = 1;
};

constexpr const char* the_lease = "/leases/gwctl";

} // namespace

TEST_CASE("one of two managers leads; a clean exit hands over at once") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("x"));
    put_released_lease(*api);
    candidate a(api, clock, "a", j);
    candidate b(api, clock, "b", j);
    a.m.start();
    REQUIRE(j->await("a wrote"));
    CHECK(holder(*api) == "a");
    b.m.start();
    REQUIRE(api->await_request("GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gwctl", 2));
    REQUIRE(clock.await_sleeper(2s, 5s, 2));
    CHECK(a.m.mgr.metrics().text().find("leader_election_master_status{name=\"gwctl\"} 1") !=
          std::string::npos);
    CHECK(a.m.stop() == 0);
    CHECK(holder(*api).empty());
    CHECK(j->count("b") == 0);
    clock.advance(5s);
    REQUIRE(j->await("b wrote"));
    CHECK(holder(*api) == "b");
    CHECK(api->get("leases", "kube-system", "gwctl").at("spec").at("leaseTransitions").as_int64() == 5);
    CHECK(b.m.stop() == 0);
}

TEST_CASE("pitfalls 36 and 39 in the loop: a lost lease ends the manager with 1") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("x"));
    put_released_lease(*api);
    candidate a(api, clock, "a", j);
    a.m.start();
    REQUIRE(j->await("a wrote"));
    REQUIRE(clock.await_sleeper(2s, 2s));
    api->add_fault({"PATCH", "leases", 500, "InternalError", -1});
    api->add_fault({"GET", "leases", 500, "InternalError", -1});
    for (int i = 0; i < 5; ++i) { // the renew deadline of 10 s passes in tries every 2 s
        REQUIRE(clock.await_sleeper(1ms, 2s));
        clock.advance(2s);
    }
    CHECK(a.m.join() == 1);
    CHECK(holder(*api) == "a"); // not released: it was not ours any more
}

TEST_CASE("a write after the lease ran out is refused before it is sent") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("x"));
    put_released_lease(*api);
    candidate a(api, clock, "a", j);
    a.m.start();
    REQUIRE(j->await("a wrote"));
    REQUIRE(clock.await_sleeper(2s, 2s));
    REQUIRE(clock.await_sleeper(1min, 1min));
    clock.advance(1min); // as if the machine had slept: the reconcile and the renewal are due at once
    REQUIRE(a.m.join() == 1);
    const std::size_t runs = j->count("a");
    CHECK(j->count("a wrote") == 1);
    CHECK(j->count("a refused: precondition") == runs - 1);
}

TEST_CASE("a write after hours of suspension is refused although no timer has noticed them") {
    leader l;
    l.clock.suspend(1h);
    l.change();
    REQUIRE(l.j->await("a refused: precondition"));
    CHECK(l.writes() == 1);
    l.renew();
    CHECK(l.a.m.join() == 1);
    CHECK(l.j->count("a wrote") == 1);
}

TEST_CASE("a refused renewal has writes wait, and a look at once decides") {
    leader l;
    SECTION("the Lease is still ours") {
        l.api->add_fault({"PATCH", the_lease, 409, "Conflict", 1});
        l.renew();
        REQUIRE(
            l.api->await_request("GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gwctl", 2));
        l.change();
        REQUIRE(l.j->await("a wrote", 2));
        l.renew();
        CHECK(l.a.m.stop() == 0);
    }
    SECTION("no answer at first: writes wait for the next") {
        l.api->add_fault({"PATCH", the_lease, 409, "Conflict", 1});
        l.api->add_fault({"GET", the_lease, 500, "InternalError", 1});
        l.renew();
        REQUIRE(l.clock.await_sleeper(2s, 2s));
        l.change();
        REQUIRE(l.j->await("a", 2));
        REQUIRE(l.clock.await_sleeper(8s, 8100ms)); // the write, until the lease would have run out
        CHECK(l.writes() == 1);
        l.renew();
        REQUIRE(l.j->await("a wrote", 2));
        CHECK(l.a.m.stop() == 0);
    }
    SECTION("it is another's") {
        l.api->put("leases", lease("b"));
        l.renew();
        CHECK(l.a.m.join() == 1);
        CHECK(holder(*l.api) == "b");
    }
    SECTION("it is gone") {
        l.api->remove("leases", "kube-system", "gwctl");
        l.renew();
        CHECK(l.a.m.join() == 1);
        CHECK(l.api->all("leases").empty());
    }
    SECTION("it is gone, and what waited for the decision is never written") {
        l.api->add_fault({"GET", the_lease, 500, "InternalError", 1});
        l.api->remove("leases", "kube-system", "gwctl");
        l.renew();
        REQUIRE(l.clock.await_sleeper(2s, 2s));
        l.change();
        REQUIRE(l.clock.await_sleeper(8s, 8100ms));
        l.renew();
        CHECK(l.a.m.join() == 1);
        CHECK(l.writes() == 1);
    }
}

TEST_CASE("what says nothing about the Lease is a failed renewal, and the next may succeed") {
    const auto answer =
        GENERATE(fault{"PATCH", "", 404, "NotFound", 1, "<html>no such page</html>"},
                 fault{"PATCH", "", 404, "NotFound", 1,
                       R"({"kind":"Status","status":"Failure",)"
                       R"("reason":"NotFound","code":404,"details":{"kind":"namespaces",)"
                       R"("name":"kube-system"}})"},
                 fault{"PATCH", "", 200, "", 1, "<html>log in</html>"}, fault{"PATCH", "", 200, "", 1, "{}"});
    leader l;
    fault f = answer;
    f.target = the_lease;
    l.api->add_fault(f);
    f.method = "GET";
    l.api->add_fault(f);
    for (int i = 0; i < 4; ++i) {
        l.renew();
        l.change();
        REQUIRE(l.j->await("a wrote", static_cast<std::size_t>(i) + 2));
    }
    CHECK(l.a.m.stop() == 0);
    CHECK(holder(*l.api).empty());
}

TEST_CASE("a look that answers something else than the Lease decides nothing") {
    const std::string body = GENERATE(as<std::string>(), "<html>log in</html>", "{}",
                                      R"({"metadata":{"name":"gwctl","namespace":"elsewhere"}})");
    leader l;
    l.api->add_fault({"PATCH", the_lease, 409, "Conflict", 1});
    l.api->add_fault({"GET", the_lease, 200, "", 1, body});
    l.renew();
    l.renew();
    l.change();
    REQUIRE(l.j->await("a wrote", 2));
    CHECK(l.a.m.stop() == 0);
}

TEST_CASE("whoever creates the Lease acts after one lease duration, and one that stands by is ready") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->put("configmaps", config_map("x"));
    candidate a(api, clock, "a", j);
    candidate b(api, clock, "b", j);
    a.m.start();
    REQUIRE(api->await_request("POST /apis/coordination.k8s.io"));
    REQUIRE(clock.await_sleeper(2s, 2s));
    b.m.start();
    REQUIRE(api->await_request("GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gwctl", 2));
    REQUIRE(clock.await_sleeper(2s, 5s, 2));
    CHECK(a.m.mgr.health().ready().ok);
    CHECK(b.m.mgr.health().ready().ok);
    for (std::size_t renewals = 1; renewals <= 7; ++renewals) {
        clock.advance(2s);
        REQUIRE(api->await_request("PATCH /apis/coordination.k8s.io", renewals));
        const auto next = renewals < 7 ? 2s : 1s; // that of its time to act
        REQUIRE(clock.await_sleeper(next, next));
    }
    CHECK(j->entries().empty());
    CHECK(a.m.mgr.metrics().text().find("leader_election_master_status{name=\"gwctl\"} 1") ==
          std::string::npos);
    clock.advance(1s);
    REQUIRE(j->await("a wrote"));
    CHECK(a.m.stop() == 0);
    CHECK(b.m.stop() == 0);
}

TEST_CASE("a Lease that may not be seen is told once, and /readyz knows") {
    struct redirected {
        explicit redirected(std::function<void(const log::record&)> sink) { log::redirect(std::move(sink)); }
        ~redirected() { log::redirect({}); }
    };
    std::atomic<int> told{0};
    const redirected logs([&told](const log::record& r) {
        if (r.message == "a request for the lease failed; trying again")
            ++told;
    });
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    put_released_lease(*api);
    const std::string method = GENERATE(as<std::string>(), "GET", "PATCH");
    api->add_fault({method, the_lease, 403, "Forbidden", -1});
    api->put("configmaps", config_map("x"));
    candidate a(api, clock, "a", j);
    a.m.start();
    for (std::size_t i = 1; i < 6; ++i) {
        REQUIRE(api->await_request(method + " /apis/coordination.k8s.io", i));
        REQUIRE(clock.await_sleeper(2s, 2s));
        clock.advance(2s);
    }
    CHECK(told == 1);
    const auto not_ready = a.m.mgr.health().ready();
    CHECK_FALSE(not_ready.ok);
    CHECK(not_ready.verbose.find("[-]leader-election failed: Lease kube-system/gwctl: injected fault") !=
          std::string::npos);
    CHECK(a.m.mgr.health().live().ok);
    api->clear_faults();
    while (j->count("a wrote") == 0) {
        REQUIRE(clock.await_sleeper(1ms, 2s));
        clock.advance(2s);
        j->await("a wrote");
    }
    CHECK(a.m.mgr.health().ready().ok);
    CHECK(a.m.stop() == 0);
}

TEST_CASE("a Lease that cannot be made because its namespace is missing is told") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    api->add_fault(
        {"POST", "/leases", 404, "NotFound", -1,
         R"({"kind":"Status","status":"Failure","reason":"NotFound","code":404,"message":)"
         R"("namespaces \"kube-system\" not found","details":{"name":"kube-system","kind":"namespaces"}})"});
    candidate a(api, clock, "a", j);
    a.m.start();
    REQUIRE(api->await_request("POST"));
    REQUIRE(clock.await_sleeper(2s, 2s));
    const auto answer = a.m.mgr.health().ready();
    CHECK_FALSE(answer.ok);
    CHECK(answer.verbose.find("namespaces \"kube-system\" not found") != std::string::npos);
    CHECK(a.m.stop() == 0);
}

TEST_CASE("a manager that cannot elect says so") {
    const auto api = std::make_shared<fake_api>();
    auto o = quiet_options();
    o.leader_election.emplace();
    CHECK_THROWS_AS(manager(o, api, api), api_error); // no name
    o.leader_election->name = "n";
    o.leader_election->namespace_ = "ns";
    CHECK_THROWS_AS(manager(o, api), api_error); // no transport of its own
}
