// What ConfigMaps named by parametersRefs may say, and what becomes of a mistake in one.
#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::ConfigMap;
using core_v1::Service;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
constexpr std::string_view label = "thebsdbox.co.uk/parameters";

using data = std::map<std::string, std::string>;

options flags() { return world::with_pools(); }

std::string refusal(const data& d, parameter_scope scope = parameter_scope::gateway_class,
                    const options& base = flags()) {
    const auto parsed = with_parameters(base, d, scope);
    return parsed.has_value() ? std::string() : parsed.error().message;
}

void set_parameters(world& w, std::string_view values, std::string_view name = "infra/l4") {
    const object_key k = key(name);
    w.add(fmt::format(
        "{{kind: ConfigMap, metadata: {{name: {}, namespace: {}, labels: {{{}: 'true'}}}}, data: {}}}",
        k.name, k.namespace_, label, values));
}

void refer(world& w,
           std::string_view reference = "{group: '', kind: ConfigMap, name: l4, namespace: infra}") {
    w.add(fmt::format("{{kind: GatewayClass, metadata: {{name: l4}}, spec: {{controllerName: "
                      "thebsdbox.co.uk/controller, parametersRef: {}}}}}",
                      reference));
}

/// A class with these parameters, and a Gateway of it.
world with_class_parameters(std::string_view values) {
    world w;
    w.add("{kind: Namespace, metadata: {name: infra}}");
    set_parameters(w, values);
    refer(w);
    w.gateway("web", one_tcp);
    return w;
}

world with_gateway_parameters(std::string_view values, std::string_view listeners = one_tcp) {
    world w;
    set_parameters(w, values, "mine");
    w.gateway("web", listeners, "infrastructure: {parametersRef: {group: '', kind: ConfigMap, name: mine}}");
    return w;
}

std::string message(const world& w, std::string_view gateway, std::string_view type = "Accepted") {
    const Condition* c = find_condition(w.get<Gateway>(gateway)->status.conditions, type);
    return c == nullptr ? std::string() : c->message;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

using list = std::vector<std::string>;

} // namespace

TEST_CASE("parameters: every key sets what it names") {
    const options all = with_parameters(flags(),
                                        {{"serviceBehaviour", "duplicate"},
                                         {"externalTrafficPolicy", "Local"},
                                         {"sessionAffinity", "ClientIP"},
                                         {"announcer", "metallb"},
                                         {"pools", "edge, global"},
                                         {"loadBalancerClass", "example.com/Class_1.a"},
                                         {"allocateLoadBalancerNodePorts", " true\n"}},
                                        parameter_scope::gateway_class)
                            .value();
    CHECK(all.default_behaviour == behaviour::duplicate);
    CHECK(all.keep_client_address);
    CHECK(all.session_affinity);
    CHECK(all.announced_by == announcer::metallb);
    CHECK(all.pools == list{"edge", "global"});
    CHECK(all.load_balancer_class == "example.com/Class_1.a");
    CHECK(all.node_ports == true);

    // Each of them back to what it is by default.
    const options none = with_parameters(all,
                                         {{"serviceBehaviour", "merge"},
                                          {"externalTrafficPolicy", "Cluster"},
                                          {"sessionAffinity", "None"},
                                          {"announcer", "kube-vip"},
                                          {"allocateLoadBalancerNodePorts", "false"}},
                                         parameter_scope::gateway_class)
                             .value();
    CHECK(none.default_behaviour == behaviour::merge);
    CHECK_FALSE(none.keep_client_address);
    CHECK_FALSE(none.session_affinity);
    CHECK(none.announced_by == announcer::kube_vip);
    CHECK(none.node_ports == false);
}

