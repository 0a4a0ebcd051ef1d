// Services that are deleted and that finalizers keep: they ask for their ports until they are gone.
#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;
using list = std::vector<std::string>;

namespace {

/// That of every controller that is built on Kubernetes' cloud-provider framework.
constexpr std::string_view finalizer = "service.kubernetes.io/load-balancer-cleanup";
constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";

const std::vector<behaviour> all{behaviour::merge, behaviour::create, behaviour::duplicate,
                                 behaviour::update};

void put_route(world& w, behaviour b, std::string_view name = "r") {
    const std::string labels = b == behaviour::create ? "{selectorkey: app, selectorvalue: x}"
                                                      : fmt::format("{{serviceBehaviour: {}}}", to_string(b));
    w.route("TCPRoute", name, "[{name: web, namespace: default}]",
            fmt::format("[{{name: {}, port: 8080}}]", b == behaviour::create ? "made" : "app"), labels);
}

std::string serving(behaviour b) {
    switch (b) {
    case behaviour::create:
        return "made";
    case behaviour::duplicate:
        return "app-gw-api";
    case behaviour::update:
        return "app";
    default:
        return "web-l4";
    }
}

void hold(world& w, const std::string& service) {
    w.merge<Service>(service, fmt::format("{{metadata: {{finalizers: [{}]}}}}", finalizer));
}
void let_go(world& w, const std::string& service) {
    w.merge<Service>(service, "{metadata: {finalizers: null}}");
}

/// The Services that ask for TCP port 80 of 10.0.0.1.
list asking(const world& w) {
    list names;
    for (const auto& s : w.list<Service>())
        if (claims_of(*s).contains({"10.0.0.1", "TCP", 80}))
            names.push_back(s->metadata.name);
    return names;
}

std::string message(const world& w, std::string_view gateway) {
    return find_condition(w.get<Gateway>(gateway)->status.conditions, "Programmed")->message;
}

/// From now on no two Services may ask for the same, after any write.
void watch_clashes(world& w) {
    w.after_write = [&w](const std::string& write) {
        INFO(write);
        CHECK(w.clashes() == list());
    };
}

world one_listener() {
    world w;
    w.gateway("web", one_tcp);
    w.backend("app", "[{port: 8080}]");
    return w;
}

} // namespace

TEST_CASE(
    "finalizers: from every behaviour to every other the successor waits for a Service that they keep") {
    const bool gateway_first = GENERATE(false, true);
    for (const behaviour from : all)
        for (const behaviour to : all) {
            if (from == to || from == behaviour::update) // what is borrowed is given back, not deleted
                continue;
            INFO(to_string(from) << " to " << to_string(to));
            world w = one_listener();
            w.gateways_first = gateway_first;
            put_route(w, from);
            w.settle();
            REQUIRE(asking(w) == list{serving(from)});
            hold(w, serving(from));
            watch_clashes(w);
            put_route(w, to);
            w.settle();
            CHECK(asking(w) == list{serving(from)});
            CHECK(w.programmed("web") == "False/Pending");
            CHECK(message(w, "web").find(finalizer) != std::string::npos);
            CHECK(message(w, "web").find("Service default/" + serving(from)) != std::string::npos);
            const std::string said = w.said("TCPRoute", "r", "Programmed");
            CHECK(said.starts_with("False/"));
            CHECK(said.find(finalizer) != std::string::npos);
            w.restart();
            w.settle();
            CHECK(asking(w) == list{serving(from)});
            let_go(w, serving(from));
            w.settle();
            CHECK(asking(w) == list{serving(to)});
            CHECK(w.programmed("web") == "True/Programmed");
            CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
        }
}

TEST_CASE("finalizers: ports that nobody holds are served meanwhile") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.backend("app", "[{port: 8080}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]",
            "{serviceBehaviour: duplicate}");
    w.settle();
    hold(w, "app-gw-api");
    watch_clashes(w);
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]");
    w.settle();
    CHECK(asking(w) == list{"app-gw-api"});
    CHECK(claims_of(*w.get<Service>("web-l4")) == port_claims{{"10.0.0.1", "TCP", 81}});
    let_go(w, "app-gw-api");
    w.settle();
    CHECK(asking(w) == list{"web-l4"});
}

