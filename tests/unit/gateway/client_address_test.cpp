// externalTrafficPolicy: who may choose Local, what it takes on each announcer, and where it is refused.
#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
constexpr std::string_view two_tcp =
    "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]";
constexpr std::string_view local =
    "infrastructure: {annotations: {thebsdbox.co.uk/external-traffic-policy: Local}}";

world announced_by(announcer a) {
    options o = world::with_pools();
    o.announced_by = a;
    return world(std::move(o));
}

std::string message(const world& w, std::string_view type = "Accepted") {
    const Condition* c = find_condition(w.get<Gateway>("web")->status.conditions, type);
    return c == nullptr ? std::string() : c->message;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

} // namespace

TEST_CASE("client address: Local by annotation, on every announcer") {
    for (const announcer_profile& p : announcer_profiles()) {
        world w = announced_by(p.id);
        w.gateway("web", one_tcp, local);
        w.backend("app", "[{port: 8080}]");
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
        w.settle();
        INFO(p.name);
        const Service& s = *w.get<Service>("web-l4");
        CHECK(s.spec.externalTrafficPolicy == "Local");
        CHECK(w.programmed("web") == "True/Programmed");
        // kube-vip obeys this under Cluster only.
        CHECK_FALSE(s.metadata.annotations.contains("kube-vip.io/allow-reconcile-without-endpoints"));
        // servicelb forwards to node ports then.
        CHECK(s.spec.allocateLoadBalancerNodePorts == (p.id == announcer::servicelb));
        // The key is for us.
        CHECK_FALSE(s.metadata.annotations.contains(w.named.external_traffic_policy()));
        // Announcers and kube-proxy find local endpoints by their node.
        w.merge<discovery_v1::EndpointSlice>("app-1",
                                             "{endpoints: [{addresses: [10.1.0.1], nodeName: node-1}]}");
        w.settle();
        CHECK(w.slices(key("web-l4")).at(0)->endpoints->at(0).nodeName == "node-1");
        w.gateway("web", one_tcp);
        w.settle();
        CHECK(w.get<Service>("web-l4")->spec.externalTrafficPolicy == "Cluster");
        CHECK(w.get<Service>("web-l4")->metadata.annotations.contains(
                  "kube-vip.io/allow-reconcile-without-endpoints") == (p.id == announcer::kube_vip));
    }
}

TEST_CASE("client address: the annotation is checked, and wins over parameters") {
    world w;
    w.gateway("web", one_tcp,
              "infrastructure: {annotations: {thebsdbox.co.uk/external-traffic-policy: local}}");
    w.settle();
    CHECK(w.accepted("web") == "False/InvalidParameters");
    CHECK(message(w) ==
          "spec.infrastructure.annotations[thebsdbox.co.uk/external-traffic-policy]: expected Cluster or "
          "Local, got \"local\"; correct or remove it");
    CHECK(w.get<Service>("web-l4") == nullptr);

    w.add("{kind: ConfigMap, metadata: {name: mine, labels: {thebsdbox.co.uk/parameters: 'true'}}, "
          "data: {externalTrafficPolicy: Local}}");
    w.gateway("web", one_tcp, "infrastructure: {parametersRef: {group: '', kind: ConfigMap, name: mine}}");
    w.settle();
    CHECK(w.get<Service>("web-l4")->spec.externalTrafficPolicy == "Local");
    w.gateway("web", one_tcp,
              "infrastructure: {annotations: {thebsdbox.co.uk/external-traffic-policy: Cluster}, "
              "parametersRef: {group: '', kind: ConfigMap, name: mine}}");
    w.settle();
    CHECK(w.get<Service>("web-l4")->spec.externalTrafficPolicy == "Cluster");
    CHECK(w.programmed("web") == "True/Programmed");
    // As a label it is nothing that we read.
    w.gateway("web", one_tcp, "infrastructure: {labels: {thebsdbox.co.uk/external-traffic-policy: Local}}");
    w.settle();
    CHECK(w.accepted("web") == "False/InvalidParameters");
}

