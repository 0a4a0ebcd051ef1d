// Routes and what they refer to, with every field outside of what the CRDs allow, and with what CRDs let through.
#include "bad_input.hpp"

#include <fmt/format.h>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;

namespace {

std::string parent(const std::string& fields) {
    return fmt::format("{{spec: {{parentRefs: [{}]}}}}", overlaid("{name: web}", fields));
}
std::string backends(std::string_view list) {
    return fmt::format("{{spec: {{rules: [{{backendRefs: [{}]}}]}}}}", list);
}
std::string one_backend(const std::string& fields) {
    return backends(overlaid("{name: app, port: 80}", fields));
}
std::string made(const std::string& fields, std::string_view labels = "selectorkey: app, selectorvalue: x") {
    return fmt::format("{{metadata: {{labels: {{{}}}}}, spec: {{rules: [{{backendRefs: [{}]}}]}}}}", labels,
                       overlaid("{name: made}", fields));
}
std::string service(std::string_view fields) { return fmt::format("{{spec: {{{}}}}}", fields); }

const std::string long_name(254, 'n');
constexpr const char* tcp_route = "TCPRoute r";
constexpr const char* udp_route = "UDPRoute r";

} // namespace

TEST_CASE("bad input: parentRefs") {
    constexpr const char* unmatched = "False/NoMatchingParent";
    constexpr const char* remedy = "; correct the reference or add the listener";
    check_bad_input({
        {"sectionName that does not exist", tcp_route, parent("sectionName: z"), tcp_route, "Accepted",
         unmatched,
         "spec.parentRefs: Gateway default/web has no listener with sectionName \"z\"; it has a (TCP 80), u "
         "(UDP "
         "80)",
         remedy},
        {"empty sectionName", tcp_route, parent("sectionName: ''"), tcp_route, "Accepted", unmatched,
         "has no listener with sectionName \"\"", remedy},
        {"sectionName too long", tcp_route, parent("sectionName: " + long_name), tcp_route, "Accepted",
         unmatched, "spec.parentRefs: Gateway default/web has no listener with sectionName", remedy},
        {"port that does not exist", tcp_route, parent("port: 81"), tcp_route, "Accepted", unmatched,
         "has no listener with port 81", remedy},
        {"port 0", tcp_route, parent("port: 0"), tcp_route, "Accepted", unmatched,
         "has no listener with port 0", remedy},
        {"port 65536", udp_route, parent("port: 65536"), udp_route, "Accepted", unmatched,
         "has no listener with port 65536", remedy},
        {"negative port", udp_route, parent("port: -1"), udp_route, "Accepted", unmatched,
         "has no listener with port -1", remedy},
        {"sectionName and port of two listeners", tcp_route, parent("sectionName: a, port: 81"), tcp_route,
         "Accepted", unmatched, "has no listener with sectionName \"a\" and port 81", remedy},
        {"a UDP listener", tcp_route, parent("sectionName: u"), tcp_route, "Accepted",
         "False/NotAllowedByListeners", "spec.parentRefs: listener u (protocol UDP) does not take TCPRoutes",
         "; refer to another listener"},
        {"a TCP listener", udp_route, parent("sectionName: a"), udp_route, "Accepted",
         "False/NotAllowedByListeners", "spec.parentRefs: listener a (protocol TCP) does not take UDPRoutes",
         "; refer to another listener"},
        {"a ListenerSet's listener", tcp_route, parent("kind: ListenerSet, name: more, sectionName: a"),
         tcp_route, "Accepted", unmatched, "ListenerSet default/more has no listener with sectionName \"a\"",
         remedy},
        {"a ListenerSet that is not let in", "Gateway web", "{spec: {allowedListeners: null}}",
         "TCPRoute set", "Accepted", unmatched, "ListenerSet default/more adds no listeners: spec.parentRef",
         "; change that, or name another Gateway"},
        {"a listener that is refused", "Gateway web",
         "{spec: {listeners: [{name: a, protocol: TCP, port: 0}, {name: u, protocol: UDP, port: 80}]}}",
         tcp_route, "Programmed", "False/ListenerNotAccepted",
         "Gateway default/web: status.listeners[a]: the listener is not accepted",
         "; correct what its condition Accepted names"},
    });
}

