// Gateways, ListenerSets, classes and what they refer to, with every field outside of what the CRDs allow, and with
// what CRDs let through. Routes are in bad_route_test.cpp.
#include "bad_input.hpp"

#include <fmt/format.h>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;

namespace {

std::string listeners(std::string_view list) { return fmt::format("{{spec: {{listeners: [{}]}}}}", list); }
/// Listener a with a field more, or another one.
std::string a(const std::string& fields) {
    return listeners(overlaid("{name: a, protocol: TCP, port: 80}", fields));
}
std::string namespaces(std::string_view rule) {
    return a(fmt::format("allowedRoutes: {{namespaces: {}}}", rule));
}
std::string selector(std::string_view expression) {
    return namespaces(fmt::format("{{from: Selector, selector: {{matchExpressions: [{}]}}}}", expression));
}
std::string address(std::string_view fields) {
    return fmt::format("{{spec: {{addresses: [{{{}}}]}}}}", fields);
}
std::string infrastructure(std::string_view fields) {
    return fmt::format("{{spec: {{infrastructure: {{parametersRef: null, {}}}}}}}", fields);
}
std::string data(std::string_view entries) { return fmt::format("{{data: {{{}}}}}", entries); }

const std::string long_name(254, 'n');

} // namespace

TEST_CASE("bad input: the table's world has no mistake") {
    world w = good_world();
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.set_status("more") == "Accepted=True/Accepted, Programmed=True/Programmed");
    CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
    CHECK(w.said("UDPRoute", "r", "Programmed").starts_with("True/Programmed"));
    CHECK(w.said("TCPRoute", "set", "Programmed").starts_with("True/Programmed"));
    CHECK(w.shown("TCPRoute", "far") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    check_neighbour(w);
}

