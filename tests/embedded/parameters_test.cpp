// Parameters on a server that does not let the controller read them.
#include "embedded_run.hpp"

#include <gwctl/gateway/status.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using gateway_v1::Gateway;
using gateway_v1::GatewayClass;

namespace {

constexpr const char* world = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: plain}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: tuned}
spec:
  controllerName: thebsdbox.co.uk/controller
  parametersRef: {group: "", kind: ConfigMap, name: tuning, namespace: default}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: tuning, namespace: default, labels: {thebsdbox.co.uk/parameters: "true"}}
data: {sessionAffinity: ClientIP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: plain, namespace: default}
spec:
  gatewayClassName: plain
  listeners: [{name: a, protocol: TCP, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: tuned, namespace: default}
spec:
  gatewayClassName: plain
  listeners: [{name: a, protocol: TCP, port: 80}]
  infrastructure: {parametersRef: {group: "", kind: ConfigMap, name: tuning}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: plain, namespace: default}
spec:
  parentRefs: [{name: plain}]
  rules: [{backendRefs: [{name: nginx, port: 80}]}]
)";

const Condition* accepted(const std::vector<Condition>& all) {
    for (const Condition& c : all)
        if (c.type == "Accepted")
            return &c;
    return nullptr;
}

} // namespace

TEST_CASE("without the permission to read parameters only those say so who have a parametersRef") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml", "nginx.yaml"});
    cluster.apply(world);
    testing::fault denied;
    denied.kind = testing::fault_kind::forbidden;
    denied.path = "/api/v1/configmaps?";
    denied.times = -1;
    cluster.server.inject(denied);
    gateway_controller controller(cluster, default_options());
    controller.settle();

    CHECK(status_of(cluster.get<GatewayClass>("plain").status.conditions, "Accepted") == "True");
    CHECK(status_of(cluster.get<Gateway>("plain").status.conditions, "Programmed") == "True");
    const auto gateway_class = cluster.get<GatewayClass>("tuned");
    const auto gateway = cluster.get<Gateway>("tuned");
    for (const Condition* c :
         {accepted(gateway_class.status.conditions), accepted(gateway.status.conditions)}) {
        REQUIRE(c != nullptr);
        CHECK(c->status == "False");
        CHECK(c->reason == "InvalidParameters");
        INFO(c->message);
        CHECK(c->message.find("ConfigMap default/tuning cannot be read: ") != std::string::npos);
        CHECK(
            c->message.find(
                "; let this controller list and watch configmaps, as manifests/parameters-rbac.yaml does") !=
            std::string::npos);
    }
    CHECK(controller.readiness().ok);
    // Changes go on being served.
    cluster.apply(
        R"({apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: plain, namespace: default},
                      spec: {gatewayClassName: plain, listeners: [{name: a, protocol: TCP, port: 81}]}})");
    controller.settle();
    CHECK(cluster.get<core_v1::Service>("plain-plain").spec.ports.at(0).port == 81);

    cluster.server.clear_faults();
    CHECK(cluster.server.wait_until(
        [&] {
            return status_of(cluster.get<GatewayClass>("tuned").status.conditions, "Accepted") == "True" &&
                   status_of(cluster.get<Gateway>("tuned").status.conditions, "Programmed") == "True";
        },
        std::chrono::seconds(60)));
}
