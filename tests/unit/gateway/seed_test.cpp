// The mistakes of the Go controller and its successor, by the numbers under which they were studied: each has
// a test that fails if it is made again. Packaging (B3) is in tests/tools/packaging_test.py; what needs the
// API server and watches (B8, B21) in tests/embedded/seed_test.cpp and watch_test.cpp; addresses (B23 to B30) are in
// seed_address_test.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;
using gateway_v1::TCPRoute;
using gateway_v1::UDPRoute;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
constexpr std::string_view created = "{selectorkey: app, selectorvalue: x}";
using list = std::vector<std::string>;

/// Gateway web with a TCP listener on port 80 and backend app, port 8080 to 9000.
world tcp_world() {
    world w;
    w.gateway("web", one_tcp);
    w.backend("app", "[{name: http, port: 8080, targetPort: 9000}]");
    return w;
}

std::string labels_of(std::string_view behaviour) {
    return fmt::format("{{serviceBehaviour: {}, selectorkey: app, selectorvalue: x}}", behaviour);
}

/// Whether a Service with an address has the port.
bool serves(const world& w, std::string_view protocol, std::int32_t port) {
    for (const auto& s : w.list<Service>())
        for (const auto& p : s->spec.ports)
            if (!s->spec.loadBalancerIP.empty() && p.protocol == protocol && p.port == port)
                return true;
    return false;
}

void check_quiet(world& w) {
    w.take_writes();
    w.restart();
    w.settle();
    CHECK(w.take_writes().empty());
}

} // namespace

TEST_CASE("seed B1: UDPRoutes are served under every behaviour, as TCPRoutes are") {
    for (const std::string_view behaviour : {"merge", "create", "duplicate", "update"}) {
        world w;
        w.gateway("web", "[{name: a, protocol: UDP, port: 53}]");
        w.backend("dns", "[{name: dns, port: 5353, protocol: UDP}]");
        w.route("UDPRoute", "r", "[{name: web}]",
                fmt::format("[{{name: {}, port: 5353}}]", behaviour == "create" ? "made" : "dns"),
                labels_of(behaviour));
        w.settle();
        INFO(behaviour);
        CHECK(serves(w, "UDP", 53));
        CHECK(w.said("UDPRoute", "r", "Programmed").starts_with("True/Programmed"));
        CHECK(w.programmed("web") == "True/Programmed");
    }
}

TEST_CASE("seed B2: the finalizer is a qualified name, with one slash") {
    for (const std::string_view controller : {"kube-vip.io/controller", "example.com/a/b/c"}) {
        const std::string finalizer = names(controller).cleanup_finalizer();
        CHECK(std::count(finalizer.begin(), finalizer.end(), '/') == 1);
    }
}

TEST_CASE("seed B4: conditions are set whether they were there or not, with generation and reason") {
    world w = tcp_world();
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.settle();
    const Gateway& g = *w.get<Gateway>("web");
    for (const std::string_view type : {"Accepted", "Programmed"}) {
        const Condition* c = find_condition(g.status.conditions, type);
        REQUIRE(c != nullptr);
        CHECK(c->status == "True");
        CHECK(c->reason == type);
        CHECK(c->observedGeneration == g.metadata.generation);
        CHECK(c->message.find("Waiting") == std::string::npos);
    }
}

TEST_CASE("seed B5: what has not changed is not written, and keeps its times") {
    world w = tcp_world();
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.settle();
    const auto before = w.get<Gateway>("web")->status;
    w.now += std::chrono::hours(1);
    check_quiet(w);
    CHECK(w.get<Gateway>("web")->status == before);
}