TEST_CASE("bad input: listeners") {
    constexpr const char* gw = "Gateway web";
    constexpr const char* la = "Gateway web listener a";
    check_bad_input({
        {"none", gw, listeners(""), gw, "Accepted", "False/ListenersNotValid",
         "spec.listeners: expected at least one", "; add one"},
        {"port 0", gw, a("port: 0"), la, "Accepted", "False/PortUnavailable",
         "spec.listeners[0].port: expected a port between 1 and 65535, got 0", "; correct it"},
        {"port 65536", gw, a("port: 65536"), la, "Accepted", "False/PortUnavailable",
         "spec.listeners[0].port: expected a port between 1 and 65535, got 65536", "; correct it"},
        {"negative port", gw, a("port: -1"), la, "Accepted", "False/PortUnavailable",
         "spec.listeners[0].port: expected a port between 1 and 65535, got -1", "; correct it"},
        {"protocol in small letters", gw, a("protocol: tcp"), la, "Accepted", "False/UnsupportedProtocol",
         "spec.listeners[0].protocol: expected TCP or UDP, got \"tcp\"", "; change the protocol"},
        {"no protocol", gw, a("protocol: ''"), la, "Accepted", "False/UnsupportedProtocol",
         "spec.listeners[0].protocol: expected TCP or UDP, got \"\"", "; change the protocol"},
        {"HTTP", gw, a("protocol: HTTP"), la, "Accepted", "False/UnsupportedProtocol",
         "spec.listeners[0].protocol: expected TCP or UDP, got \"HTTP\"",
         "or move the listener to a Gateway of another class"},
        {"protocol of a domain", gw, a("protocol: example.com/QUIC"), la, "Accepted",
         "False/UnsupportedProtocol", "spec.listeners[0].protocol", "; change the protocol"},
        {"no name", gw, a("name: ''"), "Gateway web listener ", "Accepted", "False/UnsupportedValue",
         "spec.listeners[0].name: expected at most 253 lower-case letters, digits, - and ., got \"\"",
         "; correct it"},
        {"name too long", gw, a("name: " + long_name), gw, "Accepted", "False/ListenersNotValid",
         "spec.listeners[0].name: expected at most 253", "; correct it"},
        {"name with capitals", gw, a("name: A"), "Gateway web listener A", "Accepted",
         "False/UnsupportedValue", "spec.listeners[0].name: expected", "; correct it"},
        {"one name twice", gw,
         listeners("{name: a, protocol: TCP, port: 80}, {name: a, protocol: TCP, port: 81}"), gw, "Accepted",
         "True/ListenersNotValid", "spec.listeners[1].name: a listener before it is called \"a\", too",
         "; rename one of the two"},
        {"one port twice", gw,
         listeners("{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 80}"), la,
         "Conflicted", "True/ProtocolConflict",
         "spec.listeners[0].port: TCP port 80 is also taken by listener b",
         "; give each listener a port of its own"},
        {"TLS on a TCP port", gw,
         listeners("{name: a, protocol: TCP, port: 80}, {name: b, protocol: TLS, port: 80}"), la, "Accepted",
         "False/ProtocolConflict", "spec.listeners[0].port: TCP port 80 is also taken by listener b",
         "; give each listener a port of its own"},
        {"host name on TCP", gw, a("hostname: a.example"), la, "Accepted", "True/Accepted",
         "spec.listeners[0].hostname: means nothing for protocol TCP", "; remove it"},
        {"host name on UDP", gw, a("protocol: UDP, hostname: a.example"), la, "Accepted", "True/Accepted",
         "spec.listeners[0].hostname: means nothing for protocol UDP", "; remove it"},
        {"TLS settings on TCP", gw, a("tls: {certificateRefs: [{name: secret}]}"), la, "Accepted",
         "False/UnsupportedValue", "spec.listeners[0].tls: protocol TCP has none", "; correct it"},
        {"TLS settings on UDP", gw, a("protocol: UDP, tls: {mode: Passthrough}"), la, "Accepted",
         "False/UnsupportedValue", "spec.listeners[0].tls: protocol UDP has none", "; correct it"},
        {"kind unknown", gw, a("allowedRoutes: {kinds: [{kind: Nonsense}]}"), la, "ResolvedRefs",
         "False/InvalidRouteKinds",
         "spec.listeners[0].allowedRoutes.kinds[0]: \"Nonsense\" does not fit protocol TCP; expected "
         "TCPRoute",
         "; correct or remove it"},
        {"kind of another group", gw, a("allowedRoutes: {kinds: [{group: example.com, kind: TCPRoute}]}"), la,
         "ResolvedRefs", "False/InvalidRouteKinds",
         "allowedRoutes.kinds[0]: \"TCPRoute\" of group \"example.com\" does not fit",
         "; correct or remove it"},
        {"kind of another protocol", gw, a("allowedRoutes: {kinds: [{kind: TCPRoute}, {kind: UDPRoute}]}"),
         la, "ResolvedRefs", "False/InvalidRouteKinds", "allowedRoutes.kinds[1]: \"UDPRoute\" does not fit",
         "; correct or remove it"},
        {"no kind", gw, a("allowedRoutes: {kinds: [{kind: ''}]}"), la, "ResolvedRefs",
         "False/InvalidRouteKinds", "allowedRoutes.kinds[0]: \"\" does not fit", "; correct or remove it"},
        {"from unknown", gw, namespaces("{from: same}"), "TCPRoute r", "Accepted",
         "False/NotAllowedByListeners", "its allowedRoutes.namespaces.from is \"same\"",
         "; refer to another listener, or change what this one allows"},
        {"from None", gw, namespaces("{from: None}"), "TCPRoute r", "Accepted", "False/NotAllowedByListeners",
         "its allowedRoutes.namespaces.from is \"None\"", "or change what this one allows"},
        {"from Selector without selector", gw, namespaces("{from: Selector}"), "TCPRoute r", "Accepted",
         "False/NotAllowedByListeners", "from is \"Selector\" and there is no selector",
         "or change what this one allows"},
    });
}

