// Listeners and attachment: rows 7 to 16, 31, 38 and 39 of the Gateway API contract.
#include <algorithm>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
constexpr std::string_view tcp_udp = "[{name: t1, protocol: TCP, port: 80}, {name: t2, protocol: TCP, port: "
                                     "81}, {name: u, protocol: UDP, port: 80}]";

std::string kinds_of(const listener_rules& rules) {
    std::string all;
    for (const route_kind* kind : rules.kinds)
        all += (all.empty() ? "" : " ") + std::string(kind->type.kind);
    return all;
}

/// The names of the listeners that the route's first parentRef attaches to, or why there is none.
std::string attached_to(const world& w, std::string_view gateway = "web") {
    const attached_gateway g = w.attached(gateway);
    REQUIRE(g.a.routes.size() == 1);
    REQUIRE(g.a.routes.front().parents.size() == 1);
    const attachment& at = g.a.routes.front().parents.front();
    REQUIRE(at.accepted.holds != at.listeners.empty());
    if (!at.accepted.holds)
        return at.accepted.reason;
    std::string all;
    for (const std::size_t i : at.listeners)
        all += (all.empty() ? "" : " ") + g.a.listeners[i].listener->name;
    return all;
}

world world_with(std::string_view listeners, std::string_view kind, std::string_view parents) {
    world w;
    w.gateway("web", listeners);
    w.route(kind, "r", parents, "[{name: app, port: 80}]");
    return w;
}

} // namespace

TEST_CASE("contract row 07: a TCP or UDP listener is accepted and lists the kind that fits") {
    world w;
    w.gateway("web", tcp_udp);
    const attached_gateway g = w.attached("web");
    for (const listener_rules& rules : g.a.listeners) {
        CHECK(show(rules.accepted) == "True/Accepted");
        CHECK(show(rules.resolved_refs) == "True/ResolvedRefs");
        CHECK_FALSE(rules.conflicted);
        CHECK(kinds_of(rules) == rules.listener->protocol + "Route");
    }
}

TEST_CASE("contract row 08: unknown protocols are refused and take no kind") {
    for (const std::string protocol : {"INVALID", "HTTP", "HTTPS", "TLS", "tcp", "''"}) {
        world w;
        w.gateway("web", "[{name: a, protocol: " + protocol + ", port: 80}]");
        const attached_gateway g = w.attached("web");
        INFO(protocol);
        CHECK(show(g.a.listeners[0].accepted) == "False/UnsupportedProtocol");
        CHECK(g.a.listeners[0].kinds.empty());
    }
}

TEST_CASE("contract row 10: a route attaches by sectionName") {
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, sectionName: t2}]")) == "t2");
    CHECK(attached_to(world_with(tcp_udp, "UDPRoute", "[{name: web, sectionName: u}]")) == "u");
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, sectionName: none}]")) ==
          "NoMatchingParent");
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, sectionName: T2}]")) ==
          "NoMatchingParent");
}

TEST_CASE("contract row 11: a route attaches to the listeners of a port that fit") {
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, port: 80}]")) == "t1");
    CHECK(attached_to(world_with(tcp_udp, "UDPRoute", "[{name: web, port: 80}]")) == "u");
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, port: 82}]")) == "NoMatchingParent");
}

TEST_CASE("contract row 12: sectionName and port must both match") {
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, sectionName: t2, port: 81}]")) == "t2");
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, sectionName: t2, port: 80}]")) ==
          "NoMatchingParent");
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web, sectionName: t3, port: 80}]")) ==
          "NoMatchingParent");
}

TEST_CASE("contract row 13: without either, a route takes all listeners of its protocol") {
    CHECK(attached_to(world_with(tcp_udp, "TCPRoute", "[{name: web}]")) == "t1 t2");
    CHECK(attached_to(world_with(tcp_udp, "UDPRoute", "[{name: web}]")) == "u");
    CHECK(attached_to(world_with("[]", "UDPRoute", "[{name: web}]")) == "NoMatchingParent");
}

TEST_CASE("contract row 14: a listener of another protocol does not take the route, nor count it") {
    for (const std::string_view parents :
         {"[{name: web, sectionName: a}]", "[{name: web, port: 80}]", "[{name: web}]"})
        for (const std::string protocol : {"UDP", "HTTP", "TLS"}) {
            const world w =
                world_with("[{name: a, protocol: " + protocol + ", port: 80}]", "TCPRoute", parents);
            INFO(protocol << " " << parents);
            CHECK(attached_to(w) == "NotAllowedByListeners");
            CHECK(w.attached("web").a.attached == std::vector<std::int32_t>{0});
            CHECK(w.attached("web").a.winners[0] == nullptr);
        }
}

