// What is served through ListenerSets.
#include <fmt/format.h>

#include <algorithm>
#include <support/listener_sets.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

TEST_CASE("a route attaches by the set's name, to the set's listeners only") {
    struct row {
        const char* parent;
        const char* verdict;
        int first; ///< routes attached to listener "own" of the set, and to "more"
        int second;
    };
    const auto r =
        GENERATE(row{"{kind: ListenerSet, name: extra}", "Accepted=True/Accepted", 1, 1},
                 row{"{kind: ListenerSet, group: gateway.networking.k8s.io, name: extra, namespace: default}",
                     "Accepted=True/Accepted", 1, 1},
                 row{"{kind: ListenerSet, name: extra, sectionName: own}", "Accepted=True/Accepted", 1, 0},
                 row{"{kind: ListenerSet, name: extra, port: 82}", "Accepted=True/Accepted", 0, 1},
                 row{"{kind: ListenerSet, name: extra, sectionName: own, port: 82}",
                     "Accepted=False/NoMatchingParent", 0, 0},
                 row{"{kind: ListenerSet, name: extra, sectionName: gateways}",
                     "Accepted=False/NoMatchingParent", 0, 0},
                 row{"{kind: ListenerSet, name: extra, port: 80}", "Accepted=False/NoMatchingParent", 0, 0},
                 row{"{name: web, sectionName: more}", "Accepted=False/NoMatchingParent", 0, 0},
                 row{"{name: web, port: 82}", "Accepted=False/NoMatchingParent", 0, 0},
                 row{"{name: web}", "Accepted=True/Accepted", 0, 0},
                 row{"{kind: ListenerSet, name: absent}", "", 0, 0},
                 row{"{kind: ListenerSet, group: example.com, name: extra}", "", 0, 0},
                 row{"{kind: ListenerSet, name: extra, namespace: team}", "", 0, 0});
    INFO(r.parent);
    world w = open_world();
    w.backend("app", "[{port: 90, targetPort: 8080}]", "[10.1.0.7]");
    w.listener_set("extra", "[{name: own, protocol: TCP, port: 81}, {name: more, protocol: TCP, port: 82}]");
    w.route("TCPRoute", "r", fmt::format("[{}]", r.parent), "[{name: app, port: 90}]");
    w.settle();
    CHECK(w.shown("TCPRoute", "r") ==
          (*r.verdict ? std::string(r.verdict) + ", ResolvedRefs=True/ResolvedRefs" : "no entry"));
    CHECK(entry(w, "extra", "own").attachedRoutes == r.first);
    CHECK(entry(w, "extra", "more").attachedRoutes == r.second);
    CHECK(endpoints(w, "tcp-81") == (r.first ? "10.1.0.7" : ""));
    CHECK(endpoints(w, "tcp-82") == (r.second ? "10.1.0.7" : ""));
}

