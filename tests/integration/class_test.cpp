// GatewayClasses on an API server: rows 01, 02 and 04 of the Gateway API's contract, the finalizer of those
// in use, and that parameters take effect when they change.
#include "../../tools/doctor.hpp"
#include "gateway_run.hpp"

#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/status.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::Service;
using gateway_v1::Gateway;
using gateway_v1::GatewayClass;

namespace {

constexpr const char* two_classes = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: other}
spec: {controllerName: example.com/other}
)";

constexpr const char* one_gateway = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: default}
spec:
  gatewayClassName: l4
  listeners: [{name: a, protocol: TCP, port: 80}]
)";

constexpr const char* class_with_parameters = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: l4}
spec:
  controllerName: thebsdbox.co.uk/controller
  parametersRef: {group: "", kind: ConfigMap, name: l4, namespace: infra}
)";

void set_parameters(gateway_cluster& cluster, const std::string& data, const std::string& labels = "true") {
    cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: infra}}");
    cluster.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: l4, namespace: infra, labels: "
                  "{thebsdbox.co.uk/parameters: '" +
                  labels + "'}}, data: " + data + "}");
}

std::string shown(const std::vector<Condition>& conditions, std::string_view type) {
    const Condition* c = gateway::find_condition(conditions, type);
    return c == nullptr ? "absent" : c->status + "/" + c->reason;
}

std::string message(const std::vector<Condition>& conditions, std::string_view type) {
    const Condition* c = gateway::find_condition(conditions, type);
    return c == nullptr ? std::string() : c->message;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

} // namespace

TEST_CASE("contract row 01: a class of ours is accepted, for the generation that is there") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml"});
    cluster.apply(two_classes);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto accepted = [&] {
        const auto found = cluster.get<GatewayClass>("l4");
        const Condition* c = gateway::find_condition(found.status.conditions, "Accepted");
        REQUIRE(c != nullptr);
        for (const Condition& each : found.status.conditions) // Accepted and SupportedVersion
            CHECK(each.observedGeneration == found.metadata.generation);
        return c->status + "/" + c->reason;
    };
    CHECK(accepted() == "True/Accepted");
    cluster.apply(R"({apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: l4},
                      spec: {controllerName: thebsdbox.co.uk/controller, description: changed}})");
    controller.settle();
    CHECK(cluster.get<GatewayClass>("l4").metadata.generation == 2);
    CHECK(accepted() == "True/Accepted");
}

TEST_CASE("contract row 02: a class of somebody else's is never written") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml"});
    cluster.apply(two_classes);
    cluster.apply(
        R"({apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: theirs, namespace: default},
                      spec: {gatewayClassName: other, listeners: [{name: a, protocol: TCP, port: 80}]}})");
    const auto before = cluster.get<GatewayClass>("other");
    cluster.forget_writes();
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(cluster.get<GatewayClass>("other") == before);
    const auto writes = cluster.writes();
    CHECK(std::any_of(writes.begin(), writes.end(),
                      [](const auto& w) { return contains(w, "gatewayclasses/status l4"); }));
    CHECK_FALSE(
        std::any_of(writes.begin(), writes.end(), [](const auto& w) { return contains(w, " other"); }));
    CHECK_FALSE(
        std::any_of(writes.begin(), writes.end(), [](const auto& w) { return contains(w, "theirs"); }));
}

TEST_CASE("contract row 04: a class says what is supported, sorted and by its exact names") {
    gateway_cluster cluster;
    cluster.apply(two_classes);
    gateway_controller controller(cluster, gateway::options());
    controller.settle();
    std::vector<std::string> features;
    for (const auto& feature : cluster.get<GatewayClass>("l4").status.supportedFeatures)
        features.push_back(feature.name);
    const std::vector<std::string> expected{"Gateway",
                                            "GatewayAddressEmpty",
                                            "GatewayInfrastructure",
                                            "GatewayInfrastructurePropagation",
                                            "GatewayStaticAddresses",
                                            "ListenerSet",
                                            "ReferenceGrant",
                                            "TCPRoute",
                                            "UDPRoute"};
    CHECK(features == expected);
}

