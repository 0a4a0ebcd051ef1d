// Behaviour merge: one Service and its slices per Gateway; rows 6, 36 and 40 of the Gateway API contract.
#include <gwctl/json/yaml.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;
using discovery_v1::EndpointSlice;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
constexpr std::string_view two = "[{name: a, protocol: TCP, port: 53}, {name: b, protocol: UDP, port: 53}]";

std::string ports_of(const Service& s) {
    std::string all;
    for (const auto& p : s.spec.ports)
        all += fmt::format("{}{} {} {}", all.empty() ? "" : ", ", p.name, p.protocol, p.port);
    return all;
}

std::vector<std::string> slice_names(const world& w) {
    std::vector<std::string> all;
    for (const auto& s : w.list<EndpointSlice>())
        if (s->metadata.annotations.contains(w.named.gateway()))
            all.push_back(s->metadata.name);
    return all;
}

} // namespace

TEST_CASE("contract row 06: a Gateway has one labelled Service in its namespace") {
    world w;
    w.gateway("team/web", two);
    w.settle();
    const auto services = w.list<Service>();
    REQUIRE(services.size() == 1);
    const Service& s = *services[0];
    CHECK(key_of(s) == key("team/web-l4"));
    CHECK(s.metadata.labels.at("gateway.networking.k8s.io/gateway-name") == "web");
    CHECK(s.metadata.labels.at("gateway.networking.k8s.io/gateway-class-name") == "l4");
    CHECK(s.metadata.labels.at("implementation") == "thebsdbox");
    CHECK(s.metadata.labels.at("ipam-address") == "10.0.0.1");
    CHECK(s.metadata.annotations.at("kube-vip.io/loadbalancerIPs") == "10.0.0.1");
    CHECK(s.metadata.annotations.at("kube-vip.io/allow-reconcile-without-endpoints") == "true");
    CHECK(s.metadata.annotations.at("gateway-api-controller") == "thebsdbox.co.uk/controller");
    CHECK(s.spec.type == "LoadBalancer");
    CHECK(s.spec.loadBalancerIP == "10.0.0.1");
    CHECK(s.spec.selector.empty());
    CHECK(s.spec.allocateLoadBalancerNodePorts == false);
    CHECK(s.spec.externalTrafficPolicy == "Cluster");
    CHECK(ports_of(s) == "tcp-53 TCP 53, udp-53 UDP 53");
    REQUIRE(s.metadata.ownerReferences.size() == 1);
    CHECK(s.metadata.ownerReferences[0].kind == "Gateway");
    CHECK(s.metadata.ownerReferences[0].uid == w.get<Gateway>("team/web")->metadata.uid);
}

TEST_CASE("a Gateway's name may be longer than a label value") {
    world w;
    const std::string name(253, 'a');
    w.gateway("default/" + name, one_tcp);
    w.settle();
    const Service& s = *w.list<Service>().at(0);
    CHECK(s.metadata.name.size() <= 63);
    for (const auto& [k, value] : s.metadata.labels)
        CHECK(value.size() <= 63);
    CHECK(w.programmed("default/" + name) == "True/Programmed");
}

TEST_CASE("slices belong to the Service by labels, port names and families") {
    world w;
    w.add("{kind: ConfigMap, metadata: {name: pools}, data: {range-global: '10.0.0.1,fd00::1'}}");
    w.gateway("web", two, "addresses: [{value: 10.0.0.1}, {value: 'fd00::1'}]");
    w.route("UDPRoute", "r", "[{name: web}]", "[{name: app, port: 53}]");
    w.backend("app", "[{name: dns, port: 53, protocol: UDP, targetPort: 5353}]", "[10.1.0.1]");
    w.settle();
    const auto service = w.get<Service>("web-l4");
    CHECK(service->spec.ipFamilies == std::vector<std::string>{"IPv4", "IPv6"});
    CHECK(service->spec.ipFamilyPolicy == "RequireDualStack");
    CHECK(slice_names(w) == std::vector<std::string>{"web-l4-tcp-53-ipv4-0", "web-l4-tcp-53-ipv6-0",
                                                     "web-l4-udp-53-ipv4-0", "web-l4-udp-53-ipv6-0"});
    for (const std::string& name : slice_names(w)) {
        const EndpointSlice& s = *w.get<EndpointSlice>(name);
        INFO(name);
        CHECK(s.metadata.labels.at("kubernetes.io/service-name") == "web-l4");
        CHECK(s.metadata.labels.at("endpointslice.kubernetes.io/managed-by") == "gwctl");
        CHECK(s.metadata.ownerReferences == service->metadata.ownerReferences);
        REQUIRE(s.ports.size() == 1);
        CHECK(name.find(*s.ports[0].name) != std::string::npos);
        CHECK(s.endpoints->size() == (name == "web-l4-udp-53-ipv4-0" ? 1U : 0U));
    }
    CHECK(w.get<EndpointSlice>("web-l4-udp-53-ipv4-0")->ports[0].port == 5353);
}

