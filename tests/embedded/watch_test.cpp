// Each thing that a Gateway or a route depends on is watched: what changes shows by itself. The controller is quiet
// before each change, so that nothing else can be why.
#include "embedded_run.hpp"

#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

const std::string own = "demo-gateway-demo-gateway-class";
const std::vector<std::string> gateway_files{"nginx.yaml", "ipam.yaml", "class.yaml", "gateway.yaml"};

void apply_route(gateway_cluster& cluster, const std::string& backend,
                 const std::string& parent = "{name: demo-gateway, sectionName: web}") {
    cluster.apply(fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {{name: web}}
spec: {{parentRefs: [{}], rules: [{{backendRefs: [{}]}}]}}
)",
                              parent, backend));
}

/// A condition of the route's first parent: "False/BackendNotFound".
std::string said(const gateway_cluster& cluster, std::string_view type) {
    const auto parents = cluster.get<gateway_v1::TCPRoute>("web").status.parents;
    if (!parents || parents->empty())
        return "no entry";
    const auto entry =
        json::decode<gateway_v1::RouteParentStatus>(boost::json::serialize(parents->front())).value();
    const Condition* c = gateway::find_condition(entry.conditions, type);
    return c == nullptr ? "absent" : c->status + "/" + c->reason;
}

/// The addresses behind a port of the Gateway's Service, with their port: "10.244.0.2:80".
std::set<std::string> endpoints(const gateway_cluster& cluster, std::string_view port) {
    std::set<std::string> all;
    for (const json::value& object : cluster.server.objects("endpointslices.discovery.k8s.io")) {
        const auto slice = json::decode<discovery_v1::EndpointSlice>(boost::json::serialize(object)).value();
        if (slice.metadata.labels.at("kubernetes.io/service-name") != own || slice.ports.at(0).name != port)
            continue;
        for (const auto& e : slice.endpoints.value_or(std::vector<discovery_v1::Endpoint>()))
            all.insert(fmt::format("{}:{}", e.addresses.at(0), slice.ports[0].port.value_or(0)));
    }
    return all;
}

bool has_port(const gateway_cluster& cluster, std::int32_t port) {
    if (!cluster.exists("services", "default", own))
        return false;
    for (const auto& p : cluster.get<core_v1::Service>(own).spec.ports)
        if (p.port == port)
            return true;
    return false;
}

void label_namespace(gateway_cluster& cluster, const std::string& tier) {
    cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {tier: " + tier +
                  "}}}");
}

} // namespace

TEST_CASE("seed B21: a backend's Service that comes, changes and goes shows by itself") {
    gateway_cluster cluster;
    cluster.load(gateway_files);
    apply_route(cluster, "{name: late, port: 80}");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(said(cluster, "ResolvedRefs") == "False/BackendNotFound");
    const std::string late = "{apiVersion: v1, kind: Service, metadata: {name: late}, spec: {selector: {app: "
                             "nginx}, ports: [{name: http, port: %, targetPort: http}]}}";
    const auto apply_late = [&](const std::string& port) {
        cluster.apply(std::string(late).replace(late.find('%'), 1, port));
    };
    apply_late("80");
    CHECK(cluster.eventually([&] {
        return said(cluster, "ResolvedRefs") == "True/ResolvedRefs" &&
               said(cluster, "Programmed") == "True/Programmed" && endpoints(cluster, "tcp-80").size() == 2;
    }));
    controller.settle();
    apply_late("81");
    CHECK(cluster.eventually([&] { return said(cluster, "ResolvedRefs") == "False/BackendNotFound"; }));
    CHECK(cluster.eventually([&] { return endpoints(cluster, "tcp-80").empty(); }));
    controller.settle();
    apply_late("80");
    CHECK(cluster.eventually([&] { return endpoints(cluster, "tcp-80").size() == 2; }));
    controller.settle();
    REQUIRE(cluster.server.remove("services", "default", "late"));
    CHECK(cluster.eventually([&] { return said(cluster, "ResolvedRefs") == "False/BackendNotFound"; }));
    CHECK(cluster.eventually([&] { return endpoints(cluster, "tcp-80").empty(); }));
    controller.settle();
}

