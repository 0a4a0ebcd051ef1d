// Outages and odd answers, in the loop: a store keeps what it has until the API server itself says otherwise.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <gwctl/core/log.hpp>

#include <atomic>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using core_v1::Service;

namespace {

struct Widget {
    Widget() = default;
    static constexpr resource_type type{"example.com", "v1", "Widget", "widgets"};
    ObjectMeta metadata;
};
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata))

std::string widget(const std::string& name) {
    return fmt::format(R"({{"metadata":{{"namespace":"default","name":"{}"}}}})", name);
}

std::string definition() { return R"({"metadata":{"name":"widgets.example.com"}})"; }

struct cleaner {
    std::shared_ptr<journal> j;
    task<action> reconcile(context&, const Widget& w) {
        j->note(w.metadata.name);
        co_return await_change();
    }
    task<void> deleted(context&, object_key key) {
        j->note("deleted " + key.name);
        co_return;
    }
};

struct fixture {
    std::shared_ptr<fake_api> api = std::make_shared<fake_api>();
    std::shared_ptr<journal> j = std::make_shared<journal>();
    manual_clock clock;
    running_manager m{api, [this] {
                          auto o = quiet_options();
                          o.time = &clock;
                          return o;
                      }()};
    store<Widget>& widgets = m.mgr.cache<Widget>();

    store_state state() {
        return m.on_loop([this] { return widgets.state(); });
    }
    std::size_t size() {
        return m.on_loop([this] { return widgets.size(); });
    }
    bool ready() { return m.mgr.health().ready().ok; }
    std::size_t count(const std::string& part) {
        std::size_t n = 0;
        for (const std::string& r : api->requests())
            n += r.find(part) != std::string::npos ? 1 : 0;
        return n;
    }
    // Moves the clock by seconds, for so long or until `done`; between two steps the manager gets to work.
    template <class F>
    bool pass(std::chrono::seconds time, F done) {
        for (std::chrono::milliseconds at = 0ms; at < time && !done(); at += 500ms) {
            m.on_loop([] { return 0; });
            clock.advance(500ms);
            for (int turn = 0; turn < 20; ++turn)
                m.on_loop([] { return 0; });
        }
        return done();
    }
    void pass(std::chrono::seconds time) {
        pass(time, [] { return false; });
    }
    void start_with(std::initializer_list<const char*> names) {
        for (const char* name : names)
            api->put("widgets", widget(name));
        m.mgr.control<Widget>().reconcile_with(cleaner{j});
        m.start();
        for (const char* name : names)
            REQUIRE(j->await(name));
        REQUIRE(api->await_request("/widgets?watch=true"));
    }
};

} // namespace

TEST_CASE("deleted-in-404-outage: a page of a proxy takes nothing away, whatever it stands before") {
    const std::string target = GENERATE("/", "/widgets", "/apis", "/apis/example.com/v1/widgets");
    fixture f;
    f.start_with({"a", "b"});
    f.api->set_page(target);
    f.api->end_watches(false);
    f.pass(120s);
    CHECK(f.size() == 2);
    CHECK(f.state() == store_state::failing);
    CHECK_FALSE(f.ready());
    CHECK(f.j->count("deleted a") == 0);

    f.api->remove("widgets", "default", "b");
    f.api->set_page("");
    CHECK(f.pass(90s, [&] { return f.j->count("deleted b") == 1; }));
    CHECK(f.j->count("deleted a") == 0);
    CHECK(f.state() == store_state::synced);
    CHECK(f.ready());
}

TEST_CASE("a group that discovery lists and whose version answers 404 or 503 is a failing source") {
    fixture f;
    f.start_with({"a"});
    f.api->set_page("/apis/example.com/v1");
    if (GENERATE(true, false)) {
        f.api->set_page("");
        f.api->add_fault({"GET", "/apis/example.com/v1", 503, "ServiceUnavailable", -1});
    }
    f.api->end_watches(false);
    f.pass(120s);
    CHECK(f.size() == 1);
    CHECK(f.state() == store_state::failing);
}

TEST_CASE("a kind that discovery does not have any more is gone after a second look") {
    fixture f;
    f.start_with({"a"});
    f.api->set_absent("widgets", true);
    f.api->end_watches(false);
    CHECK(f.pass(9s, [&] { return f.count("GET /apis/example.com/v1") > 0; }));
    CHECK(f.size() == 1);
    CHECK(f.pass(3s, [&] { return f.state() == store_state::not_served; }) == false);
    CHECK(f.pass(12s, [&] { return f.state() == store_state::not_served; }));
    CHECK(f.size() == 0);
    CHECK(f.j->await("deleted a"));
}

TEST_CASE("a deletion of the definition that its watch shows needs no second look") {
    fixture f;
    f.api->put("customresourcedefinitions", definition());
    f.m.mgr.follow_crds();
    f.start_with({"a"});
    REQUIRE(f.api->await_request("/customresourcedefinitions?watch=true"));
    f.api->set_absent("widgets", true);
    f.api->remove("customresourcedefinitions", "", "widgets.example.com");
    f.api->end_watches(false);
    CHECK(f.pass(4s, [&] { return f.state() == store_state::not_served; }));
    CHECK(f.j->await("deleted a"));
}

TEST_CASE("discovery that is denied makes the kind denied, and names the role") {
    fixture f;
    f.start_with({"a"});
    f.api->add_fault({"GET", "/apis/example.com/v1/widgets", 404, "NotFound", -1});
    f.api->add_fault({"GET", "/apis/example.com/v1", 403, "Forbidden", -1});
    f.api->end_watches(false);
    CHECK(f.pass(10s, [&] { return f.state() == store_state::denied; }));
    CHECK(f.m.on_loop([&] { return f.widgets.reason(); }).find("ClusterRole system:discovery") !=
          std::string::npos);
    CHECK(f.size() == 1);
}

