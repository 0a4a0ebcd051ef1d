// Behaviours create and duplicate: Services per route, for TCP and UDP alike.
#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view selected = "{selectorkey: app, selectorvalue: x}";
constexpr std::string_view duplicated = "{serviceBehaviour: duplicate}";

struct protocol_case {
    std::string protocol;
    std::string kind() const { return protocol + "Route"; }
    std::string listeners(int port = 80) const {
        return fmt::format("[{{name: a, protocol: {}, port: {}}}]", protocol, port);
    }
    std::string annotation() const { return protocol == "TCP" ? "parent-tcp-route" : "parent-udp-route"; }
};

protocol_case any_protocol() { return {GENERATE(as<std::string>(), "TCP", "UDP")}; }

/// The Gateway that a Service is for.
std::string serves(const world& w, std::string_view service) {
    const auto found = w.get<Service>(service);
    return found && found->metadata.annotations.contains(w.named.gateway())
               ? found->metadata.annotations.at(w.named.gateway())
               : "none";
}

} // namespace

TEST_CASE("create makes the Service that the backendRef names, selecting by the route's labels") {
    const protocol_case p = any_protocol();
    world w;
    w.gateway("web", p.listeners());
    w.route(p.kind(), "r", "[{name: web}]", "[{name: app, port: 8080}]", selected);
    w.settle();
    const auto services = w.list<Service>();
    REQUIRE(services.size() == 1); // and none of the Gateway's
    const Service& s = *services[0];
    CHECK(s.metadata.name == "app");
    CHECK(s.metadata.annotations.at(p.annotation()) == "r");
    CHECK(s.metadata.annotations.at("gateway-api-controller") == "thebsdbox.co.uk/controller");
    CHECK(s.metadata.labels.at("ipam-address") == "10.0.0.1");
    CHECK(s.metadata.labels.at("implementation") == "thebsdbox");
    CHECK(s.spec.selector == std::map<std::string, std::string>{{"app", "x"}});
    CHECK(s.spec.type == "LoadBalancer");
    CHECK(s.spec.loadBalancerIP == "10.0.0.1");
    REQUIRE(s.spec.ports.size() == 1);
    CHECK(s.spec.ports[0].name == port_name(p.protocol, 80));
    CHECK(s.spec.ports[0].protocol == p.protocol);
    CHECK(s.spec.ports[0].port == 80);
    CHECK(s.spec.ports[0].targetPort == IntOrString(8080));
    REQUIRE(s.metadata.ownerReferences.size() == 1);
    CHECK(s.metadata.ownerReferences[0].kind == p.kind());
    CHECK(w.shown(p.kind(), "r") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    CHECK(w.programmed("web") == "True/Programmed");

    SECTION("without the labels the Service goes, and the Gateway's comes back") {
        w.route(p.kind(), "r", "[{name: web}]", "[{name: app, port: 8080}]");
        w.settle();
        CHECK(w.get<Service>("app") == nullptr);
        CHECK(w.get<Service>("web-l4") != nullptr);
        CHECK(w.shown(p.kind(), "r") == "Accepted=True/Accepted, ResolvedRefs=False/BackendNotFound");
    }
    SECTION("another backend takes its place") {
        w.route(p.kind(), "r", "[{name: web}]", "[{name: api, port: 8080}]", selected);
        w.settle();
        CHECK(w.get<Service>("app") == nullptr);
        CHECK(w.get<Service>("api") != nullptr);
    }
    SECTION("listener and address are followed") {
        w.merge<Gateway>("web",
                         "{spec: {listeners: " + p.listeners(81) + ", addresses: [{value: 10.0.0.5}]}}");
        w.settle();
        CHECK(w.get<Service>("app")->spec.ports[0].port == 81);
        CHECK(w.get<Service>("app")->spec.loadBalancerIP == "10.0.0.5");
        CHECK(w.get<Service>("app")->metadata.labels.at("ipam-address") == "10.0.0.5");
    }
    SECTION("route or Gateway gone, so is the Service") {
        if (GENERATE(true, false))
            w.remove<Gateway>("web");
        else if (p.protocol == "TCP")
            w.remove<gateway_v1::TCPRoute>("r");
        else
            w.remove<gateway_v1::UDPRoute>("r");
        w.settle();
        CHECK(w.get<Service>("app") == nullptr);
    }
}

TEST_CASE("create does not touch a Service that it did not make") {
    const protocol_case p = any_protocol();
    world w;
    w.backend("app", fmt::format("[{{port: 8080, protocol: {}}}]", p.protocol));
    const Service before = *w.get<Service>("app");
    w.gateway("web", p.listeners());
    w.route(p.kind(), "r", "[{name: web}]", "[{name: app, port: 8080}]", selected);
    w.settle();
    CHECK(*w.get<Service>("app") == before);
    CHECK(w.shown(p.kind(), "r").find("ResolvedRefs=False/") != std::string::npos);
    w.remove<Gateway>("web");
    w.settle();
    CHECK(*w.get<Service>("app") == before);
}

TEST_CASE("create needs both selector labels, whichever way it was asked for") {
    for (const std::string_view labels :
         {"{selectorkey: app}", "{selectorvalue: x}", "{serviceBehaviour: create}"}) {
        world w;
        w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]", labels);
        w.settle();
        INFO(labels);
        CHECK(w.shown("TCPRoute", "r").starts_with("Accepted=False/UnsupportedValue"));
        CHECK(w.get<Service>("app") == nullptr);
    }
}

