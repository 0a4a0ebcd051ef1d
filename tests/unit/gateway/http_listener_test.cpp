// HTTP and HTTPS listeners: refused by default; with http_listeners::status judged, counted, and never
// served.
#include "gateway/certificates.hpp"

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;
using discovery_v1::EndpointSlice;

namespace {

std::string listener_status(const world& w, std::string_view gateway, std::string_view listener) {
    for (const auto& l : w.get<Gateway>(gateway)->status.listeners) {
        if (l.name != listener)
            continue;
        std::string kinds;
        for (const auto& k : l.supportedKinds.value())
            kinds += " " + k.kind;
        return fmt::format("{} refs={} programmed={}{}", show(l.conditions, "Accepted"),
                           show(l.conditions, "ResolvedRefs"), show(l.conditions, "Programmed"), kinds);
    }
    return "no status";
}

void http_route(world& w, std::string_view name, std::string_view parents, std::string_view hostnames = "[]",
                std::string_view labels = "{}") {
    const object_key k = key(name);
    w.add(fmt::format(
        "{{kind: HTTPRoute, metadata: {{namespace: {}, name: {}, labels: {}}}, spec: "
        "{{parentRefs: {}, hostnames: {}, rules: [{{backendRefs: [{{name: app, port: 80}}]}}]}}}}",
        k.namespace_, k.name, labels, parents, hostnames));
}

std::int32_t count(const world& w, std::string_view listener) {
    for (const auto& l : w.get<Gateway>("web")->status.listeners)
        if (l.name == listener)
            return l.attachedRoutes;
    return -1;
}

constexpr std::string_view http_80 = "[{name: a, protocol: HTTP, port: 80}]";

std::string https(std::string_view refs) {
    return fmt::format("[{{name: a, protocol: HTTPS, port: 443, tls: {{certificateRefs: {}}}}}]", refs);
}

constexpr std::string_view good = "True/Accepted refs=True/ResolvedRefs programmed=True/Programmed HTTPRoute";

} // namespace

TEST_CASE("HTTP and HTTPS listeners are refused by default, and HTTPRoutes ignored") {
    world w;
    w.gateway("web", "[{name: a, protocol: HTTP, port: 80}, {name: b, protocol: HTTPS, port: 443, tls: "
                     "{certificateRefs: [{name: absent}]}}]");
    http_route(w, "r", "[{name: web}]");
    w.settle();
    CHECK(listener_status(w, "web", "a") ==
          "False/UnsupportedProtocol refs=True/ResolvedRefs programmed=False/Invalid");
    CHECK(listener_status(w, "web", "b") ==
          "False/UnsupportedProtocol refs=True/ResolvedRefs programmed=False/Invalid");
    CHECK(count(w, "a") == 0);
    CHECK(w.accepted("web") == "False/ListenersNotValid");
    CHECK(w.list<Service>().empty());
}

TEST_CASE("http status: a Gateway of HTTP alone gets an address and ports that refuse") {
    world w(world::with_http());
    w.gateway("web", "[{name: a, protocol: HTTP, port: 80}, {name: b, protocol: HTTP, port: 80, hostname: "
                     "a.example}, {name: c, protocol: HTTP, port: 8080}]");
    w.settle();
    for (const std::string_view listener : {"a", "b", "c"})
        CHECK(listener_status(w, "web", listener) == good);
    CHECK(w.accepted("web") == "True/Accepted");
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.addresses("web").size() == 1);
    const auto service = w.get<Service>("web-l4");
    REQUIRE(service->spec.ports.size() == 2);
    CHECK(service->spec.ports[0].port == 80);
    CHECK(service->spec.ports[1].port == 8080);
    for (const auto& slice : w.list<EndpointSlice>())
        CHECK(slice->endpoints->empty());
}

TEST_CASE("http status: other protocols stay unsupported") {
    world w(world::with_http());
    w.gateway("web", "[{name: a, protocol: HTTP, port: 80}, {name: b, protocol: INVALID, port: 1111}, {name: "
                     "c, protocol: TLS, port: 443}, {name: d, protocol: TCP, port: 81}]");
    w.settle();
    CHECK(listener_status(w, "web", "a") == good);
    CHECK(listener_status(w, "web", "b") ==
          "False/UnsupportedProtocol refs=True/ResolvedRefs programmed=False/Invalid");
    CHECK(listener_status(w, "web", "c") ==
          "False/UnsupportedProtocol refs=True/ResolvedRefs programmed=False/Invalid");
    CHECK(listener_status(w, "web", "d") ==
          "True/Accepted refs=True/ResolvedRefs programmed=True/Programmed TCPRoute");
    CHECK(w.accepted("web") == "True/ListenersNotValid");
}