TEST_CASE(
    "client address: a merged Service of several slices is refused with kube-vip, and fine with others") {
    for (const announcer_profile& p : announcer_profiles()) {
        const bool refused = p.id == announcer::kube_vip;
        INFO(p.name);
        world w = announced_by(p.id);
        w.gateway("web", two_tcp, local);
        w.settle();
        CHECK(w.accepted("web") == (refused ? "False/InvalidParameters" : "True/Accepted"));
        CHECK((w.get<Service>("web-l4") == nullptr) == refused);
        if (refused)
            CHECK(contains(message(w), "kube-vip would look at one of them only"));

        world several = announced_by(p.id);
        several.gateway("web", one_tcp, local);
        several.backend("one", "[{port: 8080}]");
        several.backend("two", "[{port: 8080}]", "[10.1.0.2]");
        several.route("TCPRoute", "r", "[{name: web}]", "[{name: one, port: 8080}, {name: two, port: 8080}]");
        several.settle();
        CHECK(several.accepted("web") == (refused ? "False/InvalidParameters" : "True/Accepted"));
    }
}

TEST_CASE("client address: what is served goes on under Cluster when Local becomes impossible") {
    world w;
    w.gateway("web", one_tcp, local);
    w.settle();
    REQUIRE(w.get<Service>("web-l4")->spec.externalTrafficPolicy == "Local");
    w.gateway("web", two_tcp, local);
    w.settle();
    CHECK(w.accepted("web") == "False/InvalidParameters");
    const Service& s = *w.get<Service>("web-l4");
    CHECK(s.spec.externalTrafficPolicy == "Cluster");
    CHECK(s.spec.ports.size() == 2);
    CHECK(s.metadata.annotations.contains("kube-vip.io/allow-reconcile-without-endpoints"));
}

TEST_CASE("client address: several Services of one address are refused where Local does not let them share") {
    for (const announcer_profile& p : announcer_profiles()) {
        world w = announced_by(p.id);
        w.gateway("web", two_tcp, local);
        w.backend("app", "[{port: 8080}]");
        w.route("TCPRoute", "copy", "[{name: web, sectionName: b}]", "[{name: app, port: 8080}]",
                "{serviceBehaviour: duplicate}");
        w.settle();
        INFO(p.name);
        const bool fine = p.id == announcer::servicelb || p.id == announcer::none;
        CHECK(w.accepted("web") == (fine ? "True/Accepted" : "False/InvalidParameters"));
        if (!fine)
            CHECK(contains(message(w), "does not work for the 2 Services of this Gateway"));
        w.gateway("web", two_tcp);
        w.settle();
        CHECK(w.programmed("web") == "True/Programmed");
    }
}

TEST_CASE("client address: a user's Service of policy Local is borrowed alone, or where it may share") {
    for (const announcer_profile& p : announcer_profiles()) {
        world w = announced_by(p.id);
        w.gateway("web", one_tcp);
        w.backend("app", "[{port: 80}]");
        w.merge<Service>("app", "{spec: {type: LoadBalancer, externalTrafficPolicy: Local}}");
        w.route("TCPRoute", "r", "[{name: web, sectionName: a}]", "[{name: app, port: 80}]",
                "{serviceBehaviour: update}");
        w.settle();
        INFO(p.name);
        const auto is_borrowed = [&] {
            return w.get<Service>("app")->metadata.annotations.contains(w.named.gateway());
        };
        CHECK(is_borrowed());
        w.gateway("web", two_tcp);
        w.settle();
        CHECK(is_borrowed() == p.shares_when_local);
        CHECK(w.get<Service>("app")->spec.externalTrafficPolicy == "Local");
        w.merge<Service>("app", "{spec: {externalTrafficPolicy: Cluster}}");
        w.settle();
        CHECK(is_borrowed());
    }
}