TEST_CASE("an unknown behaviour names the label's value and what there is") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]", "{serviceBehaviour: Create}");
    const verdict v = w.judge<tcp>("r").at(0).accepted;
    CHECK(show(v) == "False/UnsupportedValue");
    CHECK(v.message.find("\"Create\"") != std::string::npos);
    CHECK(v.message.find("merge, create, duplicate, update") != std::string::npos);
}

TEST_CASE("duplicate copies the backend's Service and resolves the port that the backendRef names") {
    const protocol_case p = any_protocol();
    world w;
    w.gateway("web", p.listeners());
    w.add(fmt::format(
        "{{kind: Service, metadata: {{name: app, labels: {{keep: me}}, finalizers: [example.com/x], "
        "annotations: {{a: b}}, ownerReferences: [{{apiVersion: v1, kind: Pod, name: p, uid: u}}]}}, "
        "spec: {{clusterIP: 10.96.0.9, selector: {{app: s}}, sessionAffinity: ClientIP, ports: [{{name: "
        "admin, port: 81, protocol: {0}}}, {{name: main, port: 8080, protocol: {0}, targetPort: "
        "http}}]}}}}",
        p.protocol));
    const Service before = *w.get<Service>("app");
    w.route(p.kind(), "r", "[{name: web}]", "[{name: app, port: 8080}]", duplicated);
    w.settle();
    CHECK(*w.get<Service>("app") == before); // the source is only read
    REQUIRE(w.get<Service>("app-gw-api") != nullptr);
    const Service& s = *w.get<Service>("app-gw-api");
    CHECK(s.spec.loadBalancerIP == "10.0.0.1");
    CHECK(s.spec.type == "LoadBalancer");
    CHECK(s.spec.selector == before.spec.selector);
    CHECK(s.spec.sessionAffinity == "ClientIP");
    CHECK(s.spec.clusterIP.empty());
    CHECK(s.metadata.finalizers.empty());
    REQUIRE(s.metadata.ownerReferences.size() == 1);
    CHECK(s.metadata.ownerReferences[0].kind == p.kind());
    CHECK(s.metadata.annotations.at(p.annotation()) == "r");
    REQUIRE(s.spec.ports.size() == 1);
    CHECK(s.spec.ports[0].port == 80);
    CHECK(s.spec.ports[0].protocol == p.protocol);
    CHECK(s.spec.ports[0].targetPort ==
          IntOrString(std::string("http"))); // the source's, not its Service port

    SECTION("the copy follows the source") {
        w.merge<Service>("app", "{spec: {selector: {app: z}}}");
        w.settle();
        CHECK(w.get<Service>("app-gw-api")->spec.selector.at("app") == "z");
    }
    SECTION("without its source the copy goes and the route says why") {
        w.merge<Service>("app", "{metadata: {finalizers: null}}");
        w.remove<Service>("app");
        w.settle();
        CHECK(w.get<Service>("app-gw-api") == nullptr);
        CHECK(w.shown(p.kind(), "r").find("False/BackendNotFound") != std::string::npos);
    }
}

TEST_CASE("the copy of a Service with a long name has a valid name") {
    world w;
    const std::string name(63, 'a');
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.backend(name, "[{port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: " + name + ", port: 80}]", duplicated);
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    for (const auto& s : w.list<Service>())
        CHECK(s->metadata.name.size() <= 63);
}

TEST_CASE("TCP and UDP routes of one name each have their Service, and keep it when the other goes") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 53}, {name: b, protocol: UDP, port: 53}]");
    w.route("TCPRoute", "dns", "[{name: web}]", "[{name: dns-tcp, port: 53}]", selected);
    w.route("UDPRoute", "dns", "[{name: web}]", "[{name: dns-udp, port: 53}]", selected);
    w.settle();
    CHECK(w.list<Service>().size() == 2);
    w.remove<gateway_v1::TCPRoute>("dns");
    w.settle();
    CHECK(w.get<Service>("dns-tcp") == nullptr);
    CHECK(w.get<Service>("dns-udp") != nullptr);
}

