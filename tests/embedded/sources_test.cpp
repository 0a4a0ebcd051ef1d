// Sources that the API server denies stop what reads them, and nothing else; nothing is emptied because of them.
#include "embedded_run.hpp"

#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using gateway_v1::Gateway;
using gateway_v1::TCPRoute;

namespace {

constexpr const char* base = R"(
apiVersion: v1
kind: Namespace
metadata: {name: blue}
---
apiVersion: v1
kind: Namespace
metadata: {name: red}
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
)";

/// Gateway, route and backend of one name, with an endpoint.
std::string served(std::string_view ns, std::string_view name, std::string_view protocol = "TCP",
                   std::string_view listener = "") {
    return fmt::format(R"(
apiVersion: v1
kind: Service
metadata: {{name: {1}, namespace: {0}}}
spec: {{ports: [{{port: 80, protocol: {2}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {1}-1, namespace: {0}, labels: {{kubernetes.io/service-name: {1}}}}}
addressType: IPv4
ports: [{{port: 8080, protocol: {2}}}]
endpoints: [{{addresses: [10.1.0.1], conditions: {{ready: true}}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {1}, namespace: {0}}}
spec: {{gatewayClassName: l4, listeners: [{{name: a, protocol: {2}, port: 80{3}}}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: {2}Route
metadata: {{name: {1}, namespace: {0}}}
spec: {{parentRefs: [{{name: {1}}}], rules: [{{backendRefs: [{{name: {1}, port: 80}}]}}]}}
)",
                       ns, name, protocol, listener);
}

struct denied_run {
    denied_run() { cluster.apply(base); }

    void deny(const std::string& path) {
        testing::fault f;
        f.kind = testing::fault_kind::forbidden;
        f.path = path;
        f.times = -1;
        cluster.server.inject(f);
    }
    void start(std::set<std::string> namespaces = {}) {
        gateway::options o;
        o.ipam_config = {"default", "ipam"};
        o.namespaces = std::move(namespaces);
        controller = std::make_unique<gateway_controller>(cluster, o, log::level::error);
    }
    bool soon(const std::function<bool()>& done) const {
        return cluster.server.wait_until(done, std::chrono::seconds(60));
    }
    /// "True/Programmed: MESSAGE"
    std::string programmed(const std::string& ns, const std::string& name) const {
        const auto gw = cluster.get<Gateway>(name, ns);
        const Condition* c = gateway::find_condition(gw.status.conditions, "Programmed");
        return c == nullptr ? std::string() : c->status + "/" + c->reason + ": " + c->message;
    }
    bool is_programmed(const std::string& ns, const std::string& name) const {
        return programmed(ns, name) == "True/Programmed: The Gateway's addresses are announced";
    }
    bool says(const std::string& ns, const std::string& name, std::string_view part) const {
        return programmed(ns, name).find(part) != std::string::npos;
    }
    /// The addresses behind a Gateway.
    std::string endpoints(const std::string& ns, const std::string& gateway) const {
        std::string all;
        for (const json::value& slice : cluster.server.objects("endpointslices.discovery.k8s.io"))
            if (slice.at("metadata").at("namespace").as_string() == ns &&
                slice.at("metadata").at("labels").at("kubernetes.io/service-name").as_string() ==
                    gateway + "-l4")
                all += boost::json::serialize(slice.at("endpoints"));
        return all;
    }
    std::size_t deletions() const {
        std::size_t n = 0;
        for (const testing::write_record& w : cluster.server.writes())
            n += w.verb == "delete" && w.resource != "leases" ? 1 : 0;
        return n;
    }

    gateway_cluster cluster;
    std::unique_ptr<gateway_controller> controller;
};

} // namespace

TEST_CASE("sources: a namespace that is denied stops its own Gateways only, and they go on when it is read") {
    denied_run run;
    run.cluster.apply(served("blue", "web"));
    run.cluster.apply(served("red", "web"));
    run.deny("/namespaces/red/");
    run.start({"blue", "red"});
    CHECK(run.soon([&] { return run.is_programmed("blue", "web"); }));
    CHECK(run.endpoints("blue", "web").find("10.1.0.1") != std::string::npos);
    CHECK_FALSE(run.controller->readiness().ok); // which names what is denied
    // A change is served as ever.
    run.cluster.apply(served("blue", "more", "UDP"));
    CHECK(run.soon([&] { return run.is_programmed("blue", "more"); }));
    CHECK_FALSE(run.cluster.exists("services", "red", "web-l4"));
    run.cluster.server.clear_faults();
    CHECK(run.soon([&] { return run.is_programmed("red", "web"); }));
    run.controller->settle();
}

TEST_CASE(
    "sources: after a restart nothing is emptied because a namespace is denied, and the Gateway says what it "
    "waits for") {
    denied_run run;
    const std::string all = ", allowedRoutes: {namespaces: {from: All}}";
    run.cluster.apply(served("blue", "shared", "TCP", all));
    run.cluster.apply(served("blue", "lone"));
    run.cluster.apply(served("red", "own"));
    REQUIRE(run.cluster.server.remove("tcproutes.gateway.networking.k8s.io", "blue", "shared"));
    run.cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: guest, namespace: red}
spec: {parentRefs: [{name: shared, namespace: blue}], rules: [{backendRefs: [{name: own, port: 80}]}]}
)");
    run.start({"blue", "red"});
    run.controller->settle();
    REQUIRE(run.is_programmed("blue", "shared"));
    const std::string before = run.endpoints("blue", "shared");
    REQUIRE(before.find("10.1.0.1") != std::string::npos);
    run.controller.reset();
    const std::size_t deletions = run.deletions();

    run.deny("/namespaces/red/");
    run.start({"blue", "red"});
    CHECK(run.soon([&] { return run.says("blue", "shared", "of namespace red"); }));
    const std::string said = run.programmed("blue", "shared");
    INFO(said);
    CHECK(said.starts_with(
        "True/Programmed: Gateway blue/shared: it stays as it is, since the API server does not let "
        "this controller read tcproutes.gateway.networking.k8s.io of namespace red: "));
    CHECK(said.ends_with("; allow it to list and watch them"));
    CHECK(run.is_programmed("blue", "lone"));
    CHECK(run.endpoints("blue", "shared") == before);
    CHECK(run.endpoints("red", "own") != "");
    CHECK(run.deletions() == deletions);

    run.cluster.server.clear_faults();
    CHECK(run.soon([&] { return run.is_programmed("blue", "shared"); }));
    run.controller->settle();
    CHECK(run.endpoints("blue", "shared") == before);
    CHECK(run.deletions() == deletions);
}

TEST_CASE("sources: a kind that is denied stops who reads it, and Gateway and route say so") {
    denied_run run;
    run.cluster.apply(served("blue", "tcp"));
    run.cluster.apply(served("blue", "udp", "UDP"));
    run.deny("/tcproutes?");
    run.start();
    CHECK(run.soon([&] { return run.is_programmed("blue", "udp"); }));
    CHECK(run.soon([&] { return run.says("blue", "tcp", "tcproutes.gateway.networking.k8s.io"); }));
    CHECK(run.programmed("blue", "tcp").starts_with("False/Pending: Gateway blue/tcp: "));
    run.cluster.server.clear_faults();
    CHECK(run.soon([&] { return run.is_programmed("blue", "tcp"); }));
    run.controller->settle();
}

TEST_CASE(
    "sources: without the pools Gateways keep what they have, and who needs an address waits for them") {
    denied_run run;
    run.cluster.apply(served("blue", "web"));
    run.start();
    run.controller->settle();
    REQUIRE(run.is_programmed("blue", "web"));
    run.controller.reset();

    run.deny("/namespaces/default/configmaps?");
    run.start();
    run.cluster.apply(served("blue", "next"));
    run.cluster.apply(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: blue, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080, protocol: TCP}]
endpoints: [{addresses: [10.1.0.2], conditions: {ready: true}}]
)");
    CHECK(run.soon([&] { return run.endpoints("blue", "web").find("10.1.0.2") != std::string::npos; }));
    CHECK(run.is_programmed("blue", "web"));
    CHECK(run.soon([&] { return run.says("blue", "next", "configmaps"); }));
    CHECK(run.programmed("blue", "next").starts_with("False/AddressNotAssigned: Gateway blue/next: "));
    CHECK(run.cluster.get<Gateway>("next", "blue").status.addresses.empty());
    run.cluster.server.clear_faults();
    CHECK(run.soon([&] { return run.is_programmed("blue", "next"); }));
    run.controller->settle();
}

TEST_CASE("sources: grants that are denied stop the routes that need one, and take nothing away") {
    denied_run run;
    run.cluster.apply(served("red", "far"));
    run.cluster.apply(served("blue", "near"));
    run.cluster.apply(served("blue", "web"));
    run.cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: all, namespace: red}
spec:
  from: [{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: blue}]
  to: [{group: "", kind: Service}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, namespace: blue}
spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: far, namespace: red, port: 80}]}]}
)");
    run.start();
    run.controller->settle();
    const std::string before = run.endpoints("blue", "web");
    REQUIRE(before.find("10.1.0.1") != std::string::npos);
    run.controller.reset();
    run.deny("/referencegrants?");
    run.start();
    CHECK(run.soon([&] { return run.says("blue", "web", "referencegrants.gateway.networking.k8s.io"); }));
    CHECK(run.endpoints("blue", "web") == before);
    CHECK(run.soon([&] {
        return boost::json::serialize(
                   *run.cluster.server.get("tcproutes.gateway.networking.k8s.io", "blue", "web"))
                   .find("referencegrants.gateway.networking.k8s.io") != std::string::npos;
    }));
    run.cluster.apply(served("blue", "more"));
    CHECK(run.soon([&] { return run.is_programmed("blue", "more"); }));
    CHECK(run.is_programmed("blue", "near"));
}