TEST_CASE("contract row 15: namespaces.from decides which namespaces' routes attach") {
    const auto attach_from = [](const std::string& from, const std::string& namespace_) {
        world w;
        w.add("{kind: Namespace, metadata: {name: team, labels: {tier: gold}}}");
        w.gateway("web", "[{name: a, protocol: TCP, port: 80, allowedRoutes: {namespaces: {" + from + "}}}]");
        w.route("TCPRoute", namespace_ + "/r", "[{name: web, namespace: default}]",
                "[{name: app, port: 80}]");
        return attached_to(w);
    };
    CHECK(attach_from("", "default") == "a"); // Same is the default
    CHECK(attach_from("", "team") == "NotAllowedByListeners");
    CHECK(attach_from("from: Same", "default") == "a");
    CHECK(attach_from("from: Same", "team") == "NotAllowedByListeners");
    CHECK(attach_from("from: All", "team") == "a");
    CHECK(attach_from("from: None", "default") == "NotAllowedByListeners");
    CHECK(attach_from("from: Selector", "default") == "NotAllowedByListeners"); // and no selector
    CHECK(attach_from("from: Selector, selector: {}", "team") == "a");
    CHECK(attach_from("from: Selector, selector: {matchLabels: {tier: gold}}", "team") == "a");
    CHECK(attach_from("from: Selector, selector: {matchLabels: {tier: gold}}", "default") ==
          "NotAllowedByListeners");
    CHECK(attach_from("from: Selector, selector: {matchExpressions: [{key: tier, operator: NotIn, values: "
                      "[gold]}]}",
                      "team") == "NotAllowedByListeners");
    CHECK(attach_from("from: Selector, selector: {}", "absent") == "NotAllowedByListeners");
}

TEST_CASE("a selector that cannot be answered takes no routes and says why; Same and All need no labels") {
    const auto attach_from = [](const std::string& from, const std::string& namespace_) {
        world w;
        w.add("{kind: Namespace, metadata: {name: team, labels: {tier: gold}}}");
        w.unknown_labels = "namespaces is forbidden";
        w.gateway("web", "[{name: a, protocol: TCP, port: 80, allowedRoutes: {namespaces: {" + from + "}}}]");
        w.route("TCPRoute", namespace_ + "/r", "[{name: web, namespace: default}]",
                "[{name: app, port: 80}]");
        return w;
    };
    CHECK(attached_to(attach_from("from: All", "team")) == "a");
    CHECK(attached_to(attach_from("from: Same", "default")) == "a");
    const world w = attach_from("from: Selector, selector: {matchLabels: {tier: gold}}", "team");
    CHECK(attached_to(w) == "NotAllowedByListeners");
    CHECK(
        w.judge<tcp>("team/r")[0].accepted.message ==
        "spec.parentRefs: listener a takes routes of namespaces that its selector matches, and this "
        "controller may not read the labels of namespace team: namespaces is forbidden; allow it to list and "
        "watch namespaces, or set allowedRoutes.namespaces.from to Same or All");
}

TEST_CASE("contract row 16: a namespace's new label is taken into account") {
    world w;
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.gateway("web",
              "[{name: a, protocol: TCP, port: 80, allowedRoutes: {namespaces: {from: Selector, selector: "
              "{matchLabels: {tier: gold}}}}}]");
    w.route("TCPRoute", "team/r", "[{name: web, namespace: default}]", "[{name: app, port: 80}]");
    CHECK(attached_to(w) == "NotAllowedByListeners");
    w.add("{kind: Namespace, metadata: {name: team, labels: {tier: gold}}}");
    CHECK(attached_to(w) == "a");
}

TEST_CASE("contract row 31: a removed listener leaves neither status nor port") {
    world w;
    w.gateway("web", tcp_udp);
    w.settle();
    REQUIRE(w.get<Gateway>("web")->status.listeners.size() == 3);
    w.gateway("web", one_tcp);
    w.settle();
    REQUIRE(w.get<Gateway>("web")->status.listeners.size() == 1);
    CHECK(w.get<Gateway>("web")->status.listeners[0].name == "a");
    const auto service = w.get<gwctl::core_v1::Service>("web-l4");
    REQUIRE(service->spec.ports.size() == 1);
    CHECK(service->spec.ports[0].name == "tcp-80");
    CHECK(w.list<gwctl::discovery_v1::EndpointSlice>().size() == 1);
}

