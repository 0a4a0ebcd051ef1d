// A controller that is limited to some namespaces, on a server that grants it nothing else.
#include "embedded_run.hpp"

#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using gateway_v1::Gateway;
using gateway_v1::TCPRoute;
using testing::fault_kind;

namespace {

constexpr const char* world = R"(
apiVersion: v1
kind: Namespace
metadata: {name: blue, labels: {tier: gold}}
---
apiVersion: v1
kind: Namespace
metadata: {name: red}
---
apiVersion: v1
kind: Namespace
metadata: {name: elsewhere, labels: {tier: gold}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ipam, namespace: default}
data: {range-global: 192.0.2.10-192.0.2.19}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: all, namespace: elsewhere}
spec:
  from: [{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: blue}]
  to: [{group: "", kind: Service}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: far, namespace: blue}
spec:
  parentRefs: [{name: gw, sectionName: same}]
  rules: [{backendRefs: [{name: back, namespace: elsewhere, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: selected, namespace: blue}
spec:
  parentRefs: [{name: gw, sectionName: selector}]
  rules: [{backendRefs: [{name: back, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: visitor, namespace: red}
spec:
  parentRefs: [{name: gw, namespace: blue, sectionName: all}]
  rules: [{backendRefs: [{name: back, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: stranger, namespace: elsewhere}
spec:
  parentRefs: [{name: gw, namespace: blue, sectionName: all}, {name: gw}]
  rules: [{backendRefs: [{name: back, port: 80}]}]
)";

constexpr const char* each_namespace = R"(
apiVersion: v1
kind: Service
metadata: {name: back, namespace: NS}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: NS}
spec:
  gatewayClassName: l4
  listeners:
  - {name: same, protocol: TCP, port: 80}
  - {name: all, protocol: TCP, port: 81, allowedRoutes: {namespaces: {from: All}}}
  - {name: selector, protocol: TCP, port: 82, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {tier: gold}}}}}
)";

struct limited_run {
    explicit limited_run(bool may_list_namespaces) {
        apply(world);
        for (const std::string ns : {"blue", "red", "elsewhere"}) {
            std::string text = each_namespace;
            for (std::size_t at = 0; (at = text.find("NS", at)) != text.npos;)
                text.replace(at, 2, ns);
            apply(text);
        }
        for (const char* kind : {"/v1/gateways", "/v1/tcproutes", "/v1/udproutes", "/v1/referencegrants",
                                 "/v1/services", "/v1/configmaps", "/v1/endpointslices"})
            forbid(std::string(kind) + "?");
        forbid("/namespaces/elsewhere/");
        if (!may_list_namespaces)
            forbid("/v1/namespaces?");
        gateway::options o;
        o.ipam_config = {"default", "ipam"};
        o.namespaces = {"blue", "red"};
        manager_options m;
        m.name = "gateway-api-controller";
        m.handle_signals = false;
        log::configure({.minimum = log::level::error});
        mgr = std::make_unique<manager>(m, testing::config_for(server));
        gateway::install<gateway::tcp, gateway::udp>(*mgr, o);
        thread = std::make_unique<testing::manager_thread>(*mgr);
    }

    static testing::api_server_options server_options() {
        testing::api_server_options o;
        o.announcer = true;
        o.bookmark_interval = std::chrono::milliseconds(20);
        return o;
    }
    void apply(const std::string& yaml) {
        for (const json::value& object : json::parse_yaml(yaml, "test").value())
            server.apply(object).value();
    }
    void forbid(const std::string& path) {
        testing::fault f;
        f.kind = fault_kind::forbidden;
        f.path = path;
        f.times = -1;
        server.inject(f);
    }
    void settle() {
        const settled_report report = testing::wait_until_quiet(server, *mgr);
        CHECK(report.waiting_for == std::vector<std::string>());
        CHECK(report.failing.empty());
    }
    template <class T>
    T get(const std::string& namespace_, const std::string& name) const {
        return json::decode<T>(
                   boost::json::serialize(*server.get(T::type.qualified_name(), namespace_, name)))
            .value();
    }
    /// "Accepted ...: message" of a route's first parent; empty without a status.
    std::string condition(const std::string& namespace_, const std::string& route,
                          const std::string& type) const {
        const auto found = server.get(TCPRoute::type.qualified_name(), namespace_, route);
        if (!found->as_object().contains("status"))
            return {};
        for (const json::value& c : found->at("status").at("parents").at(0).at("conditions").as_array())
            if (c.at("type").as_string() == type)
                return std::string(c.at("status").as_string()) + "/" + c.at("reason").as_string().c_str() +
                       ": " + c.at("message").as_string().c_str();
        return {};
    }

    testing::api_server server{server_options()};
    std::unique_ptr<manager> mgr;
    std::unique_ptr<testing::manager_thread> thread;
};

} // namespace

TEST_CASE("limited to some namespaces, the controller serves them and touches nothing else") {
    limited_run run(true);
    run.settle();
    std::set<std::string> written;
    for (const testing::write_record& w : run.server.writes())
        if (w.field_manager == "gateway-api-controller")
            written.insert(w.resource == "events" ? "event" : w.namespace_);
    CHECK(written == std::set<std::string>{"", "blue", "event", "red"}); // and the class

    for (const char* ns : {"blue", "red"})
        CHECK(status_of(run.get<Gateway>(ns, "gw").status.conditions, "Programmed") == "True");
    CHECK(run.condition("red", "visitor", "Accepted") == "True/Accepted: The route is attached");
    CHECK(run.condition("blue", "selected", "Accepted") == "True/Accepted: The route is attached");
    const std::string far = run.condition("blue", "far", "ResolvedRefs");
    CHECK(far.starts_with("False/RefNotPermitted: spec.rules[0].backendRefs[0].namespace: this controller is "
                          "limited to some namespaces and does not read elsewhere; refer to a Service of a "
                          "namespace that it reads, or add elsewhere to its flag -namespace"));
    CHECK(run.condition("elsewhere", "stranger", "Accepted").empty());
    // Others may use the class where this one does not see it.
    CHECK(run.get<gateway_v1::GatewayClass>("", "l4").metadata.finalizers.empty());
}

TEST_CASE("without permission to list namespaces only selectors go without an answer, until it is granted") {
    limited_run run(false);
    run.settle();
    CHECK(status_of(run.get<Gateway>("blue", "gw").status.conditions, "Programmed") == "True");
    CHECK(run.condition("red", "visitor", "Accepted") == "True/Accepted: The route is attached");
    const std::string refused = run.condition("blue", "selected", "Accepted");
    CHECK(refused.starts_with(
        "False/NotAllowedByListeners: spec.parentRefs: listener selector takes routes of namespaces that "
        "its selector matches, and this controller may not read the labels of namespace "
        "blue: "));
    CHECK(refused.find("injected") != std::string::npos);
    CHECK(run.mgr->health().ready().ok);

    run.server.clear_faults();
    CHECK(run.server.wait_until(
        [&] { return run.condition("blue", "selected", "Accepted").starts_with("True/"); },
        std::chrono::seconds(60)));
}
