// What the README tells a user to do on a cluster, in its order, and what the user then sees.
#include "gateway_run.hpp"

#include <gwctl/api/discovery_v1.hpp>

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

/// kubectl create configmap --namespace default ipam --from-literal range-global=192.0.2.10-192.0.2.20
const char* const pools = R"(
apiVersion: v1
kind: ConfigMap
metadata: {name: ipam, namespace: default}
data: {range-global: 192.0.2.10-192.0.2.20}
)";

struct story {
    story() {
        controller.settle(); // it runs before anything of ours is there
        before = cluster.inventory();
        cluster.apply(pools);
        cluster.load({"class.yaml", "gateway.yaml"});
        controller.settle();
    }

    /// kubectl get gateway demo-gateway
    void expect_gateway(const std::string& address, const std::string& programmed) {
        auto row = cluster.row("gateways.gateway.networking.k8s.io", "default", "demo-gateway");
        CHECK(row["Class"] == "demo-gateway-class");
        CHECK(row["Address"] == address);
        CHECK(row["Programmed"] == programmed);
    }

    /// How many endpoints a Service has for one of its ports.
    std::size_t endpoints(const std::string& service, const std::string& port) {
        std::size_t n = 0;
        for (const auto& slice : cluster.list<discovery_v1::EndpointSlice>())
            if (slice->metadata.labels.at("kubernetes.io/service-name") == service && slice->endpoints)
                for (const auto& p : slice->ports)
                    n += p.name == port ? slice->endpoints->size() : 0;
        return n;
    }

    void expect_announced(const std::string& service) {
        const auto s = cluster.get<core_v1::Service>(service);
        CHECK(s.spec.type == "LoadBalancer");
        REQUIRE(s.status.loadBalancer.ingress.size() == 1);
        CHECK(s.status.loadBalancer.ingress[0].ip == "192.0.2.10");
    }

    /// kubectl delete, by kind and name.
    void remove(const std::string& kind, const std::string& name) {
        INFO(kind << " " << name);
        const bool cluster_scoped =
            kind == "gatewayclasses.gateway.networking.k8s.io" || kind == "namespaces";
        REQUIRE(cluster.remove(kind, cluster_scoped ? "" : "default", name));
    }

    void serve_everything() {
        cluster.load({"nginx.yaml", "tcproute.yaml", "coredns.yaml", "udproute.yaml", "selector-route.yaml"});
        controller.settle();
        expect_gateway("192.0.2.10", "True");
    }

    gateway_cluster cluster;
    gateway_controller controller{cluster, default_options()};
    inventory_lines before;
};

const std::string own = "demo-gateway-demo-gateway-class";

} // namespace

TEST_CASE("README: each step of the installation shows on the Gateway, its Service and its routes") {
    story s;
    const auto accepted = s.cluster.row("gatewayclasses.gateway.networking.k8s.io", "", "demo-gateway-class");
    CHECK(accepted.at("Accepted") == "True");
    s.expect_gateway("192.0.2.10", "True");
    s.expect_announced(own);
    CHECK(s.endpoints(own, "tcp-80") == 0);

    s.cluster.load({"nginx.yaml", "tcproute.yaml"});
    s.controller.settle();
    s.expect_gateway("192.0.2.10", "True");
    CHECK(s.endpoints(own, "tcp-80") == 2);

    s.cluster.load({"coredns.yaml", "udproute.yaml"});
    s.controller.settle();
    CHECK(s.endpoints(own, "udp-53") == 2);
    CHECK(s.endpoints(own, "tcp-80") == 2);

    s.cluster.load({"selector-route.yaml"});
    s.controller.settle();
    s.expect_announced("nginx-direct");
    CHECK(s.endpoints("nginx-direct", "tcp-8080") == 2);
    for (const auto& listener : s.cluster.get<gateway_v1::Gateway>("demo-gateway").status.listeners) {
        INFO(listener.name);
        CHECK(listener.attachedRoutes == 1);
    }
    s.expect_gateway("192.0.2.10", "True");
}

TEST_CASE("README: pods that come and go are followed") {
    story s;
    s.serve_everything();
    for (const int replicas : {3, 0, 1}) {
        s.cluster.apply("{apiVersion: apps/v1, kind: Deployment, metadata: {name: nginx}, spec: {replicas: " +
                        std::to_string(replicas) + "}}");
        s.controller.settle();
        CHECK(s.endpoints(own, "tcp-80") == static_cast<std::size_t>(replicas));
        CHECK(s.endpoints("nginx-direct", "tcp-8080") == static_cast<std::size_t>(replicas));
        s.expect_gateway("192.0.2.10", "True");
    }
}

TEST_CASE("README: whatever is deleted first, nothing of the controller's is left behind") {
    using object = std::pair<std::string, std::string>;
    const std::string gateway_api = ".gateway.networking.k8s.io";
    std::vector<object> order{{"configmaps", "ipam"},
                              {"deployments.apps", "nginx"},
                              {"services", "nginx"},
                              {"gatewayclasses" + gateway_api, "demo-gateway-class"},
                              {"tcproutes" + gateway_api, "web"},
                              {"tcproutes" + gateway_api, "web-direct"},
                              {"gateways" + gateway_api, "demo-gateway"},
                              {"udproutes" + gateway_api, "dns"},
                              {"deployments.apps", "coredns"},
                              {"services", "coredns"},
                              {"configmaps", "coredns"}};
    if (GENERATE(true, false))
        std::reverse(order.begin(), order.end());
    INFO(order.front().first << " first");
    story s;
    s.serve_everything();
    for (const auto& [kind, name] : order) {
        s.remove(kind, name);
        s.controller.settle();
    }
    CHECK(differences(s.before, s.cluster.inventory()) == std::vector<std::string>());
}
