// The documented manifests, under each behaviour: what comes of them, that a restart changes nothing, and
// that nothing is left behind, in whatever order they are deleted.
#include "gateway_run.hpp"

#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/gateway/names.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <support/catch.hpp>
#include <tuple>

using namespace gwctl;
using namespace gwctl::tests;
using gateway::behaviour;

namespace {

const std::vector<std::string> backends{"nginx.yaml", "coredns.yaml", "ipam.yaml"};
const std::vector<std::string> gateway_objects{"class.yaml", "gateway.yaml", "tcproute.yaml", "udproute.yaml",
                                               "selector-route.yaml"};

/// `create` selects pods by labels, which the plain routes of the manifests do not have.
void add_selectors(gateway_cluster& cluster) {
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, labels: {selectorkey: app, selectorvalue: nginx}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: UDPRoute
metadata: {name: dns, labels: {selectorkey: app, selectorvalue: coredns}}
)");
}

/// `create` makes the Services that the backendRefs name, so they must not exist.
void remove_backend_services(gateway_cluster& cluster) {
    REQUIRE(cluster.remove("services", "default", "nginx"));
    REQUIRE(cluster.remove("services", "default", "coredns"));
}

void load_all(gateway_cluster& cluster, behaviour b) {
    cluster.load(backends);
    if (b == behaviour::create)
        remove_backend_services(cluster);
}

gateway::options options_for(behaviour b) {
    gateway::options o = default_options();
    o.default_behaviour = b;
    return o;
}

void check_conditions(gateway_cluster& cluster) {
    const auto gateway_class = cluster.get<gateway_v1::GatewayClass>("demo-gateway-class");
    CHECK(status_of(gateway_class.status.conditions, "Accepted") == "True");
    const auto gw = cluster.get<gateway_v1::Gateway>("demo-gateway");
    const auto generation = gw.metadata.generation.value_or(0);
    for (const std::string_view type : {"Accepted", "Programmed"})
        CHECK(status_of(gw.status.conditions, type) == "True");
    for (const Condition& c : gw.status.conditions)
        CHECK(c.observedGeneration == generation);
    REQUIRE(gw.status.listeners.size() == 3);
    for (const auto& listener : gw.status.listeners) {
        INFO(listener.name);
        CHECK(listener.attachedRoutes == 1);
        for (const Condition& c : listener.conditions)
            CHECK(c.observedGeneration == generation);
        for (const std::string_view type : {"Accepted", "Programmed", "ResolvedRefs"})
            CHECK(status_of(listener.conditions, type) == "True");
    }
    REQUIRE(gw.status.addresses.size() == 1);
    CHECK(gw.status.addresses[0].value == "192.0.2.10");
    CHECK(gw.metadata.labels.at("ipam-address") == "192.0.2.10");
    CHECK(gw.metadata.labels.at("implementation") == "thebsdbox");
    REQUIRE(gw.spec.addresses.size() == 1);
    CHECK(gw.spec.addresses[0].value == "192.0.2.10");

    for (const auto& route : cluster.list<gateway_v1::TCPRoute>()) {
        REQUIRE(route->status.parents.has_value());
        REQUIRE(route->status.parents->size() == 1);
        for (const json::value& c : route->status.parents->front().at("conditions").as_array())
            CHECK(c.at("status") == "True");
    }
}

/// Which Service has which port of the one address; fails when two have the same.
std::map<std::string, std::string> announced_ports(gateway_cluster& cluster) {
    std::map<std::string, std::string> owners;
    for (const auto& service : cluster.list<core_v1::Service>()) {
        if (service->spec.type != "LoadBalancer")
            continue;
        CHECK(service->spec.loadBalancerIP == "192.0.2.10");
        CHECK(service->metadata.annotations.at("kube-vip.io/loadbalancerIPs") == "192.0.2.10");
        REQUIRE(service->status.loadBalancer.ingress.size() == 1);
        CHECK(service->status.loadBalancer.ingress[0].ip == "192.0.2.10");
        for (const auto& port : service->spec.ports)
            CHECK(
                owners.emplace(gateway::port_name(port.protocol, port.port), service->metadata.name).second);
    }
    return owners;
}

std::set<std::string> endpoint_addresses(gateway_cluster& cluster, const std::string& service,
                                         const std::string& port) {
    std::set<std::string> found;
    for (const auto& slice : cluster.list<discovery_v1::EndpointSlice>()) {
        if (slice->metadata.labels.at("kubernetes.io/service-name") != service || !slice->endpoints)
            continue;
        for (const auto& p : slice->ports)
            if (p.name == port)
                for (const auto& endpoint : *slice->endpoints)
                    found.insert(endpoint.addresses.front());
    }
    return found;
}

