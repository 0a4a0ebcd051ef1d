// -observe-only: nothing is written, and the log says what would be.
#include "../integration/blocking_client.hpp"
#include "embedded_run.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

const std::vector<std::string> everything{"nginx.yaml",   "coredns.yaml",  "ipam.yaml",    "class.yaml",
                                          "gateway.yaml", "tcproute.yaml", "udproute.yaml"};
const std::string own = "demo-gateway-demo-gateway-class";

gateway::options observing() {
    gateway::options o = default_options();
    o.observe_only = true;
    return o;
}

void edit(const gateway_cluster& cluster, const std::string& target, const std::string& body) {
    blocking_client api(testing::config_for(cluster.server));
    api.send("PATCH", target + "?fieldManager=kubectl-edit", body, "application/merge-patch+json");
}

using lines = std::vector<std::string>;

/// What observing controllers say that they would write, as long as this lives.
class captured_log {
public:
    captured_log() {
        log::redirect([this](const log::record& r) {
            if (r.message != "would write")
                return;
            const std::lock_guard lock(guard_);
            changes_[field_of(r, "object")].push_back(field_of(r, "change"));
        });
    }
    ~captured_log() { log::redirect({}); }
    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;

    /// Sorted. `object` is the one that was reconciled.
    lines changes_of(const std::string& object) const {
        const std::lock_guard lock(guard_);
        const auto found = changes_.find(object);
        lines all = found == changes_.end() ? lines() : found->second;
        std::sort(all.begin(), all.end());
        return all;
    }
    std::size_t count() const {
        const std::lock_guard lock(guard_);
        std::size_t all = 0;
        for (const auto& [object, changes] : changes_)
            all += changes.size();
        return all;
    }

private:
    static std::string field_of(const log::record& r, std::string_view key) {
        for (const log::field& f : r.fields)
            if (f.key == key)
                return f.value;
        return {};
    }

    mutable std::mutex guard_;
    std::map<std::string, lines> changes_;
};

} // namespace

TEST_CASE("a Gateway that waits for an address is looked at again while only observing") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "class.yaml", "gateway.yaml", "tcproute.yaml"});
    gateway_controller controller(cluster, observing());
    controller.settle();
    const auto pending = [&] {
        const std::string text = controller.metrics_text();
        const std::string name = "\ngwctl_pending_changes ";
        return std::stoi(text.substr(text.find(name) + name.size()));
    };
    const int before = pending();
    cluster.load({"ipam.yaml"});
    controller.settle();
    CHECK(pending() > before); // a Service could be made now
}

TEST_CASE("observe-only writes nothing, and counts what it would write") {
    gateway_cluster cluster;
    cluster.load(everything);
    cluster.apply("{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: web, labels: "
                  "{serviceBehaviour: update}}}");
    REQUIRE(cluster.server.wait_until([&] { return cluster.server.settled(); }));
    const std::size_t before = cluster.server.writes().size();
    {
        gateway_controller controller(cluster, observing());
        controller.settle();
        CHECK(controller.metrics_text().find("gwctl_pending_changes ") != std::string::npos);
        CHECK(controller.metrics_text().find("gwctl_pending_changes 0") == std::string::npos);
    }
    CHECK(cluster.server.writes().size() == before); // not even Events and the Lease
    {
        gateway_controller controller(cluster, default_options());
        controller.settle();
        CHECK(controller.stop() == 0);
    }
    const std::size_t settled = cluster.server.writes().size();
    gateway_controller controller(cluster, observing());
    controller.settle();
    CHECK(controller.metrics_text().find("gwctl_pending_changes 0") != std::string::npos);
    CHECK(cluster.server.writes().size() == settled);
    cluster.apply("{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: more}, spec: "
                  "{parentRefs: [{name: demo-gateway}], rules: [{backendRefs: [{name: nginx, port: 80}]}]}}");
    controller.settle();
    CHECK(controller.metrics_text().find("gwctl_pending_changes 0") == std::string::npos);
    REQUIRE(cluster.server.remove("tcproutes.gateway.networking.k8s.io", "default", "more"));
    controller.settle();
    CHECK(controller.metrics_text().find("gwctl_pending_changes 0") != std::string::npos);
}