TEST_CASE("bad input: selectors") {
    constexpr const char* gw = "Gateway web";
    constexpr const char* la = "Gateway web listener a";
    constexpr const char* no = "False/UnsupportedValue";
    check_bad_input({
        {"operator unknown", gw, selector("{key: tier, operator: Equals, values: [gold]}"), la, "Accepted",
         no,
         "spec.listeners[0].allowedRoutes.namespaces.selector.matchExpressions[0].operator: expected In, "
         "NotIn, "
         "Exists or DoesNotExist, got \"Equals\"",
         "; correct it"},
        {"In without values", gw, selector("{key: tier, operator: In}"), la, "Accepted", no,
         "selector.matchExpressions[0].values: operator In needs some, got none", "; correct it"},
        {"NotIn without values", gw, selector("{key: tier, operator: NotIn}"), la, "Accepted", no,
         "selector.matchExpressions[0].values: operator NotIn needs some, got none", "; correct it"},
        {"Exists with values", gw, selector("{key: tier, operator: Exists, values: [gold]}"), la, "Accepted",
         no, "selector.matchExpressions[0].values: operator Exists takes none, got some", "; correct it"},
        {"key that no label has", gw, selector("{key: a b, operator: Exists}"), la, "Accepted", no,
         "selector.matchExpressions[0].key: expected the key of a label, got \"a b\"", "; correct it"},
        {"value that no label has", gw, selector("{key: tier, operator: In, values: [a b]}"), la, "Accepted",
         no, "selector.matchExpressions[0].values: expected values of a label, got \"a b\"", "; correct it"},
        {"matchLabels that no label can meet", gw,
         namespaces("{from: Selector, selector: {matchLabels: {tier: a b}}}"), la, "Accepted", no,
         "selector.matchLabels[tier]: no label can have this key and value \"a b\"", "; correct it"},
        {"of ListenerSets: operator unknown", gw,
         "{spec: {allowedListeners: {namespaces: {from: Selector, selector: {matchExpressions: [{key: tier, "
         "operator: Is}]}}}}}",
         "ListenerSet more", "Accepted", "False/NotAllowed",
         "which is not valid: matchExpressions[0].operator: expected In", "; change that, or name another"},
        {"of ListenerSets: none", gw, "{spec: {allowedListeners: {namespaces: {from: Selector}}}}",
         "ListenerSet more", "Accepted", "False/NotAllowed", "because there is no selector",
         "; change that, or name another Gateway"},
        {"of ListenerSets: from unknown", gw, "{spec: {allowedListeners: {namespaces: {from: Some}}}}",
         "ListenerSet more", "Accepted", "False/NotAllowed", "spec.allowedListeners.namespaces.from is Some",
         "; change that, or name another Gateway"},
    });
}

TEST_CASE("bad input: addresses") {
    constexpr const char* gw = "Gateway web";
    constexpr const char* unusable = "False/AddressNotUsable";
    check_bad_input({
        {"type Hostname", gw, address("type: Hostname, value: a.example"), gw, "Accepted",
         "False/UnsupportedAddress", "spec.addresses[0].type: expected IPAddress, got \"Hostname\"",
         "; use an IP address, or remove the entry"},
        {"type unknown", gw, address("type: example.com/name, value: x"), gw, "Accepted",
         "False/UnsupportedAddress", "spec.addresses[0].type: expected IPAddress", "; use an IP address"},
        {"type empty", gw, address("type: ''"), gw, "Accepted", "False/UnsupportedAddress",
         "spec.addresses[0].type: expected IPAddress, got \"\"", "; use an IP address"},
        {"no number", gw, address("value: 10.0.0.300"), gw, "Programmed", unusable,
         "spec.addresses[0].value: ", "; correct or remove it"},
        {"host name", gw, address("value: web.example"), gw, "Programmed", unusable,
         "spec.addresses[0].value: ", "; correct or remove it"},
        {"CIDR", gw, address("value: 10.0.0.1/24"), gw, "Programmed", unusable,
         "spec.addresses[0].value: ", "; correct or remove it"},
        {"unspecified", gw, address("value: 0.0.0.0"), gw, "Programmed", unusable,
         "spec.addresses[0].value: 0.0.0.0 is of 0.0.0.0/8", "; name another, or none"},
        {"loopback", gw, address("value: 127.0.0.1"), gw, "Programmed", unusable,
         "spec.addresses[0].value: 127.0.0.1 is of 127.0.0.0/8 (loopback)", "; name another, or none"},
        {"multicast", gw, address("value: 224.0.0.1"), gw, "Programmed", unusable,
         "spec.addresses[0].value: 224.0.0.1 is of 224.0.0.0/4 (multicast)", "; name another, or none"},
        {"IPv6 loopback", gw, address("value: '::1'"), gw, "Programmed", unusable,
         "spec.addresses[0].value: ::1 is of ::/127", "; name another, or none"},
        {"IPv6 multicast", gw, address("value: 'ff02::1'"), gw, "Programmed", unusable,
         "spec.addresses[0].value: ff02::1 is of ff00::/8 (multicast)", "; name another, or none"},
        {"IPv6 where the pools have none", gw, address("value: 'fd00::1'"), gw, "Programmed", unusable,
         "spec.addresses[0].value: fd00::1 is in no pool that namespace default may use",
         "; name an address of these, or add it to ConfigMap default/pools"},
        {"outside the pools", gw, address("value: 192.0.2.1"), gw, "Programmed", unusable,
         "spec.addresses[0].value: 192.0.2.1 is in no pool", "; name an address of these"},
        {"another Gateway's", gw, address("value: 10.0.0.9"), gw, "Programmed", unusable,
         "spec.addresses[0].value: 10.0.0.9 is in use by Gateway default/api", "; name another address"},
    });
}

