// The Lease at the beginning and at the end of a manager: its requests' deadlines, and when it is let go.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <algorithm>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

constexpr const char* the_lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/gwctl";

void put_lease(fake_api& api, const std::string& holder) {
    api.put("leases",
            R"({"metadata":{"namespace":"kube-system","name":"gwctl"},"spec":{"leaseDurationSeconds":1,)"
            R"("leaseTransitions":3,"holderIdentity":")" +
                holder + "\"}}");
}

std::string holder(fake_api& api) {
    const json::value lease = api.get("leases", "kube-system", "gwctl");
    return std::string(lease.at("spec").at("holderIdentity").as_string());
}

manager_options electing(gwctl::clock* time) {
    manager_options o = quiet_options();
    o.time = time;
    leader_election_options e;
    e.namespace_ = "kube-system";
    e.name = "gwctl";
    e.identity = "a";
    o.leader_election = e;
    return o;
}

} // namespace

TEST_CASE("pitfall 35 in the loop: a request that hangs leaves time to renew, however short the deadline") {
    const auto deadline = GENERATE(10'000ms, 2'000ms, 900ms, 300ms);
    const auto api = std::make_shared<fake_api>();
    put_lease(*api, "");
    manager_options o = electing(nullptr);
    o.leader_election->renew_deadline = deadline;
    o.leader_election->retry_period = deadline / 5;
    running_manager m(api, o, api);
    m.start();
    REQUIRE(api->await_request(std::string("PATCH ") + the_lease));
    for (const char* method : {"GET ", "PATCH "}) {
        const http_request r = api->last_request(std::string(method) + the_lease);
        CHECK(r.timeout < deadline);
        CHECK(r.timeout >= deadline / 2);
    }
    CHECK(m.stop() == 0);

    o.leader_election->retry_period = deadline;
    CHECK_THROWS_AS(manager(o, api, api), api_error);
}

TEST_CASE("pitfall 36 in the loop: the Lease is renewed until the last reconcile has ended, and only then "
          "released") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    put_lease(*api, "");
    api->put("configmaps", config_map("x"));
    manager_options o = electing(&clock);
    running_manager m(api, o, api);
    m.mgr.control<ConfigMap>().reconcile_with([j](context& c, const ConfigMap&) -> task<action> {
        j->note("begins");
        co_await c.time.sleep_for(12s); // longer than the renew deadline
        class patch change = patch::merge_patch(R"({"data":{"done":"yes"}})");
        co_await c.api.patch<ConfigMap>(c.key(), std::move(change));
        j->note("wrote");
        co_return await_change();
    });
    m.start();
    REQUIRE(j->await("begins"));
    REQUIRE(clock.await_sleeper(12s, 12s));
    m.mgr.stop();
    REQUIRE(clock.await_sleeper(30s, 30s)); // draining
    for (int i = 0; i < 5; ++i) {
        REQUIRE(clock.await_sleeper(2s, 2s)); // until the next renewal
        CHECK(holder(*api) == "a");
        CHECK(j->count("wrote") == 0);
        clock.advance(2s);
    }
    REQUIRE(clock.await_sleeper(2s, 2s, 2)); // the reconcile, too
    clock.advance(2s);
    CHECK(m.join() == 0);
    CHECK(j->count("wrote") == 1);
    CHECK(holder(*api).empty());
    const auto all = api->requests();
    const auto last = [&](const std::string& part) {
        return std::find_if(all.rbegin(), all.rend(),
                            [&](const std::string& r) { return r.find(part) != std::string::npos; });
    };
    CHECK(last("PATCH /api/v1/namespaces/default/configmaps/x") > last(std::string("PATCH ") + the_lease));
}

TEST_CASE("leadership that is lost while draining ends what still runs, also without a drain timeout") {
    const auto api = std::make_shared<fake_api>();
    const auto j = std::make_shared<journal>();
    manual_clock clock;
    put_lease(*api, "");
    api->put("configmaps", config_map("x"));
    manager_options o = electing(&clock);
    o.drain_timeout = -1ms;
    running_manager m(api, o, api);
    m.mgr.control<ConfigMap>().reconcile_with([j](context& c, const ConfigMap&) -> task<action> {
        j->note("begins");
        co_await c.time.sleep_for(24h);
        co_return await_change();
    });
    m.start();
    REQUIRE(j->await("begins"));
    REQUIRE(clock.await_sleeper(24h, 24h));
    m.mgr.stop();
    m.on_loop([] { return 0; });
    put_lease(*api, "b");
    REQUIRE(clock.await_sleeper(2s, 2s));
    clock.advance(2s);
    CHECK(m.join() == 1);
    CHECK(holder(*api) == "b");
}
