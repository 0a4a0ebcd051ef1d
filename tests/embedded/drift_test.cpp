// What somebody else changes is put back, with an Event that names the fields and who it was.
#include "../integration/blocking_client.hpp"
#include "embedded_run.hpp"

#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

const std::vector<std::string> everything{"nginx.yaml",   "coredns.yaml",  "ipam.yaml",    "class.yaml",
                                          "gateway.yaml", "tcproute.yaml", "udproute.yaml"};
const std::string own = "demo-gateway-demo-gateway-class";

std::vector<std::string> repairs(const gateway_cluster& cluster) {
    std::vector<std::string> messages;
    for (const json::value& object : cluster.server.objects("events")) {
        const auto event = json::decode<core_v1::Event>(boost::json::serialize(object)).value();
        if (event.reason == "DriftRepaired")
            messages.push_back(event.involvedObject.kind + " " + event.involvedObject.name + ": " +
                               event.message);
    }
    return messages;
}

bool is_reported(const gateway_cluster& cluster, const std::string& message) {
    return cluster.eventually([&] {
        const auto all = repairs(cluster);
        return std::find(all.begin(), all.end(), message) != all.end();
    });
}

void edit(const gateway_cluster& cluster, const std::string& target, const std::string& body) {
    blocking_client api(testing::config_for(cluster.server));
    api.send("PATCH", target + "?fieldManager=kubectl-edit", body, "application/merge-patch+json");
}

} // namespace

TEST_CASE("an edited Service is put back, and the Gateway's Event says which fields and who it was") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(repairs(cluster).empty()); // what we do ourselves is none
    edit(
        cluster, "/api/v1/namespaces/default/services/" + own,
        R"({"metadata": {"annotations": {"example.com/kept": "1"}}, "spec": {"loadBalancerIP": "192.0.2.99"}})");
    CHECK(is_reported(cluster, "Gateway demo-gateway: Service default/" + own +
                                   ": spec.loadBalancerIP put back, changed by kubectl-edit; change the "
                                   "Gateway or its routes instead"));
    controller.settle();
    const auto service = cluster.get<core_v1::Service>(own);
    CHECK(service.spec.loadBalancerIP == "192.0.2.10");
    CHECK(service.metadata.annotations.at("example.com/kept") ==
          "1"); // fields that we do not set are others'
    CHECK(controller.metrics_text().find("gwctl_drift_repairs_total{kind=\"Service\"} 1") !=
          std::string::npos);
}

TEST_CASE(
    "ports and a selector that somebody added are taken away, and a port that was changed is put back") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto before = cluster.get<core_v1::Service>(own);
    const std::string target = "/api/v1/namespaces/default/services/" + own + "?fieldManager=kubectl-edit";
    blocking_client api(testing::config_for(cluster.server));
    const auto is_put_back = [&] {
        return cluster.eventually([&] {
            const auto now = cluster.get<core_v1::Service>(own);
            return now.spec.ports == before.spec.ports && now.spec.selector.empty();
        });
    };
    const auto* change =
        GENERATE(R"([{"op": "add", "path": "/spec/ports/-", "value": {"name": "mine", "port": 4711}}])",
                 R"([{"op": "replace", "path": "/spec/ports/0/port", "value": 4711}])",
                 R"([{"op": "replace", "path": "/spec/ports/0/name", "value": "mine"}])",
                 R"([{"op": "add", "path": "/spec/selector", "value": {"app": "mine"}}])");
    INFO(change);
    api.send("PATCH", target, change, "application/json-patch+json");
    CHECK(is_put_back());
    controller.settle();
    CHECK(is_put_back());
    const auto all = repairs(cluster);
    REQUIRE(all.size() == 1);
    CHECK(all[0].find("changed by kubectl-edit") != std::string::npos);
    // What is taken away is not held on to: a listener that goes takes its port along.
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/demo-gateway",
         R"({"spec": {"listeners": [{"name": "web", "protocol": "TCP", "port": 80}]}})");
    controller.settle();
    CHECK(cluster.get<core_v1::Service>(own).spec.ports.size() == 1);
}

