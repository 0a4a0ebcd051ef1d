// What a user of one namespace may try, and what must become of it: nothing, for anybody else.
#include "gateway_run.hpp"

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

const char* const victim = R"(
apiVersion: v1
kind: Namespace
metadata: {name: victim}
---
apiVersion: v1
kind: Namespace
metadata: {name: evil}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ipam}
data: {range-global: 192.0.2.10-192.0.2.12}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: v1
kind: Service
metadata: {name: back, namespace: victim}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: victim}
spec: {gatewayClassName: l4, listeners: [{name: a, protocol: TCP, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: route, namespace: victim}
spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: back, port: 80}]}]}
)";

std::string gateway_in(const std::string& namespace_, const std::string& name, const std::string& more = "") {
    return "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: " + name +
           ", namespace: " + namespace_ +
           "}, spec: {gatewayClassName: l4, listeners: [{name: a, protocol: TCP, port: 80}]" + more +
           "}}\n---\n";
}

std::string address_of(gateway_cluster& cluster, const std::string& namespace_, const std::string& name) {
    const auto gw = cluster.get<gateway_v1::Gateway>(name, namespace_);
    return gw.status.addresses.empty() ? std::string() : gw.status.addresses[0].value.value_or("");
}

struct attack {
    attack() {
        cluster.apply(victim);
        controller = std::make_unique<gateway_controller>(cluster, default_options());
        controller->settle();
        REQUIRE(address_of(cluster, "victim", "gw") == "192.0.2.10");
    }

    void expect_victim_untouched() {
        controller->settle();
        CHECK(address_of(cluster, "victim", "gw") == "192.0.2.10");
        const auto gw = cluster.get<gateway_v1::Gateway>("gw", "victim");
        CHECK(status_of(gw.status.conditions, "Programmed") == "True");
        CHECK(gw.status.listeners.at(0).attachedRoutes == 1);
        CHECK(cluster.exists("services", "victim", "gw-l4"));
        CHECK(cluster.get<gateway_v1::TCPRoute>("route", "victim").metadata.finalizers.empty());
    }

    gateway_cluster cluster;
    std::unique_ptr<gateway_controller> controller;
};

} // namespace

TEST_CASE("a route that can be served only in part is reported, and stops nothing") {
    attack a;
    a.cluster.apply(gateway_in("evil", "gw") + R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: two, namespace: evil, labels: {selectorkey: app, selectorvalue: x}}
spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: s1, port: 80}, {name: s2, port: 80}]}]}
)");
    a.expect_victim_untouched();
    const auto events = a.cluster.list<core_v1::Event>();
    CHECK(std::any_of(events.begin(), events.end(),
                      [](const auto& e) { return e->reason == "PartiallyProgrammed"; }));
}

TEST_CASE("a Service that asks for a Gateway's address does not get it, restart or not") {
    attack a;
    a.cluster.apply(R"(
apiVersion: v1
kind: Service
metadata: {name: old, namespace: evil, annotations: {kube-vip.io/loadbalancerIPs: 192.0.2.10}}
spec: {type: LoadBalancer, loadBalancerIP: 192.0.2.10, selector: {app: x}, ports: [{port: 80}]}
)");
    a.expect_victim_untouched();
    a.controller.reset();
    a.controller = std::make_unique<gateway_controller>(a.cluster, default_options());
    a.expect_victim_untouched();
}

TEST_CASE("a forged record holds up no one else's route") {
    attack a;
    a.cluster.apply(R"(
apiVersion: v1
kind: Service
metadata:
  name: forge
  namespace: evil
  annotations:
    thebsdbox.co.uk/gateway: victim/gw
    thebsdbox.co.uk/original: '{"type":"ClusterIP","routes":["TCPRoute victim/route"]}'
spec: {selector: {app: x}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata:
  name: garbage
  namespace: evil
  annotations: {thebsdbox.co.uk/gateway: victim/gw, thebsdbox.co.uk/original: '{"type":"Garbage"}'}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata:
  name: nonsense
  namespace: evil
  annotations: {thebsdbox.co.uk/gateway: victim/gw, thebsdbox.co.uk/original: '{{{'}
spec: {selector: {app: x}, ports: [{port: 80}]}
)");
    a.expect_victim_untouched();
    REQUIRE(a.cluster.remove("tcproutes.gateway.networking.k8s.io", "victim", "route"));
    CHECK_FALSE(a.cluster.exists("tcproutes.gateway.networking.k8s.io", "victim", "route"));
}

TEST_CASE("two Gateways that borrow one Service come to rest") {
    attack a;
    std::string yaml = R"(
apiVersion: v1
kind: Service
metadata: {name: back, namespace: evil}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
)";
    for (const std::string name : {"g1", "g2"})
        yaml += gateway_in("evil", name) +
                "{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: r" + name +
                ", namespace: evil, labels: {serviceBehaviour: update}}, spec: {parentRefs: [{name: " + name +
                "}], rules: [{backendRefs: [{name: back, port: 80}]}]}}\n---\n";
    a.cluster.apply(yaml);
    a.expect_victim_untouched(); // settles: no write after the last
}

TEST_CASE("a borrowed Service whose record is removed is kept") {
    attack a;
    a.cluster.apply(R"(
apiVersion: v1
kind: Service
metadata: {name: back, namespace: evil}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
)" + gateway_in("evil", "gw") +
                    R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: r, namespace: evil, labels: {serviceBehaviour: update}}
spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: back, port: 80}]}]}
)");
    a.controller->settle();
    REQUIRE(a.cluster.get<core_v1::Service>("back", "evil")
                .metadata.annotations.contains("thebsdbox.co.uk/original"));
    for (const std::string more :
         {", annotations: {thebsdbox.co.uk/original: \"\"}", ""}) // takes it over, then drops it
        a.cluster.apply("{apiVersion: v1, kind: Service, metadata: {name: back, namespace: evil" + more +
                        "}, spec: {selector: {app: x}, ports: [{port: 80}]}}");
    a.expect_victim_untouched();
    CHECK(a.cluster.exists("services", "evil", "back"));
}

TEST_CASE("a Gateway that waits for an address gets one when a Service no longer asks for it") {
    attack a;
    a.cluster.apply(R"(
apiVersion: v1
kind: Service
metadata: {name: greedy, namespace: evil, annotations: {kube-vip.io/loadbalancerIPs: "192.0.2.11,192.0.2.12"}}
spec: {type: LoadBalancer, selector: {app: x}, ports: [{port: 80}]}
)");
    a.controller->settle(); // the two kinds are watched separately: the Service is to be seen first
    a.cluster.apply(gateway_in("victim", "late"));
    a.controller->settle();
    const auto late = a.cluster.get<gateway_v1::Gateway>("late", "victim");
    const auto programmed = std::find_if(late.status.conditions.begin(), late.status.conditions.end(),
                                         [](const Condition& c) { return c.type == "Programmed"; });
    REQUIRE(programmed != late.status.conditions.end());
    CHECK(programmed->reason == "AddressNotAssigned");
    REQUIRE(a.cluster.remove("services", "evil", "greedy"));
    a.controller->settle();
    CHECK(address_of(a.cluster, "victim", "late") == "192.0.2.11");
    a.expect_victim_untouched();
}

TEST_CASE("after the API server dropped every connection, changes are seen again") {
    attack a;
    REQUIRE(a.cluster.drop_connections() > 0);
    a.cluster.apply(gateway_in("victim", "next"));
    a.controller->settle();
    CHECK(address_of(a.cluster, "victim", "next") == "192.0.2.11");
}
