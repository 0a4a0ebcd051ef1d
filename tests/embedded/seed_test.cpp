// Mistakes of the Go controller that show only with an API server: lost writes and missing watches.
#include "../integration/blocking_client.hpp"
#include "embedded_run.hpp"

#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

const std::vector<std::string> everything{"nginx.yaml",   "coredns.yaml",  "ipam.yaml",    "class.yaml",
                                          "gateway.yaml", "tcproute.yaml", "udproute.yaml"};

bool is_programmed(const gateway_cluster& cluster, const std::string& name) {
    const auto gw = cluster.get<gateway_v1::Gateway>(name);
    return status_of(gw.status.conditions, "Programmed") == "True";
}

void fail_twice(gateway_cluster& cluster, testing::fault_kind kind,
                std::initializer_list<std::string_view> paths) {
    for (const std::string_view path : paths)
        cluster.refuse_patches(kind, path, 2);
}

/// The sum of a counter over what follows `counter` in its labels.
int count(const gateway_controller& controller, const std::string& counter) {
    const std::string text = controller.metrics_text();
    int sum = 0;
    for (std::size_t at = text.find(counter); at != std::string::npos; at = text.find(counter, at + 1))
        sum += std::stoi(text.substr(text.find("} ", at) + 2));
    return sum;
}

/// How many reconciles ended in an error, which is what has them tried again.
int failures(const gateway_controller& controller, const std::string& name) {
    return count(controller, "controller_runtime_reconcile_errors_total{controller=\"" + name + '"');
}

} // namespace

TEST_CASE("seed B8: a write that fails, of a spec, a status or a Service, is tried again") {
    for (const auto& [path, name] :
         std::vector<std::pair<std::string_view, std::string>>{{"/gateways/demo-gateway?", "gateway"},
                                                               {"/gateways/demo-gateway/status", "gateway"},
                                                               {"/services/", "gateway"},
                                                               {"/tcproutes/web/status", "tcproute"}}) {
        INFO(path);
        gateway_cluster cluster;
        cluster.load(everything);
        fail_twice(cluster, testing::fault_kind::internal_error, {path});
        gateway_controller controller(cluster, default_options());
        CHECK(cluster.eventually([&] { return is_programmed(cluster, "demo-gateway"); }));
        CHECK(cluster.eventually([&] {
            const auto route = cluster.get<gateway_v1::TCPRoute>("web");
            return route.status.parents && route.status.parents->size() == 1;
        }));
        controller.settle();
        CHECK(cluster.get<gateway_v1::Gateway>("demo-gateway").spec.addresses.size() == 1);
        CHECK(failures(controller, name) == 2); // logging alone would not have it tried again
    }
}

TEST_CASE(
    "contract row 40: a conflict is tried again on a fresh copy, and another controller's entry stays") {
    gateway_cluster cluster;
    cluster.load(everything);
    const std::string others =
        R"({"parentRef":{"name":"other"},"controllerName":"example.com/other","conditions":[{"type":"Accepted","status":"True","reason":"Accepted","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]})";
    blocking_client(testing::config_for(cluster.server))
        .send("PATCH", "/apis/gateway.networking.k8s.io/v1/namespaces/default/tcproutes/web/status",
              R"({"status": {"parents": [)" + others + "]}}", "application/merge-patch+json");
    const auto parents = [&] { return cluster.get<gateway_v1::TCPRoute>("web").status.parents.value(); };
    const std::string before = boost::json::serialize(parents().at(0));
    fail_twice(cluster, testing::fault_kind::conflict,
               {"/gateways/demo-gateway/status", "/services/", "/endpointslices/", "/tcproutes/web/status"});
    gateway_controller controller(cluster, default_options());
    CHECK(
        cluster.eventually([&] { return is_programmed(cluster, "demo-gateway") && parents().size() == 2; }));
    controller.settle();
    REQUIRE(parents().size() == 2);
    CHECK(boost::json::serialize(parents().at(0)) == before);
    CHECK(cluster.get<core_v1::Service>("demo-gateway-demo-gateway-class").spec.ports.size() == 3);
}