TEST_CASE("a borrowed Service that is edited is put back with an Event; what its owner changes of his own is "
          "kept") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml", "gateway.yaml"});
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, labels: {serviceBehaviour: update}}
spec: {parentRefs: [{name: demo-gateway}], rules: [{backendRefs: [{name: nginx, port: 80}]}]}
)");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(cluster.get<core_v1::Service>("nginx").spec.loadBalancerIP == "192.0.2.10");
    const std::string target = "/api/v1/namespaces/default/services/nginx";
    blocking_client(testing::config_for(cluster.server))
        .send("PATCH", target + "?fieldManager=kubectl-edit",
              R"([{"op": "add", "path": "/spec/ports/-", "value": {"name": "mine", "port": 4711}}])",
              "application/json-patch+json");
    edit(cluster, target, R"({"metadata": {"labels": {"team": "a"}}})");
    controller.settle();
    CHECK(repairs(cluster).empty());
    CHECK(cluster.get<core_v1::Service>("nginx").metadata.labels.at("team") == "a");
    edit(cluster, target, R"({"spec": {"loadBalancerIP": "192.0.2.99"}})");
    CHECK(is_reported(cluster, "Gateway demo-gateway: Service default/nginx: spec.loadBalancerIP put back, "
                               "changed by kubectl-edit; change the Gateway or its routes instead"));
    controller.settle();
    CHECK(cluster.get<core_v1::Service>("nginx").spec.loadBalancerIP == "192.0.2.10");
    CHECK(repairs(cluster).size() == 1);
}

TEST_CASE("what the API server refuses to change of a borrowed Service is told, and is no drift") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml", "gateway.yaml"});
    const auto put_route = [&](const std::string& section) {
        cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, labels: {serviceBehaviour: update}}
spec: {parentRefs: [{name: demo-gateway, sectionName: )" +
                      section + R"(}], rules: [{backendRefs: [{name: nginx, port: 80}]}]}
)");
    };
    put_route("web");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    cluster.refuse_patches(testing::fault_kind::invalid, "/services/nginx");
    const std::string gateway = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/demo-gateway";
    SECTION("another address") {
        edit(cluster, gateway, R"({"spec": {"addresses": [{"type": "IPAddress", "value": "192.0.2.15"}]}})");
    }
    SECTION("to be given back, since its own port is another listener's") { put_route("web-direct"); }
    const auto told = [&] {
        const auto gw = cluster.get<gateway_v1::Gateway>("demo-gateway");
        const Condition* c = gateway::find_condition(gw.status.conditions, "Programmed");
        return c != nullptr && c->reason == "NoResources";
    };
    CHECK(cluster.eventually(told));
    for (int i = 0; i < 3; ++i) {
        edit(cluster, gateway,
             R"({"spec": {"infrastructure": {"labels": {"round": ")" + std::to_string(i) + R"("}}}})");
        controller.settle();
        CHECK(told());
    }
    CHECK(repairs(cluster) == std::vector<std::string>());
    cluster.server.clear_faults();
    cluster.apply("{apiVersion: v1, kind: Service, metadata: {name: nginx, labels: {mended: 'yes'}}}");
    CHECK(cluster.eventually([&] { return !told(); }));
    controller.settle();
    CHECK(repairs(cluster).empty());
}

TEST_CASE(
    "what the controller does itself is no drift, also when a write beside it fails and behaviours change") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    cluster.refuse_patches(testing::fault_kind::forbidden, "/services/made");
    const auto put_route = [&](const std::string& labels, const std::string& backend) {
        cluster.server.remove("tcproutes.gateway.networking.k8s.io", "default", "web");
        cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web, labels: )" +
                      labels + R"(}