TEST_CASE("http status: kinds that do not fit are reported") {
    world w(world::with_http());
    w.gateway("web",
              "[{name: a, protocol: HTTP, port: 80, allowedRoutes: {kinds: [{kind: InvalidRoute}]}}, "
              "{name: b, protocol: HTTP, port: 81, allowedRoutes: {kinds: [{kind: InvalidRoute}, {kind: "
              "HTTPRoute}]}}, {name: c, protocol: HTTP, port: 82, allowedRoutes: {kinds: [{kind: "
              "TCPRoute}]}}]");
    w.settle();
    CHECK(listener_status(w, "web", "a") ==
          "True/Accepted refs=False/InvalidRouteKinds programmed=False/Invalid");
    CHECK(listener_status(w, "web", "b") ==
          "True/Accepted refs=False/InvalidRouteKinds programmed=True/Programmed HTTPRoute");
    CHECK(listener_status(w, "web", "c") ==
          "True/Accepted refs=False/InvalidRouteKinds programmed=False/Invalid");
}

TEST_CASE("http status: listeners share a port by host name, and with nobody else") {
    struct row {
        const char* a;
        const char* b;
        const char* reason; ///< of both; "" when they do not conflict
    };
    const auto r =
        GENERATE(row{"HTTP, hostname: a.example", "HTTP, hostname: b.example", ""},
                 row{"HTTP", "HTTP, hostname: b.example", ""}, row{"HTTP", "HTTP", "HostnameConflict"},
                 row{"HTTP, hostname: a.example", "HTTP, hostname: a.example", "HostnameConflict"},
                 row{"HTTPS, hostname: a.example", "HTTPS, hostname: a.example", "HostnameConflict"},
                 row{"HTTPS, hostname: a.example", "TLS, hostname: a.example", "HostnameConflict"},
                 row{"HTTPS, hostname: a.example", "TLS, hostname: b.example", ""},
                 row{"HTTP, hostname: a.example", "HTTPS, hostname: b.example", "ProtocolConflict"},
                 row{"HTTP, hostname: a.example", "TCP", "ProtocolConflict"}, row{"HTTP", "UDP", ""});
    INFO(r.a << " / " << r.b);
    world w(world::with_http());
    w.gateway("web", fmt::format("[{{name: a, port: 80, protocol: {}}}, {{name: b, port: 80, protocol: {}}}]",
                                 r.a, r.b));
    const attached_gateway g = w.attached("web");
    for (const listener_rules& rules : g.a.listeners) {
        CHECK(rules.conflicted == (*r.reason != '\0'));
        if (*r.reason != '\0')
            CHECK(rules.accepted.reason == r.reason);
    }
}

TEST_CASE("http status: HTTPRoutes are counted where they attach, and left alone") {
    world w(world::with_http());
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.gateway(
        "web",
        "[{name: a, protocol: HTTP, port: 80}, {name: b, protocol: HTTP, port: 80, hostname: '*.b.example', "
        "allowedRoutes: {namespaces: {from: All}}}, {name: c, protocol: TCP, port: 81}]");
    http_route(w, "all", "[{name: web}]");
    http_route(w, "wrong-host", "[{name: web}]", "[c.example]");
    http_route(w, "some-host", "[{name: web}]", "[c.example, x.b.example]");
    http_route(w, "top", "[{name: web, sectionName: b}]",
               "[b.example]"); // '*.' stands for at least one label
    http_route(w, "wide", "[{name: web, sectionName: b}]", "['*.example']");
    http_route(w, "team/foreign", "[{name: web, namespace: default}]");
    http_route(w, "on-tcp", "[{name: web, sectionName: c}]");
    http_route(w, "labelled", "[{name: web, sectionName: a}]", "[]", "{serviceBehaviour: update}");
    w.take_writes();
    w.settle();
    CHECK(count(w, "a") == 4); // all, wrong-host, some-host, labelled
    CHECK(count(w, "b") == 4); // all, some-host, wide, team/foreign
    CHECK(count(w, "c") == 0);
    for (const std::string& write : w.take_writes())
        CHECK(write.find("HTTPRoute") == std::string::npos);
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->spec.ports.size() == 2);
}

TEST_CASE("http status: a TCPRoute does not attach to an HTTP listener") {
    world w(world::with_http());
    w.gateway("web", http_80);
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(count(w, "a") == 0);
    CHECK(w.shown("TCPRoute", "r") ==
          "Accepted=False/NotAllowedByListeners, ResolvedRefs=False/BackendNotFound");
}

