// A Service that is deleted and that a finalizer keeps asks for its address and ports until it is gone: no other Service
// of ours asks for them at any version.
#include "gateway_run.hpp"

#include <gwctl/gateway/hand_over.hpp>
#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::Service;
using gateway::port_claim;

namespace {

constexpr std::string_view finalizer = "example.com/load-balancer-cleanup";

const char* const gateway_and_backend = R"(
apiVersion: v1
kind: Service
metadata: {name: app, namespace: default}
spec: {selector: {app: x}, ports: [{port: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: default}
spec: {gatewayClassName: demo-gateway-class, listeners: [{name: a, protocol: TCP, port: 80}]}
)";

std::string route(std::string_view behaviour) {
    const bool creates = behaviour == "create";
    return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {{name: r, namespace: default, labels: {}}}
spec: {{parentRefs: [{{name: web}}], rules: [{{backendRefs: [{{name: {}, port: 8080}}]}}]}}
)",
                       creates ? "{selectorkey: app, selectorvalue: x}"
                               : fmt::format("{{serviceBehaviour: {}}}", behaviour),
                       creates ? "made" : "app");
}

std::string with_finalizers(const std::string& service, std::string_view finalizers) {
    return fmt::format(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {}, namespace: default, finalizers: [{}]}}}}",
        service, finalizers);
}

/// Plays back what each version of each Service asks for; fails when two of them ever ask for the same.
void check_no_clash(const json::array& before, const std::vector<json::value>& events) {
    std::map<object_key, gateway::port_claims> asks;
    const auto note = [&](const json::value& object, bool is_there) {
        const auto service = json::decode<Service>(boost::json::serialize(object)).value();
        asks[key_of(service)] = is_there ? gateway::claims_of(service) : gateway::port_claims();
        std::set<port_claim> all;
        for (const auto& [key, claims] : asks)
            for (const port_claim& c : claims) {
                INFO(fmt::format("{} {} {} after version {} of {}", c.address, c.protocol, c.port,
                                 service.metadata.resourceVersion, to_string(key_of(service))));
                CHECK(all.insert(c).second);
            }
    };
    for (const json::value& object : before)
        note(object, true);
    for (const json::value& event : events)
        note(event.at("object"), event.at("type") != "DELETED");
}

std::string programmed(gateway_cluster& cluster, const std::string& name) {
    const auto gw = cluster.get<gateway_v1::Gateway>(name);
    const Condition* c = gateway::find_condition(gw.status.conditions, "Programmed");
    return c == nullptr ? std::string() : c->status + "/" + c->reason + ": " + c->message;
}

struct held_run {
    held_run() {
        cluster.load({"ipam.yaml", "class.yaml"});
        cluster.apply(gateway_and_backend);
    }
    void start() {
        controller = std::make_unique<gateway_controller>(cluster, default_options());
        controller->settle();
    }
    json::value listed() { return cluster.read(services); }
    void expect_no_clash(const json::value& since) {
        check_no_clash(since.at("items").as_array(), cluster.changes(services, since));
    }

    static constexpr const char* services = "/api/v1/namespaces/default/services";
    gateway_cluster cluster;
    std::unique_ptr<gateway_controller> controller;
};

} // namespace

TEST_CASE("finalizers: a route's new Service waits for the old one, and the Gateway names what keeps that") {
    const auto [from, old_service, to, new_service] =
        GENERATE(std::tuple("duplicate", "app-gw-api", "merge", "web-demo-gateway-class"),
                 std::tuple("create", "made", "duplicate", "app-gw-api"),
                 std::tuple("merge", "web-demo-gateway-class", "create", "made"),
                 std::tuple("duplicate", "app-gw-api", "update", "app"));
    INFO(from << " to " << to);
    held_run run;
    run.cluster.apply(route(from));
    run.start();
    REQUIRE(run.cluster.exists("services", "default", old_service));
    run.cluster.apply(with_finalizers(old_service, finalizer));
    run.controller->settle();
    const json::value before = run.listed();

    run.cluster.apply(route(to));
    run.controller->settle();
    CHECK(programmed(run.cluster, "web")
              .starts_with("False/Pending: Service default/" + std::string(old_service)));
    CHECK(programmed(run.cluster, "web").find(finalizer) != std::string::npos);
    const auto held = run.cluster.get<Service>(old_service);
    CHECK_FALSE(held.metadata.deletionTimestamp.empty());
    CHECK_FALSE(gateway::claims_of(held).empty());

    run.controller.reset(); // a restart knows nothing but what is there
    run.start();
    CHECK(programmed(run.cluster, "web").find(finalizer) != std::string::npos);

    run.cluster.apply(with_finalizers(old_service, ""));
    run.controller->settle();
    CHECK_FALSE(run.cluster.exists("services", "default", old_service));
    CHECK_FALSE(gateway::claims_of(run.cluster.get<Service>(new_service)).empty());
    CHECK(programmed(run.cluster, "web").starts_with("True/Programmed"));
    run.expect_no_clash(before);
}

TEST_CASE(
    "finalizers: the address of a Gateway that is gone goes to the next when its Service is gone, too") {
    held_run run;
    run.cluster.apply(route("merge"));
    run.start();
    const auto gw = run.cluster.get<gateway_v1::Gateway>("web");
    const std::string address = gw.status.addresses.at(0).value.value();
    run.cluster.apply(with_finalizers("web-demo-gateway-class", finalizer));
    run.controller->settle();
    const json::value before = run.listed();
    REQUIRE(run.cluster.remove("gateways.gateway.networking.k8s.io", "default", "web"));
    run.cluster.apply(fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: next, namespace: default}}
spec:
  gatewayClassName: demo-gateway-class
  addresses: [{{type: IPAddress, value: {}}}]
  listeners: [{{name: a, protocol: TCP, port: 80}}]
)",
                                  address));
    run.controller->settle();
    CHECK(programmed(run.cluster, "next").starts_with("False/AddressNotUsable"));
    CHECK(programmed(run.cluster, "next").find(finalizer) != std::string::npos);
    run.cluster.apply(with_finalizers("web-demo-gateway-class", ""));
    run.controller->settle();
    CHECK(programmed(run.cluster, "next").starts_with("True/Programmed"));
    run.expect_no_clash(before);
}
