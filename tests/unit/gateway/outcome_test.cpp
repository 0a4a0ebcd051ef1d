// What a route's status says about how it is served: condition Programmed.
#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view one = "[{name: a, protocol: TCP, port: 80}]";
constexpr std::string_view created = "{selectorkey: app, selectorvalue: x}";

std::string programmed_of(const world& w, std::string_view route = "r", std::size_t n = 0) {
    return w.said("TCPRoute", route, "Programmed", n);
}

} // namespace

TEST_CASE("a route says which Service serves which of its listeners") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.backend("app", "[{port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(programmed_of(w) == "True/Programmed: Listeners a, b are served by Service default/web-l4");
    w.route("TCPRoute", "q", "[{name: web, sectionName: b}]", "[{name: app, port: 80}]");
    w.merge<gateway_v1::TCPRoute>("q", "{metadata: {creationTimestamp: '2020-01-01T00:00:00Z'}}");
    w.settle();
    CHECK(programmed_of(w).starts_with(
        "True/PartiallyProgrammed: Listener a is served by Service default/web-l4. "
        "spec.parentRefs: listener b of Gateway default/web serves TCPRoute default/q"));
}

TEST_CASE("a route to a Service without selector and endpoints says how it gets some") {
    world w;
    w.gateway("web", one);
    w.add("{kind: Service, metadata: {name: app}, spec: {ports: [{port: 80}]}}");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(programmed_of(w) ==
          "False/NoEndpoints: Service default/app: spec.selector: it has none, and no EndpointSlice gives it "
          "endpoints, so connections to listener a are refused; add an EndpointSlice with the label "
          "kubernetes.io/service-name: app, or a selector");
    w.merge<core_v1::Service>("app", "{spec: {selector: {app: x}}}");
    w.settle();
    CHECK(programmed_of(w) == "False/NoEndpoints: Service default/app: spec.selector: it has no endpoint, so "
                              "connections to listener a "
                              "are refused; start its pods, or correct the selector");
}

TEST_CASE("a route without a backend that can be used says whether references or weights are to blame") {
    world w;
    w.gateway("web", one);
    w.backend("app", "[{port: 80}]");
    const std::string behaviours =
        GENERATE("{}", "{serviceBehaviour: duplicate}", "{serviceBehaviour: update}");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80, weight: 0}]", behaviours);
    w.settle();
    CHECK(programmed_of(w) ==
          "False/NoBackend: spec.rules: every backendRef has weight 0; give one of them a "
          "weight above 0; until then connections to listener a are refused");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: gone, port: 80}]", behaviours);
    w.settle();
    CHECK(programmed_of(w) ==
          "False/NoBackend: spec.rules: no backendRef can be used; correct what the condition ResolvedRefs "
          "names; until then connections to listener a are refused");
    w.route("TCPRoute", "r", "[{name: web}]", "[]", behaviours);
    w.settle();
    CHECK(programmed_of(w) ==
          "False/NoBackend: spec.rules: expected a backendRef, got none; add one; until then "
          "connections to listener a are refused");
}