TEST_CASE("a class that Gateways use carries the Gateway API's finalizer, and outlives its deletion until "
          "they go") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml"});
    cluster.apply(two_classes);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto finalizers = [&] { return cluster.get<GatewayClass>("l4").metadata.finalizers; };
    const std::vector<std::string> in_use{std::string(gateway::finalizer_class_in_use)};
    CHECK(finalizers().empty());
    cluster.apply(one_gateway);
    controller.settle();
    CHECK(finalizers() == in_use);
    REQUIRE(cluster.remove("gatewayclasses.gateway.networking.k8s.io", "", "l4"));
    controller.settle();
    CHECK(finalizers() == in_use);
    CHECK(cluster.exists("services", "default", "web-l4"));
    REQUIRE(cluster.remove("gateways.gateway.networking.k8s.io", "default", "web"));
    controller.settle();
    CHECK_FALSE(cluster.exists("gatewayclasses.gateway.networking.k8s.io", "", "l4"));
}

TEST_CASE(
    "parameters of a class take effect when they change, and a mistake outlives a restart without harm") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml"});
    cluster.apply(class_with_parameters);
    cluster.apply(one_gateway);
    auto controller = std::make_unique<gateway_controller>(cluster, default_options());
    controller->settle();
    const auto class_accepted = [&] {
        return shown(cluster.get<GatewayClass>("l4").status.conditions, "Accepted");
    };
    const auto gateway_accepted = [&] {
        return shown(cluster.get<Gateway>("web").status.conditions, "Accepted");
    };
    CHECK(class_accepted() == "False/InvalidParameters");
    CHECK(gateway_accepted() == "False/InvalidParameters");
    CHECK_FALSE(cluster.exists("services", "default", "web-l4"));

    set_parameters(cluster,
                   "{announcer: metallb, sessionAffinity: ClientIP, loadBalancerClass: example.com/lb}",
                   "false");
    controller->settle();
    CHECK(class_accepted() == "False/InvalidParameters"); // not the label by which it is found
    set_parameters(cluster,
                   "{announcer: metallb, sessionAffinity: ClientIP, loadBalancerClass: example.com/lb}");
    controller->settle();
    CHECK(class_accepted() == "True/Accepted");
    CHECK(gateway_accepted() == "True/Accepted");
    cluster.announce("web-l4", "192.0.2.10"); // a test is its own MetalLB
    controller->settle();
    CHECK(shown(cluster.get<Gateway>("web").status.conditions, "Programmed") == "True/Programmed");
    const auto service = [&] { return cluster.get<Service>("web-l4"); };
    CHECK(service().metadata.annotations.at("metallb.io/loadBalancerIPs") == "192.0.2.10");
    CHECK(service().spec.loadBalancerIP.empty());
    CHECK(service().spec.sessionAffinity == "ClientIP");
    CHECK(service().spec.loadBalancerClass == "example.com/lb");

    set_parameters(cluster, "{announcer: metallb, sessionAffinity: None, externalTrafficPolicy: Local}");
    controller->settle();
    CHECK(service().spec.sessionAffinity == "None");
    CHECK(service().spec.externalTrafficPolicy == "Local");
    CHECK(service().spec.loadBalancerClass == "example.com/lb");

    set_parameters(cluster, "{announcer: metalb}");
    const Service before = service();
    controller->settle();
    CHECK(class_accepted() == "False/InvalidParameters");
    CHECK(contains(message(cluster.get<GatewayClass>("l4").status.conditions, "Accepted"),
                   "ConfigMap infra/l4: data[announcer]: expected one of"));
    CHECK(service() == before);
    controller->stop();
    controller = std::make_unique<gateway_controller>(cluster, default_options());
    controller->settle();
    CHECK(service() == before);
    CHECK(gateway_accepted() == "True/Accepted");

    set_parameters(cluster, "{}");
    controller->settle();
    CHECK(class_accepted() == "True/Accepted");
    CHECK(service().spec.externalTrafficPolicy == "Cluster");
    CHECK(service().metadata.annotations.at("kube-vip.io/loadbalancerIPs") == "192.0.2.10");
    CHECK_FALSE(service().metadata.annotations.contains("metallb.io/loadBalancerIPs"));
    cluster.forget_writes();
    controller->stop();
    controller = std::make_unique<gateway_controller>(cluster, default_options());
    controller->settle();
    CHECK(cluster.writes() == std::vector<std::string>());
}

