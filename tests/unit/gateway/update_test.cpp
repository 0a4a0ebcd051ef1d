// Behaviour update: a user's Service is borrowed and given back exactly.
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <set>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view updated = "{serviceBehaviour: update}";

std::string listeners(std::string_view protocol, int port) {
    return fmt::format("[{{name: a, protocol: {}, port: {}}}]", protocol, port);
}

/// What `update` must give back: all but the version, which counts our writes, and the status, which is not
/// ours.
std::string shape(const Service& s) {
    Service copy = s;
    copy.metadata.resourceVersion.clear();
    copy.metadata.generation.reset();
    copy.status = {};
    return json::encode(copy);
}

/// Gateway web, Service app as given, and a route that borrows it.
world borrowing(std::string_view service, std::string_view protocol = "TCP", int port = 80,
                int backend_port = 8080) {
    world w;
    w.gateway("web", listeners(protocol, port));
    w.add(fmt::format("{{kind: Service, metadata: {{name: app, {}}}", service));
    w.route(std::string(protocol) + "Route", "r", "[{name: web}]",
            fmt::format("[{{name: app, port: {}}}]", backend_port), updated);
    return w;
}

void remove_route(world& w, std::string_view protocol = "TCP") {
    if (protocol == "TCP")
        w.remove<gateway_v1::TCPRoute>("r");
    else
        w.remove<gateway_v1::UDPRoute>("r");
}

} // namespace

TEST_CASE("update gives a user's Service the address and the listener's port, and all of it back") {
    const auto protocol = GENERATE(as<std::string>(), "TCP", "UDP");
    const auto service = GENERATE(
        as<std::string>(),
        "labels: {app: x}}, spec: {selector: {app: x}, clusterIP: 10.96.0.1, ports: [{port: 8080, "
        "protocol: PROTO, targetPort: http}]}",
        "annotations: {mine: '1', kube-vip.io/loadbalancerIPs: 10.9.9.9}, labels: {implementation: me, "
        "ipam-address: "
        "1.2.3.4}}, spec: {ports: [{name: main, port: 8080, protocol: PROTO, targetPort: 80, appProtocol: "
        "x}, {name: "
        "other, port: 8081, protocol: TCP}]}",
        "labels: {}}, spec: {type: NodePort, externalTrafficPolicy: Local, ports: [{port: 8080, protocol: "
        "PROTO, "
        "nodePort: 30001}]}",
        "labels: {}}, spec: {type: LoadBalancer, loadBalancerIP: 10.9.9.9, loadBalancerClass: example.com/x, "
        "externalTrafficPolicy: Local, healthCheckNodePort: 30009, allocateLoadBalancerNodePorts: true, "
        "ports: [{port: "
        "8080, protocol: PROTO, nodePort: 30001}]}");
    std::string text = service;
    for (std::size_t at; (at = text.find("PROTO")) != text.npos;)
        text.replace(at, 5, protocol);
    world w = borrowing(text, protocol);
    const std::string before = shape(*w.get<Service>("app"));
    const auto ports_before = w.get<Service>("app")->spec.ports;
    w.settle();

    const Service& s = *w.get<Service>("app");
    CHECK(s.spec.type == "LoadBalancer");
    CHECK(s.spec.loadBalancerIP == "10.0.0.1");
    CHECK(s.metadata.labels.at("ipam-address") == "10.0.0.1");
    CHECK(s.metadata.annotations.at("kube-vip.io/loadbalancerIPs") == "10.0.0.1");
    CHECK(s.metadata.ownerReferences.empty());
    REQUIRE(s.spec.ports.size() == ports_before.size() + 1);
    for (const auto& p : s.spec.ports)
        CHECK_FALSE(p.name.empty());
    for (std::size_t i = 0; i < ports_before.size(); ++i) {
        CHECK(s.spec.ports[i].port == ports_before[i].port);
        if (!ports_before[i].name.empty())
            CHECK(s.spec.ports[i].name == ports_before[i].name);
    }
    CHECK(s.spec.ports.back().port == 80);
    CHECK(s.spec.ports.back().protocol == protocol);
    CHECK(s.spec.ports.back().targetPort == ports_before[0].targetPort); // not the Service port
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.shown(protocol + "Route", "r") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    CHECK(w.list<Service>().size() == 1);

    SECTION("when the route goes") { remove_route(w, protocol); }
    SECTION("when the Gateway goes") { w.remove<Gateway>("web"); }
    SECTION("when the class is another's") { w.merge<Gateway>("web", "{spec: {gatewayClassName: other}}"); }
    SECTION("when the route is served otherwise") {
        const std::string_view change = "{metadata: {labels: {serviceBehaviour: merge}}}";
        if (protocol == "TCP")
            w.merge<gateway_v1::TCPRoute>("r", change);
        else
            w.merge<gateway_v1::UDPRoute>("r", change);
    }
    bool wants_update = false;
    SECTION("when the route names another backend") {
        wants_update = true;
        w.route(protocol + "Route", "r", "[{name: web}]", "[{name: gone, port: 1}]", updated);
    }
    SECTION("when another listener is chosen in between") {
        w.gateway("web", listeners(protocol, 81));
        w.settle();
        CHECK(w.get<Service>("app")->spec.ports.back().port == 81);
        remove_route(w, protocol);
    }
    w.settle();
    REQUIRE(w.get<Service>("app") != nullptr);
    CHECK(shape(*w.get<Service>("app")) == before);
    for (const route_view& route : w.routes())
        CHECK(route.metadata->finalizers.empty() != wants_update);
}