TEST_CASE("backends with different target ports go into slices of their own") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: a, port: 80}, {name: b, port: 80}]");
    w.backend("a", "[{port: 80, targetPort: 8080}]", "[10.1.0.1, 10.1.0.2]");
    w.backend("b", "[{port: 80, targetPort: 9090}]", "[10.1.0.1, 10.1.0.3]");
    w.settle();
    std::set<std::string> seen;
    for (const std::string& name : slice_names(w))
        for (const auto& e : *w.get<EndpointSlice>(name)->endpoints) {
            CHECK(e.addresses.size() == 1);
            seen.insert(fmt::format("{}:{}", e.addresses[0], *w.get<EndpointSlice>(name)->ports[0].port));
        }
    CHECK(seen == std::set<std::string>{"10.1.0.1:8080", "10.1.0.1:9090", "10.1.0.2:8080", "10.1.0.3:9090"});
}

TEST_CASE("an endpoint that one slice calls ready and another does not is ready") {
    // While the endpoint controller moves a pod between slices, it may be in two (KEP-0752).
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: a, port: 80}]");
    w.backend("a", "[{port: 80}]", "[10.1.0.1]");
    w.add("{kind: EndpointSlice, metadata: {name: a-0, labels: {kubernetes.io/service-name: a}}, "
          "addressType: IPv4, "
          "ports: [{name: '', protocol: TCP, port: 80}], endpoints: [{addresses: [10.1.0.1], conditions: "
          "{ready: false}}]}");
    w.settle();
    const auto& endpoints = *w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints;
    REQUIRE(endpoints.size() == 1);
    CHECK(endpoints[0].conditions.ready == true);
}

TEST_CASE("slices of host names and of other protocols are skipped") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: a, port: 80}]");
    w.backend("a", "[{name: web, port: 80}]", "[10.1.0.1]");
    w.add("{kind: EndpointSlice, metadata: {name: a-2, labels: {kubernetes.io/service-name: a}}, "
          "addressType: FQDN, "
          "ports: [{name: web, protocol: TCP, port: 80}], endpoints: [{addresses: [example.com]}]}\n---\n"
          "{kind: EndpointSlice, metadata: {name: a-3, labels: {kubernetes.io/service-name: a}}, "
          "addressType: IPv4, "
          "ports: [{name: web, protocol: UDP, port: 80}], endpoints: [{addresses: [10.1.0.9]}]}\n---\n"
          "{kind: EndpointSlice, metadata: {name: a-4, labels: {kubernetes.io/service-name: a}}, "
          "addressType: IPv4, "
          "ports: [{name: admin, protocol: TCP, port: 80}], endpoints: [{addresses: [10.1.0.8]}, {addresses: "
          "[]}]}");
    w.settle();
    CHECK(w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->size() == 1);
}

TEST_CASE("250 endpoints fill three slices, which stay when the endpoints go") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: a, port: 80}]");
    std::string endpoints;
    for (int i = 0; i < 250; ++i)
        endpoints += fmt::format("{}10.1.1.{}", endpoints.empty() ? "" : ", ", i + 1);
    w.backend("a", "[{port: 80}]", "[" + endpoints + "]");
    w.settle();
    CHECK(slice_names(w).size() == 3);
    for (const std::string& name : slice_names(w))
        CHECK(w.get<EndpointSlice>(name)->endpoints->size() <= 100);
    w.take_writes();
    w.remove<EndpointSlice>("a-1");
    w.settle();
    CHECK(slice_names(w).size() == 3); // kube-vip withdraws an address when a slice is deleted
    for (const std::string& name : slice_names(w))
        CHECK(w.get<EndpointSlice>(name)->endpoints->empty());
    w.merge<Gateway>("web", "{spec: {listeners: [{name: a, protocol: TCP, port: 81}]}}");
    w.settle();
    CHECK(slice_names(w) == std::vector<std::string>{"web-l4-tcp-81-ipv4-0"});
}

TEST_CASE("contract row 36: infrastructure labels and annotations are copied and follow changes") {
    world w;
    w.gateway("web", one_tcp, "infrastructure: {labels: {a: '1', b: '2'}, annotations: {c: '3'}}");
    w.settle();
    const auto slice = w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0");
    CHECK(w.get<Service>("web-l4")->metadata.labels.at("a") == "1");
    CHECK(w.get<Service>("web-l4")->metadata.annotations.at("c") == "3");
    CHECK(slice->metadata.labels.at("b") == "2");
    CHECK(slice->metadata.annotations.at("c") == "3"); // every generated object
    w.gateway("web", one_tcp, "infrastructure: {labels: {a: '4'}}");
    w.settle();
    for (const ObjectMeta& m :
         {w.get<Service>("web-l4")->metadata, w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->metadata}) {
        CHECK(m.labels.at("a") == "4");
        CHECK_FALSE(m.labels.contains("b"));
        CHECK_FALSE(m.annotations.contains("c"));
    }
}

