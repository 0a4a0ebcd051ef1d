// What the Go controller left on a cluster is taken over without an outage, or kept and reported.
#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view go_annotations =
    "gateway-api-controller: thebsdbox.co.uk/controller, parent-tcp-route: r";
constexpr std::string_view go_labels = "ipam-address: 10.0.0.7, implementation: thebsdbox";

/// As the Go controller leaves a Gateway: record, spec, status with the CRD's conditions half overwritten.
void add_gateway(world& w) {
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.merge<Gateway>(
        "web", fmt::format(R"({{metadata: {{labels: {{{}}}}}, spec: {{addresses: [{{type: IPAddress, value:
        10.0.0.7}}]}}, status: {{addresses: [{{type: IPAddress, value: 10.0.0.7}}], conditions: [
        {{type: Accepted, status: 'True', reason: Waiting, message: Waiting for controller, lastTransitionTime:
         '2024-05-01T00:00:00Z'}},
        {{type: Programmed, status: Unknown, reason: Waiting, message: Waiting for controller, lastTransitionTime:
         '1970-01-01T00:00:00Z'}}]}}}})",
                           go_labels));
}

void add_service(world& w, std::string_view name, std::string_view metadata, std::string_view spec) {
    w.add(fmt::format("{{kind: Service, metadata: {{name: {}, {}}}, spec: {{type: LoadBalancer, {}}}}}", name,
                      metadata, spec));
}

std::string marks(std::string_view more_labels = "") {
    return fmt::format("labels: {{{}{}}}, annotations: {{{}}}", go_labels, more_labels, go_annotations);
}

bool is_asked_for(const world& w) {
    for (const auto& s : w.list<Service>())
        if (claims_of(*s).contains({"10.0.0.7", "TCP", 80}))
            return true;
    return false;
}

/// From now on the address and port must be asked for after each write, by one Service.
void watch_for_outage(world& w) {
    w.announce();
    REQUIRE(is_asked_for(w));
    w.after_write = [&w](const std::string& write) {
        INFO(write);
        CHECK(is_asked_for(w));
        CHECK(w.clashes().empty());
        CHECK(w.addresses("web") == std::vector<std::string>{"10.0.0.7"});
        CHECK(w.get<Gateway>("web")->spec.addresses.front().value == "10.0.0.7");
    };
}

void check_served(const world& w, std::string_view service) {
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.accepted("web") == "True/Accepted");
    CHECK(w.said("TCPRoute", "r", "Programmed") ==
          fmt::format("True/Programmed: Listener a is served by Service default/{}", service));
    CHECK(w.get<Service>(service)->metadata.annotations.at(w.named.gateway()) == "default/web");
}

} // namespace

TEST_CASE("upgrade: a Service by create is taken over in place") {
    world w;
    add_gateway(w);
    add_service(
        w, "app", marks(),
        "loadBalancerIP: 10.0.0.7, selector: {app: x}, ports: [{port: 80, targetPort: 8080, protocol: TCP}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]",
            "{selectorkey: app, selectorvalue: x}");
    const std::string uid = w.get<Service>("app")->metadata.uid;
    watch_for_outage(w);
    w.settle();
    check_served(w, "app");
    CHECK(w.get<Service>("app")->metadata.uid == uid);
    REQUIRE(w.get<Service>("app")->spec.ports.size() == 1);
    CHECK(w.get<Service>("app")->spec.ports[0].name == "tcp-80");
    CHECK(w.get<Service>("app")->spec.ports[0].targetPort == IntOrString(8080));
    w.after_write = nullptr;
    w.remove<gateway_v1::TCPRoute>("r");
    w.settle();
    CHECK(w.get<Service>("app") == nullptr); // ours now
}

TEST_CASE("upgrade: also a Service that kube-vip's own controller has changed since") {
    // kube-vip-cloud-provider moves the address to its annotation, and takes the label away.
    world w;
    add_gateway(w);
    add_service(
        w, "app",
        fmt::format("labels: {{implementation: thebsdbox}}, annotations: {{{}, kube-vip.io/loadbalancerIPs: "
                    "10.0.0.7, kube-vip.io/vipHost: n1}}",
                    go_annotations),
        "loadBalancerIP: 10.0.0.7, selector: {app: x}, ports: [{port: 80, targetPort: 8080}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]",
            "{selectorkey: app, selectorvalue: x}");
    watch_for_outage(w);
    w.settle();
    check_served(w, "app");
}

TEST_CASE("upgrade: a Service by duplicate is taken over in place and gets the address it lacked") {
    world w;
    add_gateway(w);
    w.backend("app", "[{name: http, port: 8080, targetPort: 9000}]");
    const Service source = *w.get<Service>("app");
    // The Go controller gave its copy no address, and the backendRef's port as target.
    add_service(w, "app-gw-api", fmt::format("labels: {{app: x}}, annotations: {{{}}}", go_annotations),
                "selector: {app: app}, ports: [{port: 80, targetPort: 8080}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]",
            "{serviceBehaviour: duplicate}");
    const std::string uid = w.get<Service>("app-gw-api")->metadata.uid;
    w.settle();
    check_served(w, "app-gw-api");
    const Service& copy = *w.get<Service>("app-gw-api");
    CHECK(copy.metadata.uid == uid);
    CHECK(copy.metadata.labels.at("app") == "x");
    CHECK(copy.spec.loadBalancerIP == "10.0.0.7");
    CHECK(copy.spec.ports.at(0).targetPort == IntOrString(9000));
    CHECK(*w.get<Service>("app") == source);
    w.remove<gateway_v1::TCPRoute>("r");
    w.settle();
    CHECK(w.get<Service>("app-gw-api") == nullptr);
    CHECK(*w.get<Service>("app") == source);
}

