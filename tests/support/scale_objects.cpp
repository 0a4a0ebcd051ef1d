#include <gwctl/json/yaml.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <support/scale_corner.hpp>

namespace gwctl::tests {
namespace {

constexpr std::size_t gateways_per_namespace = 10;

} // namespace

json::value parse_object(const std::string& yaml) { return json::parse_yaml(yaml, "scale").value().at(0); }

std::string namespace_of(std::size_t gateway) {
    return fmt::format("team-{}", gateway / gateways_per_namespace);
}

json::value namespace_object(const std::string& name, const std::string& label) {
    return parse_object(fmt::format(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: {}, labels: {{n: {}}}}}}}", name, label));
}

json::value pools_object(const std::string& small) {
    return parse_object(fmt::format("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: ipam, namespace: "
                                    "default}}, data: {{cidr-global: 198.18.0.0/15, cidr-small: \"{}\"}}}}",
                                    small));
}

json::value gateway_object(std::size_t g, std::size_t listeners) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < listeners; ++i)
        all.push_back(fmt::format("{{name: l{}, protocol: TCP, port: {}}}", i, 1000 + i));
    return parse_object(
        fmt::format("{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: g{}, "
                    "namespace: {}}}, spec: {{gatewayClassName: l4, listeners: [{}]}}}}",
                    g, namespace_of(g), fmt::join(all, ", ")));
}

json::value route_object(std::size_t g, std::size_t r, std::size_t listener, int port) {
    return parse_object(
        fmt::format("{{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {{name: r{0}-{1}, "
                    "namespace: {2}}}, spec: {{parentRefs: [{{name: g{0}, sectionName: l{4}}}], "
                    "rules: [{{backendRefs: [{{name: b{0}-{1}, port: {3}}}]}}]}}}}",
                    g, r, namespace_of(g), port, listener));
}

json::value service_object(std::size_t g, std::size_t r, bool whole) {
    return parse_object(
        fmt::format("{{apiVersion: v1, kind: Service, metadata: {{name: b{}-{}, namespace: {}}}, spec: "
                    "{{selector: {{app: b}}, ports: [{}{{name: b, port: 81, targetPort: 8081}}]}}}}",
                    g, r, namespace_of(g), whole ? "{name: a, port: 80, targetPort: 8080}, " : ""));
}

json::value slice_object(std::size_t g, std::size_t r, std::size_t endpoints, std::size_t unready) {
    std::vector<std::string> all;
    for (std::size_t e = 0; e < endpoints; ++e)
        all.push_back(fmt::format("{{addresses: [10.{}.{}.{}], conditions: {{ready: {}}}}}", g % 250, r % 250,
                                  e + 1, e >= unready));
    return parse_object(fmt::format(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: b{0}-{1}-x, "
        "namespace: {2}, labels: {{kubernetes.io/service-name: b{0}-{1}}}}}, addressType: IPv4, "
        "ports: [{{name: a, port: 8080, protocol: TCP}}, {{name: b, port: 8081, protocol: TCP}}], "
        "endpoints: [{3}]}}",
        g, r, namespace_of(g), fmt::join(all, ", ")));
}

std::vector<json::value> objects_of(const cluster_size& size) {
    std::vector<json::value> all{
        parse_object("{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: l4}, "
                     "spec: {controllerName: thebsdbox.co.uk/controller}}"),
        pools_object("203.0.113.1/32")};
    for (std::size_t g = 0; g < size.gateways; ++g) {
        if (g % gateways_per_namespace == 0)
            all.push_back(namespace_object(namespace_of(g), "a"));
        all.push_back(gateway_object(g, size.one_listener ? 1 : size.routes));
        for (std::size_t r = 0; r < size.routes; ++r) {
            all.push_back(service_object(g, r));
            all.push_back(slice_object(g, r, size.endpoints));
            all.push_back(route_object(g, r, size.one_listener ? 0 : r, 80));
        }
    }
    if (size.corner)
        for (json::value& object : corner_objects(size))
            all.push_back(std::move(object));
    return all;
}

} // namespace gwctl::tests