TEST_CASE("a borrowed Service that the API server refuses to change is told in the Gateway's status") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml", "gateway.yaml"});
    cluster.refuse_patches(testing::fault_kind::invalid, "/services/nginx");
    gateway_controller controller(cluster, default_options());
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, labels: {serviceBehaviour: update}}
spec:
  parentRefs: [{name: demo-gateway}]
  rules: [{backendRefs: [{name: nginx, port: 80}]}]
)");
    const auto programmed = [&] {
        const auto gw = cluster.get<gateway_v1::Gateway>("demo-gateway");
        const Condition* c = gateway::find_condition(gw.status.conditions, "Programmed");
        return c == nullptr ? std::string() : c->status + "/" + c->reason + ": " + c->message;
    };
    CHECK(cluster.eventually([&] {
        const std::string said = programmed();
        return said.starts_with("False/NoResources: Service default/nginx: the API server refuses what the "
                                "Gateway needs of it: ") &&
               said.ends_with("; change what it names, or serve the route by behaviour merge");
    }));
    const auto route = [&] {
        const auto parents = cluster.get<gateway_v1::TCPRoute>("web").status.parents;
        return parents ? boost::json::serialize(json::to_value(*parents)) : std::string();
    };
    CHECK(cluster.eventually([&] { return route().find(R"("reason":"NotServed")") != std::string::npos; }));
    CHECK(route().find("served by Service") == std::string::npos);
    CHECK(cluster.get<core_v1::Service>("nginx").spec.type != "LoadBalancer");
    cluster.server.clear_faults();
    cluster.apply("{apiVersion: v1, kind: Service, metadata: {name: nginx, labels: {mended: 'yes'}}}");
    CHECK(cluster.eventually([&] { return programmed().starts_with("True/"); }));
    CHECK(cluster.eventually(
        [&] { return route().find("served by Service default/nginx") != std::string::npos; }));
}

TEST_CASE("a Service that a quota refuses is told by the Gateway and its route, and made when it may be") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml", "gateway.yaml", "tcproute.yaml"});
    cluster.refuse_patches(testing::fault_kind::forbidden, "/services/demo-gateway-demo-gateway-class");
    gateway_controller controller(cluster, default_options());
    const auto said = [&](const std::string& text) {
        const auto status = json::to_value(cluster.get<gateway_v1::Gateway>("demo-gateway").status);
        const auto route = json::to_value(cluster.get<gateway_v1::TCPRoute>("web").status);
        return boost::json::serialize(status).find(text) != std::string::npos &&
               boost::json::serialize(route).find(text) != std::string::npos;
    };
    CHECK(cluster.eventually([&] {
        return said(
            "Service default/demo-gateway-demo-gateway-class: the API server refuses what the Gateway "
            "needs of it: ");
    }));
    cluster.server.clear_faults();
    CHECK(cluster.eventually([&] { return is_programmed(cluster, "demo-gateway") && !said("refuses"); }));
}

TEST_CASE("upgrade: the Go controller's copy, with its source's owner and finalizer, stays in service and is "
          "cleaned") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml", "class.yaml"});
    const std::string owner = cluster.get<core_v1::ConfigMap>("ipam").metadata.uid;
    cluster.apply(R"(
apiVersion: v1
kind: Service
metadata: {name: app}
spec: {selector: {app: x}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata:
  name: app-gw-api
  finalizers: [example.com/x]
  labels: {team: a, ipam-address: 192.0.2.12, implementation: thebsdbox}
  annotations: {gateway-api-controller: thebsdbox.co.uk/controller, parent-tcp-route: web}
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: ipam, uid: )" +
                  owner + R"(, controller: true}]
spec: {type: LoadBalancer, selector: {app: x}, ports: [{port: 8080, targetPort: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, labels: {ipam-address: 192.0.2.12, implementation: thebsdbox}}
spec:
  gatewayClassName: demo-gateway-class
  addresses: [{type: IPAddress, value: 192.0.2.12}]
  listeners: [{name: a, protocol: TCP, port: 8080}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, labels: {serviceBehaviour: duplicate}}
spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: app, port: 80}]}]}
)");
    const auto before = cluster.get<core_v1::Service>("app-gw-api");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto copy = cluster.get<core_v1::Service>("app-gw-api");
    CHECK(copy.metadata.uid == before.metadata.uid);
    CHECK(copy.spec.clusterIP == before.spec.clusterIP);
    CHECK(copy.spec.loadBalancerIP == "192.0.2.12");
    CHECK(copy.metadata.finalizers == before.metadata.finalizers); // somebody else's
    REQUIRE(copy.metadata.ownerReferences.size() == 1);
    CHECK(copy.metadata.ownerReferences[0].kind == "TCPRoute");
    CHECK(is_programmed(cluster, "web"));
    const auto repairs = [&] {
        const std::string text = controller.metrics_text();
        const std::size_t at = text.find("gwctl_drift_repairs_total{kind=\"Service\"}");
        return at == std::string::npos ? std::string() : text.substr(at, text.find('\n', at) - at);
    };
    CHECK(repairs().empty()); // to take it over is none
    // Nor takes it a permission that the controller does not have: `get` of Services.
    for (const testing::read_record& read : cluster.server.reads())
        if (read.user_agent.find("gateway-api-controller") != std::string::npos)
            CHECK((read.verb != "get" || read.path.find("/leases/") != std::string::npos));
    cluster.apply(
        "{apiVersion: v1, kind: Service, metadata: {name: app}, spec: {selector: {app: x}, ports: [{name: "
        "http, port: 80, targetPort: 9090}]}}");
    controller.settle();
    CHECK(cluster.get<core_v1::Service>("app-gw-api").spec.ports.at(0).targetPort == IntOrString(9090));
    CHECK(repairs().empty());
}