TEST_CASE("parameters: a mistake names the key, what was expected, what is there and what to do") {
    const struct {
        data values;
        std::string_view said;
    } rows[] = {
        {{{"anouncer", "metallb"}},
         "data[anouncer]: is no parameter; expected serviceBehaviour, externalTrafficPolicy, "
         "sessionAffinity, "
         "announcer, pools, loadBalancerClass, allocateLoadBalancerNodePorts; correct or remove it"},
        {{{"announcer", "MetalLB"}},
         "data[announcer]: expected one of kube-vip, metallb, cilium, servicelb, none, got \"MetalLB\"; "
         "correct or "
         "remove it"},
        {{{"serviceBehaviour", ""}},
         "data[serviceBehaviour]: expected one of merge, create, duplicate, update, got \"\"; correct or "
         "remove it"},
        {{{"externalTrafficPolicy", "local"}},
         "data[externalTrafficPolicy]: expected Cluster or Local, got \"local\"; correct or remove it"},
        {{{"allocateLoadBalancerNodePorts", "yes"}},
         "data[allocateLoadBalancerNodePorts]: expected true or false, got \"yes\"; correct or remove it"},
        {{{"announcer", "x"}, {"zzz", "y"}}, "; data[zzz]: is no parameter"},
        {{{"announcer", "servicelb"}, {"pools", "edge"}},
         "pools: k3s servicelb has addresses of its own and cannot be asked for any; remove the key"},
        {{{"announcer", "servicelb"},
          {"externalTrafficPolicy", "Local"},
          {"allocateLoadBalancerNodePorts", "false"}},
         "externalTrafficPolicy: Local comes by node ports with k3s servicelb, and "
         "allocateLoadBalancerNodePorts is "
         "false; remove one of the two"},
    };
    for (const auto& row : rows) {
        INFO(refusal(row.values));
        CHECK(contains(refusal(row.values), row.said));
    }
    for (const std::string wrong : {"", ",", "a,", ",a", "a,,b", "Edge", "a_b", "-a", "a/b"})
        CHECK(contains(refusal({{"pools", wrong}}), "data[pools]: expected names of pools"));
    for (const std::string wrong : {"", "a/b/c", "/b", "a/", "a b", "-a", "ä"})
        CHECK(contains(refusal({{"loadBalancerClass", wrong}}),
                       "data[loadBalancerClass]: expected a name such as"));
    CHECK(
        contains(refusal({{"pools", "edge"}}, parameter_scope::gateway_class, options()), "-ipam-configmap"));
}

TEST_CASE("parameters: a namespaced user decides neither pool nor announcer, and nothing that costs others") {
    for (const auto& [key, value] : data{{"announcer", "metallb"},
                                         {"pools", "edge"},
                                         {"loadBalancerClass", "a"},
                                         {"allocateLoadBalancerNodePorts", "true"}}) {
        const std::string said = refusal({{key, value}}, parameter_scope::gateway);
        INFO(said);
        CHECK(contains(said, "data[" + key + "]: is for GatewayClasses only"));
        CHECK(contains(said, "expected serviceBehaviour, externalTrafficPolicy, sessionAffinity;"));
    }
    for (const auto& [key, value] : data{{"serviceBehaviour", "create"},
                                         {"externalTrafficPolicy", "Local"},
                                         {"sessionAffinity", "ClientIP"}})
        CHECK(refusal({{key, value}}, parameter_scope::gateway).empty());
}

TEST_CASE("parameters: absurd ConfigMaps give a bounded message") {
    data many;
    for (int i = 0; i < 10000; ++i)
        many[fmt::format("key-{}", i)] = std::string(100, 'x');
    CHECK(refusal(many).size() < 4000);
    CHECK(contains(refusal(many), "and 9995 more"));
    CHECK(refusal({{"announcer", std::string(1000000, 'x')}}).size() < 1000);
    CHECK(refusal({{std::string(1000000, 'k'), "x"}}).size() < 1000);
    CHECK(refusal({{"pools", std::string(1000000, ',')}}).size() < 1000);
    std::string umlauts = "x"; // two bytes each
    for (int i = 0; i < 100; ++i)
        umlauts += "ä";
    CHECK(contains(refusal({{"announcer", umlauts}}), "got \"" + umlauts.substr(0, 79) + "\";"));
    std::string long_list = "a";
    for (int i = 0; i < 32; ++i)
        long_list += ",a";
    CHECK_FALSE(refusal({{"pools", long_list}}).empty());
}