spec: {parentRefs: [{name: demo-gateway, sectionName: web}], rules: [{backendRefs: [{name: )" +
                      backend + ", port: 80}]}]}\n");
    };
    const auto has_port = [&] {
        const auto service = cluster.get<core_v1::Service>(own);
        return std::any_of(service.spec.ports.begin(), service.spec.ports.end(),
                           [](const core_v1::ServicePort& p) { return p.port == 80; });
    };
    for (int i = 0; i < 12; ++i) { // more than repairs in a row, after which they rest
        put_route("{selectorkey: app, selectorvalue: nginx}", "made");
        REQUIRE(cluster.eventually([&] { return !has_port(); }));
        put_route("{}", "nginx");
        REQUIRE(cluster.eventually(has_port));
    }
    cluster.server.clear_faults();
    put_route("{serviceBehaviour: update}", "nginx");
    controller.settle();
    put_route("{serviceBehaviour: duplicate}", "nginx");
    controller.settle();
    put_route("{}", "nginx");
    controller.settle();
    CHECK(repairs(cluster) == std::vector<std::string>());
}

TEST_CASE("deleted Services and slices come back, and edited slices are put back") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const std::string slice = own + "-tcp-80-ipv4-0";
    edit(cluster, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/" + slice,
         R"({"endpoints": [{"addresses": ["10.9.9.9"], "conditions": {"ready": true}}]})");
    CHECK(cluster.eventually([&] {
        const auto all = repairs(cluster);
        return std::any_of(all.begin(), all.end(), [&](const std::string& m) {
            return m.starts_with("Gateway demo-gateway: EndpointSlice default/" + slice + ": endpoints[") &&
                   m.ends_with(
                       " put back, changed by kubectl-edit; change the Gateway or its routes instead");
        });
    }));
    controller.settle();
    REQUIRE(cluster.server.remove("endpointslices.discovery.k8s.io", "default", slice));
    CHECK(is_reported(cluster, "Gateway demo-gateway: EndpointSlice default/" + slice +
                                   ": made again, since it had been deleted; delete the Gateway instead"));
    REQUIRE(cluster.server.remove("services", "default", own));
    CHECK(is_reported(cluster, "Gateway demo-gateway: Service default/" + own +
                                   ": made again, since it had been deleted; delete the Gateway instead"));
    controller.settle();
    CHECK(cluster.exists("services", "default", own));
}

TEST_CASE("an edited status is put back") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto begins_one = [&](const std::string& start) {
        return cluster.eventually([&] {
            const auto all = repairs(cluster);
            return std::any_of(all.begin(), all.end(),
                               [&](const std::string& message) { return message.starts_with(start); });
        });
    };
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/demo-gateway/status",
         R"({"status": {"addresses": [{"type": "IPAddress", "value": "192.0.2.66"}]}})");
    CHECK(begins_one("Gateway demo-gateway: Gateway default/demo-gateway: status.addresses"));
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/tcproutes/web/status",
         R"({"status": {"parents": []}})");
    CHECK(begins_one("TCPRoute web: TCPRoute default/web: status.parents"));
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/gatewayclasses/demo-gateway-class/status",
         R"({"status": {"supportedFeatures": []}})");
    CHECK(begins_one(
        "GatewayClass demo-gateway-class: GatewayClass demo-gateway-class: status.supportedFeatures"));
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more}
spec:
  parentRef: {name: demo-gateway}
  listeners: [{name: tcp, protocol: TCP, port: 9000}]
)");
    const std::string set = "/apis/gateway.networking.k8s.io/v1/namespaces/default/listenersets/more";
    controller.settle();
    edit(cluster, set + "/status", R"({"status": {"conditions": []}})");
    CHECK(begins_one("ListenerSet more: ListenerSet default/more: status.conditions"));
    controller.settle();
    CHECK(cluster.get<gateway_v1::Gateway>("demo-gateway").status.addresses.at(0).value == "192.0.2.10");
    CHECK(cluster.get<gateway_v1::TCPRoute>("web").status.parents->size() == 1);
}

TEST_CASE("what the user changes of Gateways and routes is no drift") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/demo-gateway",
         R"({"spec": {"infrastructure": {"labels": {"team": "a"}}}})");
    controller.settle();
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/tcproutes/web",
         R"({"metadata": {"labels": {"serviceBehaviour": "duplicate"}}})");
    controller.settle();
    edit(cluster, "/apis/apps/v1/namespaces/default/deployments/nginx", R"({"spec": {"replicas": 3}})");
    controller.settle();
    // The verdict stays and the generation does not, so status is written.
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/tcproutes/web",
         R"({"spec": {"rules": [{"name": "all", "backendRefs": [{"name": "nginx", "port": 80}]}]}})");
    controller.settle();
    CHECK(cluster.get<gateway_v1::TCPRoute>("web")
              .status.parents->at(0)
              .at("conditions")
              .at(0)
              .at("observedGeneration") == 2);
    REQUIRE(cluster.server.remove("tcproutes.gateway.networking.k8s.io", "default", "web"));
    cluster.load({"tcproute.yaml"}); // another object with the same name, and no status yet
    controller.settle();
    CHECK(repairs(cluster) == std::vector<std::string>());
}