TEST_CASE("bad input: an address that nobody can announce is refused without pools, too") {
    for (const std::string_view value : {"0.0.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1",
                                         "255.255.255.255", "::", "::1", "fe80::1", "ff02::1"}) {
        INFO(value);
        world w(world::without_pools());
        w.gateway("web", "[{name: a, protocol: TCP, port: 80}]",
                  fmt::format("addresses: [{{value: '{}'}}]", value));
        w.settle();
        CHECK(w.programmed("web") == "False/AddressNotUsable");
        CHECK(w.addresses("web").empty());
    }
}

TEST_CASE("bad input: infrastructure and parameters") {
    constexpr const char* gw = "Gateway web";
    constexpr const char* no = "False/InvalidParameters";
    constexpr const char* map = "ConfigMap parameters";
    check_bad_input({
        {"label key", gw, infrastructure("labels: {a b: x}"), gw, "Accepted", no,
         "spec.infrastructure.labels[a b]: expected a name", "; correct or remove it"},
        {"label key with capitals in its domain", gw, infrastructure("labels: {Example.com/x: x}"), gw,
         "Accepted", no, "spec.infrastructure.labels[Example.com/x]: expected a name",
         "; correct or remove it"},
        {"label key too long", gw, infrastructure("labels: {" + long_name + ": x}"), gw, "Accepted", no,
         "spec.infrastructure.labels[nnn", "; correct or remove it"},
        {"label value", gw, infrastructure("labels: {team: a b}"), gw, "Accepted", no,
         "spec.infrastructure.labels[team]: expected at most 63 letters, digits, -, _ and ., got \"a b\"",
         "; correct or remove it"},
        {"label value too long", gw, infrastructure("labels: {team: " + long_name + "}"), gw, "Accepted", no,
         "spec.infrastructure.labels[team]: expected at most 63", "; correct or remove it"},
        {"reserved label", gw, infrastructure("labels: {ipam-address: 10.0.0.7}"), gw, "Accepted", no,
         "spec.infrastructure.labels[ipam-address]: the key is reserved", "; remove it"},
        {"annotation key", gw, infrastructure("annotations: {/x: x}"), gw, "Accepted", no,
         "spec.infrastructure.annotations[/x]: expected a name", "; correct or remove it"},
        {"reserved annotation", gw, infrastructure("annotations: {metallb.io/loadBalancerIPs: x}"), gw,
         "Accepted", no, "spec.infrastructure.annotations[metallb.io/loadBalancerIPs]: the key is reserved",
         "; remove it"},
        {"traffic policy", gw, infrastructure("annotations: {thebsdbox.co.uk/external-traffic-policy: Near}"),
         gw, "Accepted", no,
         "spec.infrastructure.annotations[thebsdbox.co.uk/external-traffic-policy]: expected Cluster or "
         "Local, "
         "got \"Near\"",
         "; correct or remove it"},
        {"parameters that are missing", gw, "{spec: {infrastructure: {parametersRef: {name: gone}}}}", gw,
         "Accepted", no, "spec.infrastructure.parametersRef: ConfigMap default/gone does not exist or lacks",
         "; create it"},
        {"parameters without a name", gw, "{spec: {infrastructure: {parametersRef: {name: ''}}}}", gw,
         "Accepted", no, "spec.infrastructure.parametersRef", "; create it"},
        {"parameters of another kind", gw, "{spec: {infrastructure: {parametersRef: {kind: Secret}}}}", gw,
         "Accepted", no, "spec.infrastructure.parametersRef: expected a ConfigMap",
         "; name a ConfigMap or remove the reference"},
        {"parameters of another group", gw, "{spec: {infrastructure: {parametersRef: {group: example.com}}}}",
         gw, "Accepted", no, "got ConfigMap parameters of group \"example.com\"", "; name a ConfigMap"},
        {"parameter unknown", map, data("serviceBehavior: merge"), gw, "Accepted", no,
         "ConfigMap default/parameters: data[serviceBehavior]: is no parameter", "; correct or remove it"},
        {"behaviour unknown", map, data("serviceBehaviour: join"), gw, "Accepted", no,
         "data[serviceBehaviour]: expected one of", "; correct or remove it"},
        {"parameter of classes", map, data("announcer: metallb"), gw, "Accepted", no,
         "data[announcer]: is for GatewayClasses only", "; remove it, or ask for a class"},
        {"parameter without a value", map, data("sessionAffinity: ''"), gw, "Accepted", no,
         "data[sessionAffinity]: expected None or ClientIP, got \"\"", "; correct or remove it"},
        {"label gone", map, "{metadata: {labels: null}}", gw, "Accepted", no,
         "lacks the label thebsdbox.co.uk/parameters=true", "or: kubectl label configmap parameters"},
    });
}

