// What the controller asks an API server for, and no more: which collections, and which part of each.
#include "../integration/blocking_client.hpp"
#include "embedded_run.hpp"

#include <fmt/format.h>

#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

using paths = std::set<std::string>;

const std::vector<std::string> everything{"nginx.yaml",   "coredns.yaml",  "ipam.yaml",    "class.yaml",
                                          "gateway.yaml", "tcproute.yaml", "udproute.yaml"};

/// The same whatever the flags.
const paths always{
    "/api/v1/namespaces",
    "/api/v1/namespaces/default/configmaps fields metadata.name=ipam",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions, metadata only",
    "/apis/gateway.networking.k8s.io/v1/gatewayclasses",
};

/// Of namespaced kinds; `where` is "" or "/namespaces/NAMESPACE".
paths collections(const std::string& where) {
    const std::string gateway = "/apis/gateway.networking.k8s.io/v1" + where;
    return {
        "/api/v1" + where + "/configmaps labels thebsdbox.co.uk/parameters=true",
        "/api/v1" + where + "/services",
        "/apis/discovery.k8s.io/v1" + where + "/endpointslices",
        gateway + "/gateways",
        gateway + "/listenersets",
        gateway + "/referencegrants",
        gateway + "/tcproutes",
        gateway + "/udproutes",
    };
}

paths operator+(paths a, const paths& b) {
    a.insert(b.begin(), b.end());
    return a;
}

/// All reads of the one verb, which only the controller does here: "PATH labels SELECTOR fields SELECTOR, metadata only".
paths asked_for(const gateway_cluster& cluster, std::string_view verb) {
    paths all;
    for (const testing::read_record& r : cluster.server.reads()) {
        if (r.verb != verb)
            continue;
        std::string text = r.path;
        if (!r.label_selector.empty())
            text += " labels " + r.label_selector;
        if (!r.field_selector.empty())
            text += " fields " + r.field_selector;
        all.insert(text + (r.metadata_only ? ", metadata only" : ""));
    }
    return all;
}

/// Lists and watches are of the same, but for `listed_only`, and there is no get but that of the Lease.
void check_reads(const gateway_cluster& cluster, const paths& expected, const paths& listed_only = {}) {
    CHECK(asked_for(cluster, "list") == expected + listed_only);
    CHECK(asked_for(cluster, "watch") == expected);
    CHECK(asked_for(cluster, "get") ==
          paths{"/apis/coordination.k8s.io/v1/namespaces/default/leases/gateway-api.fnnrn.me"});
}

} // namespace

TEST_CASE("the controller reads one ConfigMap of pools, those labelled as parameters, and no Secrets") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    check_reads(cluster, always + collections(""));
}

TEST_CASE("without pools the controller reads no ConfigMap but parameters") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway::options o = default_options();
    o.ipam_config = {};
    gateway_controller controller(cluster, o);
    controller.settle();
    paths expected = always + collections("");
    expected.erase("/api/v1/namespaces/default/configmaps fields metadata.name=ipam");
    check_reads(cluster, expected);
}

TEST_CASE("with HTTP listeners the controller reads certificates and HTTPRoutes, and no other Secrets") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway::options o = default_options();
    o.http = gateway::http_listeners::status;
    gateway_controller controller(cluster, o);
    controller.settle();
    check_reads(cluster, always + collections("") +
                             paths{"/api/v1/secrets fields type=kubernetes.io/tls",
                                   "/apis/gateway.networking.k8s.io/v1/httproutes"});
}

TEST_CASE("limited to some namespaces the controller reads namespaced kinds nowhere else") {
    gateway_cluster cluster;
    cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: blue}}");
    cluster.load(everything);
    gateway::options o = default_options();
    o.namespaces = {"blue", "default"};
    o.http = GENERATE(gateway::http_listeners::refused, gateway::http_listeners::status);
    gateway_controller controller(cluster, o);
    controller.settle();
    paths expected = always;
    for (const std::string where : {"/namespaces/blue", "/namespaces/default"}) {
        expected = expected + collections(where);
        if (o.http == gateway::http_listeners::status)
            expected = expected + paths{"/api/v1" + where + "/secrets fields type=kubernetes.io/tls",
                                        "/apis/gateway.networking.k8s.io/v1" + where + "/httproutes"};
    }
    check_reads(cluster, expected);
}

TEST_CASE("who changed an object is asked of that object alone") {
    gateway_cluster cluster;
    cluster.load(everything);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    const std::string services = "/api/v1/namespaces/default/services";
    const std::string own = "demo-gateway-demo-gateway-class";
    blocking_client api(testing::config_for(cluster.server));
    api.send("PATCH", services + "/" + own + "?fieldManager=kubectl-edit",
             R"({"spec": {"loadBalancerIP": "192.0.2.99"}})", "application/merge-patch+json");
    CHECK(cluster.eventually(
        [&] { return cluster.get<core_v1::Service>(own).spec.loadBalancerIP == "192.0.2.10"; }));
    controller.settle();
    check_reads(cluster, always + collections(""), {services + " fields metadata.name=" + own});
}