TEST_CASE("what cannot work together is refused before anything starts") {
    gateway_cluster cluster;
    manager_options with_lease;
    with_lease.leader_election.emplace();
    with_lease.leader_election->namespace_ = "default";
    with_lease.leader_election->name = "one";
    manager mgr(with_lease, testing::config_for(cluster.server));
    const auto refusal = [&](const std::function<void(gateway::options&)>& change) {
        gateway::options o = default_options();
        change(o);
        try {
            gateway::install<gateway::tcp>(mgr, std::move(o));
        } catch (const api_error& e) {
            return std::string(e.what());
        }
        return std::string("accepted");
    };
    CHECK(refusal([](auto& o) {
              o.observe_only = true;
          }).starts_with("observe_only: expected a manager without"));
    CHECK(refusal([](auto& o) {
              o.implementation_label = "a b";
          }).starts_with("implementation_label: expected"));
    CHECK(refusal([](auto& o) {
              o.implementation_label = "-a";
          }).starts_with("implementation_label: expected"));
    CHECK(refusal([](auto& o) { o.controller_name = "none"; }).starts_with("controller_name: expected"));
    CHECK(refusal([](auto& o) {
              o.pools = {"edge"};
              o.ipam_config = {};
          }).starts_with("pools: expected"));
}

TEST_CASE("each parent that takes a route has its Event") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto accepted = [&] {
        std::int64_t times = 0;
        for (const json::value& object : cluster.server.objects("events")) {
            const auto event = json::decode<core_v1::Event>(boost::json::serialize(object)).value();
            if (event.involvedObject.name != "web" || event.reason != "Accepted")
                continue;
            const json::value* const series = object.as_object().if_contains("series");
            times += series != nullptr ? series->at("count").to_number<std::int64_t>() : 1;
        }
        return times;
    };
    REQUIRE(accepted() == 1);
    cluster.apply(
        "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: second}, spec: "
        "{gatewayClassName: demo-gateway-class, listeners: [{name: web, protocol: TCP, port: 80}]}}");
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/tcproutes/web",
         R"({"spec": {"parentRefs": [{"name": "demo-gateway", "sectionName": "web"}, {"name": "second"}]}})");
    controller.settle();
    CHECK(accepted() == 2);
}

TEST_CASE(
    "what somebody changes again each time it is put back is left for a while, and put back all the same") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const auto put_back = [&](const std::string& changed) {
        edit(cluster, "/api/v1/namespaces/default/services/" + own,
             R"({"spec": {"loadBalancerIP": ")" + changed + R"("}})");
        return cluster.eventually(
            [&] { return cluster.get<core_v1::Service>(own).spec.loadBalancerIP != changed; });
    };
    for (int i = 0; i < 10; ++i)
        REQUIRE(put_back("192.0.2.99"));
    CHECK(is_reported(
        cluster, "Gateway demo-gateway: Service default/" + own +
                     ": spec.loadBalancerIP put back, changed by kubectl-edit; change the Gateway or its "
                     "routes instead; it is changed again each time, so the next repair waits 1 s: end "
                     "what changes it, such as a second controller of the name " +
                     default_options().controller_name + " with other flags"));
    CHECK(put_back("192.0.2.98")); // a second later, without anything else that wakes the Gateway
}

TEST_CASE(
    "owners that somebody adds, which would keep our objects after their Gateway, are taken away once") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const std::string slice = own + "-tcp-80-ipv4-0";
    const auto owners = [&] {
        return std::pair(cluster.get<core_v1::Service>(own).metadata.ownerReferences,
                         cluster.get<discovery_v1::EndpointSlice>(slice).metadata.ownerReferences);
    };
    const auto before = owners();
    REQUIRE(before.first.size() == 1);
    const std::string change =
        R"([{"op": "add", "path": "/metadata/ownerReferences/-", "value": {"apiVersion": "v1",
        "kind": "ConfigMap", "name": "mine", "uid": "00000000-0000-0000-0000-00000000000a"}}])";
    blocking_client api(testing::config_for(cluster.server));
    for (const std::string& target : {"/api/v1/namespaces/default/services/" + own,
                                      "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/" + slice})
        api.send("PATCH", target + "?fieldManager=kubectl-edit", change, "application/json-patch+json");
    CHECK(cluster.eventually([&] { return owners() == before; }));
    controller.settle();
    CHECK(owners() == before);
    CHECK(repairs(cluster).size() == 2);
}