TEST_CASE("seed B21: an EndpointSlice of a backend that comes, changes and goes shows by itself") {
    gateway_cluster cluster;
    cluster.load(gateway_files);
    cluster.apply("{apiVersion: v1, kind: Service, metadata: {name: manual}, spec: {ports: [{port: 80}]}}");
    apply_route(cluster, "{name: manual, port: 80}");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(said(cluster, "Programmed") == "False/NoEndpoints");
    for (const std::string address : {"10.9.0.1", "10.9.0.2"}) {
        cluster.apply(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: manual-1, labels: {kubernetes.io/service-name: manual}}
addressType: IPv4
ports: [{name: "", port: 8080, protocol: TCP}]
endpoints: [{addresses: [)" +
                      address +
                      R"(], conditions: {ready: true}}]
)");
        CHECK(cluster.eventually(
            [&] { return endpoints(cluster, "tcp-80") == std::set<std::string>{address + ":8080"}; }));
        CHECK(cluster.eventually([&] { return said(cluster, "Programmed") == "True/Programmed"; }));
        controller.settle();
    }
    REQUIRE(cluster.server.remove("endpointslices.discovery.k8s.io", "default", "manual-1"));
    CHECK(cluster.eventually([&] {
        return endpoints(cluster, "tcp-80").empty() && said(cluster, "Programmed") == "False/NoEndpoints";
    }));
    controller.settle();
}

TEST_CASE("seed B21: a class that comes after its Gateway, and its parameters, show by themselves") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "gateway.yaml", "tcproute.yaml"});
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK_FALSE(cluster.exists("services", "default", own));
    CHECK(said(cluster, "Accepted") == "no entry");
    cluster.load({"class.yaml"});
    CHECK(cluster.eventually([&] {
        return said(cluster, "Programmed") == "True/Programmed" && endpoints(cluster, "tcp-80").size() == 2;
    }));
    controller.settle();
    const auto affinity = [&] { return cluster.get<core_v1::Service>(own).spec.sessionAffinity; };
    CHECK(affinity() == "None");
    const auto apply_parameters = [&](const std::string& affinity_wanted) {
        cluster.apply(R"(
apiVersion: v1
kind: ConfigMap
metadata: {name: parameters, labels: {thebsdbox.co.uk/parameters: "true"}}
data: {sessionAffinity: )" +
                      affinity_wanted + "}\n");
    };
    apply_parameters("ClientIP");
    controller.settle();
    CHECK(affinity() == "None");
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: demo-gateway-class}
spec:
  controllerName: thebsdbox.co.uk/controller
  parametersRef: {group: "", kind: ConfigMap, name: parameters, namespace: default}
)");
    CHECK(cluster.eventually([&] { return affinity() == "ClientIP"; }));
    controller.settle();
    apply_parameters("None");
    CHECK(cluster.eventually([&] { return affinity() == "None"; }));
    controller.settle();
}