TEST_CASE("contract row 38: kinds that do not fit are reported, those that do are supported") {
    const auto judge = [](std::string_view kinds) {
        world w;
        w.gateway("web",
                  "[{name: a, protocol: TCP, port: 80, allowedRoutes: {kinds: " + std::string(kinds) + "}}]");
        const listener_rules rules = w.attached("web").a.listeners[0];
        return show(rules.accepted) + " " + show(rules.resolved_refs) + " [" + kinds_of(rules) + "]";
    };
    CHECK(judge("[{kind: InvalidRoute}, {kind: TCPRoute}]") ==
          "True/Accepted False/InvalidRouteKinds [TCPRoute]");
    CHECK(judge("[{kind: TCPRoute}, {kind: UDPRoute}]") ==
          "True/Accepted False/InvalidRouteKinds [TCPRoute]");
    CHECK(judge("[{kind: InvalidRoute}]") == "True/Accepted False/InvalidRouteKinds []");
    CHECK(judge("[{kind: TCPRoute}, {kind: TCPRoute}]") == "True/Accepted True/ResolvedRefs [TCPRoute]");
    CHECK(judge("[{group: example.com, kind: TCPRoute}]") == "True/Accepted False/InvalidRouteKinds []");
    CHECK(judge("[{group: gateway.networking.k8s.io, kind: TCPRoute}]") ==
          "True/Accepted True/ResolvedRefs [TCPRoute]");
    CHECK(judge("[{group: '', kind: TCPRoute}]") == "True/Accepted False/InvalidRouteKinds []");
}

TEST_CASE("a listener whose kinds leave the route's out does not take it") {
    CHECK(attached_to(
              world_with("[{name: a, protocol: TCP, port: 80, allowedRoutes: {kinds: [{kind: UDPRoute}]}}]",
                         "TCPRoute", "[{name: web}]")) == "NotAllowedByListeners");
}

TEST_CASE("contract row 39: two protocols on one TCP port conflict and none wins; TCP and UDP do not") {
    for (const std::string other : {"HTTP", "HTTPS", "TLS", "TCP"}) {
        world w;
        w.gateway("web",
                  "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: " + other +
                      ", port: 80}, {name: c, protocol: UDP, port: 80}, {name: d, protocol: TCP, port: 81}]");
        const attached_gateway g = w.attached("web");
        INFO(other);
        for (const std::size_t i : {0U, 1U}) {
            CHECK(show(g.a.listeners[i].accepted) == "False/ProtocolConflict");
            CHECK(g.a.listeners[i].conflicted);
        }
        for (const std::size_t i : {2U, 3U}) {
            CHECK(show(g.a.listeners[i].accepted) == "True/Accepted");
            CHECK_FALSE(g.a.listeners[i].conflicted);
        }
        w.settle();
        const auto& status = w.get<Gateway>("web")->status.listeners[0].conditions;
        CHECK(show(status, "Conflicted") == "True/ProtocolConflict");
        CHECK(show(status, "Programmed") == "False/ProtocolConflict");
        CHECK(w.get<gwctl::core_v1::Service>("web-l4")->spec.ports.size() == 2);
    }
}

TEST_CASE("a route counts on listeners that are not accepted, too") {
    // Gateway API: attachedRoutes counts routes whatever the listener's own state.
    const world w = world_with("[{name: a, protocol: TCP, port: 80}, {name: b, protocol: HTTP, port: 80}]",
                               "TCPRoute", "[{name: web}]");
    CHECK(w.attached("web").a.attached == std::vector<std::int32_t>{1, 0});
}

TEST_CASE("only parentRefs to the Gateway itself count") {
    for (const std::string_view parent :
         {"{name: other}", "{name: web, namespace: elsewhere}", "{name: web, kind: Service}",
          "{name: web, group: ''}", "{name: web, group: example.com}", "{name: web, kind: ListenerSet}"}) {
        const world w = world_with(one_tcp, "TCPRoute", "[" + std::string(parent) + "]");
        INFO(parent);
        const attached_gateway g = w.attached("web");
        CHECK(g.a.attached == std::vector<std::int32_t>{0});
        CHECK(w.judge<tcp>("r").empty());
    }
}

TEST_CASE("a route that names one listener twice counts once") {
    const world w = world_with(one_tcp, "TCPRoute", "[{name: web}, {name: web, sectionName: a}]");
    CHECK(w.attached("web").a.attached == std::vector<std::int32_t>{1});
    CHECK(w.judge<tcp>("r").size() == 2);
}
