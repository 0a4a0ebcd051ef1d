// ListenerSets on the controller as it runs: whatever changes, in whichever namespace, everything follows.
#include "gateway_run.hpp"

#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/gateway/status.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using gateway_v1::Gateway;
using gateway_v1::ListenerSet;

namespace {

const char* const base = R"(
apiVersion: v1
kind: Namespace
metadata: {name: infra}
---
apiVersion: v1
kind: Namespace
metadata: {name: team, labels: {listeners: "yes"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ipam}
data: {range-global: 192.0.2.10-192.0.2.19}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: l4
  listeners: [{name: a, protocol: TCP, port: 80}]
  allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {listeners: "yes"}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: other, namespace: infra}
spec:
  gatewayClassName: l4
  listeners: [{name: a, protocol: TCP, port: 80}]
  allowedListeners: {namespaces: {from: All}}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: team}
spec: {selector: {app: x}, ports: [{port: 90, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: app-1, namespace: team, labels: {kubernetes.io/service-name: app}}
addressType: IPv4
ports: [{port: 8080, protocol: TCP}]
endpoints: [{addresses: [10.1.0.7]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: route, namespace: team}
spec: {parentRefs: [{kind: ListenerSet, name: more}], rules: [{backendRefs: [{name: app, port: 90}]}]}
)";

std::string set_of(const std::string& namespace_, const std::string& name, int port,
                   const std::string& gateway = "gw") {
    return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {{name: {}, namespace: {}}}
spec:
  parentRef: {{name: {}, namespace: infra}}
  listeners: [{{name: a, protocol: TCP, port: {}}}]
)",
                       name, namespace_, gateway, port);
}

std::string team_labels(const std::string& labels) {
    return "{apiVersion: v1, kind: Namespace, metadata: {name: team, labels: " + labels + "}}";
}

struct shared_gateway {
    shared_gateway() {
        cluster.apply(base);
        controller = std::make_unique<gateway_controller>(cluster, default_options());
    }
    void apply(const std::string& yaml) {
        cluster.apply(yaml);
        controller->settle();
    }
    void remove(const std::string& namespace_, const std::string& name) {
        REQUIRE(cluster.remove("listenersets.gateway.networking.k8s.io", namespace_, name));
        controller->settle();
    }

    /// "True/Accepted True/Programmed"
    std::string status(const std::string& namespace_, const std::string& name) {
        const auto set = cluster.get<ListenerSet>(name, namespace_);
        std::string all;
        for (const std::string_view type : {"Accepted", "Programmed"}) {
            const Condition* c = gateway::find_condition(set.status.conditions, type);
            all += (all.empty() ? "" : " ") + (c == nullptr ? "absent" : c->status + "/" + c->reason);
        }
        return all;
    }
    std::string ports(const std::string& service) {
        std::string all;
        for (const auto& p : cluster.get<core_v1::Service>(service, "infra").spec.ports)
            all += (all.empty() ? "" : " ") + std::to_string(p.port);
        return all;
    }
    std::int32_t attached(const std::string& gateway) {
        return cluster.get<Gateway>(gateway, "infra").status.attachedListenerSets.value_or(0);
    }
    /// Accepted of the route's only entry; "none" without one.
    std::string route_accepted() {
        const auto route = cluster.get<gateway_v1::TCPRoute>("route", "team");
        if (!route.status.parents || route.status.parents->empty())
            return "none";
        REQUIRE(route.status.parents->size() == 1);
        const auto& conditions = route.status.parents->at(0).at("conditions").as_array();
        for (const json::value& c : conditions)
            if (c.at("type") == "Accepted")
                return std::string(c.at("reason").as_string());
        return "absent";
    }

    gateway_cluster cluster;
    std::unique_ptr<gateway_controller> controller;
};

constexpr std::string_view served = "True/Accepted True/Programmed";

} // namespace