TEST_CASE("bad input: classes") {
    constexpr const char* l4 = "GatewayClass l4";
    const auto refers = [](std::string_view fields) {
        return fmt::format("{{spec: {{parametersRef: {{{}}}}}}}", fields);
    };
    const std::vector<bad_input> rows{
        {"parameters that are missing", l4, refers("group: '', kind: ConfigMap, name: x, namespace: default"),
         l4, "Accepted", "False/InvalidParameters", "spec.parametersRef: ConfigMap default/x does not exist",
         "; create it"},
        {"no namespace", l4, refers("group: '', kind: ConfigMap, name: parameters"), l4, "Accepted",
         "False/InvalidParameters", "spec.parametersRef.namespace: expected the namespace", "; add it"},
        {"another kind", l4, refers("group: apps, kind: Deployment, name: x"), l4, "Accepted",
         "False/InvalidParameters", "spec.parametersRef: expected a ConfigMap",
         "; name a ConfigMap or remove the reference"},
        {"told on its Gateways", l4, refers("group: '', kind: Secret, name: x"), "Gateway web", "Accepted",
         "False/InvalidParameters",
         "GatewayClass l4 is not accepted: spec.parametersRef: expected a ConfigMap", "; name a ConfigMap"},
    };
    for (const bad_input& row : rows) {
        world w = good_world();
        check_bad_input(w, row);
    }
}