TEST_CASE("what the user changes in a borrowed Service is kept when it goes back") {
    world w = borrowing("labels: {app: x}}, spec: {selector: {app: x}, ports: [{name: main, port: 8080}]}");
    w.settle();
    w.merge<Service>(
        "app",
        "{metadata: {labels: {app: z, more: '1'}, annotations: {note: kept}}, spec: {selector: {app: z}, "
        "sessionAffinity: ClientIP}}");
    Service with_port = *w.get<Service>("app");
    auto& added = with_port.spec.ports.emplace_back();
    added.name = "user";
    added.protocol = "TCP";
    added.port = 9000;
    added.targetPort = IntOrString(9000);
    w.merge<Service>("app", "{spec: {ports: " + json::encode(with_port.spec.ports) + "}}");
    w.settle();
    CHECK(w.get<Service>("app")->spec.ports.size() == 3);
    remove_route(w);
    w.settle();
    const Service& s = *w.get<Service>("app");
    CHECK(s.spec.type == "ClusterIP");
    CHECK(s.spec.loadBalancerIP.empty());
    CHECK(s.spec.selector.at("app") == "z");
    CHECK(s.spec.sessionAffinity == "ClientIP");
    CHECK(s.metadata.labels == std::map<std::string, std::string>{{"app", "z"}, {"more", "1"}});
    CHECK(s.metadata.annotations == std::map<std::string, std::string>{{"note", "kept"}});
    REQUIRE(s.spec.ports.size() == 2);
    CHECK(s.spec.ports[0].name == "main");
    CHECK(s.spec.ports[1].name == "user");
}

TEST_CASE("a port that needed a name keeps it when the user has added another") {
    // A Service with several ports must name them all: the API server refuses the return otherwise.
    world w = borrowing("labels: {}}, spec: {ports: [{port: 8080}]}");
    w.settle();
    Service s = *w.get<Service>("app");
    s.spec.ports.emplace_back(s.spec.ports.front()).name = "user";
    s.spec.ports.back().port = 9000;
    w.merge<Service>("app", "{spec: {ports: " + json::encode(s.spec.ports) + "}}");
    w.settle();
    remove_route(w);
    w.settle();
    REQUIRE(w.get<Service>("app")->spec.ports.size() == 2);
    for (const auto& p : w.get<Service>("app")->spec.ports)
        CHECK_FALSE(p.name.empty());
}

TEST_CASE("a user's port with the name that ours would have is neither doubled nor lost") {
    world w = borrowing("labels: {}}, spec: {ports: [{name: tcp-80, port: 8080}, {name: main, port: 8081}]}");
    const std::string before = shape(*w.get<Service>("app"));
    w.settle();
    std::set<std::string> port_names;
    for (const auto& p : w.get<Service>("app")->spec.ports)
        CHECK(port_names.insert(p.name).second);
    CHECK(port_names.size() == 3);
    remove_route(w);
    w.settle();
    CHECK(shape(*w.get<Service>("app")) == before);
}