TEST_CASE(
    "contract row 37: a class whose parametersRef leads nowhere is not accepted, and its Gateways wait") {
    const struct {
        std::string_view reference;
        std::string_view said;
    } rows[] = {
        {"{group: invalid.com, kind: Bad, name: x}", "spec.parametersRef: expected a ConfigMap (group \"\", "
                                                     "kind ConfigMap), got Bad x of group \"invalid.com\""},
        {"{group: '', kind: Secret, name: x, namespace: infra}", "got Secret x of group \"\""},
        {"{group: '', kind: ConfigMap, name: x}",
         "spec.parametersRef.namespace: expected the namespace of ConfigMap x, got none; add it"},
        {"{group: '', kind: ConfigMap, name: x, namespace: infra}",
         "spec.parametersRef: ConfigMap infra/x does not exist or lacks the label "
         "thebsdbox.co.uk/parameters=true"},
        {"{group: '', kind: ConfigMap, name: bare, namespace: infra}",
         "kubectl label configmap bare -n infra thebsdbox.co.uk/parameters=true"},
    };
    for (const auto& row : rows) {
        world w = with_class_parameters("{}");
        w.add("{kind: ConfigMap, metadata: {name: bare, namespace: infra}}");
        refer(w, row.reference);
        w.settle();
        const judged_parameters judged = w.class_settings("l4");
        INFO(judged.accepted.message);
        CHECK(show(judged.accepted) == "False/InvalidParameters");
        CHECK(contains(judged.accepted.message, row.said));
        CHECK(w.accepted("web") == "False/InvalidParameters");
        CHECK(contains(message(w, "web"), "GatewayClass l4 is not accepted: spec.parametersRef"));
        CHECK(w.get<Service>("web-l4") == nullptr);
        refer(w);
        w.settle();
        CHECK(w.programmed("web") == "True/Programmed");
    }
}

TEST_CASE("parameters of a class hold for its Gateways, at once and not for others") {
    world w = with_class_parameters("{announcer: metallb, sessionAffinity: ClientIP, loadBalancerClass: "
                                    "example.com/lb, allocateLoadBalancerNodePorts: 'true'}");
    w.add(
        "{kind: GatewayClass, metadata: {name: plain}, spec: {controllerName: thebsdbox.co.uk/controller}}");
    w.add("{kind: Gateway, metadata: {name: other}, spec: {gatewayClassName: plain, listeners: [{name: a, "
          "protocol: "
          "TCP, port: 80}]}}");
    w.running = announcer::metallb;
    w.settle();
    const Service& s = *w.get<Service>("web-l4");
    CHECK(s.metadata.annotations.at("metallb.io/loadBalancerIPs") == w.addresses("web").at(0));
    CHECK(s.spec.loadBalancerIP.empty());
    CHECK(s.spec.sessionAffinity == "ClientIP");
    CHECK(s.spec.loadBalancerClass == "example.com/lb");
    CHECK(s.spec.allocateLoadBalancerNodePorts == true);
    CHECK(w.programmed("web") == "True/Programmed");
    const Service& plain = *w.get<Service>("other-plain");
    CHECK(plain.metadata.annotations.contains("kube-vip.io/loadbalancerIPs"));
    CHECK(plain.spec.sessionAffinity.empty());

    w.running.reset();
    set_parameters(w, "{}");
    w.settle();
    CHECK(w.get<Service>("web-l4")->metadata.annotations.contains("kube-vip.io/loadbalancerIPs"));
    CHECK(w.get<Service>("web-l4")->spec.sessionAffinity.empty());
    CHECK(w.get<Service>("web-l4")->spec.loadBalancerClass == "example.com/lb"); // nobody can change it
    CHECK(w.programmed("web") == "True/Programmed");
}