TEST_CASE("bad input: pools") {
    constexpr const char* gw = "Gateway web";
    constexpr const char* pools = "ConfigMap pools";
    constexpr const char* none = "False/AddressNotAssigned";
    const auto only = [](std::string_view entry) {
        return fmt::format("{{data: {{range-global: null, range-team: 10.0.0.9, {}}}}}", entry);
    };
    for (const bad_input& row : std::vector<bad_input>{
             {"no address", pools, only("range-default: abc"), gw, "Programmed", none,
              "range-default: \"abc\" (entry 1): expected FIRST-LAST", "; add range-default"},
             {"two families", pools, only("range-default: '10.0.0.1-fd00::1'"), gw, "Programmed", none,
              "range-default: \"10.0.0.1-fd00::1\" (entry 1)", "; add range-default"},
             {"prefix too long", pools, only("cidr-default: 10.0.0.0/33"), gw, "Programmed", none,
              "cidr-default: \"10.0.0.0/33\" (entry 1): \"33\" is not a prefix length",
              "; add range-default"},
             {"DHCP", pools, only("cidr-default: 0.0.0.0/32"), gw, "Programmed", none,
              "addresses from DHCP (0.0.0.0/32) are not supported; name the addresses",
              "; add range-default"},
             {"multicast", pools, only("cidr-default: 224.0.0.0/24"), gw, "Programmed", none,
              "contains addresses of 224.0.0.0/4 (multicast)", "; add range-default"},
             {"empty", pools, only("range-default: ''"), gw, "Programmed", none, "range-default: is empty",
              "; add range-default"},
             {"key unknown", pools, only("ranges: 10.0.0.1"), gw, "Programmed", none,
              "no pool has addresses for namespace default",
              "; add range-default or range-global to ConfigMap "},
             {"exclusion broken", pools, "{data: {exclude-global: abc}}", gw, "Programmed", none,
              "exclude-global: \"abc\" (entry 1)", "; add range-default"},
             {"exhausted", pools, "{data: {range-global: 10.0.0.9}}", gw, "Programmed", none,
              "pool range-global (10.0.0.9) is exhausted: 1 of 1 addresses in use",
              "; widen range-global in"},
         }) {
        world w = good_world();
        if (std::string_view(row.name) != "exhausted")
            w.remove<Gateway>("api");
        check_bad_input(w, row);
        const std::string message =
            find_condition(w.get<Gateway>("web")->status.conditions, "Programmed")->message;
        INFO(message);
        CHECK(message.find(row.field) == message.rfind(row.field)); // once
    }
}

TEST_CASE("bad input: ListenerSets") {
    constexpr const char* set = "ListenerSet more";
    constexpr const char* s = "ListenerSet more listener s";
    const auto listener = [](const std::string& fields) {
        return listeners(overlaid("{name: s, protocol: TCP, port: 81}", fields));
    };
    check_bad_input({
        {"none", set, listeners(""), set, "Accepted", "False/ListenersNotValid",
         "spec.listeners: expected at least one listener", "; add one"},
        {"none, as for traffic", set, listeners(""), set, "Programmed", "False/ListenersNotValid",
         "spec.listeners: expected at least one listener", "; add one"},
        {"port 0", set, listener("port: 0"), s, "Accepted", "False/PortUnavailable",
         "spec.listeners[0].port: expected a port between 1 and 65535, got 0", "; correct it"},
        {"protocol", set, listener("protocol: SCTP"), s, "Accepted", "False/UnsupportedProtocol",
         "spec.listeners[0].protocol: expected TCP or UDP", "; change the protocol"},
        {"one name twice", set,
         listeners("{name: s, protocol: TCP, port: 81}, {name: s, protocol: TCP, port: 82}"), set, "Accepted",
         "True/ListenersNotValid", "spec.listeners[1].name: a listener before it is called \"s\", too",
         "; rename one of the two"},
        {"TLS settings on TCP", set, listener("tls: {mode: Terminate}"), s, "Accepted",
         "False/UnsupportedValue", "spec.listeners[0].tls", "; correct it"},
        {"a port of the Gateway", set, listener("port: 80"), s, "Conflicted", "True/ProtocolConflict",
         "spec.listeners[0].port: TCP port 80 is taken already", "; choose another port"},
        {"kind unknown", set, listener("allowedRoutes: {kinds: [{kind: Nonsense}]}"), s, "ResolvedRefs",
         "False/InvalidRouteKinds", "spec.listeners[0].allowedRoutes.kinds[0]", "; correct or remove it"},
    });
}