TEST_CASE("a route whose Service of its own has no endpoints says so once Kubernetes has looked") {
    world w;
    w.gateway("web", one);
    w.backend("app", "[{port: 80}]");
    const bool is_created = GENERATE(true, false);
    const std::string service = is_created ? "made" : "app-gw-api";
    w.route("TCPRoute", "r", "[{name: web}]",
            is_created ? "[{name: made, port: 80}]" : "[{name: app, port: 80}]",
            is_created ? std::string(created) : "{serviceBehaviour: duplicate}");
    w.settle();
    CHECK(programmed_of(w).starts_with("True/Programmed"));
    const auto slice = [&](std::string_view family, std::string_view endpoints) {
        w.add(fmt::format(
            "{{kind: EndpointSlice, metadata: {{name: s, labels: {{kubernetes.io/service-name: {}}}}}, "
            "addressType: {}, ports: [{{port: 80}}], endpoints: {}}}",
            service, family, endpoints));
        w.settle();
    };
    slice("IPv4", "[]");
    CHECK(programmed_of(w) ==
          fmt::format(
              "False/NoEndpoints: Service default/{}: spec.selector: no pod matches it, so connections to "
              "listener a are refused; start the pods, or correct {}",
              service,
              is_created ? "the route's labels selectorkey and selectorvalue"
                         : "the selector of the Service it copies"));
    slice("IPv4", "[{addresses: [10.1.0.1], conditions: {ready: true}}]");
    CHECK(programmed_of(w).starts_with("True/Programmed"));
    w.merge<discovery_v1::EndpointSlice>("s", "{ports: []}"); // no pod has the named targetPort
    w.settle();
    CHECK(programmed_of(w).starts_with("False/NoEndpoints: "));
    slice("IPv6", "[{addresses: ['fd00::1'], conditions: {ready: true}}]");
    CHECK(programmed_of(w).starts_with("False/NoEndpointsOfFamily: Service default/" + service +
                                       ": spec.ipFamilies: no pod has an address of the family IPv4"));
}

TEST_CASE("a Service that the API server refuses is told by the Gateway and by the routes it would serve") {
    world w;
    w.gateway("web",
              "[{name: a, protocol: TCP, port: 80, allowedRoutes: {namespaces: {from: All}}}, {name: b, "
              "protocol: TCP, port: 81}]");
    w.backend("app", "[{port: 80}]");
    w.route("TCPRoute", "q", "[{name: web, sectionName: b}]", "[{name: app, port: 80}]");
    w.settle();
    const std::string namespace_ = GENERATE("default", "other");
    const object_key made(namespace_, "made");
    w.route("TCPRoute", namespace_ + "/r", "[{namespace: default, name: web, sectionName: a}]",
            "[{name: made, port: 80}]", created);
    const addressing addresses = w.addresses_of(key("web"));
    snapshot s = w.snapshot_of(key("web"));
    s.refused[made] = "Service made: spec.ports: refused; change it";
    const desired_state said = plan(s, addresses, w.opts, w.now);
    // What a route asks for elsewhere is its own matter.
    CHECK(show(said.status.conditions, "Programmed") ==
          (namespace_ == "default" ? "False/NoResources" : "True/Programmed"));
    const auto outcome_of = [&](const std::string& route) {
        for (const route_outcome& o : said.outcomes)
            if (o.key.name == route)
                return *o.parents.at(0).programmed;
        return verdict{};
    };
    CHECK(show(outcome_of("r")) == "False/NotServed");
    CHECK(outcome_of("r").message == s.refused.at(made));
    CHECK(show(outcome_of("q")) == "True/Programmed");
}