TEST_CASE("routes that name one Service share it, and keep it as long as one of them is there") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 53}, {name: b, protocol: UDP, port: 53}]");
    w.route("TCPRoute", "t", "[{name: web}]", "[{name: dns, port: 53}]", selected);
    w.route("UDPRoute", "u", "[{name: web}]", "[{name: dns, port: 53}]", selected);
    w.settle();
    REQUIRE(w.list<Service>().size() == 1);
    CHECK(w.get<Service>("dns")->spec.ports.size() == 2);
    CHECK(w.get<Service>("dns")->metadata.ownerReferences.size() == 2);
    w.remove<gateway_v1::TCPRoute>("t");
    w.settle();
    CHECK(w.get<Service>("dns")->spec.ports.size() == 1);
    CHECK(w.get<Service>("dns")->metadata.ownerReferences.size() == 1);
}

TEST_CASE("a per-route Service and the Gateway's own divide the listeners") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 80}]", selected);
    w.settle();
    CHECK(w.get<Service>("app")->spec.ports.at(0).port == 80);
    REQUIRE(w.get<Service>("web-l4")->spec.ports.size() == 1);
    CHECK(w.get<Service>("web-l4")->spec.ports[0].port == 81);
    CHECK(w.clashes().empty());
}

TEST_CASE("a per-route Service that would be called like the Gateway's own is reported instead") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: web-l4, port: 80}]", selected);
    CHECK_FALSE(w.plan_for("web").problems.empty());
    w.settle();
    REQUIRE(w.get<Service>("web-l4")->spec.ports.size() == 1);
    CHECK(w.get<Service>("web-l4")->spec.ports[0].port == 81);
}

TEST_CASE("under two Gateways a per-route Service serves the oldest that takes the route") {
    world w;
    w.gateway("old", "[{name: a, protocol: TCP, port: 80}]");
    w.gateway("young", "[{name: a, protocol: TCP, port: 80}]");
    w.route("TCPRoute", "r", "[{name: young}, {name: old}]", "[{name: app, port: 80}]", selected);
    w.settle();
    CHECK(serves(w, "app") == "default/old");
    CHECK_FALSE(w.plan_for("young").problems.empty());
    SECTION("until that is deleted") {
        w.remove<Gateway>("old");
        w.settle();
        CHECK(serves(w, "app") == "default/young");
    }
    SECTION("or has no listener for it any more") {
        w.gateway("old", "[{name: a, protocol: UDP, port: 80}]");
        w.settle();
        CHECK(serves(w, "app") == "default/young");
    }
}

TEST_CASE("the Go controller's Services are adopted with their route and go with it") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.add("{kind: Service, metadata: {name: app, annotations: {gateway-api-controller: "
          "thebsdbox.co.uk/controller, "
          "parent-tcp-route: r}, labels: {ipam-address: 10.0.0.1, implementation: thebsdbox}}, spec: {type: "
          "LoadBalancer, loadBalancerIP: 10.0.0.1, selector: {app: x}, ports: [{port: 80, targetPort: "
          "8080}]}}");
    w.merge<Gateway>(
        "web", "{metadata: {labels: {ipam-address: 10.0.0.1, implementation: thebsdbox}}, spec: "
               "{addresses: [{type: IPAddress, value: 10.0.0.1}]}, status: {addresses: [{type: IPAddress, "
               "value: 10.0.0.1}]}}");
    w.announce();
    const std::string uid = w.get<Service>("app")->metadata.uid;
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", selected);
    w.settle();
    CHECK(w.addresses("web") == std::vector<std::string>{"10.0.0.1"});
    CHECK(w.get<Service>("app")->metadata.uid == uid);
    CHECK(serves(w, "app") == "default/web");
    CHECK(w.programmed("web") == "True/Programmed");
    w.remove<gateway_v1::TCPRoute>("r");
    w.settle();
    CHECK(w.get<Service>("app") == nullptr);
}

TEST_CASE("owner references name the version that is served, and move with it") {
    const protocol_case p = any_protocol();
    world w;
    w.served[p.kind()] = "v1alpha2";
    w.gateway("web",
              "[{name: a, protocol: " + p.protocol + ", port: 80}, {name: b, protocol: TCP, port: 443}]");
    w.route(p.kind(), "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]", selected);
    w.settle();
    const auto owner_of = [&](std::string_view service) {
        return w.get<Service>(service)->metadata.ownerReferences.at(0).apiVersion;
    };
    CHECK(owner_of("app") == "gateway.networking.k8s.io/v1alpha2");
    CHECK(owner_of("web-l4") == "gateway.networking.k8s.io/v1");

    w.take_writes();
    w.served.clear();
    w.settle();
    CHECK(owner_of("app") == "gateway.networking.k8s.io/v1");
    CHECK(w.take_writes() == std::vector<std::string>{"apply Service default/app"});
    w.served["Gateway"] = "v1beta1";
    w.settle();
    CHECK(owner_of("web-l4") == "gateway.networking.k8s.io/v1beta1");
    CHECK(w.take_writes() == std::vector<std::string>{"apply EndpointSlice default/web-l4-tcp-443-ipv4-0",
                                                      "apply Service default/web-l4"});
}
