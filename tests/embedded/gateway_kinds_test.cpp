// The Gateway API's kinds come, go and change their version while the gateway controller runs.
#include "embedded_run.hpp"

#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

constexpr std::string_view crds = "customresourcedefinitions.apiextensions.k8s.io";
constexpr std::string_view tcproutes = "tcproutes.gateway.networking.k8s.io";
const std::vector<std::string> gateway_kinds{
    "gatewayclasses.gateway.networking.k8s.io", "gateways.gateway.networking.k8s.io",
    "referencegrants.gateway.networking.k8s.io", "tcproutes.gateway.networking.k8s.io",
    "udproutes.gateway.networking.k8s.io"};
const std::vector<std::string> everything{"nginx.yaml",   "coredns.yaml",  "ipam.yaml",    "class.yaml",
                                          "gateway.yaml", "tcproute.yaml", "udproute.yaml"};

void annotate(gateway_cluster& cluster, std::string_view name, const std::string& bundle_version) {
    json::value crd = cluster.definition(name);
    auto& annotations = crd.at("metadata").at("annotations").as_object();
    if (bundle_version.empty())
        annotations.erase("gateway.networking.k8s.io/bundle-version");
    else
        annotations["gateway.networking.k8s.io/bundle-version"] = bundle_version;
    REQUIRE(
        cluster.server.remove(crds, "", name)); // the fixture's applies take nothing away that is not its own
    REQUIRE(cluster.server.apply(crd).has_value());
}

std::string endpoints_of(const gateway_cluster& cluster) {
    std::string all;
    for (const json::value& slice : cluster.server.objects("endpointslices.discovery.k8s.io"))
        if (slice.at("metadata").at("labels").at("kubernetes.io/service-name") ==
            "demo-gateway-demo-gateway-class")
            all += boost::json::serialize(slice.at("ports")) + boost::json::serialize(slice.at("endpoints")) +
                   "\n";
    return all;
}

/// Writes of the controller, so not those of the fixture and of the server.
std::vector<std::string> writes_of_controller(const gateway_cluster& cluster, std::size_t since) {
    std::vector<std::string> writes = cluster.writes_since(since);
    std::erase_if(writes, [](const std::string& w) {
        return w.ends_with(" by fixture") || w.ends_with(" by kube-apiserver") ||
               w.find(" events/") != w.npos;
    });
    return writes;
}

std::size_t endpoints_behind(const gateway_cluster& cluster, std::string_view port) {
    std::size_t found = 0;
    for (const json::value& object : cluster.server.objects("endpointslices.discovery.k8s.io")) {
        const auto slice = json::decode<discovery_v1::EndpointSlice>(boost::json::serialize(object)).value();
        const auto& labels = slice.metadata.labels;
        if (labels.at("kubernetes.io/service-name") == "demo-gateway-demo-gateway-class" && slice.endpoints)
            for (const auto& p : slice.ports)
                found += p.name == port ? slice.endpoints->size() : 0;
    }
    return found;
}

std::string class_condition(const gateway_cluster& cluster, std::string_view type) {
    const auto gateway_class = cluster.get<gateway_v1::GatewayClass>("demo-gateway-class");
    const Condition* c = gateway::find_condition(gateway_class.status.conditions, type);
    return c == nullptr ? "none" : c->status + "/" + c->reason;
}

const std::string create_route = R"(
kind: TCPRoute
metadata: {name: web, labels: {selectorkey: app, selectorvalue: nginx}}
spec:
  parentRefs: [{name: demo-gateway, sectionName: web}]
  rules: [{backendRefs: [{name: made, port: 80}]}]
apiVersion: gateway.networking.k8s.io/)";

std::string owner_version(const gateway_cluster& cluster) {
    const auto service = cluster.get<core_v1::Service>("made");
    return service.metadata.ownerReferences.empty() ? "none" : service.metadata.ownerReferences[0].apiVersion;
}

} // namespace

TEST_CASE("the controller starts without the Gateway API and serves once its CRDs are there") {
    gateway_cluster cluster;
    std::vector<json::value> definitions;
    for (const std::string& kind : gateway_kinds) {
        definitions.push_back(cluster.definition(kind));
        REQUIRE(cluster.server.remove(crds, "", kind));
    }
    gateway_controller controller(cluster, default_options());
    controller.settle();
    for (const json::value& crd : definitions)
        REQUIRE(cluster.server.apply(crd).has_value());
    cluster.load(everything);
    CHECK(cluster.server.wait_until([&] { return endpoints_behind(cluster, "tcp-80") == 2; }));
    CHECK(cluster.server.wait_until([&] { return endpoints_behind(cluster, "udp-53") == 2; }));
    controller.settle();
    CHECK(status_of(cluster.get<gateway_v1::Gateway>("demo-gateway").status.conditions, "Programmed") ==
          "True");
}