TEST_CASE("a mistake in a class's parameters takes nothing away, also after a restart, and starts nothing") {
    world w = with_class_parameters("{announcer: none, sessionAffinity: ClientIP}");
    w.settle();
    REQUIRE(w.programmed("web") == "True/Programmed");
    const Service served = *w.get<Service>("web-l4");
    SECTION("a wrong value") { set_parameters(w, "{announcer: nonne, sessionAffinity: ClientIP}"); }
    SECTION("an unknown key") { set_parameters(w, "{announcer: metallb, oops: x}"); }
    SECTION("no ConfigMap") { w.remove<ConfigMap>("infra/l4"); }
    SECTION("no label") {
        w.merge<ConfigMap>("infra/l4", fmt::format("{{metadata: {{labels: {{{}: null}}}}}}", label));
    }
    SECTION("another kind") {
        w.merge<GatewayClass>(object_key("l4"), "{spec: {parametersRef: {kind: Secret}}}");
    }
    w.gateway("second", one_tcp);
    w.backend("app", "[{port: 8080}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.settle();
    CHECK(show(w.class_settings("l4").accepted) == "False/InvalidParameters");
    CHECK(contains(w.class_settings("l4").accepted.message, "accepted before stay in use"));
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->spec == served.spec);
    CHECK(w.get<Service>("web-l4")->metadata.annotations == served.metadata.annotations);
    CHECK_FALSE(w.slices(key("web-l4")).at(0)->endpoints->empty()); // routes go on to be served
    CHECK(w.accepted("second") == "False/InvalidParameters");
    CHECK(w.get<Service>("second-l4") == nullptr);

    w.merge<GatewayClass>(object_key("l4"), "{spec: {parametersRef: {kind: ConfigMap}}}");
    set_parameters(w, "{sessionAffinity: None}");
    w.settle();
    CHECK(w.class_settings("l4").accepted.holds);
    CHECK(w.programmed("second") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->spec.sessionAffinity.empty());
}

TEST_CASE("a class that gets its first, broken parametersRef goes on to serve what it serves") {
    world w;
    w.gateway("web", one_tcp);
    w.settle();
    const Service served = *w.get<Service>("web-l4");
    refer(w);
    w.settle();
    CHECK(show(w.class_settings("l4").accepted) == "False/InvalidParameters");
    CHECK_FALSE(contains(w.class_settings("l4").accepted.message, "accepted before"));
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->spec == served.spec);
}

TEST_CASE("parameters that say nothing were accepted, and leave nothing in use when a mistake comes") {
    world w = with_class_parameters("{}");
    w.settle();
    set_parameters(w, "{announcer: nonne}");
    w.settle();
    CHECK(show(w.class_settings("l4").accepted) == "False/InvalidParameters");
    CHECK_FALSE(contains(w.class_settings("l4").accepted.message, "accepted before"));
}

TEST_CASE(
    "the record of accepted parameters goes with the reference, and what is no record counts for nothing") {
    world w = with_class_parameters("{sessionAffinity: ClientIP}");
    w.settle();
    const std::string record = w.named.accepted_parameters();
    CHECK(w.get<GatewayClass>(object_key("l4"))->metadata.annotations.at(record) ==
          R"({"sessionAffinity":"ClientIP"})");
    w.remove<ConfigMap>("infra/l4");
    for (const std::string_view broken :
         {"'{'", "'[1]'", "'{\"sessionAffinity\": 5}'", "'{\"x\": \"y\"}'", "''"}) {
        w.merge<GatewayClass>(object_key("l4"),
                              fmt::format("{{metadata: {{annotations: {{{}: {}}}}}}}", record, broken));
        w.settle();
        CHECK_FALSE(w.class_settings("l4").effective.session_affinity);
        CHECK_FALSE(contains(w.class_settings("l4").accepted.message, "accepted before"));
        CHECK(w.get<Service>("web-l4") != nullptr);
    }
    w.merge<GatewayClass>(object_key("l4"), "{spec: {parametersRef: null}}");
    w.settle();
    CHECK_FALSE(w.get<GatewayClass>(object_key("l4"))->metadata.annotations.contains(record));
}