TEST_CASE("seed B21: changes of pools, backends, Services and listeners arrive by themselves") {
    gateway_cluster cluster;
    cluster.load(everything);
    cluster.apply(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: ipam}, data: {range-global: 192.0.2.10}}");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waiting}
spec:
  gatewayClassName: demo-gateway-class
  listeners: [{name: tcp, protocol: TCP, port: 9000}]
)");
    controller.settle();
    CHECK_FALSE(is_programmed(cluster, "waiting"));
    cluster.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: ipam}, data: {range-global: "
                  "192.0.2.10-192.0.2.11}}");
    CHECK(cluster.eventually([&] { return is_programmed(cluster, "waiting"); }));
    // Drift.
    const std::string own = "demo-gateway-demo-gateway-class";
    REQUIRE(cluster.server.remove("services", "default", own));
    CHECK(cluster.eventually([&] { return cluster.exists("services", "default", own); }));
    // A listener.
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waiting}
spec:
  gatewayClassName: demo-gateway-class
  listeners: [{name: tcp, protocol: TCP, port: 9001}]
)");
    CHECK(cluster.eventually([&] {
        const auto service = cluster.get<core_v1::Service>("waiting-demo-gateway-class");
        return service.spec.ports.size() == 1 && service.spec.ports[0].port == 9001;
    }));
    controller.settle();
}

TEST_CASE("seed B6: a class says what is supported, and Events tell of classes, Gateways and routes") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK_FALSE(cluster.get<gateway_v1::GatewayClass>("demo-gateway-class").status.supportedFeatures.empty());
    std::set<std::string> kinds;
    for (const json::value& event : cluster.server.objects("events"))
        kinds.emplace(event.at("involvedObject").at("kind").as_string());
    CHECK(kinds == std::set<std::string>{"Gateway", "GatewayClass", "TCPRoute", "UDPRoute"});
}

TEST_CASE("seed B30: of two replicas one gives out addresses, and the other goes on where it stops") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml", "class.yaml"});
    std::set<std::string> seen;
    const auto address = [&](const std::string& name) {
        const auto addresses = cluster.get<gateway_v1::Gateway>(name).status.addresses;
        return addresses.empty() ? std::string() : addresses[0].value.value_or("");
    };
    const auto add_gateways = [&](const std::vector<std::string>& gateways) {
        for (const std::string& name : gateways)
            cluster.apply(
                "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: " + name +
                "}, spec: {gatewayClassName: demo-gateway-class, listeners: [{name: a, protocol: "
                "TCP, port: 80}]}}");
        for (const std::string& name : gateways) {
            INFO(name);
            CHECK(cluster.eventually([&] { return is_programmed(cluster, name); }));
            CHECK(seen.insert(address(name)).second);
        }
    };
    gateway_controller first(cluster, default_options());
    first.settle();
    gateway_controller second(cluster, default_options());
    REQUIRE(cluster.eventually([&] { return second.readiness().ok; }));
    add_gateways({"a", "b", "c"});
    first.settle();
    const std::string reconciles = "controller_runtime_reconcile_total{controller=\"gateway\"";
    CHECK(count(first, reconciles) > 0);
    CHECK(count(second, reconciles) == 0);
    const std::string before = address("a");
    CHECK(first.stop() == 0);
    add_gateways({"d", "e", "f"});
    second.settle();
    CHECK(address("a") == before);
}