TEST_CASE("without the watch of definitions, discovery is asked once a minute") {
    fixture f;
    f.start_with({"a"});
    f.pass(65s);
    CHECK(f.count("GET /apis/example.com/v1?") + f.count("GET /apis/example.com/v1") >= 1);
    const std::size_t before = f.api->requests().size();
    f.pass(150s, [&] { return f.api->requests().size() >= before + 2; });
    CHECK(f.count("GET /api/v1 ") == 0);
    CHECK(f.api->requests().size() - before <= 4);
}

TEST_CASE("the first list that fails is in the log, not the third") {
    std::atomic<int> told{0};
    log::redirect([&](const log::record& r) { told += r.message == "a list failed; trying again" ? 1 : 0; });
    {
        fixture f;
        f.api->add_fault({"GET", "/widgets", 503, "ServiceUnavailable", -1});
        f.m.start();
        REQUIRE(f.api->await_request("/widgets"));
        REQUIRE(f.clock.await_sleeper(800ms, 1600ms)); // waits after the first one
        CHECK(told == 1);
        f.pass(60s);
        CHECK(told == 1); // from then on the state says so
    }
    log::redirect({});
}

TEST_CASE("when one kind comes back, those that wait after failures are asked within a second") {
    fixture f;
    store<ConfigMap>& maps = f.m.mgr.cache<ConfigMap>();
    f.start_with({"a"});
    const auto maps_state = [&] { return f.m.on_loop([&] { return maps.state(); }); };
    REQUIRE(f.pass(10s, [&] { return maps_state() == store_state::synced; }));
    f.api->add_fault({"GET", "/", 503, "ServiceUnavailable", -1});
    f.api->end_watches(true);
    REQUIRE(f.pass(
        200s, [&] { return maps_state() == store_state::failing && f.state() == store_state::failing; }));
    f.pass(60s); // the waits are long by now
    f.api->clear_faults();
    REQUIRE(
        f.pass(90s, [&] { return maps_state() == store_state::synced || f.state() == store_state::synced; }));
    CHECK(
        f.pass(2s, [&] { return maps_state() == store_state::synced && f.state() == store_state::synced; }));
}

TEST_CASE("a Retry-After of a day keeps nobody waiting for longer than a minute, and is no readiness") {
    // The injected fault has no Retry-After; the wait itself is in the state machine's tests. Here: readiness.
    fixture f;
    f.start_with({"a"});
    CHECK(f.ready());
    f.api->add_fault({"GET", "watch=true", 503, "ServiceUnavailable", -1});
    f.api->end_watches(true);
    CHECK(f.pass(75s, [&] { return !f.ready(); }));
    f.pass(65s);
    CHECK_FALSE(f.ready()); // lists work, but no watch does
    INFO(f.m.mgr.health().ready().verbose);
    CHECK(f.m.mgr.health().ready().verbose.find("not watched for a minute") != std::string::npos);
    f.api->clear_faults();
    CHECK(f.pass(90s, [&] { return f.ready(); }));
}

TEST_CASE("watches that fail again and again lead to lists, and changes are seen by them") {
    fixture f;
    f.start_with({"a"});
    f.api->add_fault({"GET", "watch=true", 500, "InternalError", -1});
    f.api->end_watches(true);
    f.api->put("widgets", widget("b"));
    CHECK(f.pass(60s, [&] { return f.j->count("b") == 1; }));
}

TEST_CASE("an ERROR event of code 500 leads to a list") {
    fixture f;
    f.start_with({"a"});
    const std::size_t lists = f.count("/widgets?limit=");
    f.api->end_watches_with(500);
    CHECK(f.pass(5s, [&] { return f.count("/widgets?limit=") == lists + 1; }));
}

TEST_CASE("a watch that has had a bookmark and falls silent is opened anew after 150 s, without a list") {
    const bool bookmarked = GENERATE(true, false);
    fixture f;
    f.start_with({"a"});
    if (bookmarked) {
        f.api->put("configmaps", config_map("other")); // a bookmark for the others
        f.pass(1s);
    }
    f.api->hold_watches(true);
    const std::size_t watches = f.count("/widgets?watch=true");
    const std::size_t lists = f.count("/widgets?limit=");
    f.pass(148s);
    CHECK(f.count("/widgets?watch=true") == watches);
    f.pass(5s);
    CHECK(f.count("/widgets?watch=true") == watches + (bookmarked ? 1 : 0));
    CHECK(f.count("/widgets?limit=") == lists);
    CHECK(f.state() == store_state::synced);
}

TEST_CASE("pitfall 03 in the loop: 410 on a later page drops the pages and leads to one whole list") {
    fixture f;
    for (int i = 0; i < 501; ++i)
        f.api->put("widgets", widget("w" + std::to_string(i)));
    f.m.start(); // the first list, at resourceVersion 0, has no pages
    REQUIRE(f.pass(5s, [&] { return f.state() == store_state::synced; }));
    // What the first page shows goes before the second one is asked for.
    f.api->add_fault(
        {"GET", "continue=", 410, "Expired", 1, {}, [&] { f.api->remove("widgets", "default", "w0"); }});
    f.api->compact();
    f.api->put("widgets", widget("late"));
    f.api->end_watches(true);
    const auto has = [&](const char* name) {
        return f.m.on_loop([&] { return f.widgets.get({"default", name}) != nullptr; });
    };
    REQUIRE(f.pass(60s, [&] { return has("late"); }));
    CHECK_FALSE(has("w0"));
    CHECK(f.size() == 501);
    CHECK(f.count("continue=") == 1);
}