TEST_CASE("pools of a class are the only ones that its Gateways draw from") {
    world w = with_class_parameters("{pools: 'edge'}");
    w.add("{kind: ConfigMap, metadata: {name: pools}, data: {range-global: 10.0.0.1-10.0.0.9, range-default: "
          "10.1.0.1-10.1.0.9, range-edge: 10.2.0.1-10.2.0.2}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.2.0.1"});
    w.gateway("pinned", one_tcp, "addresses: [{value: 10.0.0.1}]");
    w.settle();
    CHECK(w.programmed("pinned") == "False/AddressNotUsable");
    CHECK(contains(message(w, "pinned", "Programmed"), "range-edge"));
    w.gateway("pinned", one_tcp, "addresses: [{value: 10.2.0.2}]");
    w.gateway("third", one_tcp);
    w.settle();
    CHECK(w.programmed("pinned") == "True/Programmed");
    CHECK(w.programmed("third") == "False/AddressNotAssigned");
    set_parameters(w, "{pools: 'edge,global'}");
    w.settle();
    CHECK(w.addresses("third") == list{"10.0.0.1"});
    CHECK(w.addresses("web") == list{"10.2.0.1"}); // an address that is given stays
    set_parameters(w, "{pools: nowhere}");
    w.gateway("fourth", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == list{"10.2.0.1"});
    CHECK(contains(message(w, "fourth", "Programmed"), "nowhere"));
}

TEST_CASE("contract row 37: parameters of a Gateway hold for it, over those of its class") {
    world w = with_gateway_parameters("{sessionAffinity: ClientIP}");
    w.gateway("other", one_tcp);
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->spec.sessionAffinity == "ClientIP");
    CHECK(w.get<Service>("other-l4")->spec.sessionAffinity.empty());

    set_parameters(w, "{serviceBehaviour: create, sessionAffinity: ClientIP}", "default/of-class");
    refer(w, "{group: '', kind: ConfigMap, name: of-class, namespace: default}");
    set_parameters(w, "{sessionAffinity: None}", "mine");
    w.settle();
    CHECK(w.get<Service>("web-l4")->spec.sessionAffinity.empty());
    CHECK(w.get<Service>("other-l4")->spec.sessionAffinity == "ClientIP");
    CHECK(w.settings(key("web")).effective.default_behaviour == behaviour::create);
}

TEST_CASE("contract row 37: what a Gateway refers to wrongly is not accepted and starts nothing") {
    const struct {
        std::string_view reference;
        std::string_view said;
    } rows[] = {
        {"{group: invalid.com, kind: Bad, name: x}",
         "spec.infrastructure.parametersRef: expected a ConfigMap"},
        {"{group: '', kind: ConfigMap, name: x}", "ConfigMap default/x does not exist or lacks the label"},
        {"{group: '', kind: ConfigMap, name: greedy}",
         "ConfigMap default/greedy: data[pools]: is for GatewayClasses"},
    };
    for (const auto& row : rows) {
        world w;
        set_parameters(w, "{pools: edge}", "greedy");
        w.gateway("web", one_tcp, fmt::format("infrastructure: {{parametersRef: {}}}", row.reference));
        w.settle();
        INFO(message(w, "web"));
        CHECK(w.accepted("web") == "False/InvalidParameters");
        CHECK(contains(message(w, "web"), row.said));
        CHECK(w.get<Service>("web-l4") == nullptr);
        w.gateway("web", one_tcp);
        w.settle();
        CHECK(w.programmed("web") == "True/Programmed");
    }
}

TEST_CASE("a mistake in a Gateway's parameters takes nothing away") {
    world w = with_gateway_parameters("{sessionAffinity: ClientIP}");
    w.settle();
    set_parameters(w, "{sessionAffinity: Client}", "mine");
    w.settle();
    CHECK(w.accepted("web") == "False/InvalidParameters");
    CHECK(contains(message(w, "web"), "accepted before stay in use"));
    CHECK(w.get<Service>("web-l4")->spec.sessionAffinity == "ClientIP");
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    // A forged record gives no more than a ConfigMap could.
    w.merge<Gateway>("web",
                     fmt::format("{{metadata: {{annotations: {{{}: '{{\"announcer\": \"none\"}}'}}}}}}",
                                 w.named.accepted_parameters()));
    w.settle();
    CHECK(w.settings(key("web")).effective.announced_by == announcer::kube_vip);
}