TEST_CASE("seed B21: a ReferenceGrant that comes and goes shows by itself") {
    gateway_cluster cluster;
    cluster.load(gateway_files);
    cluster.apply(R"(
{apiVersion: v1, kind: Namespace, metadata: {name: team}}
---
{apiVersion: v1, kind: Service, metadata: {name: far, namespace: team}, spec: {ports: [{port: 80}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: far-1, namespace: team, labels: {kubernetes.io/service-name: far}}
addressType: IPv4
ports: [{name: "", port: 8080, protocol: TCP}]
endpoints: [{addresses: [10.9.0.1], conditions: {ready: true}}]
)");
    apply_route(cluster, "{name: far, namespace: team, port: 80}");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(said(cluster, "ResolvedRefs") == "False/RefNotPermitted");
    const auto apply_grant = [&](const std::string& name) {
        cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: grant, namespace: team}
spec:
  from: [{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: default}]
  to: [{group: "", kind: Service, name: )" +
                      name + "}]\n");
    };
    const auto becomes = [&](const std::string& resolved, const std::set<std::string>& addresses) {
        CHECK(cluster.eventually([&] {
            return said(cluster, "ResolvedRefs") == resolved && endpoints(cluster, "tcp-80") == addresses;
        }));
        controller.settle();
    };
    apply_grant("far");
    becomes("True/ResolvedRefs", {"10.9.0.1:8080"});
    apply_grant("another");
    becomes("False/RefNotPermitted", {});
    apply_grant("far");
    becomes("True/ResolvedRefs", {"10.9.0.1:8080"});
    REQUIRE(cluster.server.remove("referencegrants.gateway.networking.k8s.io", "team", "grant"));
    becomes("False/RefNotPermitted", {});
}

TEST_CASE("seed B21: a ListenerSet that comes, changes and goes shows by itself") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml"});
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: demo-gateway}
spec:
  gatewayClassName: demo-gateway-class
  allowedListeners: {namespaces: {from: All}}
  listeners: [{name: web, protocol: TCP, port: 80}]
)");
    apply_route(cluster, "{name: nginx, port: 80}", "{kind: ListenerSet, name: more}");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(said(cluster, "Accepted") == "no entry");
    for (const std::string port : {"7000", "7001"}) {
        cluster.apply("{apiVersion: gateway.networking.k8s.io/v1, kind: ListenerSet, metadata: {name: more}, "
                      "spec: {parentRef: {name: demo-gateway}, listeners: [{name: a, protocol: TCP, port: " +
                      port + "}]}}");
        CHECK(cluster.eventually([&] {
            return has_port(cluster, std::stoi(port)) && endpoints(cluster, "tcp-" + port).size() == 2 &&
                   said(cluster, "Programmed") == "True/Programmed";
        }));
        controller.settle();
    }
    CHECK_FALSE(has_port(cluster, 7000));
    REQUIRE(cluster.server.remove("listenersets.gateway.networking.k8s.io", "default", "more"));
    CHECK(cluster.eventually(
        [&] { return !has_port(cluster, 7001) && said(cluster, "Accepted") == "no entry"; }));
    controller.settle();
}

TEST_CASE("seed B21: labels of a namespace that come and go show by themselves, on its routes") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml"});
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: demo-gateway}
spec:
  gatewayClassName: demo-gateway-class
  listeners:
  - name: web
    protocol: TCP
    port: 80
    allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {tier: gold}}}}
)");
    apply_route(cluster, "{name: nginx, port: 80}");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto becomes = [&](const std::string& accepted, std::size_t served) {
        CHECK(cluster.eventually([&] {
            return said(cluster, "Accepted") == accepted && endpoints(cluster, "tcp-80").size() == served;
        }));
        controller.settle();
    };
    becomes("False/NotAllowedByListeners", 0);
    label_namespace(cluster, "gold");
    becomes("True/Accepted", 2);
    label_namespace(cluster, "lead");
    becomes("False/NotAllowedByListeners", 0);
}

TEST_CASE("seed B21: labels of a namespace that come and go show by themselves, on its ListenerSets") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml", "class.yaml"});
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: demo-gateway}
spec:
  gatewayClassName: demo-gateway-class
  allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {tier: gold}}}}
  listeners: [{name: web, protocol: TCP, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more}
spec: {parentRef: {name: demo-gateway}, listeners: [{name: a, protocol: TCP, port: 7000}]}
)");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto becomes = [&](bool let_in) {
        CHECK(cluster.eventually([&] {
            const auto status = cluster.get<gateway_v1::ListenerSet>("more").status;
            return status_of(status.conditions, "Programmed") == (let_in ? "True" : "False") &&
                   status.listeners.size() == (let_in ? 1 : 0) && has_port(cluster, 7000) == let_in;
        }));
        controller.settle();
    };
    becomes(false);
    label_namespace(cluster, "gold");
    becomes(true);
    label_namespace(cluster, "lead");
    becomes(false);
}

TEST_CASE("what is said of a granted address follows the pools") {
    gateway_cluster cluster;
    cluster.load(gateway_files);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto granted = [&] {
        const auto gw = cluster.get<gateway_v1::Gateway>("demo-gateway");
        const Condition* c =
            gateway::find_condition(gw.status.conditions, "thebsdbox.co.uk/AddressesGranted");
        return c == nullptr ? "absent" : c->reason;
    };
    const auto set_pool = [&](const std::string& range) {
        cluster.apply(
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: ipam}, data: {range-global: " + range + "}}");
    };
    CHECK(granted() == "InPools");
    set_pool("192.0.2.50-192.0.2.60");
    CHECK(cluster.eventually([&] { return granted() == "OutsidePools"; }));
    controller.settle();
    set_pool("192.0.2.1-192.0.2.60");
    CHECK(cluster.eventually([&] { return granted() == "InPools"; }));
}