TEST_CASE("seed B6: listeners and routes have a status") {
    world w = tcp_world();
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.settle();
    const auto& listener = w.get<Gateway>("web")->status.listeners.at(0);
    CHECK(listener.attachedRoutes == 1);
    CHECK(listener.supportedKinds->at(0).kind == "TCPRoute");
    CHECK(show(listener.conditions, "Conflicted") == "False/NoConflicts");
    CHECK(w.shown("TCPRoute", "r") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
}

TEST_CASE("seed B7: a user's address reaches the status, and so does one whose status write was lost") {
    world w = tcp_world();
    w.merge<Gateway>("web", "{spec: {addresses: [{type: IPAddress, value: 10.0.0.5}]}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.5"});
    w.merge<Gateway>("web", "{status: {addresses: null, conditions: null}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.5"});
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("seed B9: Gateways of other classes get nothing") {
    world w;
    w.add("{kind: Gateway, metadata: {name: theirs}, spec: {gatewayClassName: other, listeners: [{name: a, "
          "protocol: "
          "TCP, port: 80}]}}");
    const Gateway before = *w.get<Gateway>("theirs");
    w.settle();
    CHECK(*w.get<Gateway>("theirs") == before);
    CHECK(w.list<Service>().empty());
}

TEST_CASE("seed B10: class, protocol, namespaces and the kinds of references decide") {
    world w = tcp_world();
    w.add("{kind: Gateway, metadata: {name: theirs}, spec: {gatewayClassName: other, listeners: [{name: a, "
          "protocol: "
          "TCP, port: 80}]}}\n---\n{kind: Namespace, metadata: {name: team}}");
    w.backend("team/app", "[{port: 8080}]");
    w.route("TCPRoute", "foreign", "[{name: theirs}]", "[{name: app, port: 8080}]", created);
    w.route("UDPRoute", "protocol", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]");
    w.route("TCPRoute", "team/elsewhere", "[{name: web, namespace: default}]", "[{name: app, port: 8080}]");
    w.route("TCPRoute", "no-listener", "[{name: web, sectionName: z}]", "[{name: app, port: 8080}]");
    w.route("TCPRoute", "kind", "[{name: web, kind: Service, group: ''}]", "[{name: app, port: 8080}]");
    w.route("TCPRoute", "group", "[{name: web, group: example.com}]", "[{name: app, port: 8080}]");
    w.route("TCPRoute", "port", "[{name: web, port: 81}]", "[{name: app, port: 8080}]");
    w.settle();
    CHECK(w.shown("TCPRoute", "foreign") == "no entry");
    CHECK(w.shown("UDPRoute", "protocol").starts_with("Accepted=False/NotAllowedByListeners"));
    CHECK(w.shown("TCPRoute", "team/elsewhere").starts_with("Accepted=False/NotAllowedByListeners"));
    CHECK(w.shown("TCPRoute", "no-listener").starts_with("Accepted=False/NoMatchingParent"));
    CHECK(w.shown("TCPRoute", "kind") == "no entry");
    CHECK(w.shown("TCPRoute", "group") == "no entry");
    CHECK(w.shown("TCPRoute", "port").starts_with("Accepted=False/NoMatchingParent"));
    for (const std::string_view backend :
         {"{name: app, kind: Pod, port: 8080}", "{name: app, group: example.com, port: 8080}"}) {
        w.route("TCPRoute", "backend", "[{name: web}]", fmt::format("[{}]", backend));
        w.settle();
        CHECK(w.shown("TCPRoute", "backend").ends_with("ResolvedRefs=False/InvalidKind"));
    }
    for (const auto& s : w.list<Service>())
        for (const auto& p : s->spec.ports)
            CHECK(p.port > 0);
}

TEST_CASE("seed B11: missing and odd fields are answered, not dereferenced") {
    world w = tcp_world();
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.add("{kind: Service, metadata: {name: bare}, spec: {ports: [{port: 8080}]}}"); // no annotations
    int n = 0;
    for (const std::string_view backend :
         {"{name: app}", "{name: app, namespace: team}", "{name: bare, port: 8080}", "{name: app, port: 1}"})
        for (const std::string_view labels :
             {"{}", "{serviceBehaviour: update}", "{serviceBehaviour: duplicate}",
              "{selectorkey: a, selectorvalue: b}"})
            w.route("TCPRoute", fmt::format("r{}", n++), "[{name: web}]", fmt::format("[{}]", backend),
                    labels);
    w.add("{kind: TCPRoute, metadata: {name: empty}, spec: {}}");
    w.merge<Gateway>("web", "{spec: {addresses: null}}");
    w.settle();
    CHECK(w.list<TCPRoute>().size() == static_cast<std::size_t>(n) + 1);
}

