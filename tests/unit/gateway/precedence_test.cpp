// Several routes on one listener: rows 23 to 25 of the Gateway API contract.
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;

namespace {

void add_route(world& w, const std::string& kind, const std::string& name, const std::string& created) {
    const gwctl::object_key k = key(name);
    w.add("{kind: " + kind + ", metadata: {namespace: " + k.namespace_ + ", name: " + k.name +
          ", creationTimestamp: '" + created +
          "'}, spec: {parentRefs: [{name: web, namespace: default}], rules: [{backendRefs: [{name: " +
          k.name + ", port: 80}]}]}}");
}

world shared_listener() {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80, allowedRoutes: {namespaces: {from: All}}}]");
    return w;
}

std::string winner(const world& w) {
    const attached_gateway g = w.attached("web");
    return g.a.winners[0] == nullptr ? "none" : describe(*g.a.winners[0]->route);
}

} // namespace

TEST_CASE("contract row 23: of two routes both are accepted and count, the oldest is served") {
    world w = shared_listener();
    w.backend("old", "[{port: 80}]", "[10.1.0.1]");
    w.backend("young", "[{port: 80}]", "[10.1.0.2]");
    add_route(w, "TCPRoute", "young", "2026-01-02T00:00:00Z");
    add_route(w, "TCPRoute", "old", "2026-01-01T00:00:00Z");
    w.settle();
    CHECK(winner(w) == "TCPRoute default/old");
    CHECK(w.get<Gateway>("web")->status.listeners[0].attachedRoutes == 2);
    for (const std::string_view route : {"old", "young"})
        CHECK(w.shown("TCPRoute", route) == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    const auto slice = w.get<gwctl::discovery_v1::EndpointSlice>("web-l4-tcp-80-ipv4-0");
    REQUIRE(slice->endpoints->size() == 1);
    CHECK(slice->endpoints->front().addresses.front() == "10.1.0.1");
    // The one that is not served is told which is.
    CHECK(w.said("TCPRoute", "young", "Programmed")
              .starts_with("False/Superseded: spec.parentRefs: listener a of Gateway default/web serves "
                           "TCPRoute default/old"));
    CHECK(w.said("TCPRoute", "old", "Programmed") ==
          "True/Programmed: Listener a is served by Service default/web-l4");
}

TEST_CASE("contract row 24: when the oldest route is deleted, the next serves") {
    world w = shared_listener();
    w.backend("old", "[{port: 80}]", "[10.1.0.1]");
    w.backend("young", "[{port: 80}]", "[10.1.0.2]");
    add_route(w, "TCPRoute", "young", "2026-01-02T00:00:00Z");
    add_route(w, "TCPRoute", "old", "2026-01-01T00:00:00Z");
    w.settle();
    w.remove<gwctl::gateway_v1::TCPRoute>("old");
    w.settle();
    CHECK(w.said("TCPRoute", "young", "Programmed").starts_with("True/Programmed"));
    CHECK(winner(w) == "TCPRoute default/young");
    CHECK(w.get<Gateway>("web")->status.listeners[0].attachedRoutes == 1);
    CHECK(w.get<gwctl::discovery_v1::EndpointSlice>("web-l4-tcp-80-ipv4-0")
              ->endpoints->front()
              .addresses.front() == "10.1.0.2");
}

TEST_CASE("contract row 25: equal ages are told apart by namespace, then name") {
    world w = shared_listener();
    add_route(w, "TCPRoute", "b/k", "2026-01-01T00:00:00Z");
    CHECK(winner(w) == "TCPRoute b/k");
    add_route(w, "TCPRoute", "a/z", "2026-01-01T00:00:00Z");
    CHECK(winner(w) == "TCPRoute a/z");
    add_route(w, "TCPRoute", "a/x", "2026-01-01T00:00:00Z");
    CHECK(winner(w) == "TCPRoute a/x");
    add_route(w, "TCPRoute", "z/z", "2025-12-31T23:59:59Z");
    CHECK(winner(w) == "TCPRoute z/z");
}

TEST_CASE("a route that the listener refuses does not win, however old") {
    world w = shared_listener();
    add_route(w, "TCPRoute", "served", "2026-01-01T00:00:00Z");
    add_route(w, "UDPRoute", "other", "2020-01-01T00:00:00Z");
    w.add("{kind: TCPRoute, metadata: {name: broken, creationTimestamp: '2020-01-01T00:00:00Z', labels: "
          "{serviceBehaviour: nonsense}}, spec: {parentRefs: [{name: web}]}}");
    CHECK(winner(w) == "TCPRoute default/served");
    CHECK(w.attached("web").a.attached[0] == 1);
    CHECK(show(w.judge<tcp>("broken")[0].accepted) == "False/UnsupportedValue");
}

TEST_CASE("a route that is being deleted serves no more") {
    world w = shared_listener();
    w.add("{kind: TCPRoute, metadata: {name: leaving, finalizers: [example.com/held], creationTimestamp: "
          "'2020-01-01T00:00:00Z'}, spec: {parentRefs: [{name: web}]}}");
    CHECK(winner(w) == "TCPRoute default/leaving");
    w.remove<gwctl::gateway_v1::TCPRoute>("leaving");
    REQUIRE(w.get<gwctl::gateway_v1::TCPRoute>("leaving") != nullptr);
    CHECK(winner(w) == "none");
}