TEST_CASE("http status: certificateRefs are judged, the grant before the Secret") {
    struct row {
        const char* refs;
        const char* resolved;
    };
    const auto r = GENERATE(row{"[{name: good}]", "True/ResolvedRefs"},
                            row{"[{name: good, kind: Secret, group: ''}]", "True/ResolvedRefs"},
                            row{"[]", "False/InvalidCertificateRef"},
                            row{"[{name: absent}]", "False/InvalidCertificateRef"},
                            row{"[{name: bad}]", "False/InvalidCertificateRef"},
                            row{"[{name: good}, {name: bad}]", "False/InvalidCertificateRef"},
                            row{"[{name: good, group: example.com}]", "False/InvalidCertificateRef"},
                            row{"[{name: good, kind: ConfigMap}]", "False/InvalidCertificateRef"},
                            row{"[{name: shared, namespace: team}]", "False/RefNotPermitted"},
                            row{"[{name: absent, namespace: team}]", "False/RefNotPermitted"},
                            row{"[{name: granted, namespace: team}]", "True/ResolvedRefs"});
    INFO(r.refs);
    world w(world::with_http());
    w.certificates = {{key("good"), ""},
                      {key("bad"), "data[tls.crt]: nonsense"},
                      {key("team/shared"), ""},
                      {key("team/granted"), ""}};
    w.add("{kind: ReferenceGrant, metadata: {namespace: team, name: g}, spec: {from: [{group: "
          "gateway.networking.k8s.io, kind: Gateway, namespace: default}], to: [{group: '', kind: Secret, "
          "name: granted}]}}");
    w.gateway("web", https(r.refs));
    w.settle();
    const bool holds = std::string_view(r.resolved).starts_with("True");
    CHECK(listener_status(w, "web", "a") == fmt::format("True/Accepted refs={} programmed={} HTTPRoute",
                                                        r.resolved,
                                                        holds ? "True/Programmed" : "False/Invalid"));
    // The suite waits for such Gateways like for any other.
    CHECK(w.accepted("web") == "True/Accepted");
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("http status: a grant for Gateways is none for ListenerSets, and the other way round") {
    world w(world::with_http());
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.certificates = {{key("team/cert"), ""}};
    const auto grant = [&](std::string_view kind) {
        w.add(
            fmt::format("{{kind: ReferenceGrant, metadata: {{namespace: team, name: g}}, spec: {{from: "
                        "[{{group: gateway.networking.k8s.io, kind: {}, namespace: default}}], to: [{{group: "
                        "'', kind: Secret}}]}}}}",
                        kind));
        w.settle();
    };
    w.gateway("web", https("[{name: cert, namespace: team}]"), "allowedListeners: {namespaces: {from: All}}");
    w.listener_set("extra",
                   "[{name: a, protocol: HTTPS, port: 443, hostname: a.example, tls: {certificateRefs: "
                   "[{name: cert, namespace: team}]}}]");
    grant("Gateway");
    CHECK(listener_status(w, "web", "a") == good);
    CHECK(w.set_status("extra") == "Accepted=False/ListenersNotValid, Programmed=False/ListenersNotValid");
    CHECK(show(w.get<ListenerSet>("extra")->status.listeners[0].conditions, "ResolvedRefs") ==
          "False/RefNotPermitted");
    grant("ListenerSet");
    CHECK(listener_status(w, "web", "a") ==
          "True/Accepted refs=False/RefNotPermitted programmed=False/Invalid HTTPRoute");
    CHECK(w.set_status("extra") == "Accepted=True/Accepted, Programmed=True/Programmed");
}

TEST_CASE("http status: sets conflict by host name, the first wins") {
    world w(world::with_http());
    w.gateway("web", "[{name: a, protocol: HTTP, port: 80, hostname: own.example}]",
              "allowedListeners: {namespaces: {from: Same}}");
    w.listener_set("one",
                   "[{name: a, protocol: HTTP, port: 80, hostname: one.example}, {name: b, protocol: HTTP, "
                   "port: 80, hostname: own.example}, {name: c, protocol: TCP, port: 80}, {name: d, "
                   "protocol: HTTP, port: 80, hostname: shared.example}]");
    w.listener_set("two", "[{name: d, protocol: HTTP, port: 80, hostname: shared.example}]");
    http_route(w, "r", "[{kind: ListenerSet, name: one, sectionName: a}]");
    w.settle();
    const auto shown = [&](std::string_view set, std::size_t i) {
        const auto& conditions = w.get<ListenerSet>(set)->status.listeners.at(i).conditions;
        return fmt::format("{} {} {}", show(conditions, "Accepted"), show(conditions, "Programmed"),
                           show(conditions, "Conflicted"));
    };
    constexpr std::string_view won = "True/Accepted True/Programmed False/NoConflicts";
    CHECK(listener_status(w, "web", "a") == good);
    CHECK(shown("one", 0) == won);
    CHECK(shown("one", 1) == "False/HostnameConflict False/HostnameConflict True/HostnameConflict");
    CHECK(shown("one", 2) == "False/ProtocolConflict False/ProtocolConflict True/ProtocolConflict");
    CHECK(shown("one", 3) == won);
    CHECK(shown("two", 0) == "False/HostnameConflict False/HostnameConflict True/HostnameConflict");
    CHECK(w.set_status("one") == "Accepted=True/ListenersNotValid, Programmed=True/Programmed");
    CHECK(w.set_status("two") == "Accepted=False/ListenersNotValid, Programmed=False/ListenersNotValid");
    CHECK(w.get<Gateway>("web")->status.attachedListenerSets == 1);
    CHECK(w.get<ListenerSet>("one")->status.listeners[0].attachedRoutes == 1);
    CHECK(w.get<Service>("web-l4")->spec.ports.size() == 1);
}
