// What the Go controller left on a cluster, with all that an API server and an announcer add to it, is taken over
// without a moment in which an address and port is missing or asked for twice.
#include "gateway_run.hpp"

#include <gwctl/gateway/hand_over.hpp>
#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <map>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::Service;
using gateway::port_claim;

namespace {

const gateway::names named{default_options().controller_name};

/// The leftovers of one behaviour: a Gateway and its route, called as the behaviour, and the Services.
struct leftovers {
    const char* behaviour;
    const char* address;
    const char* route_labels;
    const char* services;
    const char* served_by; ///< the Service that has the address, before and after
};

// The Go controller's Services: one unnamed port without a protocol, everything else by the API server.
const std::vector<leftovers> all_leftovers{
    {"create", "192.0.2.11", "{selectorkey: app, selectorvalue: nginx}", R"(
apiVersion: v1
kind: Service
metadata:
  name: created
  namespace: default
  labels: {ipam-address: 192.0.2.11, implementation: thebsdbox}
  annotations: {gateway-api-controller: thebsdbox.co.uk/controller, parent-tcp-route: create}
spec: {type: LoadBalancer, loadBalancerIP: 192.0.2.11, selector: {app: nginx}, ports: [{port: 8080, targetPort: 80}]}
)",
     "created"},
    {"update", "192.0.2.12", "{serviceBehaviour: update}", R"(
apiVersion: v1
kind: Service
metadata:
  name: updated
  namespace: default
  labels: {team: a, ipam-address: 192.0.2.12, implementation: thebsdbox}
  annotations: {gateway-api-controller: thebsdbox.co.uk/controller, parent-tcp-route: update}
spec: {type: LoadBalancer, loadBalancerIP: 192.0.2.12, selector: {app: nginx}, ports: [{port: 8080, targetPort: 80}]}
)",
     "updated"},
    {"duplicate", "192.0.2.13", "{serviceBehaviour: duplicate}", R"(
apiVersion: v1
kind: Service
metadata: {name: source, namespace: default, labels: {team: a, ipam-address: 192.0.2.13, implementation: thebsdbox}}
spec: {selector: {app: nginx}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata:
  name: source-gw-api
  namespace: default
  labels: {team: a, ipam-address: 192.0.2.13, implementation: thebsdbox}
  annotations: {gateway-api-controller: thebsdbox.co.uk/controller, parent-tcp-route: duplicate}
spec: {type: LoadBalancer, loadBalancerIP: 192.0.2.13, selector: {app: nginx}, ports: [{port: 8080, targetPort: 80}]}
)",
     "source-gw-api"},
};

/// As the Go controller leaves it: the address in spec, labels and status, conditions half overwritten.
std::string gateway_and_route(const leftovers& l, const std::string& backend) {
    return fmt::format(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {0}, namespace: default, labels: {{ipam-address: {1}, implementation: thebsdbox}}}}
spec:
  gatewayClassName: demo-gateway-class
  addresses: [{{type: IPAddress, value: {1}}}]
  listeners: [{{name: a, protocol: TCP, port: 8080}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {{name: {0}, namespace: default, labels: {2}}}
spec: {{parentRefs: [{{name: {0}, sectionName: a}}], rules: [{{backendRefs: [{{name: {3}, port: 80}}]}}]}}
)",
                       l.behaviour, l.address, l.route_labels, backend);
}

constexpr std::string_view gateway_status = R"({{"status": {{
  "addresses": [{{"type": "IPAddress", "value": "{0}"}}],
  "conditions": [{{"type": "Accepted", "status": "True", "reason": "Waiting",
                  "message": "Waiting for controller", "lastTransitionTime": "2024-05-01T00:00:00Z"}}]}}}})";

/// What each version of each Service asks for, played back; checks after each that the claim has one holder.
void check_no_outage(const json::array& before, const std::vector<json::value>& events,
                     const port_claim& claim) {
    std::map<object_key, bool> holders;
    const auto note = [&](const json::value& object, bool is_there) {
        const auto service = json::decode<Service>(boost::json::serialize(object)).value();
        holders[key_of(service)] = is_there && gateway::claims_of(service).contains(claim);
    };
    const auto count = [&] {
        return std::count_if(holders.begin(), holders.end(), [](const auto& h) { return h.second; });
    };
    for (const json::value& object : before)
        note(object, true);
    REQUIRE(count() == 1);
    for (const json::value& event : events) {
        note(event.at("object"), event.at("type") != "DELETED");
        INFO(claim.address << " after " << boost::json::serialize(event));
        REQUIRE(count() == 1);
    }
}

} // namespace

TEST_CASE("upgrade: what the Go controller made by each behaviour stays in service, on a real API too") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "ipam.yaml", "class.yaml"});
    for (const leftovers& l : all_leftovers) {
        const bool is_copied = std::string_view(l.behaviour) == "duplicate";
        cluster.apply(l.services);
        cluster.apply(gateway_and_route(l, is_copied ? "source" : l.served_by));
        cluster.patch_status("/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/" +
                                 std::string(l.behaviour),
                             fmt::format(gateway_status, l.address));
    }
    cluster.settle();
    std::map<std::string, Service> before;
    for (const leftovers& l : all_leftovers)
        before[l.served_by] = cluster.get<Service>(l.served_by);
    const std::string services = "/api/v1/namespaces/default/services";
    const json::value listed = cluster.read(services);

    gateway_controller controller(cluster, default_options());
    controller.settle();
    const std::vector<json::value> events = cluster.changes(services, listed);
    CHECK(events.size() >= all_leftovers.size());
    for (const leftovers& l : all_leftovers) {
        INFO(l.behaviour);
        check_no_outage(listed.at("items").as_array(), events, {l.address, "TCP", 8080});
        const auto gw = cluster.get<gateway_v1::Gateway>(l.behaviour);
        CHECK(status_of(gw.status.conditions, "Accepted") == "True");
        CHECK(status_of(gw.status.conditions, "Programmed") == "True");
        REQUIRE(gw.status.addresses.size() == 1);
        CHECK(gw.status.addresses[0].value == l.address);
        const auto now = cluster.get<Service>(l.served_by);
        const Service& was = before[l.served_by];
        CHECK(now.metadata.uid == was.metadata.uid);
        CHECK(now.spec.clusterIP == was.spec.clusterIP);
        CHECK(now.spec.selector == was.spec.selector);
        REQUIRE(now.spec.ports.size() == 1);
        CHECK(now.spec.ports[0].nodePort == was.spec.ports[0].nodePort);
        CHECK(now.spec.ports[0].targetPort == IntOrString(80));
        CHECK(now.metadata.annotations.at(named.gateway()) == std::string("default/") + l.behaviour);
    }

    cluster.forget_writes();
    controller.settle();
    CHECK(cluster.writes().empty());
    for (const leftovers& l : all_leftovers)
        REQUIRE(cluster.remove("tcproutes.gateway.networking.k8s.io", "default", l.behaviour));
    controller.settle();
    CHECK_FALSE(cluster.exists("services", "default", "created"));
    CHECK_FALSE(cluster.exists("services", "default", "source-gw-api"));
    CHECK(cluster.get<Service>("source").metadata.labels.at("team") == "a");
    const auto returned = cluster.get<Service>("updated"); // a user's, so never deleted
    CHECK(returned.spec.type == "ClusterIP");
    CHECK(returned.metadata.labels == std::map<std::string, std::string>{{"team", "a"}});
}
