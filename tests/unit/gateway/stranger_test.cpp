// Services that only look like ours: anyone can write our annotations in a namespace of his own.
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

/// A Service that claims to serve Gateway default/web and asks for its ports 80 and 81.
std::string forged(const std::string& name, const std::string& more_metadata = "") {
    const std::size_t slash = name.find('/');
    return "{kind: Service, metadata: {namespace: " + name.substr(0, slash) +
           ", name: " + name.substr(slash + 1) + more_metadata +
           ", annotations: {thebsdbox.co.uk/gateway: default/web}}, spec: {type: LoadBalancer, "
           "loadBalancerIP: "
           "10.0.0.1, ports: [{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]}}";
}

world with_victim() {
    world w;
    w.add("{kind: Service, metadata: {name: app}, spec: {ports: [{name: http, protocol: TCP, port: 8080}]}}");
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.settle();
    REQUIRE(w.programmed("web") == "True/Programmed");
    return w;
}

std::vector<std::int32_t> own_ports(const world& w) {
    std::vector<std::int32_t> ports;
    if (const auto own = w.get<Service>("web-l4"))
        for (const auto& p : own->spec.ports)
            ports.push_back(p.port);
    return ports;
}

const std::string two = "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]";

} // namespace

TEST_CASE("a Service of another namespace that claims a Gateway keeps no port from it") {
    world w = with_victim();
    const std::string kept = GENERATE("", ", finalizers: [evil.example.com/keep]");
    w.add(forged("evil/steal", kept));
    w.gateway("web", two);
    w.settle();
    CHECK(own_ports(w) == std::vector<std::int32_t>{80, 81});
    CHECK(w.programmed("web") == "True/Programmed");
    w.remove<Service>("web-l4");
    w.settle();
    CHECK(own_ports(w) == std::vector<std::int32_t>{80, 81});
}

TEST_CASE("one of the Gateway's own namespace does, which the status of both says") {
    world w = with_victim();
    w.add(forged("default/steal"));
    w.gateway("web", two);
    w.settle();
    CHECK(own_ports(w) == std::vector<std::int32_t>{80});
    CHECK(w.programmed("web") == "False/NoResources");
    const std::string why =
        "Service default/steal: metadata.annotations[thebsdbox.co.uk/gateway]: it asks for "
        "10.0.0.1 TCP port 81, which Service default/web-l4 is to have; delete it, or remove "
        "its annotation or its address";
    CHECK(find_condition(w.get<Gateway>("web")->status.conditions, "Programmed")->message == why);
    CHECK(w.said("TCPRoute", "r", "Programmed").find(why) != std::string::npos);
    w.remove<Service>("steal");
    w.settle();
    CHECK(own_ports(w) == std::vector<std::int32_t>{80, 81});
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("a Service that claims a refused Gateway does not get it served") {
    world w;
    w.add("{kind: GatewayClass, metadata: {name: l4, generation: 2}, spec: {controllerName: "
          "thebsdbox.co.uk/controller, parametersRef: {group: '', kind: ConfigMap, name: none, namespace: "
          "infra}}}");
    w.add("{kind: Service, metadata: {name: app}, spec: {ports: [{name: http, protocol: TCP, port: 8080}]}}");
    w.gateway("web", two);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.add(forged("default/steal"));
    w.settle();
    CHECK(w.accepted("web") == "False/InvalidParameters");
    CHECK(own_ports(w).empty());
    CHECK(w.addresses("web").empty()); // nor does a Gateway that is refused take an address from others
}

TEST_CASE("Gateways that are not accepted take no addresses") {
    world w;
    for (int i = 0; i < 20; ++i)
        w.gateway("bad" + std::to_string(i), "[{name: a, protocol: example.com/FOO, port: 80}]");
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.settle();
    CHECK(w.addresses("bad0").empty());
    CHECK(w.addresses("web").size() == 1);
    // One that was accepted keeps its address while it is not.
    w.gateway("web", "[{name: a, protocol: example.com/FOO, port: 80}]");
    w.settle();
    CHECK(w.accepted("web") == "False/ListenersNotValid");
    CHECK(w.addresses("web").size() == 1);
}