TEST_CASE("update leaves a port alone that serves already, and reports one that serves something else") {
    SECTION("the same") {
        world w = borrowing("labels: {}}, spec: {ports: [{port: 80, targetPort: 8080}]}", "TCP", 80, 80);
        w.settle();
        REQUIRE(w.get<Service>("app")->spec.ports.size() == 1);
        CHECK(w.get<Service>("app")->spec.ports[0].name.empty());
        CHECK(w.programmed("web") == "True/Programmed");
    }
    SECTION("another") {
        world w = borrowing("labels: {}}, spec: {ports: [{name: a, port: 80}, {name: b, port: 8080}]}");
        w.settle();
        CHECK(w.get<Service>("app")->spec.ports.size() == 2);
        CHECK_FALSE(w.plan_for("web").problems.empty());
    }
}

TEST_CASE("the finalizer is on the route before the Service is changed, and goes after it is given back") {
    world w = borrowing("labels: {}}, spec: {ports: [{port: 8080}]}");
    CHECK(w.plan_for("web").writes.empty());
    w.take_writes();
    w.settle();
    const auto writes = w.take_writes();
    const auto at = [&](std::string_view write) { return std::find(writes.begin(), writes.end(), write); };
    CHECK(at("write TCPRoute default/r") < at("patch Service default/app"));
    CHECK(w.get<gateway_v1::TCPRoute>("r")->metadata.finalizers ==
          std::vector<std::string>{"thebsdbox.co.uk/cleanup"});
    remove_route(w);
    CHECK(w.get<gateway_v1::TCPRoute>("r") != nullptr);
    w.settle();
    CHECK(w.get<gateway_v1::TCPRoute>("r") == nullptr);
    CHECK(w.get<Service>("app")->spec.type == "ClusterIP");
}

TEST_CASE("a borrowed Service whose record is broken or gone is never deleted") {
    world w = borrowing("labels: {}}, spec: {ports: [{port: 8080}]}");
    w.settle();
    const bool gone = GENERATE(true, false);
    w.merge<Service>("app", fmt::format("{{metadata: {{annotations: {{{}: {}}}}}}}", w.named.original(),
                                        gone ? "null" : "'{'"));
    w.remove<Gateway>("web");
    w.reconcile_gateway(key("web"));
    w.reconcile_gateway(key("web"));
    CHECK(w.get<Service>("app") != nullptr);
}

TEST_CASE("a borrowed Service whose record is removed asks for nothing when it is given back") {
    world w = borrowing("labels: {app: x}}, spec: {selector: {app: x}, ports: [{name: main, port: 8080}]}");
    w.settle();
    w.merge<Service>("app", fmt::format("{{metadata: {{annotations: {{'{}': null}}}}}}", w.named.original()));
    w.settle();
    CHECK(is_borrowed(*w.get<Service>("app"), w.named));
    w.remove<gateway_v1::TCPRoute>("r");
    w.settle();
    const Service& app = *w.get<Service>("app");
    CHECK(app.spec.type == "ClusterIP");
    CHECK(app.spec.loadBalancerIP.empty());
    CHECK(app.metadata.annotations.empty());
    CHECK(app.metadata.labels == std::map<std::string, std::string>{{"app", "x"}});
}