TEST_CASE("where only old versions are served, every reference names them, and garbage is collected") {
    gateway_cluster cluster;
    for (const std::string& kind : gateway_kinds)
        REQUIRE(cluster.server.serve(kind, "v1", false));
    cluster.load({"nginx.yaml", "ipam.yaml"});
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1beta1
kind: GatewayClass
metadata: {name: demo-gateway-class}
spec: {controllerName: thebsdbox.co.uk/controller}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: Gateway
metadata: {name: demo-gateway}
spec: {gatewayClassName: demo-gateway-class, listeners: [{name: web, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]}
)");
    cluster.apply(create_route + "v1alpha2");
    {
        gateway_controller controller(cluster, default_options());
        controller.settle();
        CHECK(controller.stop() == 0);
    }
    CHECK(owner_version(cluster) == "gateway.networking.k8s.io/v1alpha2");
    const auto own = cluster.get<core_v1::Service>("demo-gateway-demo-gateway-class");
    REQUIRE(own.metadata.ownerReferences.size() == 1);
    CHECK(own.metadata.ownerReferences[0].apiVersion == "gateway.networking.k8s.io/v1beta1");
    std::map<std::string, std::string> versions; // of what Events are about
    for (const json::value& event : cluster.server.objects("events")) {
        const json::value& about = event.at("involvedObject");
        versions[std::string(about.at("kind").as_string())] = about.at("apiVersion").as_string();
    }
    CHECK(versions ==
          std::map<std::string, std::string>{{"Gateway", "gateway.networking.k8s.io/v1beta1"},
                                             {"GatewayClass", "gateway.networking.k8s.io/v1beta1"},
                                             {"TCPRoute", "gateway.networking.k8s.io/v1alpha2"}});
    // The controller is gone: only the collector of the API server can do it.
    REQUIRE(cluster.server.remove(tcproutes, "default", "web"));
    CHECK_FALSE(cluster.exists("services", "default", "made"));
    REQUIRE(cluster.server.remove("gateways.gateway.networking.k8s.io", "default", "demo-gateway"));
    CHECK_FALSE(cluster.exists("services", "default", "demo-gateway-demo-gateway-class"));
}

TEST_CASE("a watch moves to the version that is left, and back, and nothing is rewritten for it") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const std::string served = endpoints_of(cluster);
    REQUIRE(served.find("\"ready\":true") != std::string::npos);
    const std::size_t before = cluster.server.writes().size();

    for (const auto& [gone, left] : {std::pair("v1", "v1alpha2"), std::pair("v1alpha2", "v1")}) {
        INFO(left << " is left");
        REQUIRE(cluster.server.serve(tcproutes, left, true));
        REQUIRE(cluster.server.serve(tcproutes, gone, false));
        controller.settle();
        CHECK(writes_of_controller(cluster, before) == std::vector<std::string>());
        CHECK(endpoints_of(cluster) == served);
    }
    // It still watches.
    REQUIRE(cluster.server.remove(tcproutes, "default", "web"));
    CHECK(cluster.server.wait_until([&] { return endpoints_behind(cluster, "tcp-80") == 0; }));
    CHECK(endpoints_behind(cluster, "udp-53") == 2);
}

TEST_CASE("a version that moves takes the owner references along, and only them") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml", "gateway.yaml"});
    cluster.apply(create_route + "v1");
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(owner_version(cluster) == "gateway.networking.k8s.io/v1");
    std::size_t before = cluster.server.writes().size();
    const auto is_one_write = [](const std::vector<std::string>& writes) {
        return writes.size() == 1 && writes[0].starts_with("apply services/ made by embedded (");
    };

    REQUIRE(cluster.server.serve(tcproutes, "v1", false));
    CHECK(cluster.server.wait_until(
        [&] { return owner_version(cluster) == "gateway.networking.k8s.io/v1alpha2"; }));
    controller.settle();
    CHECK(is_one_write(writes_of_controller(cluster, before)));

    before = cluster.server.writes().size();
    REQUIRE(cluster.server.serve(tcproutes, "v1", true)); // both are: the preferred one it is
    CHECK(
        cluster.server.wait_until([&] { return owner_version(cluster) == "gateway.networking.k8s.io/v1"; }));
    controller.settle();
    CHECK(is_one_write(writes_of_controller(cluster, before)));
}

TEST_CASE("a write to a version that has just gone is sent to the one that is left") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    // In one step for the controller: it learns of both at the same time, whichever watch is first.
    REQUIRE(cluster.server.serve("gateways.gateway.networking.k8s.io", "v1", false));
    cluster.apply(
        "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: Gateway\nmetadata: {name: demo-gateway}\n"
        "spec: {gatewayClassName: demo-gateway-class, listeners: [{name: web, protocol: TCP, port: 80}, "
        "{name: more, protocol: TCP, port: 82}]}\n");
    REQUIRE(cluster.server.serve(tcproutes, "v1", false));
    CHECK(cluster.server.wait_until([&] {
        const auto listeners = cluster.get<gateway_v1::Gateway>("demo-gateway").status.listeners;
        return std::any_of(listeners.begin(), listeners.end(),
                           [](const auto& l) { return l.name == "more"; });
    }));
    controller.settle();
}