TEST_CASE("drift in what we own is repaired, what others add stays") {
    world w;
    w.gateway("web", two);
    w.settle();
    const auto before = w.get<Service>("web-l4");
    w.merge<Service>("web-l4",
                     "{spec: {type: ClusterIP, loadBalancerIP: null, ports: [{port: 1}]}, metadata: {labels: "
                     "{implementation: x}, annotations: {kube-vip.io/vipHost: node-1}}}");
    w.merge<EndpointSlice>("web-l4-tcp-53-ipv4-0", "{endpoints: [{addresses: [6.6.6.6]}]}");
    w.settle();
    CHECK(w.get<Service>("web-l4")->spec == before->spec);
    CHECK(w.get<Service>("web-l4")->metadata.labels == before->metadata.labels);
    CHECK(w.get<Service>("web-l4")->metadata.annotations.at("kube-vip.io/vipHost") == "node-1");
    CHECK(w.get<EndpointSlice>("web-l4-tcp-53-ipv4-0")->endpoints->empty());
    w.remove<Service>("web-l4");
    w.remove<EndpointSlice>("web-l4-udp-53-ipv4-0");
    w.settle();
    CHECK(w.get<Service>("web-l4") != nullptr);
    CHECK(slice_names(w).size() == 2);
}

TEST_CASE("a same-named Service of someone else is reported, never touched") {
    for (const std::string metadata :
         {"", ", annotations: {gateway-api-controller: example.com/other}",
          ", labels: {gateway.networking.k8s.io/gateway-name: web, implementation: thebsdbox}"}) {
        world w;
        w.add("{kind: Service, metadata: {name: web-l4" + metadata + "}, spec: {ports: [{port: 80}]}}");
        const Service before = *w.get<Service>("web-l4");
        w.gateway("web", one_tcp);
        w.settle();
        INFO(metadata);
        CHECK(*w.get<Service>("web-l4") == before);
        CHECK(w.programmed("web") == "False/NoResources");
        CHECK(slice_names(w).empty());
        w.remove<Gateway>("web");
        w.settle();
        CHECK(*w.get<Service>("web-l4") == before);
    }
}

TEST_CASE("two Gateways whose Services would have one name do not fight") {
    world w;
    w.add("{kind: GatewayClass, metadata: {name: b-l4}, spec: {controllerName: thebsdbox.co.uk/controller}}");
    w.gateway("a-b", one_tcp);
    w.add("{kind: Gateway, metadata: {name: a}, spec: {gatewayClassName: b-l4, listeners: [{name: a, "
          "protocol: TCP, port: 80}]}}");
    w.settle();
    const std::set<std::string> both{w.programmed("a-b"), w.programmed("a")};
    CHECK(both == std::set<std::string>{"True/Programmed", "False/NoResources"});
}

TEST_CASE("contract row 40: a deleted Gateway leaves nothing and frees its address") {
    world w;
    w.gateway("web", two);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 53}]");
    w.backend("app", "[{port: 53}]");
    w.settle();
    const bool with_class = GENERATE(true, false);
    if (with_class)
        w.merge<Gateway>("web", "{spec: {gatewayClassName: other}}");
    else
        w.remove<Gateway>("web");
    w.settle();
    CHECK(w.list<Service>().size() == 1); // the user's
    CHECK(slice_names(w).empty());
    if (!with_class) {
        w.gateway("next", one_tcp);
        w.settle();
        CHECK(w.addresses("next") == std::vector<std::string>{"10.0.0.1"});
    }
}

TEST_CASE("our own Services cannot be backends") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: web-l4, port: 80}]");
    w.settle();
    CHECK(w.shown("TCPRoute", "r") == "Accepted=True/Accepted, ResolvedRefs=False/InvalidKind");
    CHECK(w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->empty());
}

TEST_CASE("a Service gives a port up before another takes it") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.settle();
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 80}]",
            "{selectorkey: app, selectorvalue: x}");
    const desired_state desired = w.plan_for("web");
    REQUIRE(desired.writes.size() == 2);
    CHECK(desired.writes[0].key.name == "web-l4");
    CHECK(desired.writes[1].key.name == "app");
}

TEST_CASE("where the API server chose the families of the Service, the slices follow") {
    world w(world::without_pools());
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.backend("app", "[{port: 80}]", "['fd00::7']");
    w.settle();
    w.merge<Service>("web-l4", "{spec: {ipFamilies: [IPv6]}}");
    w.settle();
    CHECK(slice_names(w) == std::vector<std::string>{"web-l4-tcp-80-ipv6-0"});
    REQUIRE(w.get<EndpointSlice>("web-l4-tcp-80-ipv6-0") != nullptr);
    CHECK(w.get<EndpointSlice>("web-l4-tcp-80-ipv6-0")->endpoints->size() == 1);
}