TEST_CASE("a ListenerSet is served from when it is let in until it goes") {
    shared_gateway w;
    w.apply(set_of("team", "more", 7777));
    CHECK(w.status("team", "more") == served);
    CHECK(w.ports("gw-l4") == "80 7777");
    CHECK(w.attached("gw") == 1);
    CHECK(w.route_accepted() == "Accepted");
    CHECK(w.cluster.get<ListenerSet>("more", "team").status.listeners.at(0).attachedRoutes == 1);

    w.apply(team_labels("{listeners: \"no\"}"));
    CHECK(w.status("team", "more") == "False/NotAllowed False/NotAllowed");
    CHECK(w.ports("gw-l4") == "80");
    CHECK(w.attached("gw") == 0);
    CHECK(w.route_accepted() == "NoMatchingParent");

    w.apply(team_labels("{listeners: \"yes\"}"));
    CHECK(w.status("team", "more") == served);

    w.apply(set_of("team", "more", 7777, "other"));
    CHECK(w.ports("gw-l4") == "80");
    CHECK(w.ports("other-l4") == "80 7777");
    CHECK(w.attached("gw") == 0);
    CHECK(w.attached("other") == 1);
    CHECK(w.route_accepted() == "Accepted");

    w.remove("team", "more");
    CHECK(w.ports("other-l4") == "80");
    CHECK(w.attached("other") == 0);
    CHECK(w.route_accepted() == "none");
}

TEST_CASE("a set's port passes to the next one, and its routes are served then") {
    shared_gateway w;
    w.apply(set_of("team", "first", 7777));
    w.apply(set_of("team", "more", 7777));
    CHECK(w.status("team", "first") == served);
    CHECK(w.status("team", "more") == "False/ListenersNotValid False/ListenersNotValid");
    CHECK(w.route_accepted() == "Accepted");
    w.remove("team", "first");
    CHECK(w.status("team", "more") == served);
    const auto slices = w.cluster.list<discovery_v1::EndpointSlice>();
    CHECK(std::any_of(slices.begin(), slices.end(), [](const auto& s) {
        return s->metadata.namespace_ == "infra" && s->endpoints && !s->endpoints->empty() &&
               s->endpoints->front().addresses == std::vector<std::string>{"10.1.0.7"};
    }));
}

TEST_CASE("a set outlives its Gateway, and says so") {
    shared_gateway w;
    w.apply(set_of("team", "more", 7777));
    REQUIRE(w.cluster.remove("gateways.gateway.networking.k8s.io", "infra", "gw"));
    w.controller->settle();
    CHECK(w.status("team", "more") == "False/ParentNotAccepted False/ParentNotProgrammed");
    CHECK(w.cluster.get<ListenerSet>("more", "team").status.listeners.empty());
    CHECK(w.route_accepted() == "none");
}

TEST_CASE("a restart finds nothing to write about sets") {
    shared_gateway w;
    w.cluster.apply(set_of("team", "more", 7777));
    w.apply(set_of("infra", "late", 7777));
    w.controller.reset();
    w.cluster.forget_writes();
    w.controller = std::make_unique<gateway_controller>(w.cluster, default_options());
    w.controller->settle();
    CHECK(w.cluster.writes() == std::vector<std::string>());
}

TEST_CASE("a user's many sets change nothing for a Gateway that does not let them in, nor for its sets") {
    shared_gateway w;
    w.cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: evil}}");
    w.apply(set_of("team", "more", 7777));
    const std::string before = w.cluster.get<core_v1::Service>("gw-l4", "infra").metadata.resourceVersion;
    const std::string set_before = w.cluster.get<ListenerSet>("more", "team").metadata.resourceVersion;
    const std::string gateway_before = w.cluster.get<Gateway>("gw", "infra").metadata.resourceVersion;
    for (int i = 0; i < 100; ++i)
        w.cluster.apply(set_of("evil", fmt::format("s{}", i), 7000 + i));
    w.controller->settle();
    CHECK(w.cluster.get<core_v1::Service>("gw-l4", "infra").metadata.resourceVersion == before);
    CHECK(w.cluster.get<ListenerSet>("more", "team").metadata.resourceVersion == set_before);
    CHECK(w.cluster.get<Gateway>("gw", "infra").metadata.resourceVersion == gateway_before);
    CHECK(w.status("evil", "s0") == "False/NotAllowed False/NotAllowed");
}
