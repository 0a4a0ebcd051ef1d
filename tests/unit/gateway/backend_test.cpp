// backendRefs: rows 17 to 22 and 28 of the Gateway API contract.
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using gwctl::discovery_v1::EndpointSlice;

namespace {

world tcp_world(std::string_view backends, std::string_view labels = "{}") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", backends, labels);
    return w;
}

/// Accepted and ResolvedRefs of route r.
std::string judged(const world& w) {
    const auto verdicts = w.judge<tcp>("r");
    REQUIRE(verdicts.size() == 1);
    return show(verdicts[0].accepted) + " " + show(verdicts[0].resolved_refs);
}

std::string grant(const std::string& from, const std::string& to) {
    return "{kind: ReferenceGrant, metadata: {namespace: team, name: g}, spec: {from: [" + from + "], to: [" +
           to + "]}}";
}

constexpr const char* from_tcp = "{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: default}";
constexpr const char* to_services = "{group: '', kind: Service}";

std::vector<std::string> endpoints_of(const world& w, std::string_view slice) {
    std::vector<std::string> all;
    const auto found = w.get<EndpointSlice>(slice);
    REQUIRE(found != nullptr);
    for (const auto& e : *found->endpoints)
        all.push_back(e.addresses.front());
    return all;
}

} // namespace

TEST_CASE("contract row 17: a missing Service leaves the route accepted") {
    CHECK(judged(tcp_world("[{name: app, port: 80}]")) == "True/Accepted False/BackendNotFound");
}

TEST_CASE("contract row 18: the grant is checked before existence") {
    CHECK(judged(tcp_world("[{name: app, namespace: team, port: 80}]")) ==
          "True/Accepted False/RefNotPermitted");
}

TEST_CASE("a backend in a namespace that the controller does not read is not called missing") {
    world w = tcp_world("[{name: app, namespace: team, port: 80}]");
    w.scope = {"default"};
    w.settle();
    const auto verdicts = w.judge<tcp>("r");
    REQUIRE(verdicts.size() == 1);
    CHECK(show(verdicts[0].resolved_refs) == "False/RefNotPermitted");
    CHECK(
        verdicts[0].resolved_refs.message ==
        "spec.rules[0].backendRefs[0].namespace: this controller is limited to some namespaces and does not "
        "read team; refer to a Service of a namespace that it reads, or add team to its flag -namespace "
        "(until "
        "then connections are refused)");
    w.scope = {"default", "team"};
    CHECK(w.judge<tcp>("r")[0].resolved_refs.message.find("no ReferenceGrant") != std::string::npos);
}

TEST_CASE("contract row 19: a grant lets endpoints in, its deletion withdraws them") {
    world w = tcp_world("[{name: app, namespace: team, port: 80}]");
    w.backend("team/app", "[{port: 80}]", "[10.1.0.1]");
    w.add(grant(from_tcp, to_services));
    w.settle();
    CHECK(judged(w) == "True/Accepted True/ResolvedRefs");
    CHECK(endpoints_of(w, "web-l4-tcp-80-ipv4-0") == std::vector<std::string>{"10.1.0.1"});
    w.remove<ReferenceGrant>("team/g");
    w.settle();
    CHECK(w.shown("TCPRoute", "r") == "Accepted=True/Accepted, ResolvedRefs=False/RefNotPermitted");
    CHECK(endpoints_of(w, "web-l4-tcp-80-ipv4-0").empty());
}

TEST_CASE("contract row 20: a grant must list group, kind, namespace and name") {
    const auto with = [](const std::string& from, const std::string& to) {
        world w = tcp_world("[{name: app, namespace: team, port: 80}]");
        w.backend("team/app", "[{port: 80}]");
        w.add(grant(from, to));
        return w.judge<tcp>("r")[0].resolved_refs.reason;
    };
    CHECK(with(from_tcp, "{group: '', kind: Service, name: app}") == "ResolvedRefs");
    CHECK(with("{group: '', kind: TCPRoute, namespace: default}", to_services) == "RefNotPermitted");
    CHECK(with("{group: gateway.networking.k8s.io, kind: UDPRoute, namespace: default}", to_services) ==
          "RefNotPermitted");
    CHECK(with("{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: team}", to_services) ==
          "RefNotPermitted");
    CHECK(with(from_tcp, "{group: apps, kind: Service}") == "RefNotPermitted");
    CHECK(with(from_tcp, "{group: '', kind: Secret}") == "RefNotPermitted");
    CHECK(with(from_tcp, "{group: '', kind: Service, name: other}") == "RefNotPermitted");
    CHECK(with("", to_services) == "RefNotPermitted");
    CHECK(with(from_tcp, "") == "RefNotPermitted");
    // Entries are alternatives.
    CHECK(with(std::string("{group: '', kind: X, namespace: other}, ") + from_tcp,
               std::string("{group: '', kind: Service, name: other}, ") + to_services) == "ResolvedRefs");
}

TEST_CASE("contract row 20: a grant counts in the target's namespace only") {
    world w = tcp_world("[{name: app, namespace: team, port: 80}]");
    w.backend("team/app", "[{port: 80}]");
    w.add("{kind: ReferenceGrant, metadata: {namespace: default, name: g}, spec: {from: [" +
          std::string(from_tcp) + "], to: [" + to_services + "]}}");
    CHECK(judged(w) == "True/Accepted False/RefNotPermitted");
}

