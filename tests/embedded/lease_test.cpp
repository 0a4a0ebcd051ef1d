// Two managers and one Lease that somebody deletes: on a real clock and over HTTP.
#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/core/log.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <support/catch.hpp>
#include <vector>

using namespace gwctl;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

/// The way to the Lease, which can be cut while the way for everything else stays.
class cuttable final : public transport {
public:
    explicit cuttable(std::shared_ptr<transport> inner) : inner_(std::move(inner)) {}
    task<std::unique_ptr<http_response>> send(http_request request) override {
        if (is_cut)
            throw api_error(errc::unreachable, "cut off");
        auto response = co_await inner_->send(std::move(request));
        co_return response;
    }
    std::string_view host() const noexcept override { return inner_->host(); }
    std::atomic<bool> is_cut{false};

private:
    std::shared_ptr<transport> inner_;
};

/// A manager that leads, or stands by, and writes as long as it may.
struct replica {
    replica(testing::api_server& server, const std::string& who) {
        log::configure({.minimum = log::level::error});
        manager_options o;
        o.name = who;
        o.handle_signals = false;
        o.leader_election.emplace();
        o.leader_election->namespace_ = "default";
        o.leader_election->name = "one";
        o.leader_election->identity = who;
        o.leader_election->lease_duration = 3s;
        o.leader_election->renew_deadline = 2s;
        o.leader_election->retry_period = 500ms;
        const cluster_config config = testing::config_for(server);
        to_lease = std::make_shared<cuttable>(make_http_transport(config));
        mgr = std::make_unique<manager>(o, make_http_transport(config), to_lease);
        mgr->control<ConfigMap>().reconcile_with(
            [n = 0](context& c, const ConfigMap&) mutable -> task<action> {
                class patch change = patch::merge_patch(R"({"data":{"n":")" + std::to_string(++n) + R"("}})");
                co_await c.api.patch<ConfigMap>(c.key(), change);
                co_return requeue_after(10ms);
            });
        thread = std::make_unique<testing::manager_thread>(*mgr);
    }

    std::shared_ptr<cuttable> to_lease;
    std::unique_ptr<manager> mgr;
    std::unique_ptr<testing::manager_thread> thread;
};

/// Who wrote the ConfigMap, in order, each as often as in a row: "a", "b".
std::vector<std::string> writers(const testing::api_server& server) {
    std::vector<std::string> all;
    for (const testing::write_record& w : server.writes())
        if (w.resource == "configmaps" && w.verb == "patch" && (all.empty() || all.back() != w.field_manager))
            all.push_back(w.field_manager);
    return all;
}

} // namespace

TEST_CASE("a Lease that is deleted gives no two leaders: the former one ends before another acts") {
    const bool does_not_see_it =
        GENERATE(false, true); // a holder that cannot ask acts until its time is over
    testing::api_server server;
    server.apply(boost::json::parse(
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"default"}})"));
    server.apply(boost::json::parse(
        R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"one",)"
        R"("namespace":"default"},"spec":{"holderIdentity":"","leaseDurationSeconds":1}})"));
    replica a(server, "a");
    REQUIRE(server.wait_until([&] { return writers(server) == std::vector<std::string>{"a"}; }, 20s));
    replica b(server, "b");
    REQUIRE(server.wait_until(
        [&] { return b.mgr->health().ready().ok && writers(server) == std::vector<std::string>{"a"}; }, 20s));
    a.to_lease->is_cut = does_not_see_it;
    REQUIRE(server.remove("leases.coordination.k8s.io", "default", "one"));
    REQUIRE(server.wait_until([&] { return writers(server).back() == "b"; }, 30s));
    CHECK(a.thread->stop() == 1);
    CHECK(writers(server) == std::vector<std::string>{"a", "b"});
    CHECK(b.thread->stop() == 0);
}