TEST_CASE("a definition that is deleted under the controller takes its routes, and nothing else") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const json::value crd = cluster.definition(tcproutes);
    REQUIRE(cluster.server.remove(crds, "", tcproutes));
    CHECK(cluster.server.wait_until([&] { return endpoints_behind(cluster, "tcp-80") == 0; }));
    CHECK(cluster.eventually([&] { return controller.readiness().remarks; }));
    const auto ready = controller.readiness();
    CHECK(ready.ok);
    CHECK(ready.verbose.find(
              "[+]cache-tcproutes.gateway.networking.k8s.io ok: tcproutes.gateway.networking.k8s.io: "
              "not_served: the API server does not serve ") != std::string::npos);
    // The others are served as before, and follow what changes.
    CHECK(endpoints_behind(cluster, "udp-53") == 2);
    cluster.apply("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: coredns}\nspec: {replicas: 3}\n");
    CHECK(cluster.server.wait_until([&] { return endpoints_behind(cluster, "udp-53") == 3; }));

    REQUIRE(cluster.server.apply(crd).has_value());
    cluster.load({"tcproute.yaml"});
    CHECK(cluster.server.wait_until([&] { return endpoints_behind(cluster, "tcp-80") == 2; }));
    controller.settle();
    CHECK(cluster.eventually([&] { return !controller.readiness().remarks; }));
}

TEST_CASE("all of the Gateway API deleted under the controller leaves nothing behind, and it lives on") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "coredns.yaml", "ipam.yaml"});
    REQUIRE(cluster.server.wait_until([&] { return cluster.server.settled(); }));
    std::vector<json::value> definitions;
    for (const std::string& kind : gateway_kinds)
        definitions.push_back(cluster.definition(kind));
    const auto backends = [&] {
        auto objects = cluster.server.objects("services");
        std::vector<std::string> names;
        for (const json::value& o : objects)
            names.emplace_back(o.at("metadata").at("name").as_string());
        return names;
    };
    const auto before = backends();
    cluster.load({"class.yaml", "gateway.yaml", "tcproute.yaml", "udproute.yaml"});
    gateway_controller controller(cluster, default_options());
    controller.settle();
    for (const std::string& kind : gateway_kinds)
        REQUIRE(cluster.server.remove(crds, "", kind));
    CHECK(cluster.server.wait_until([&] { return backends() == before; }));
    for (const json::value& crd : definitions)
        REQUIRE(cluster.server.apply(crd).has_value());
    cluster.load({"class.yaml", "gateway.yaml", "tcproute.yaml"});
    CHECK(cluster.server.wait_until([&] { return endpoints_behind(cluster, "tcp-80") == 2; }));
    CHECK(controller.stop() == 0);
}

TEST_CASE("classes say whether the version of the CRDs is supported, as it changes") {
    gateway_cluster cluster;
    cluster.load({"class.yaml"});
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(class_condition(cluster, "Accepted") == "True/Accepted");
    CHECK(class_condition(cluster, "SupportedVersion") == "True/SupportedVersion");
    const auto becomes = [&](const std::string& wanted) {
        return cluster.server.wait_until(
            [&] { return class_condition(cluster, "SupportedVersion") == wanted; });
    };
    annotate(cluster, "httproutes.gateway.networking.k8s.io", "v0.8.1"); // also of kinds that it does not use
    CHECK(becomes("False/UnsupportedVersion"));
    CHECK(class_condition(cluster, "Accepted") == "True/Accepted");
    annotate(cluster, "httproutes.gateway.networking.k8s.io", "v1.7.0");
    CHECK(becomes("True/SupportedVersion"));
    annotate(cluster, "httproutes.gateway.networking.k8s.io", "");
    CHECK(becomes("False/UnsupportedVersion"));
    REQUIRE(cluster.server.remove(crds, "", "httproutes.gateway.networking.k8s.io"));
    CHECK(becomes("True/SupportedVersion"));
}

TEST_CASE("where definitions cannot be read, classes say that too, and are accepted") {
    gateway_cluster cluster;
    REQUIRE(cluster.server.serve(crds, "v1", false));
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    CHECK(class_condition(cluster, "Accepted") == "True/Accepted");
    CHECK(class_condition(cluster, "SupportedVersion") == "Unknown/Pending");
    CHECK(endpoints_behind(cluster, "tcp-80") == 2);
}