TEST_CASE(
    "parameters of a Gateway take effect when they change, and decide by which behaviour routes are served") {
    gateway_cluster cluster;
    cluster.load({"ipam.yaml", "nginx.yaml"});
    cluster.apply(two_classes);
    cluster.apply(R"(
apiVersion: v1
kind: ConfigMap
metadata: {name: mine, namespace: default, labels: {thebsdbox.co.uk/parameters: "true"}}
data: {serviceBehaviour: duplicate}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: default}
spec:
  gatewayClassName: l4
  listeners: [{name: a, protocol: TCP, port: 80}]
  infrastructure: {parametersRef: {group: "", kind: ConfigMap, name: mine}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: r, namespace: default}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: nginx, port: 80}]}]
)");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(cluster.exists("services", "default", "nginx-gw-api"));
    cluster.apply(R"({apiVersion: v1, kind: ConfigMap, metadata: {name: mine, namespace: default,
                      labels: {thebsdbox.co.uk/parameters: "true"}}, data: {serviceBehaviour: update}})");
    controller.settle();
    CHECK_FALSE(cluster.exists("services", "default", "nginx-gw-api"));
    CHECK(cluster.get<Service>("nginx").spec.type == "LoadBalancer");
    REQUIRE(cluster.remove("configmaps", "default", "mine"));
    controller.settle();
    CHECK(shown(cluster.get<Gateway>("web").status.conditions, "Accepted") == "False/InvalidParameters");
    CHECK(cluster.get<Service>("nginx").spec.type == "LoadBalancer");
    cluster.apply(R"({apiVersion: v1, kind: ConfigMap, metadata: {name: mine, namespace: default,
                      labels: {thebsdbox.co.uk/parameters: "true"}}, data: {}})");
    controller.settle();
    CHECK(cluster.get<Service>("nginx").spec.type == "ClusterIP");
    CHECK(shown(cluster.get<Gateway>("web").status.conditions, "Programmed") == "True/Programmed");
}

namespace {

/// What the roles of a manifest grant: "own patch leases.coordination.k8s.io", "list configmaps ipam."
std::vector<std::string> granted_by(const std::string& manifest) {
    const char* folder = std::getenv("GWCTL_MANIFESTS");
    std::ifstream file(std::string(folder == nullptr ? "manifests" : folder) + "/" + manifest);
    const std::string yaml{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::vector<json::value> documents = json::parse_yaml(yaml, manifest).value();
    std::vector<std::string> granted;
    for (const json::value& document : documents) {
        const auto& kind = document.at("kind").as_string();
        if (kind != "ClusterRole" && kind != "Role")
            continue;
        const bool is_own =
            kind == "Role" && document.at("metadata").at("namespace") == "gateway-api-controller";
        for (const json::value& rule : document.at("rules").as_array()) {
            const json::value* const names = rule.as_object().if_contains("resourceNames");
            const std::string name = names == nullptr ? "" : " " + std::string(names->at(0).as_string());
            for (const json::value& group : rule.at("apiGroups").as_array())
                for (const json::value& resource : rule.at("resources").as_array())
                    for (const json::value& verb : rule.at("verbs").as_array())
                        granted.push_back((is_own ? "own " : "") + std::string(verb.as_string()) + " " +
                                          std::string(resource.as_string()) + name + "." +
                                          std::string(group.as_string()));
        }
    }
    return granted;
}

} // namespace

TEST_CASE("doctor: it asks for the permissions that the manifests grant, all of them and no others") {
    std::vector<std::string> granted = granted_by("install.yaml");
    CHECK(granted.size() > 20);
    for (const std::string& one : granted_by("parameters-rbac.yaml"))
        granted.push_back(one);
    // Events of the core group are for where events.k8s.io is not served, and missed by nobody elsewhere.
    CHECK(std::erase(granted, "create events.") == 1);
    CHECK(std::erase(granted, "patch events.") == 1);
    gateway::options flags;
    flags.ipam_config = {"default", "ipam"};
    std::vector<std::string> asked;
    for (const tools::permission& p : tools::needed_permissions(flags, true))
        asked.push_back(std::string(p.own_namespace ? "own " : "") + std::string(p.verb) + " " +
                        std::string(p.resource) + (p.name.empty() ? "" : " " + p.name) + "." +
                        std::string(p.group));
    std::sort(granted.begin(), granted.end());
    std::sort(asked.begin(), asked.end());
    CHECK(asked == granted);
}