TEST_CASE("observe-only logs each field that it would change, as it is and as it would be") {
    gateway_cluster cluster;
    cluster.load(everything);
    {
        gateway_controller controller(cluster, default_options());
        controller.settle();
    }
    const std::string slice = own + "-tcp-80-ipv4-0";
    edit(cluster, "/api/v1/namespaces/default/services/" + own,
         R"({"spec": {"loadBalancerIP": "192.0.2.99"}})");
    REQUIRE(cluster.server.remove("endpointslices.discovery.k8s.io", "default", slice));
    const auto* route_edit = R"([
        {"op": "test", "path": "/status/parents/0/conditions/0/type", "value": "Accepted"},
        {"op": "replace", "path": "/status/parents/0/conditions/0/status", "value": "False"},
        {"op": "replace", "path": "/status/parents/0/conditions/0/reason", "value": "NoMatchingParent"},
        {"op": "replace", "path": "/status/parents/0/conditions/0/message",
         "value": "spec.parentRefs: edited; correct it"},
        {"op": "add", "path": "/status/parents/-", "value": {
            "parentRef": {"name": "demo-gateway", "sectionName": "web"}, "controllerName": "example.com/other",
            "conditions": [{"type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
                            "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}])";
    blocking_client api(testing::config_for(cluster.server));
    api.send("PATCH", "/apis/gateway.networking.k8s.io/v1/namespaces/default/tcproutes/web/status",
             route_edit, "application/json-patch+json");
    edit(cluster, "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways/demo-gateway/status",
         R"({"status": {"addresses": [{"type": "IPAddress", "value": "192.0.2.66"}]}})");
    REQUIRE(cluster.server.wait_until([&] { return cluster.server.settled(); }));

    captured_log log;
    gateway_controller controller(cluster, observing(), log::level::info);
    controller.settle();
    const std::string gateway = "patch status of Gateway default/demo-gateway: status.";
    CHECK(log.changes_of("Gateway default/demo-gateway") ==
          lines{"apply Service default/" + own + R"(: spec.loadBalancerIP: "192.0.2.99" -> "192.0.2.10")",
                "create EndpointSlice default/" + slice,
                gateway + R"(addresses[IPAddress].value: "192.0.2.66" -> "192.0.2.10")"});
    const std::string route =
        "patch status of TCPRoute default/web: status.parents[demo-gateway/web].conditions";
    CHECK(log.changes_of("TCPRoute default/web") ==
          lines{route +
                    R"([Accepted].message: "spec.parentRefs: edited; correct it" -> "The route is attached")",
                route + R"([Accepted].reason: "NoMatchingParent" -> "Accepted")",
                route + R"([Accepted].status: "False" -> "True")"});
    CHECK(log.count() == 6);
}

TEST_CASE("observe-only logs of a new Gateway what would be made of it, and its whole status") {
    gateway_cluster cluster;
    cluster.load({"class.yaml", "ipam.yaml"});
    {
        gateway_controller controller(cluster, default_options());
        controller.settle();
    }
    cluster.apply(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: new}
spec:
  gatewayClassName: demo-gateway-class
  listeners: [{name: web, protocol: TCP, port: 80}]
)");

    captured_log log;
    gateway_controller controller(cluster, observing(), log::level::info);
    controller.settle();
    const std::string pending =
        "Service default/new-demo-gateway-class waits for kube-vip to announce 192.0.2.10; check that its "
        "DaemonSet is running, with services enabled (svc_enable), and serves the Service's "
        "loadBalancerClass";
    const std::string spec = "patch Gateway default/new: ";
    const std::string status = "patch status of Gateway default/new: status.";
    const std::string listener = status + "listeners[web].";
    CHECK(
        log.changes_of("Gateway default/new") ==
        lines{
            "create EndpointSlice default/new-demo-gateway-class-tcp-80-ipv4-0",
            "create Service default/new-demo-gateway-class",
            spec + R"(metadata.labels[implementation]: nothing -> "thebsdbox")",
            spec + R"(metadata.labels[ipam-address]: nothing -> "192.0.2.10")",
            spec + R"(spec.addresses[IPAddress]: nothing -> {"type":"IPAddress","value":"192.0.2.10"})",
            status + R"(addresses[IPAddress]: nothing -> {"type":"IPAddress","value":"192.0.2.10"})",
            status + R"(conditions[Accepted].message: "Waiting for controller" -> "The Gateway is accepted")",
            status + R"(conditions[Accepted].reason: "Pending" -> "Accepted")",
            status + R"(conditions[Accepted].status: "Unknown" -> "True")",
            status + R"(conditions[Programmed].message: "Waiting for controller" -> ")" + pending + "\"",
            status + R"(conditions[Programmed].status: "Unknown" -> "False")",
            status + R"(conditions[thebsdbox.co.uk/AddressesGranted]: nothing -> {"type":)"
                     R"("thebsdbox.co.uk/AddressesGranted","status":"True","reason":"InPools","message":)"
                     R"("192.0.2.10"})",
            status + R"(conditions[thebsdbox.co.uk/GrantedAddresses]: nothing -> {"type":)"
                     R"("thebsdbox.co.uk/GrantedAddresses","status":"True","reason":"InPools","message":)"
                     R"("[\"192.0.2.10\"]"})",
            listener + "attachedRoutes: nothing -> 0",
            listener + R"(conditions[Accepted]: nothing -> {"type":"Accepted","status":"True","reason":)"
                       R"("Accepted","message":"The listener is valid"})",
            listener + R"(conditions[Conflicted]: nothing -> {"type":"Conflicted","status":"False","reason":)"
                       R"("NoConflicts","message":"The listener has its port to itself"})",
            listener +
                R"(conditions[Programmed]: nothing -> {"type":"Programmed","status":"False","reason":)"
                R"("Pending","message":")" +
                pending + R"("})",
            listener + R"(conditions[ResolvedRefs]: nothing -> {"type":"ResolvedRefs","status":"True",)"
                       R"("reason":"ResolvedRefs","message":"All references are resolved"})",
            listener + R"(name: nothing -> "web")",
            listener +
                R"(supportedKinds: nothing -> [{"group":"gateway.networking.k8s.io","kind":"TCPRoute"}])"});
}