TEST_CASE("upgrade: a Service by update stays in service, and is never deleted") {
    world w;
    add_gateway(w);
    add_service(
        w, "app", marks(", app: x"),
        "loadBalancerIP: 10.0.0.7, selector: {app: x}, clusterIP: 10.96.0.7, ports: [{port: 80, targetPort: "
        "8080, nodePort: 30080}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]",
            "{serviceBehaviour: update}");
    const auto ports = w.get<Service>("app")->spec.ports;
    watch_for_outage(w);
    w.settle();
    check_served(w, "app");
    CHECK(w.get<Service>("app")->spec.ports == ports);
    CHECK(w.get<Service>("app")->metadata.labels.at("app") == "x");
    w.restart();
    w.take_writes();
    w.settle();
    CHECK(w.take_writes().empty());

    w.after_write = nullptr;
    SECTION("given back, it asks for nothing and has none of the marks") {
        w.remove<gateway_v1::TCPRoute>("r");
    }
    SECTION("when the Gateway goes, too") { w.remove<Gateway>("web"); }
    w.settle();
    const auto kept = w.get<Service>("app");
    REQUIRE(kept != nullptr);
    CHECK(kept->spec.type == "ClusterIP");
    CHECK(kept->spec.loadBalancerIP.empty());
    CHECK(kept->metadata.labels == std::map<std::string, std::string>{{"app", "x"}});
    CHECK(kept->metadata.annotations ==
          std::map<std::string, std::string>{{w.named.replaced_ports(), "true"}});
    CHECK(kept->spec.ports.at(0).targetPort == IntOrString(8080));
    CHECK(kept->spec.selector.at("app") == "x");
}

TEST_CASE("upgrade: what cannot be told apart is kept and reported") {
    world w;
    add_gateway(w);
    SECTION("a Service that has more on it than create would put there") {
        add_service(w, "app", marks(", team: payments"),
                    "loadBalancerIP: 10.0.0.7, selector: {app: x}, ports: [{port: 80, targetPort: 8080}]");
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]",
                "{selectorkey: app, selectorvalue: x}");
        CHECK(w.plan_for("web").notices.size() == 1);
        watch_for_outage(w);
        const Service before = *w.get<Service>("app");
        w.settle();
        CHECK(*w.get<Service>("app") == before); // and so still in service
        CHECK(w.shown("TCPRoute", "r").ends_with("ResolvedRefs=False/RefNotPermitted"));
        w.after_write = nullptr;
        w.remove<gateway_v1::TCPRoute>("r");
        w.remove<Gateway>("web");
        w.settle();
        CHECK(*w.get<Service>("app") == before);
    }
    SECTION("a Service whose route is gone") {
        w.route("TCPRoute", "other", "[{name: web, sectionName: none}]", "[{name: x, port: 1}]");
        add_service(w, "app", marks(", app: x"),
                    "loadBalancerIP: 10.0.0.7, selector: {app: x}, ports: [{port: 8443, targetPort: 8443}]");
        const Service before = *w.get<Service>("app");
        w.settle();
        CHECK(w.get<Service>("app")->spec == before.spec);
        const desired_state desired = w.plan_for("web");
        REQUIRE(desired.notices.size() == 1);
        CHECK(desired.notices[0].service == key("app"));
        CHECK(desired.notices[0].message.starts_with(
            "Service default/app: metadata.annotations[gateway-api-controller]: the Go controller left it "
            "for TCPRoute "
            "default/r, asking for 10.0.0.7 TCP 8443; "));
    }
}

TEST_CASE("upgrade to behaviour merge: the port changes hands, endpoints stay") {
    // Before, `update`; now the label is gone and the default is merge.
    world w;
    add_gateway(w);
    w.backend("app", "[{port: 80, targetPort: 8080}]", "[10.1.0.1]");
    w.merge<Service>("app",
                     fmt::format("{{metadata: {{labels: {{{}, app: x}}, annotations: {{{}}}}}, spec: {{type: "
                                 "LoadBalancer, loadBalancerIP: 10.0.0.7}}}}",
                                 go_labels, go_annotations));
    w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 8080}]");
    w.announce();
    CHECK(w.plan_for("web").notices.size() == 1);
    int gaps = 0;
    w.after_write = [&](const std::string& write) {
        INFO(write);
        CHECK(w.clashes().empty());
        gaps += is_asked_for(w) ? 0 : 1;
        CHECK(w.addresses("web") == std::vector<std::string>{"10.0.0.7"});
    };
    w.settle();
    CHECK(gaps <= 1);
    check_served(w, "web-l4");
    CHECK(w.get<Service>("app")->spec.type == "ClusterIP");
    CHECK(w.get<Service>("app")->spec.ports.at(0).port ==
          80); // the backendRef names the target port, as before
    const auto slices = w.slices(key("web-l4"));
    REQUIRE(slices.size() == 1);
    CHECK(slices[0]->endpoints->size() == 1);
    CHECK(slices[0]->ports[0].port == 8080);
}

TEST_CASE("another controller's Services are no leftovers of ours") {
    world w;
    add_gateway(w);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]",
            "{selectorkey: app, selectorvalue: x}");
    add_service(w, "app",
                fmt::format("labels: {{{}}}, annotations: {{gateway-api-controller: example.com/other, "
                            "parent-tcp-route: r}}",
                            go_labels),
                "loadBalancerIP: 10.0.0.7, selector: {app: x}, ports: [{port: 80, targetPort: 8080}]");
    const Service before = *w.get<Service>("app");
    w.announcer_runs = false;
    w.settle();
    CHECK(*w.get<Service>("app") == before);
    CHECK(w.plan_for("web").notices.empty());
}