TEST_CASE("a forged record gives a Service no address that a Gateway has") {
    world w;
    w.gateway("own", "[{name: a, protocol: TCP, port: 81}]");
    w.gateway("victim", "[{name: a, protocol: TCP, port: 80}]");
    w.settle();
    const std::string address = w.addresses("victim").at(0);
    const json::object record{
        {"type", "LoadBalancer"},
        {"loadBalancerIP", address},
        {"annotations", json::object{{"kube-vip.io/loadbalancerIPs", "10.9.9.9, " + address}}}};
    w.add(fmt::format(
        "{{kind: Service, metadata: {{name: forged, annotations: {{'{}': default/own, '{}': '{}'}}}}, "
        "spec: {{type: ClusterIP, ports: [{{port: 80}}]}}}}",
        w.named.gateway(), w.named.original(), boost::json::serialize(record)));
    w.settle();
    const Service& now = *w.get<Service>("forged");
    CHECK(now.spec.loadBalancerIP.empty());
    CHECK_FALSE(now.metadata.annotations.contains("kube-vip.io/loadbalancerIPs"));
    CHECK(w.addresses("victim") == std::vector<std::string>{address});
    CHECK(w.clashes().empty());
}

TEST_CASE("routes of two Gateways that borrow one Service do not fight: the older Gateway has it") {
    world w;
    w.gateway("young", listeners("TCP", 80));
    w.gateway("old", listeners("TCP", 80));
    w.merge<Gateway>("old", "{metadata: {creationTimestamp: '2020-01-01T00:00:00Z'}}");
    w.backend("app", "[{port: 8080}]");
    w.route("TCPRoute", "r", "[{name: young}]", "[{name: app, port: 8080}]", updated);
    w.settle();
    CHECK(w.get<Service>("app")->metadata.annotations.at(w.named.gateway()) == "default/young");
    w.route("TCPRoute", "q", "[{name: old}]", "[{name: app, port: 8080}]", updated);
    w.settle();
    CHECK(w.get<Service>("app")->metadata.annotations.at(w.named.gateway()) == "default/old");
    CHECK_FALSE(w.plan_for("young").problems.empty());
    w.remove<gateway_v1::TCPRoute>("q");
    w.settle();
    CHECK(w.get<Service>("app")->metadata.annotations.at(w.named.gateway()) == "default/young");
}

TEST_CASE("the other ports of a borrowed Service do not meet another listener's") {
    // As a LoadBalancer the Service asks for the address with all of its ports.
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.backend("app", "[{name: x, port: 8080}, {name: other, port: 81}]");
    const Service before = *w.get<Service>("app");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]", updated);
    w.settle();
    CHECK(w.clashes().empty());
    CHECK(*w.get<Service>("app") == before);
    CHECK_FALSE(w.plan_for("web").problems.empty());
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.settle();
    CHECK(w.get<Service>("app")->spec.type == "LoadBalancer");
}

TEST_CASE("an IPv6 address replaces the label of an earlier IPv4 one on a borrowed Service") {
    world w = borrowing("labels: {ipam-address: mine}}, spec: {ports: [{port: 8080}]}");
    w.add("{kind: ConfigMap, metadata: {name: pools}, data: {range-global: '10.0.0.1,fd00::1'}}");
    w.settle();
    w.merge<Gateway>("web", "{spec: {addresses: [{type: IPAddress, value: 'fd00::1'}]}}");
    w.settle();
    const Service& s = *w.get<Service>("app");
    CHECK(s.metadata.annotations.at(w.named.address()) == "fd00::1");
    CHECK(s.metadata.labels.at("ipam-address") == "mine");
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("a Service is given back before another is borrowed for the port") {
    world w = borrowing("labels: {}}, spec: {ports: [{port: 8080}]}");
    w.backend("next", "[{port: 8080}]");
    w.settle();
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: next, port: 8080}]", updated);
    const desired_state desired = w.plan_for("web");
    REQUIRE(desired.writes.size() == 2);
    CHECK(desired.writes[0].key.name == "app");
    CHECK(desired.writes[1].key.name == "next");
}

TEST_CASE("update: a headless Service is not borrowed, and the route says so") {
    world w =
        borrowing("labels: {app: x}}, spec: {selector: {app: x}, clusterIP: None, ports: [{port: 8080}]}");
    const std::string before = shape(*w.get<Service>("app"));
    w.settle();
    CHECK(shape(*w.get<Service>("app")) == before);
    CHECK(w.said("TCPRoute", "r", "Programmed") ==
          "False/NotServed: Service default/app: spec.clusterIP: None (headless) keeps it from becoming a "
          "Service "
          "of type LoadBalancer; refer to a Service with a cluster IP, or use behaviour merge");
}
