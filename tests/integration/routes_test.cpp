// Routes that are not served, or not as they ask: status and Events, and that a restart repeats neither.
#include "gateway_run.hpp"

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

std::vector<std::string> events_about(gateway_cluster& cluster, std::string_view route) {
    std::vector<std::string> all;
    for (const auto& event : cluster.list<core_v1::Event>())
        if (event->involvedObject.name == route)
            all.push_back(event->type_ + " " + event->reason);
    std::sort(all.begin(), all.end());
    return all;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::count(all.begin(), all.end(), one) == 1;
}

} // namespace

TEST_CASE("an unserved route is told once, by status and Event, and not again after a restart") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "coredns.yaml", "ipam.yaml", "class.yaml", "gateway.yaml", "tcproute.yaml",
                  "udproute.yaml"});
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: zz-late}
spec:
  parentRefs: [{name: demo-gateway, port: 80}]
  rules: [{backendRefs: [{name: nginx, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: weighted}
spec:
  parentRefs: [{name: demo-gateway, port: 8080}]
  rules: [{backendRefs: [{name: nginx, port: 80, weight: 9}, {name: other, port: 80, weight: 1}]}]
---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {selector: {app: nginx}, ports: [{port: 80, targetPort: 81}]}
)");
    {
        gateway_controller controller(cluster, default_options());
        controller.settle();
        CHECK(has(events_about(cluster, "zz-late"), "Warning Superseded"));
        CHECK(has(events_about(cluster, "weighted"), "Warning EndpointsDecide"));
        CHECK(has(events_about(cluster, "web"), "Normal Programmed"));
        CHECK(controller.stop() == 0);
    }
    cluster.forget_writes();
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(cluster.writes() == std::vector<std::string>());
}