TEST_CASE("seed B11: a backend's namespace is its own, and not the parent's") {
    world w = tcp_world();
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.backend("team/app", "[{port: 8080}]", "[10.9.0.9]");
    w.add("{kind: ReferenceGrant, metadata: {namespace: team, name: g}, spec: {from: [{group: "
          "gateway.networking.k8s.io, kind: TCPRoute, namespace: default}], to: [{group: '', kind: "
          "Service}]}}");
    w.route("TCPRoute", "r", "[{name: web, namespace: default}]",
            "[{name: app, namespace: team, port: 8080}]");
    w.settle();
    const auto slices = w.slices(key("web-l4"));
    REQUIRE((slices.size() == 1 && slices[0]->endpoints->size() == 1));
    CHECK(slices[0]->endpoints->at(0).addresses == list{"10.9.0.9"});
}

TEST_CASE("seed B12: other namespaces need a grant, and their Services are never changed") {
    world w = tcp_world();
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.backend("team/app", "[{port: 8080}]");
    const Service before = *w.get<Service>("team/app");
    const auto refused = [&](std::string_view behaviour, std::string_view backend) {
        w.route("TCPRoute", "r", "[{name: web}]",
                fmt::format("[{{name: {}, namespace: team, port: 8080}}]", backend), labels_of(behaviour));
        w.settle();
        INFO(behaviour);
        CHECK(w.shown("TCPRoute", "r").ends_with("ResolvedRefs=False/RefNotPermitted"));
        CHECK(*w.get<Service>("team/app") == before);
        CHECK(w.get<Service>("team/made") == nullptr);
        CHECK(w.get<Service>("team/app-gw-api") == nullptr);
    };
    refused("merge", "app");
    w.add("{kind: ReferenceGrant, metadata: {namespace: team, name: g}, spec: {from: [{group: "
          "gateway.networking.k8s.io, kind: TCPRoute, namespace: default}], to: [{group: '', kind: "
          "Service}]}}");
    for (const std::string_view behaviour : {"create", "duplicate", "update"})
        refused(behaviour, behaviour == "create" ? "made" : "app"); // a grant permits to refer, not to write
}

TEST_CASE("seed B13: create finds its own Service again") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: made, port: 8080}]", created);
    w.settle();
    check_quiet(w);
    CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
}

TEST_CASE("seed B14: create without both labels makes nothing, and says what is missing") {
    for (const std::string_view labels :
         {"{serviceBehaviour: create}", "{selectorkey: app}", "{selectorvalue: x}"}) {
        world w;
        w.gateway("web", one_tcp);
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: made, port: 8080}]", labels);
        w.settle();
        CHECK(w.get<Service>("made") == nullptr);
        CHECK(w.said("TCPRoute", "r", "Accepted").find("needs both selectorkey and selectorvalue") !=
              std::string::npos);
    }
}

TEST_CASE("seed B15: the copy has the address, follows the source, and nothing of the source is touched or "
          "inherited") {
    world w = tcp_world();
    w.merge<Service>("app",
                     "{metadata: {finalizers: [example.com/x], ownerReferences: [{apiVersion: v1, kind: Pod, "
                     "name: p, uid: u}]}}");
    const Service before = *w.get<Service>("app");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: duplicate}");
    w.settle();
    CHECK(*w.get<Service>("app") == before);
    const Service copy = *w.get<Service>("app-gw-api");
    CHECK(copy.spec.loadBalancerIP == "10.0.0.1");
    CHECK(copy.metadata.finalizers.empty());
    CHECK(copy.metadata.ownerReferences.at(0).kind == "TCPRoute");
    CHECK_FALSE(copy.spec.healthCheckNodePort.has_value());
    w.merge<Gateway>("web", "{spec: {addresses: [{value: 10.0.0.4}]}}");
    w.settle();
    CHECK(w.get<Service>("app-gw-api")->spec.loadBalancerIP == "10.0.0.4");
    w.merge<Service>("app", "{metadata: {finalizers: null}}");
    w.remove<Service>("app");
    w.settle();
    CHECK(w.shown("TCPRoute", "r").ends_with("ResolvedRefs=False/BackendNotFound")); // not ignored in silence
}