TEST_CASE("bad input: rules and backendRefs") {
    constexpr const char* not_found = "False/BackendNotFound";
    constexpr const char* no_value = "False/UnsupportedValue";
    check_bad_input({
        {"no rules", tcp_route, "{spec: {rules: null}}", tcp_route, "Programmed", "False/NoBackend",
         "spec.rules: expected a backendRef, got none", "; add one"},
        {"no backendRefs", udp_route, backends(""), udp_route, "Programmed", "False/NoBackend",
         "spec.rules: expected a backendRef, got none", "; add one"},
        {"no backendRefs under update", tcp_route,
         "{metadata: {labels: {serviceBehaviour: update}}, spec: {rules: [{backendRefs: []}]}}", tcp_route,
         "Programmed", "False/NoBackend", "spec.rules: expected a backendRef, got none", "; add one"},
        {"negative weight", tcp_route, one_backend("weight: -1"), tcp_route, "Accepted", no_value,
         "spec.rules[0].backendRefs[0].weight: expected a number from 0 to 1000000, got -1", "; correct it"},
        {"weight too large", udp_route,
         backends("{name: app, port: 80}, {name: app, port: 80, weight: 1000001}"), udp_route, "Accepted",
         no_value, "spec.rules[0].backendRefs[1].weight: expected a number from 0 to 1000000, got 1000001",
         "; correct it"},
        {"no weight at all", tcp_route, one_backend("weight: 0"), tcp_route, "Programmed", "False/NoBackend",
         "spec.rules: every backendRef has weight 0", "; give one of them a weight above 0"},
        {"no name", tcp_route, one_backend("name: ''"), tcp_route, "ResolvedRefs", not_found,
         "spec.rules[0].backendRefs[0].name: Service default/ does not exist",
         "; create it or correct the name"},
        {"name too long", tcp_route, one_backend("name: " + long_name), tcp_route, "ResolvedRefs", not_found,
         "spec.rules[0].backendRefs[0].name: Service default/nnn", "; create it or correct the name"},
        {"kind unknown", tcp_route, one_backend("kind: Pod"), tcp_route, "ResolvedRefs", "False/InvalidKind",
         "spec.rules[0].backendRefs[0]: expected kind Service of the core group, got Pod",
         "; refer to a Service"},
        {"group unknown", udp_route, one_backend("group: example.com"), udp_route, "ResolvedRefs",
         "False/InvalidKind", "got Service of group example.com", "; refer to a Service"},
        {"no port", tcp_route, backends("{name: app}"), tcp_route, "ResolvedRefs", not_found,
         "spec.rules[0].backendRefs[0].port: expected a port of Service default/app, got none; it has 80/TCP "
         "(t)",
         "; add the port"},
        {"port 0", tcp_route, one_backend("port: 0"), tcp_route, "ResolvedRefs", not_found,
         "spec.rules[0].backendRefs[0].port: Service default/app has no TCP port 0", "; correct the port"},
        {"port 65536", tcp_route, one_backend("port: 65536"), tcp_route, "ResolvedRefs", not_found,
         "has no TCP port 65536", "; correct the port or add it to the Service"},
        {"negative port", udp_route, one_backend("port: -1"), udp_route, "ResolvedRefs", not_found,
         "has no UDP port -1; it has 80/TCP (t), 80/UDP (u)", "; correct the port"},
        {"empty namespace", tcp_route, one_backend("namespace: ''"), tcp_route, "ResolvedRefs",
         "False/RefNotPermitted", "spec.rules[0].backendRefs[0].namespace: expected a namespace, got \"\"",
         "; name one, or remove the field"},
        {"namespace that does not exist", tcp_route, one_backend("namespace: gone"), tcp_route,
         "ResolvedRefs", "False/RefNotPermitted",
         "spec.rules[0].backendRefs[0].namespace: no ReferenceGrant in namespace gone lets TCPRoutes of "
         "namespace default refer to Service app",
         "; create one there"},
        {"the third of three rules", tcp_route,
         "{spec: {rules: [{backendRefs: [{name: app, port: 80}]}, {}, {backendRefs: [{name: gone, port: "
         "80}]}]}}",
         tcp_route, "ResolvedRefs", not_found, "spec.rules[2].backendRefs[0].name: Service default/gone",
         "; create it or correct the name"},
        {"a Service of ours", tcp_route, one_backend("name: web-l4"), tcp_route, "ResolvedRefs",
         "False/InvalidKind", "Service default/web-l4 is made by this controller for Gateway default/web",
         "; refer to the Service of the application"},
    });
}