TEST_CASE("a port that the API server refuses takes nothing from the ports that a Service has") {
    world w;
    w.gateway("web", one);
    w.backend("app", "[{port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    const addressing addresses = w.addresses_of(key("web"));
    snapshot s = w.snapshot_of(key("web"));
    s.refused[key("web-l4")] = "Service default/web-l4: spec.ports: refused; change it";
    const desired_state said = plan(s, addresses, w.opts, w.now);
    CHECK(show(said.status.conditions, "Programmed") == "False/NoResources");
    REQUIRE(said.outcomes.size() == 1);
    CHECK(said.outcomes[0].parents.at(0).programmed->message ==
          "Listener a is served by Service default/web-l4. " + s.refused.at(key("web-l4")));
}

TEST_CASE("a route that is not accepted has no Programmed") {
    world w;
    w.gateway("web", one);
    w.backend("app", "[{port: 80}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: z}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(programmed_of(w) == "absent");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(programmed_of(w).starts_with("True/"));
    w.route("TCPRoute", "r", "[{name: web, sectionName: z}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(programmed_of(w) == "absent");
}

TEST_CASE("a route of a Gateway without address says what the Gateway lacks") {
    world w;
    w.gateway("web", one, "addresses: [{value: 192.0.2.9}]");
    w.backend("app", "[{port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(programmed_of(w).starts_with(
        "False/AddressNotUsable: Gateway default/web: spec.addresses[0].value: "));
}

TEST_CASE("a route on a listener that is not accepted says so") {
    world w;
    w.gateway("web",
              "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: HTTP, port: 80}, {name: c, protocol: "
              "TCP, port: 81}]");
    w.backend("app", "[{port: 80}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(programmed_of(w).starts_with(
        "False/ListenerNotAccepted: Gateway default/web: status.listeners[a]: "));
}

TEST_CASE("what cannot be served per route is in the route's status, where a restart finds it") {
    world w;
    SECTION("a second Gateway") {
        w.gateway("old", one);
        w.gateway("young", one);
        w.route("TCPRoute", "r", "[{name: young}, {name: old}]", "[{name: app, port: 80}]", created);
        w.settle();
        CHECK(programmed_of(w, "r", 0).starts_with(
            "False/NotServed: spec.parentRefs: behaviour create serves one "
            "Gateway only, which is default/old"));
        CHECK(programmed_of(w, "r", 1) == "True/Programmed: Listener a is served by Service default/app");
    }
    SECTION("a second backend") {
        w.gateway("web", one);
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}, {name: more, port: 80}]", created);
        w.settle();
        CHECK(programmed_of(w).starts_with(
            "True/PartiallyProgrammed: Listener a is served by Service default/app. "
            "spec.rules: behaviour create serves one backendRef only"));
    }
    SECTION("the Gateway's own name") {
        w.gateway("web", one);
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: web-l4, port: 80}]", created);
        w.settle();
        CHECK(programmed_of(w).starts_with(
            "False/NotServed: spec.rules: Service default/web-l4 is the name of the "));
    }
    SECTION("a name that is taken") {
        w.add("{kind: Service, metadata: {name: web-l4}, spec: {ports: [{port: 80}]}}");
        w.gateway("web", one);
        w.backend("app", "[{port: 80}]");
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
        w.settle();
        CHECK(programmed_of(w).starts_with("False/NotServed: Service default/web-l4: metadata.name: "));
    }
    SECTION("a port that the user's Service has for something else") {
        w.gateway("web", one);
        w.backend("app", "[{name: one, port: 80}, {name: two, port: 8080}]");
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: update}");
        w.settle();
        CHECK(programmed_of(w).starts_with("False/NotServed: Service default/app: spec.ports: TCP port 80 "));
    }
    SECTION("an address of another family") {
        w.gateway("web", one);
        w.backend("app", "[{port: 8080}]");
        w.merge<Service>("app", "{spec: {ipFamilies: [IPv6]}}");
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: update}");
        const Service before = *w.get<Service>("app");
        w.settle();
        CHECK(programmed_of(w).starts_with(
            "False/NotServed: Service default/app: spec.ipFamilies: expected IPv4 "));
        CHECK(*w.get<Service>("app") == before);
    }
    // As after a restart: nothing is left to say, so no Event is due either.
    w.take_writes();
    w.restart();
    w.settle();
    CHECK(w.take_writes().empty());
}

TEST_CASE("a parent entry has at most 8 conditions, of which ours stay") {
    condition_writer conditions({}, 1, wall_time());
    for (int i = 0; i < 12; ++i)
        conditions.set(fmt::format("Type{}", i), true, "R", "m");
    condition_writer again(std::move(conditions).take(), 1, wall_time());
    again.set("Accepted", true, "Accepted", "m");
    again.set("Type3", false, "R", "m");
    const std::vector<Condition> all = std::move(again).take();
    CHECK(all.size() == 8);
    CHECK(find_condition(all, "Accepted") != nullptr);
    CHECK(find_condition(all, "Type3") != nullptr);
}
