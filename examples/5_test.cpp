// A test of the controller of 2_widget.cpp, on an API server in memory: no cluster, no mocks, no sleeps.
#include <gwctl/api/core_v1.hpp>
#include <gwctl/gwctl.hpp>
#include <gwctl/json/yaml.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <cstdio>

using gwctl::core_v1::ConfigMap;

struct Widget {
    struct Spec {
        Spec() = default;
        std::string colour = "grey";
    };
    Widget() = default;
    static constexpr gwctl::resource_type type{"example.com", "v1", "Widget", "widgets"};
    gwctl::ObjectMeta metadata;
    Spec spec;
};
BOOST_DESCRIBE_STRUCT(Widget::Spec, (), (colour))
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata, spec))

gwctl::task<gwctl::action> reconcile(gwctl::context& ctx, const Widget& widget) {
    ConfigMap map;
    map.metadata.name = widget.metadata.name;
    map.data["colour"] = widget.spec.colour;
    co_await ctx.api.apply(gwctl::owned_by(widget, map));
    co_return gwctl::await_change();
}

constexpr std::string_view kind = R"({apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition,
  metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced,
  names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true,
  schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}})";
constexpr std::string_view sky =
    "{apiVersion: example.com/v1, kind: Widget, metadata: {name: sky}, spec: {colour: blue}}";

/// Waits until server and manager have nothing left to do, then looks whether the ConfigMap is as it should be.
bool expect(std::string_view story, gwctl::testing::api_server& server, gwctl::manager& manager, bool there) {
    const gwctl::settled_report report = gwctl::testing::wait_until_quiet(server, manager);
    const auto map = server.get("configmaps", "default", "sky");
    const bool passed = report.settled && report.failing.empty() && map.has_value() == there &&
                        (!there || map->at("data").at("colour") == "blue");
    std::printf("%s: %.*s\n", passed ? "passed" : "FAILED", static_cast<int>(story.size()), story.data());
    return passed;
}

int main() {
    gwctl::testing::api_server_options options;
    options.bookmark_interval = std::chrono::milliseconds(50); // by them stores learn that nothing happened
    gwctl::testing::api_server server(options);
    for (const std::string_view yaml : {kind, sky})
        server.apply(gwctl::json::parse_yaml(yaml, "test").value().front()).value();
    gwctl::testing::fault once; // the API server refuses the first write
    once.kind = gwctl::testing::fault_kind::internal_error;
    once.method = "PATCH";
    server.inject(once);

    gwctl::manager manager(gwctl::manager_options(), gwctl::testing::config_for(server));
    manager.control<Widget>().owns<ConfigMap>().reconcile_with(reconcile);
    const gwctl::testing::manager_thread running(manager);
    int passed = expect("a Widget gets a ConfigMap, at the second try", server, manager, true);
    server.remove("configmaps", "default", "sky");
    passed += expect("a ConfigMap that somebody deletes comes back", server, manager, true);
    server.remove("widgets.example.com", "default", "sky");
    passed += expect("a ConfigMap goes with its Widget", server, manager, false);
    std::printf("%d passed, %d failed\n", passed, 3 - passed);
    return passed == 3 ? 0 : 1;
}