TEST_CASE("bad input: labels of routes, and behaviour create") {
    constexpr const char* no_value = "False/UnsupportedValue";
    check_bad_input({
        {"behaviour unknown", tcp_route, "{metadata: {labels: {serviceBehaviour: Merge}}}", tcp_route,
         "Accepted", no_value, "metadata.labels[serviceBehaviour]: expected one of", "; correct or remove"},
        {"behaviour empty", udp_route, "{metadata: {labels: {serviceBehaviour: ''}}}", udp_route, "Accepted",
         no_value, "metadata.labels[serviceBehaviour]: expected one of", "got \"\"; correct or remove"},
        {"no selectorvalue", tcp_route, made("port: 80", "selectorkey: app"), tcp_route, "Accepted", no_value,
         "metadata.labels: behaviour create needs both selectorkey and selectorvalue", "; add selectorvalue"},
        {"no selectorkey", tcp_route, made("port: 80", "selectorvalue: x"), tcp_route, "Accepted", no_value,
         "metadata.labels: behaviour create needs both selectorkey and selectorvalue", "; add selectorkey"},
        {"empty selectorkey", tcp_route, made("port: 80", "selectorkey: '', selectorvalue: x"), tcp_route,
         "Accepted", no_value, "metadata.labels[selectorkey]: expected the key of a label", "; correct it"},
        {"port 0", tcp_route, made("port: 0"), tcp_route, "Accepted", no_value,
         "spec.rules[0].backendRefs[0].port: expected a port between 1 and 65535, got 0",
         "; correct or remove it"},
        {"port 65536", udp_route, made("port: 65536"), udp_route, "Accepted", no_value,
         "spec.rules[0].backendRefs[0].port: expected a port between 1 and 65535, got 65536",
         "; correct or remove it"},
        {"name with dots", tcp_route, made("name: a.b"), tcp_route, "Accepted", no_value,
         "spec.rules[0].backendRefs[0].name: behaviour create makes a Service of this name", "; correct it"},
        {"no name", tcp_route, made("name: ''"), tcp_route, "Accepted", no_value,
         "spec.rules[0].backendRefs[0].name: behaviour create makes a Service of this name", "; correct it"},
        {"name too long", tcp_route, made("name: " + long_name), tcp_route, "Accepted", no_value,
         "spec.rules[0].backendRefs[0].name: behaviour create makes a Service of this name", "; correct it"},
        {"a Service of somebody's", tcp_route, made("name: app"), tcp_route, "ResolvedRefs",
         "False/RefNotPermitted",
         "spec.rules[0].backendRefs[0].name: behaviour create makes Service default/app itself",
         "; rename the backendRef, delete the Service, or use behaviour"},
        {"the Gateway's own Service", tcp_route, made("name: web-l4, port: 80"), tcp_route, "Programmed",
         "False/NotServed", "spec.rules: Service default/web-l4 is the name of the Gateway's own Service",
         "; name another backend"},
        {"another namespace under duplicate", "TCPRoute far",
         "{metadata: {labels: {serviceBehaviour: duplicate}}}", "TCPRoute far", "ResolvedRefs",
         "False/RefNotPermitted",
         "spec.rules[0].backendRefs[0].namespace: behaviour duplicate works in the route's own namespace",
         "; use behaviour merge"},
    });
}

TEST_CASE("bad input: backends") {
    constexpr const char* app = "Service app";
    constexpr const char* not_found = "False/BackendNotFound";
    check_bad_input({
        {"ExternalName", app, service("type: ExternalName"), tcp_route, "ResolvedRefs", "False/InvalidKind",
         "spec.rules[0].backendRefs[0].name: Service default/app is of type ExternalName",
         "; refer to a Service with a selector or EndpointSlices"},
        {"no ports", app, service("ports: null"), tcp_route, "ResolvedRefs", not_found,
         "Service default/app has no TCP port 80; it has none",
         "; correct the port or add it to the Service"},
        {"another protocol", app, service("ports: [{port: 80, protocol: UDP}]"), tcp_route, "ResolvedRefs",
         not_found, "Service default/app has no TCP port 80; it has 80/UDP", "; correct the port"},
        {"SCTP", app, service("ports: [{port: 80, protocol: SCTP}]"), udp_route, "ResolvedRefs", not_found,
         "Service default/app has no UDP port 80; it has 80/SCTP", "; correct the port"},
        {"port 0", app, service("ports: [{port: 0}]"), tcp_route, "ResolvedRefs", not_found,
         "Service default/app has no TCP port 80; it has 0/TCP", "; correct the port"},
    });
}

