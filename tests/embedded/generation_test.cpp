// Row 3 of the Gateway API contract for each kind that has a status of ours: all conditions move to a new generation
// together, in one write, and what changes nothing for them writes nothing.
#include "embedded_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace {

struct row {
    std::string kind;
    std::string resource;
    std::string name;
    std::string spec; ///< as it is first, and with the words of `from` replaced by those of `to`
    std::string from;
    std::string to;
    std::size_t conditions; ///< of all its parts together
};

const std::vector<row>& rows() {
    static const std::vector<row> all{
        {"GatewayClass", "gatewayclasses", "demo-gateway-class",
         "{controllerName: thebsdbox.co.uk/controller, description: first}", "first", "second", 2},
        {"Gateway", "gateways", "demo-gateway",
         "{gatewayClassName: demo-gateway-class, allowedListeners: {namespaces: {from: Same}}, listeners: "
         "[{name: web, protocol: TCP, port: 80}, {name: dns, protocol: UDP, port: 53}, {name: more, "
         "protocol: "
         "TCP, port: 9000}]}",
         "9000", "9001", 16},
        {"ListenerSet", "listenersets", "set",
         "{parentRef: {name: demo-gateway}, listeners: [{name: a, protocol: TCP, port: 7000, allowedRoutes: "
         "{namespaces: {from: Same}}}, {name: b, protocol: UDP, port: 7000}]}",
         "Same", "All", 10},
        {"TCPRoute", "tcproutes", "web",
         "{parentRefs: [{name: demo-gateway, sectionName: web}, {kind: ListenerSet, name: set}], rules: "
         "[{backendRefs: [{name: nginx, port: 80}, {name: other, port: 80, weight: 3}]}]}",
         "weight: 3", "weight: 4", 8},
        {"UDPRoute", "udproutes", "dns",
         "{parentRefs: [{name: demo-gateway, sectionName: dns}, {kind: ListenerSet, name: set}], rules: "
         "[{backendRefs: [{name: coredns, port: 53}, {name: other, port: 53, weight: 3}]}]}",
         "weight: 3", "weight: 4", 8},
    };
    return all;
}

void apply(gateway_cluster& cluster, const row& c, const std::string& spec,
           const std::string& labels = "{}") {
    cluster.apply(fmt::format("{{apiVersion: gateway.networking.k8s.io/v1, kind: {}, metadata: {{name: {}, "
                              "labels: {}}}, spec: {}}}",
                              c.kind, c.name, labels, spec));
}

json::value live(const gateway_cluster& cluster, const row& c) {
    return cluster.server
        .get(c.resource + ".gateway.networking.k8s.io", c.kind == "GatewayClass" ? "" : "default", c.name)
        .value();
}

/// Of every condition, wherever in the status it is.
void collect_generations(const json::value& v, std::vector<std::int64_t>& generations) {
    if (const auto* list = v.if_array())
        for (const json::value& entry : *list)
            collect_generations(entry, generations);
    const auto* object = v.if_object();
    if (object == nullptr)
        return;
    if (object->contains("lastTransitionTime")) {
        const auto* generation = object->if_contains("observedGeneration");
        generations.push_back(generation == nullptr ? 0 : generation->to_number<std::int64_t>());
    }
    for (const auto& member : *object)
        collect_generations(member.value(), generations);
}

std::int64_t generation_of(const json::value& object) {
    return object.at("metadata").at("generation").to_number<std::int64_t>();
}

std::size_t status_writes(const gateway_cluster& cluster, const row& c, std::size_t since) {
    const auto all = cluster.server.writes();
    return static_cast<std::size_t>(
        std::count_if(all.begin() + static_cast<std::ptrdiff_t>(since), all.end(), [&](const auto& w) {
            return w.resource == c.resource && w.name == c.name && w.subresource == "status";
        }));
}

} // namespace

TEST_CASE(
    "contract row 03: the conditions of every kind move to a new generation in one write of the status") {
    gateway_cluster cluster;
    cluster.load({"nginx.yaml", "coredns.yaml", "ipam.yaml"});
    cluster.apply("{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {selector: {app: nginx}, "
                  "ports: [{name: t, port: 80}, {name: u, port: 53, protocol: UDP}]}}");
    for (const row& c : rows())
        apply(cluster, c, c.spec);
    gateway_controller controller(cluster, default_options());
    controller.settle();
    for (const row& c : rows()) {
        INFO(c.kind);
        const auto check_all_at = [&](std::int64_t generation) {
            const json::value object = live(cluster, c);
            CHECK(generation_of(object) == generation);
            std::vector<std::int64_t> seen;
            collect_generations(object.at("status"), seen);
            CHECK(seen == std::vector<std::int64_t>(c.conditions, generation));
        };
        const std::int64_t before = generation_of(live(cluster, c));
        check_all_at(before);

        std::size_t since = cluster.server.writes().size();
        std::string spec = c.spec;
        apply(cluster, c, spec.replace(spec.find(c.from), c.from.size(), c.to));
        controller.settle();
        check_all_at(before + 1);
        CHECK(status_writes(cluster, c, since) == 1);

        since = cluster.server.writes().size();
        apply(cluster, c, spec, "{example.com/a: label}"); // no new generation
        controller.settle();
        check_all_at(before + 1);
        CHECK(status_writes(cluster, c, since) == 0);
    }
}