TEST_CASE("Gateway and set are two parents with an entry each, which name them") {
    world w = open_world();
    w.backend("app", "[{port: 90}]");
    w.listener_set("extra", one("own", "TCP", 81));
    w.route("TCPRoute", "r", "[{name: web, sectionName: absent}, {kind: ListenerSet, name: extra}]",
            "[{name: app, port: 90}]");
    w.settle();
    CHECK(w.shown("TCPRoute", "r", 0) == "Accepted=False/NoMatchingParent, ResolvedRefs=True/ResolvedRefs");
    CHECK(w.shown("TCPRoute", "r", 1) == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    const auto parents = *w.get<gateway_v1::TCPRoute>("r")->status.parents;
    CHECK(parents.at(0).at("parentRef").at("kind") == "Gateway");
    CHECK(parents.at(1).at("parentRef").at("kind") == "ListenerSet");
    CHECK(parents.at(1).at("parentRef").at("group") == "gateway.networking.k8s.io");
}

TEST_CASE("allowedRoutes of a set's listener starts from the set's namespace") {
    const auto attach_from = [](std::string_view from, std::string_view route_namespace) {
        world w = open_world();
        w.listener_set("team/extra", fmt::format("[{{name: a, protocol: TCP, port: 81, allowedRoutes: "
                                                 "{{namespaces: {{{}}}}}}}]",
                                                 from));
        w.route("TCPRoute", fmt::format("{}/r", route_namespace),
                "[{kind: ListenerSet, name: extra, namespace: team}]", "[{name: app, port: 90}]");
        return show(w.judge<tcp>(fmt::format("{}/r", route_namespace)).at(0).accepted);
    };
    CHECK(attach_from("", "team") == "True/Accepted");
    CHECK(attach_from("", "default") == "False/NotAllowedByListeners"); // though the Gateway is there
    CHECK(attach_from("from: Same", "team") == "True/Accepted");
    CHECK(attach_from("from: All", "other") == "True/Accepted");
    CHECK(attach_from("from: Selector, selector: {matchLabels: {tier: gold}}", "team") == "True/Accepted");
    CHECK(attach_from("from: Selector, selector: {matchLabels: {tier: gold}}", "default") ==
          "False/NotAllowedByListeners");
}

TEST_CASE("a route of a set that is not let in is told so, and comes to life with it") {
    world w = open_world();
    w.gateway("web", tcp_80);
    w.backend("app", "[{port: 90, targetPort: 8080}]", "[10.1.0.7]");
    w.listener_set("extra", one("a", "TCP", 81));
    w.route("TCPRoute", "r", "[{kind: ListenerSet, name: extra}]", "[{name: app, port: 90}]");
    w.settle();
    CHECK(w.shown("TCPRoute", "r") == "Accepted=False/NoMatchingParent, ResolvedRefs=True/ResolvedRefs");
    w.gateway("web", tcp_80, all_may);
    w.settle();
    CHECK(w.shown("TCPRoute", "r") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    CHECK(endpoints(w, "tcp-81") == "10.1.0.7");
    w.remove<ListenerSet>("extra");
    w.settle();
    CHECK(w.shown("TCPRoute", "r") == "no entry");
    CHECK(ports(w, "web-l4") == "tcp-80");
}

TEST_CASE("a route on a listener that lost its port counts, and is served once the port is free") {
    world w = open_world();
    w.backend("app", "[{port: 90, targetPort: 8080}]", "[10.1.0.7]");
    w.listener_set("first", one("a", "TCP", 81));
    w.listener_set("second", one("a", "TCP", 81));
    w.route("TCPRoute", "r", "[{kind: ListenerSet, name: second}]", "[{name: app, port: 90}]");
    w.settle();
    CHECK(entry(w, "second", "a").attachedRoutes == 1);
    CHECK(endpoints(w, "tcp-81").empty());
    w.remove<ListenerSet>("first");
    w.settle();
    CHECK(endpoints(w, "tcp-81") == "10.1.0.7");
    CHECK(entry_status(w, "second", "a") == entry_served);
}

TEST_CASE("routes through Gateway and set compete by age on the set's listener alone") {
    world w = open_world();
    w.backend("old", "[{port: 90, targetPort: 8080}]", "[10.1.0.1]");
    w.backend("new", "[{port: 90, targetPort: 8080}]", "[10.1.0.2]");
    w.listener_set("extra", one("a", "TCP", 81));
    w.route("TCPRoute", "gateways", "[{name: web}]", "[{name: old, port: 90}]");
    w.route("TCPRoute", "r1", "[{kind: ListenerSet, name: extra}]", "[{name: new, port: 90}]");
    w.route("TCPRoute", "r2", "[{kind: ListenerSet, name: extra}]", "[{name: old, port: 90}]");
    w.settle();
    CHECK(endpoints(w, "tcp-80") == "10.1.0.1");
    CHECK(endpoints(w, "tcp-81") == "10.1.0.2");
    CHECK(entry(w, "extra", "a").attachedRoutes == 2);
    CHECK(w.get<Gateway>("web")->status.listeners[0].attachedRoutes == 1);
}

TEST_CASE("every behaviour serves a set's listener, and gives back what it took") {
    struct row {
        const char* labels;
        const char* service;
    };
    const auto r = GENERATE(row{"{serviceBehaviour: create, selectorkey: app, selectorvalue: x}", "team/new"},
                            row{"{serviceBehaviour: duplicate}", "team/app-gw-api"},
                            row{"{serviceBehaviour: update}", "team/app"}, row{"{}", "default/web-l4"});
    INFO(r.labels);
    world w = open_world();
    w.backend("team/app", "[{port: 81, targetPort: 8080}]");
    const auto before = w.get<Service>("team/app");
    w.listener_set("team/extra", one("a", "TCP", 81));
    w.route("TCPRoute", "team/r", "[{kind: ListenerSet, name: extra}]",
            std::string_view(r.service) == "team/new" ? "[{name: new, port: 81}]" : "[{name: app, port: 81}]",
            r.labels);
    w.settle();
    CHECK(w.shown("TCPRoute", "team/r") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
    const auto service = w.get<Service>(r.service);
    REQUIRE(service);
    CHECK(service->spec.type == "LoadBalancer");
    CHECK(service->spec.loadBalancerIP == w.addresses("web").at(0));
    CHECK(std::any_of(service->spec.ports.begin(), service->spec.ports.end(),
                      [](const auto& p) { return p.port == 81; }));
    CHECK(w.set_status("team/extra") == served);
    CHECK(w.clashes().empty());

    w.remove<ListenerSet>("team/extra");
    w.settle();
    CHECK(w.get<Service>("team/app")->spec == before->spec);
    CHECK(w.get<Service>("team/app")->metadata.annotations == before->metadata.annotations);
    CHECK(ports(w, "web-l4") == "tcp-80");
    CHECK(w.list<Service>().size() == 2);
    CHECK(w.get<gateway_v1::TCPRoute>("team/r")->metadata.finalizers.empty());
}

TEST_CASE("update serves the older of two Gateways, also when a set leads to it") {
    world w = open_world();
    w.gateway("young", "[{name: a, protocol: TCP, port: 81}]");
    w.backend("app", "[{port: 81, targetPort: 8080}]");
    w.listener_set("extra", one("a", "TCP", 81));
    w.route("TCPRoute", "r", "[{name: young}, {kind: ListenerSet, name: extra}]", "[{name: app, port: 81}]",
            "{serviceBehaviour: update}");
    w.settle();
    CHECK(w.get<Service>("app")->spec.loadBalancerIP == w.addresses("web").at(0));
    w.remove<ListenerSet>("extra");
    w.settle();
    CHECK(w.get<Service>("app")->spec.loadBalancerIP == w.addresses("young").at(0));
}