TEST_CASE("seed B16: no Service gets a finalizer of ours") {
    world w = tcp_world();
    for (const std::string_view behaviour : {"merge", "create", "duplicate", "update"}) {
        w.route("TCPRoute", "r", "[{name: web}]",
                fmt::format("[{{name: {}, port: 8080}}]", behaviour == "create" ? "made" : "app"),
                labels_of(behaviour));
        w.settle();
        INFO(behaviour);
        CHECK(serves(w, "TCP", 80));
        for (const auto& s : w.list<Service>())
            CHECK(s->metadata.finalizers.empty());
    }
}

TEST_CASE("seed B17: target port comes from the Service") {
    world w = tcp_world();
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: duplicate}");
    w.settle();
    CHECK(w.get<Service>("app-gw-api")->spec.ports.at(0).targetPort == IntOrString(9000));
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: update}");
    w.settle();
    CHECK(w.get<Service>("app")->spec.ports.back().port == 80);
    CHECK(w.get<Service>("app")->spec.ports.back().targetPort == IntOrString(9000));
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.settle();
    CHECK(w.slices(key("web-l4")).at(0)->ports.at(0).port == 9000);
}

TEST_CASE("seed B18: update keeps the user's ports, and the Service when the route goes") {
    world w;
    w.gateway("web", one_tcp);
    w.backend("app", "[{name: http, port: 8080}, {name: admin, port: 8081}]");
    const Service before = *w.get<Service>("app");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: update}");
    w.settle();
    CHECK(w.get<Service>("app")->spec.ports.size() == 3);
    w.remove<TCPRoute>("r");
    w.settle();
    REQUIRE(w.get<Service>("app") != nullptr);
    CHECK(w.get<Service>("app")->spec == before.spec);
}

TEST_CASE(
    "seed B19: TCP and UDP routes of one name do not take each other's Services, and a Gateway leaves none") {
    world w;
    w.gateway("web", "[{name: t, protocol: TCP, port: 53}, {name: u, protocol: UDP, port: 53}]");
    w.route("TCPRoute", "dns", "[{name: web}]", "[{name: by-tcp, port: 53}]", created);
    w.route("UDPRoute", "dns", "[{name: web}]", "[{name: by-udp, port: 53}]", created);
    w.settle();
    w.remove<TCPRoute>("dns");
    w.settle();
    CHECK(w.get<Service>("by-tcp") == nullptr);
    CHECK(w.get<Service>("by-udp") != nullptr);
    w.remove<Gateway>("web");
    w.settle();
    CHECK(w.list<Service>().empty());
}

TEST_CASE("seed B20: several backends are one Service's, weights are accounted for") {
    world w = tcp_world();
    w.backend("more", "[{port: 8080}]", "[10.2.0.1]");
    w.route("TCPRoute", "r", "[{name: web}]",
            "[{name: app, port: 8080, weight: 2}, {name: more, port: 8080}]");
    w.settle();
    CHECK(w.clashes().empty());
    CHECK(w.slices(key("web-l4")).size() == 2);
    CHECK(w.said("TCPRoute", "r", names(w.opts.controller_name).weights_condition()).starts_with("False/"));
}

TEST_CASE("seed B22: what a route no longer asks for goes; an unknown behaviour is quoted from the label") {
    world w;
    w.gateway("web", one_tcp);
    w.gateway("api", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: first, port: 8080}]", created);
    w.settle();
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: second, port: 8080}]", created);
    w.settle();
    CHECK(w.get<Service>("first") == nullptr);
    w.route("TCPRoute", "r", "[{name: api}]", "[{name: second, port: 8080}]", created);
    w.settle();
    CHECK(w.get<Service>("second")->metadata.annotations.at(w.named.gateway()) == "default/api");
    w.route("TCPRoute", "r", "[{name: api}]", "[{name: second, port: 8080}]", "{serviceBehaviour: nonsense}");
    w.settle();
    CHECK(w.get<Service>("second") == nullptr);
    CHECK(w.said("TCPRoute", "r", "Accepted").find("got \"nonsense\"") != std::string::npos);
}