TEST_CASE("contract row 21: a grant without a name allows the whole kind") {
    world w = tcp_world("[{name: app, namespace: team, port: 80}, {name: api, namespace: team, port: 80}]");
    w.backend("team/app", "[{port: 80}]");
    w.backend("team/api", "[{port: 80}]");
    w.add(grant(from_tcp, to_services));
    CHECK(judged(w) == "True/Accepted True/ResolvedRefs");
}

TEST_CASE("contract row 22: only Services of the core group can be backends") {
    for (const std::string_view ref :
         {"{name: app, port: 80, kind: Pod}", "{name: app, port: 80, group: apps}",
          "{name: app, port: 80, group: example.com, kind: Service}"}) {
        world w = tcp_world("[" + std::string(ref) + "]");
        w.backend("app", "[{port: 80}]");
        INFO(ref);
        CHECK(judged(w) == "True/Accepted False/InvalidKind");
    }
    world w = tcp_world("[{name: app, port: 80, group: '', kind: Service}]");
    w.backend("app", "[{port: 80}]");
    CHECK(judged(w) == "True/Accepted True/ResolvedRefs");
}

TEST_CASE("a Service without endpoints of its own cannot be a backend") {
    world w = tcp_world("[{name: app, port: 80}]");
    w.add("{kind: Service, metadata: {name: app}, spec: {type: ExternalName, externalName: example.com}}");
    CHECK(judged(w) == "True/Accepted False/InvalidKind");
}

TEST_CASE("a backendRef names a port of the Service in the route's protocol") {
    for (const std::string_view ref : {"{name: app, port: 81}", "{name: app, port: 53}", "{name: app}"}) {
        world w = tcp_world("[" + std::string(ref) + "]");
        w.backend("app", "[{name: http, port: 80}, {name: dns, port: 53, protocol: UDP}]");
        INFO(ref);
        CHECK(judged(w) == "True/Accepted False/BackendNotFound");
    }
}

TEST_CASE("one bad backendRef does not hide the endpoints of the others") {
    world w = tcp_world("[{name: gone, port: 80}, {name: app, port: 80}]");
    w.backend("app", "[{port: 80}]");
    w.settle();
    CHECK(judged(w) == "True/Accepted False/BackendNotFound");
    CHECK(endpoints_of(w, "web-l4-tcp-80-ipv4-0") == std::vector<std::string>{"10.1.0.1"});
}

TEST_CASE("a backend of weight 0 gets nothing, one without weight does") {
    world w = tcp_world(
        "[{name: none, port: 80, weight: 0}, {name: app, port: 80}, {name: more, port: 80, weight: 1}]");
    w.backend("none", "[{port: 80}]", "[10.1.0.1]");
    w.backend("app", "[{port: 80}]", "[10.1.0.2]");
    w.backend("more", "[{port: 80}]", "[10.1.0.3]");
    w.settle();
    CHECK(endpoints_of(w, "web-l4-tcp-80-ipv4-0") == std::vector<std::string>{"10.1.0.2", "10.1.0.3"});
}

TEST_CASE("contract row 28: endpoints follow, and named ports are resolved by the slices") {
    world w = tcp_world("[{name: app, port: 80}]");
    w.backend("app", "[{name: web, port: 80, targetPort: http}, {name: admin, port: 81, targetPort: 9000}]",
              "[10.1.0.1]");
    w.settle();
    const auto slice = w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0");
    REQUIRE(slice->ports.size() == 1);
    CHECK(slice->ports[0].port == 8080); // as the backend's slice says
    CHECK(slice->ports[0].name == "tcp-80");
    w.merge<EndpointSlice>("app-1",
                           "{endpoints: [{addresses: [10.1.0.7], nodeName: n1, zone: z1, conditions: {ready: "
                           "false, serving: true, terminating: true}}, {addresses: [10.1.0.8]}]}");
    w.settle();
    CHECK(endpoints_of(w, "web-l4-tcp-80-ipv4-0") == std::vector<std::string>{"10.1.0.7", "10.1.0.8"});
    const auto& copy = w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->front();
    CHECK(copy.nodeName == "n1");
    CHECK(copy.zone == "z1");
    CHECK(copy.conditions.ready == false);
    CHECK(copy.conditions.terminating == true);
}

TEST_CASE("a backend in the route's namespace needs no grant, whatever the Gateway's namespace") {
    world w;
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.gateway("web", "[{name: a, protocol: TCP, port: 80, allowedRoutes: {namespaces: {from: All}}}]");
    w.route("TCPRoute", "team/r", "[{name: web, namespace: default}]", "[{name: app, port: 80}]");
    w.backend("team/app", "[{port: 80}]", "[10.1.0.5]");
    w.settle();
    CHECK(w.shown("TCPRoute", "team/r") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    CHECK(endpoints_of(w, "web-l4-tcp-80-ipv4-0") == std::vector<std::string>{"10.1.0.5"});
}

TEST_CASE("behaviours other than merge stay in the route's namespace, grant or not") {
    for (const std::string behaviour : {"create", "duplicate", "update"}) {
        world w = tcp_world("[{name: app, namespace: team, port: 80}]",
                            "{serviceBehaviour: " + behaviour + ", selectorkey: app, selectorvalue: x}");
        w.backend("team/app", "[{port: 80}]");
        w.add(grant(from_tcp, to_services));
        const auto before = *w.get<gwctl::core_v1::Service>("team/app");
        w.settle();
        INFO(behaviour);
        CHECK(judged(w) == "True/Accepted False/RefNotPermitted");
        CHECK(*w.get<gwctl::core_v1::Service>("team/app") == before);
        CHECK(w.list<gwctl::core_v1::Service>().size() == 1);
    }
}