TEST_CASE("bad input: what a behaviour cannot do with a backend") {
    for (const auto& [change, field] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"clusterIP: None", "Service default/app: spec.clusterIP: None (headless)"},
             {"ipFamilies: [IPv6]", "Service default/app: spec.ipFamilies: expected IPv4"},
             {"externalTrafficPolicy: Local", "Service default/app: spec.externalTrafficPolicy: Local"}}) {
        world w = good_world();
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: update}");
        change_object(w, "Service app", service("ports: [{port: 8080}], " + std::string(change)));
        w.settle();
        const std::string said = w.said("TCPRoute", "r", "Programmed");
        INFO(said);
        CHECK(said.starts_with("False/NotServed: "));
        CHECK(said.find(field) != std::string::npos);
        check_neighbour(w);
    }
}

TEST_CASE("bad input: ReferenceGrants that permit something else") {
    const auto from = [](std::string_view fields) {
        return fmt::format("{{spec: {{from: [{{{}}}]}}}}", fields);
    };
    const auto to = [](std::string_view fields) { return fmt::format("{{spec: {{to: [{{{}}}]}}}}", fields); };
    constexpr const char* group = "group: gateway.networking.k8s.io";
    std::vector<bad_input> rows;
    for (const auto& [name, change] : std::vector<std::pair<const char*, std::string>>{
             {"from kind", from(fmt::format("{}, kind: UDPRoute, namespace: default", group))},
             {"from kind in small letters",
              from(fmt::format("{}, kind: tcproute, namespace: default", group))},
             {"from group", from("group: '', kind: TCPRoute, namespace: default")},
             {"from namespace", from(fmt::format("{}, kind: TCPRoute, namespace: other", group))},
             {"from a wildcard", from(fmt::format("{}, kind: TCPRoute, namespace: '*'", group))},
             {"from nothing", "{spec: {from: null}}"},
             {"to kind", to("group: '', kind: Secret")},
             {"to group", to("group: core, kind: Service")},
             {"to name", to("group: '', kind: Service, name: another")},
             {"to a wildcard", to("group: '', kind: Service, name: '*'")},
             {"to nothing", "{spec: {to: null}}"}})
        rows.push_back({name, "ReferenceGrant team/g", change, "TCPRoute far", "ResolvedRefs",
                        "False/RefNotPermitted",
                        "spec.rules[0].backendRefs[0].namespace: no ReferenceGrant in namespace team lets "
                        "TCPRoutes of namespace default refer to Service app",
                        "; create one there"});
    check_bad_input(rows);
}

TEST_CASE("bad input: what does no harm is served") {
    for (const auto& [object, change] : std::vector<std::pair<const char*, std::string>>{
             {"Gateway web", "{spec: {addresses: [{value: 10.0.0.5}, {value: 10.0.0.5}]}}"},
             {"Gateway web", "{spec: {addresses: [{value: ''}]}}"},
             {"TCPRoute r", "{spec: {parentRefs: [{name: web}, {name: web}]}}"},
             {"TCPRoute r", backends("{name: app, port: 80}, {name: app, port: 80}")},
             {"TCPRoute r", one_backend("weight: 1000000")},
             {"TCPRoute r",
              "{spec: {rules: [{backendRefs: [{name: app, port: 80}]}, {}, {backendRefs: [{name: "
              "app, port: 80}]}]}}"}}) {
        INFO(change);
        world w = good_world();
        change_object(w, object, change);
        w.settle();
        CHECK(w.programmed("web") == "True/Programmed");
        CHECK(w.said("TCPRoute", "r", "Accepted").starts_with("True/Accepted"));
        CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
        check_neighbour(w);
    }
}