TEST_CASE("finalizers: a Gateway of another class gets its Service when that of the class before is gone") {
    world w = one_listener();
    put_route(w, behaviour::merge);
    w.settle();
    w.add("{kind: GatewayClass, metadata: {name: l5}, spec: {controllerName: thebsdbox.co.uk/controller}}");
    hold(w, "web-l4");
    watch_clashes(w);
    w.merge<Gateway>("web", "{spec: {gatewayClassName: l5}}");
    w.settle();
    CHECK(asking(w) == list{"web-l4"});
    CHECK(w.programmed("web") == "False/Pending");
    CHECK(message(w, "web").find(finalizer) != std::string::npos);
    let_go(w, "web-l4");
    w.settle();
    CHECK(asking(w) == list{"web-l5"});
}

TEST_CASE("finalizers: an address goes to another Gateway when nobody asks for it any more") {
    const bool is_pinned = GENERATE(true, false);
    world w = one_listener();
    if (!is_pinned)
        w.add("{kind: ConfigMap, metadata: {name: pools}, data: {range-global: 10.0.0.1}}");
    w.settle();
    REQUIRE(w.addresses("web") == list{"10.0.0.1"});
    hold(w, "web-l4");
    watch_clashes(w);
    w.remove<Gateway>("web");
    w.gateway("next", one_tcp, is_pinned ? "addresses: [{type: IPAddress, value: 10.0.0.1}]" : "");
    w.settle();
    CHECK(asking(w) == list{"web-l4"});
    CHECK(w.programmed("next") == (is_pinned ? "False/AddressNotUsable" : "False/AddressNotAssigned"));
    CHECK(message(w, "next").find(finalizer) != std::string::npos);
    let_go(w, "web-l4");
    w.settle();
    CHECK(asking(w) == list{"next-l4"});
}

TEST_CASE("finalizers: the Gateway's own Service, deleted by somebody, is made again when it is gone") {
    world w = one_listener();
    put_route(w, behaviour::merge);
    w.settle();
    hold(w, "web-l4");
    watch_clashes(w);
    w.remove<Service>("web-l4");
    w.settle();
    CHECK(w.programmed("web") == "False/Pending");
    CHECK(message(w, "web").find(finalizer) != std::string::npos);
    let_go(w, "web-l4");
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->metadata.deletionTimestamp.empty());
}

TEST_CASE("finalizers: a borrowed Service that is being deleted is given back, and its ports are free") {
    world w = one_listener();
    put_route(w, behaviour::update);
    w.settle();
    REQUIRE(asking(w) == list{"app"});
    hold(w, "app");
    watch_clashes(w);
    w.remove<Service>("app");
    put_route(w, behaviour::merge);
    w.settle();
    CHECK(asking(w) == list{"web-l4"});
}

TEST_CASE("finalizers: a Service of another namespace than the Gateway's is made to ask for nothing") {
    world w;
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.gateway("web", "[{name: a, protocol: TCP, port: 80, allowedRoutes: {namespaces: {from: All}}}]");
    w.backend("team/app", "[{port: 8080}]");
    put_route(w, behaviour::duplicate, "team/r");
    w.settle();
    REQUIRE(asking(w) == list{"app-gw-api"});
    hold(w, "team/app-gw-api");
    watch_clashes(w);
    SECTION("another behaviour") { put_route(w, behaviour::merge, "team/r"); }
    SECTION("the route goes") { w.remove<gateway_v1::TCPRoute>("team/r"); }
    SECTION("somebody deletes it") {
        w.remove<Service>("team/app-gw-api");
        put_route(w, behaviour::merge, "team/r");
    }
    w.settle();
    CHECK(asking(w) == list{"web-l4"});
    CHECK(w.programmed("web") == "True/Programmed");
    const auto held = w.get<Service>("team/app-gw-api");
    CHECK(held->spec.type == "ClusterIP");
    CHECK_FALSE(held->metadata.deletionTimestamp.empty());
}

TEST_CASE("finalizers: a stranger's Service that looks like ours keeps no port, deleted or not") {
    world w = one_listener();
    put_route(w, behaviour::merge);
    w.settle();
    w.add(fmt::format(
        "{{kind: Service, metadata: {{namespace: evil, name: steal, finalizers: [{}], annotations: "
        "{{thebsdbox.co.uk/gateway: default/web, thebsdbox.co.uk/applied: forged}}}}, spec: {{type: "
        "LoadBalancer, "
        "loadBalancerIP: 10.0.0.1, ports: [{{name: a, protocol: TCP, port: 80}}, {{name: b, protocol: TCP, "
        "port: "
        "81}}]}}}}",
        finalizer));
    if (GENERATE(true, false))
        w.remove<Service>("evil/steal");
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->spec.ports.size() == 2);
    CHECK(w.clashes() == list());
}