using ports = std::map<std::string, std::string>;
ports expected_ports(behaviour b) {
    const std::string own = "demo-gateway-demo-gateway-class";
    switch (b) {
    case behaviour::merge:
        return {{"tcp-80", own}, {"udp-53", own}, {"tcp-8080", "nginx-direct"}};
    case behaviour::duplicate:
        return {{"tcp-80", "nginx-gw-api"}, {"udp-53", "coredns-gw-api"}, {"tcp-8080", "nginx-direct"}};
    default:
        return {{"tcp-80", "nginx"}, {"udp-53", "coredns"}, {"tcp-8080", "nginx-direct"}};
    }
}

behaviour any_behaviour() {
    return GENERATE(behaviour::merge, behaviour::create, behaviour::duplicate, behaviour::update);
}

} // namespace

TEST_CASE("the manifests are accepted, announced and served under every behaviour") {
    const behaviour b = any_behaviour();
    INFO(to_string(b));
    gateway_cluster cluster;
    load_all(cluster, b);
    cluster.load(gateway_objects);
    if (b == behaviour::create)
        add_selectors(cluster);
    gateway_controller controller(cluster, options_for(b));
    controller.settle();

    check_conditions(cluster);
    const ports owners = announced_ports(cluster);
    CHECK(owners == expected_ports(b));
    // Every port leads to both pods of its backend, whichever way it is served.
    const std::string name = b == behaviour::update ? "http" : "tcp-80";
    CHECK(endpoint_addresses(cluster, owners.at("tcp-80"), name).size() == 2);
    CHECK(endpoint_addresses(cluster, owners.at("tcp-80"), name) ==
          endpoint_addresses(cluster, owners.at("tcp-8080"), "tcp-8080"));
}

TEST_CASE("a restart writes nothing but the Lease") {
    const behaviour b = any_behaviour();
    INFO(to_string(b));
    gateway_cluster cluster;
    load_all(cluster, b);
    cluster.load(gateway_objects);
    if (b == behaviour::create)
        add_selectors(cluster);
    {
        gateway_controller controller(cluster, options_for(b));
        controller.settle();
        CHECK(cluster.writes() != std::vector<std::string>());
        CHECK(controller.stop() == 0);
    }
    cluster.forget_writes();
    const auto before = cluster.inventory();
    gateway_controller controller(cluster, options_for(b));
    controller.settle();
    CHECK(cluster.writes() == std::vector<std::string>());
    CHECK(differences(before, cluster.inventory()) == std::vector<std::string>());
}

TEST_CASE("deleted in any order, the manifests leave nothing behind") {
    using object = std::tuple<std::string, std::string, std::string>;
    const behaviour b = any_behaviour();
    std::vector<object> order{{"gatewayclasses.gateway.networking.k8s.io", "", "demo-gateway-class"},
                              {"gateways.gateway.networking.k8s.io", "default", "demo-gateway"},
                              {"tcproutes.gateway.networking.k8s.io", "default", "web"},
                              {"tcproutes.gateway.networking.k8s.io", "default", "web-direct"},
                              {"udproutes.gateway.networking.k8s.io", "default", "dns"}};
    std::rotate(order.begin(), order.begin() + GENERATE(0, 1, 2, 4), order.end());
    INFO(to_string(b) << ", " << std::get<0>(order.front()) << " first");

    gateway_cluster cluster;
    load_all(cluster, b);
    cluster.settle();
    const auto before = cluster.inventory();
    cluster.load(gateway_objects);
    if (b == behaviour::create)
        add_selectors(cluster);
    gateway_controller controller(cluster, options_for(b));
    controller.settle();
    REQUIRE(cluster.inventory() != before);

    const bool one_by_one = GENERATE(true, false);
    for (const auto& [kind, namespace_, name] : order) {
        REQUIRE(cluster.remove(kind, namespace_, name));
        if (one_by_one)
            controller.settle();
    }
    controller.settle();
    CHECK(differences(before, cluster.inventory()) == std::vector<std::string>());
}

TEST_CASE("what is deleted while the controller is down is cleaned up when it is back") {
    const behaviour b = any_behaviour();
    INFO(to_string(b));
    gateway_cluster cluster;
    load_all(cluster, b);
    cluster.settle();
    const auto before = cluster.inventory();
    cluster.load(gateway_objects);
    if (b == behaviour::create)
        add_selectors(cluster);
    {
        gateway_controller controller(cluster, options_for(b));
        controller.settle();
    }
    for (const auto& [kind, name] : {std::pair("gateways", "demo-gateway"), std::pair("tcproutes", "web"),
                                     std::pair("tcproutes", "web-direct"), std::pair("udproutes", "dns")})
        REQUIRE(cluster.remove(std::string(kind) + ".gateway.networking.k8s.io", "default", name));
    gateway_controller controller(cluster, options_for(b));
    controller.settle();
    REQUIRE(cluster.remove("gatewayclasses.gateway.networking.k8s.io", "", "demo-gateway-class"));
    controller.settle();
    CHECK(differences(before, cluster.inventory()) == std::vector<std::string>());
}
