// Kinds that come and go while a manager runs.
#include "embedded_run.hpp"

#include <atomic>
#include <future>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

constexpr std::string_view crds = "customresourcedefinitions.apiextensions.k8s.io";

struct Widget {
    struct Spec {
        Spec() = default;
        std::string colour;
    };
    Widget() = default;
    static constexpr resource_type type{"example.com", "v1", "Widget", "widgets"};
    ObjectMeta metadata;
    Spec spec;
};
BOOST_DESCRIBE_STRUCT(Widget::Spec, (), (colour))
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata, spec))

constexpr std::string_view widgets = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object,
     properties: {colour: {type: string}}}}}}}
)";

struct widget_run {
    gateway_cluster cluster;
    manager mgr{[] {
                    manager_options o;
                    o.handle_signals = false;
                    return o;
                }(),
                testing::config_for(cluster.server)};
    store<Widget>& cache = mgr.cache<Widget>();
    std::atomic<int> services{0};
    std::unique_ptr<testing::manager_thread> thread;

    widget_run() {
        log::configure({.minimum = log::level::error});
        mgr.follow_crds();
        // Says in the cluster what it sees there.
        mgr.control<Widget>().reconcile_with([](context& ctx, object_key key) -> task<action> {
            core_v1::ConfigMap seen;
            seen.metadata.namespace_ = "default";
            seen.metadata.name = "seen-" + key.name;
            co_await ctx.api.apply(seen);
            co_return await_change();
        });
        mgr.control<core_v1::Service>().reconcile_with([this](context&, object_key) -> task<action> {
            ++services;
            co_return await_change();
        });
        thread = std::make_unique<testing::manager_thread>(mgr);
    }
    bool seen(std::string_view name) {
        return cluster.server.wait_until(
            [&] { return cluster.exists("configmaps", "default", "seen-" + std::string(name)); });
    }
    bool ready_with_remarks() {
        const auto ready = mgr.health().ready();
        return ready.ok && ready.remarks;
    }
    store_state state() {
        std::promise<store_state> now;
        mgr.post([&] { now.set_value(cache.state()); });
        return now.get_future().get();
    }
    bool reaches(store_state wanted) {
        return cluster.eventually([&] { return state() == wanted; });
    }
    void add_service(int n) {
        cluster.apply("apiVersion: v1\nkind: Service\nmetadata: {name: s" + std::to_string(n) +
                      "}\nspec: {ports: [{port: 80}]}\n");
    }
    void add(const std::string& name) {
        cluster.apply("apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: " + name + "}\n");
    }
};

} // namespace

TEST_CASE("a kind whose definition is installed later is watched then, goes with it, and comes back") {
    widget_run w;
    REQUIRE(w.reaches(store_state::not_served));
    CHECK(w.cluster.eventually([&] { return w.ready_with_remarks(); }));
    CHECK(w.cluster.eventually([&] { return w.services > 0; })); // other kinds do not wait for it

    w.cluster.apply(std::string(widgets));
    w.add("a");
    CHECK(w.seen("a"));
    CHECK(w.cluster.eventually([&] { return !w.ready_with_remarks(); }));

    REQUIRE(w.cluster.server.remove("configmaps", "default", "seen-a"));
    REQUIRE(w.cluster.server.remove(crds, "", "widgets.example.com"));
    CHECK(w.seen("a")); // it sees the deletion
    REQUIRE(w.reaches(store_state::not_served));
    CHECK(w.cluster.eventually([&] { return w.ready_with_remarks(); }));
    const int before = w.services;
    w.add_service(0);
    CHECK(w.cluster.eventually([&] { return w.services > before; }));

    w.cluster.apply(std::string(widgets));
    w.add("b");
    CHECK(w.seen("b"));
    CHECK(w.thread->stop() == 0);
}

TEST_CASE("a kind that is missing is not asked for in a loop") {
    widget_run w;
    REQUIRE(w.reaches(store_state::not_served));
    const std::uint64_t before = w.cluster.server.requests();
    // Other definitions change: that is no news about this one.
    for (int i = 0; i < 20; ++i) {
        w.cluster.server.serve("udproutes.gateway.networking.k8s.io", "v1", i % 2 != 0);
        w.add_service(i);
    }
    REQUIRE(w.cluster.eventually([&] { return w.services >= 20; }));
    CHECK(w.cluster.server.requests() - before < 10);
}
