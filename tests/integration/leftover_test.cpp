// A Gateway whose Service's name is taken by what the Go controller left: it waits, and is served once it can
// be.
#include "gateway_run.hpp"

#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/status.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::Service;
using gateway_v1::Gateway;

namespace {

// No route has it, so only its name concerns the Gateway.
constexpr const char* leftover = R"(
apiVersion: v1
kind: Service
metadata:
  name: web-l4
  namespace: default
  annotations: {gateway-api-controller: thebsdbox.co.uk/controller}
  labels: {app: mine}
spec: {type: LoadBalancer, ports: [{name: a, port: 81}]}
)";

struct waiting_gateway {
    waiting_gateway() {
        cluster.load({"ipam.yaml"});
        cluster.apply(leftover);
        cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: default}
spec: {gatewayClassName: l4, listeners: [{name: a, protocol: TCP, port: 80}]}
)");
        controller.emplace(cluster, default_options());
        controller->settle();
        CHECK(programmed().starts_with("NoResources: Service default/web-l4: metadata.name: "));
        CHECK(programmed().find("was left by the Go controller") != std::string::npos);
    }
    std::string programmed() {
        const auto gateway = cluster.get<Gateway>("web");
        const Condition* c = gateway::find_condition(gateway.status.conditions, "Programmed");
        return c == nullptr ? std::string() : c->reason + ": " + c->message;
    }
    void expect_served() {
        CHECK(programmed().starts_with("Programmed: "));
        const auto& annotations = cluster.get<Service>("web-l4").metadata.annotations;
        CHECK(annotations.at(gateway::names(default_options().controller_name).gateway()) == "default/web");
    }

    gateway_cluster cluster;
    std::optional<gateway_controller> controller;
};

} // namespace

TEST_CASE("a Gateway takes over what the Go controller left as soon as nothing on it is a user's") {
    waiting_gateway run;
    const std::string uid = run.cluster.get<Service>("web-l4").metadata.uid;
    std::string bare = leftover;
    bare.replace(bare.find("{app: mine}"), 11, "{}");
    run.cluster.apply(bare);
    run.controller->settle();
    run.expect_served();
    CHECK(run.cluster.get<Service>("web-l4").metadata.uid == uid);
}

TEST_CASE("a Gateway says what its Service's name is taken by now, and has it when that goes") {
    waiting_gateway run;
    std::string users = leftover;
    users.replace(users.find("gateway-api-controller: thebsdbox.co.uk/controller"), 50, "");
    run.cluster.apply(users);
    run.controller->settle();
    CHECK(run.programmed().find("was not made by this controller") != std::string::npos);
    REQUIRE(run.cluster.remove("services", "default", "web-l4"));
    run.controller->settle();
    run.expect_served();
}