TEST_CASE("parameters decide by which behaviour routes without a label are served") {
    world w = with_gateway_parameters("{serviceBehaviour: duplicate}");
    w.backend("app", "[{port: 8080}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]");
    w.settle();
    CHECK(w.get<Service>("app-gw-api") != nullptr);
    CHECK(w.get<Service>("web-l4") == nullptr);
    set_parameters(w, "{serviceBehaviour: update}", "mine");
    w.settle();
    CHECK(w.get<Service>("app-gw-api") == nullptr);
    CHECK(w.get<Service>("app")->spec.type == "LoadBalancer");
    set_parameters(w, "{}", "mine");
    w.settle();
    CHECK(w.get<Service>("app")->spec.type == "ClusterIP");
    CHECK(w.get<Service>("web-l4") != nullptr);
}

TEST_CASE("loadBalancerClass: set when a Service is made, and what to do when it cannot be changed") {
    world w = with_class_parameters("{loadBalancerClass: example.com/one}");
    w.announcer_runs = false;
    w.settle();
    CHECK(w.get<Service>("web-l4")->spec.loadBalancerClass == "example.com/one");
    set_parameters(w, "{loadBalancerClass: example.com/two}");
    w.settle();
    CHECK(w.get<Service>("web-l4")->spec.loadBalancerClass == "example.com/one");
    CHECK(w.programmed("web") == "False/Pending");
    CHECK(message(w, "web", "Programmed") == "Service default/web-l4 has loadBalancerClass example.com/one, "
                                             "which Kubernetes lets nobody change to "
                                             "example.com/two; delete the Service to have it made again");
    w.remove<Service>("web-l4");
    w.settle();
    CHECK(w.get<Service>("web-l4")->spec.loadBalancerClass == "example.com/two");

    // A borrowed Service gets it with its type, and is without it again afterwards.
    w.backend("app", "[{port: 8080}]");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: update}");
    w.settle();
    CHECK(w.get<Service>("app")->spec.loadBalancerClass == "example.com/two");
    w.remove<gateway_v1::TCPRoute>("r");
    w.settle();
    CHECK(w.get<Service>("app")->spec.loadBalancerClass.empty());
    CHECK(w.get<Service>("app")->spec.type == "ClusterIP");
}

TEST_CASE("parameters that cannot be read are neither missing nor wrong: what was accepted stays in use") {
    world w = with_class_parameters("{sessionAffinity: ClientIP}");
    parameter_source denied = w.parameters();
    denied.unreadable = "configmaps is forbidden";
    const auto judge = [&] {
        return judge_parameters(*w.get<GatewayClass>(object_key("l4")), w.opts, denied, w.named);
    };
    CHECK(show(judge().accepted) == "False/InvalidParameters");
    CHECK(judge().accepted.message == "spec.parametersRef: ConfigMap infra/l4 cannot be read: configmaps is "
                                      "forbidden; let this controller list "
                                      "and watch configmaps, as manifests/parameters-rbac.yaml does");
    CHECK_FALSE(judge().effective.session_affinity);
    w.settle(); // the record is written
    CHECK(judge().effective.session_affinity);
    CHECK(judge().record == R"({"sessionAffinity":"ClientIP"})");
}

TEST_CASE("parameters in a namespace that the controller does not read are not called missing") {
    world w = with_class_parameters("{serviceBehaviour: duplicate}");
    w.opts.namespaces = {"default"};
    w.settle();
    CHECK(message(w, "web") ==
          "GatewayClass l4 is not accepted: spec.parametersRef.namespace: this controller is limited to some "
          "namespaces and does not read "
          "infra; "
          "move the ConfigMap to one that it reads, or add infra to its flag -namespace");
}
