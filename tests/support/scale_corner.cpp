#include <fmt/format.h>

#include <support/scale_corner.hpp>

namespace gwctl::tests {
namespace {

const std::string gateway_api = "apiVersion: gateway.networking.k8s.io/v1";

json::value gateway(const std::string& name, const std::string& gateway_class, const std::string& listeners,
                    const std::string& more = "") {
    return parse_object(fmt::format("{{{}, kind: Gateway, metadata: {{name: {}, namespace: corner}}, "
                                    "spec: {{gatewayClassName: {}, listeners: [{}]{}}}}}",
                                    gateway_api, name, gateway_class, listeners, more));
}

json::value route(const std::string& ns, const std::string& name, const std::string& parent,
                  const std::string& backend_namespace) {
    return parse_object(fmt::format("{{{}, kind: TCPRoute, metadata: {{name: {}, namespace: {}}}, spec: "
                                    "{{parentRefs: [{{{}}}], rules: [{{backendRefs: [{{name: backend, "
                                    "namespace: {}, port: 80}}]}}]}}}}",
                                    gateway_api, name, ns, parent, backend_namespace));
}

json::value parameters(const std::string& name, const std::string& data) {
    return parse_object(
        fmt::format("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {}, namespace: "
                    "corner, labels: {{thebsdbox.co.uk/parameters: \"true\"}}}}, data: {{{}}}}}",
                    name, data));
}

void add_backend(std::vector<json::value>& to, const std::string& ns) {
    to.push_back(parse_object(fmt::format("{{apiVersion: v1, kind: Service, metadata: {{name: backend, "
                                          "namespace: {}}}, spec: {{selector: {{app: b}}, ports: [{{port: "
                                          "80}}]}}}}",
                                          ns)));
    to.push_back(parse_object(
        fmt::format("{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: backend-x, "
                    "namespace: {}, labels: {{kubernetes.io/service-name: backend}}}}, addressType: IPv4, "
                    "ports: [{{name: \"\", port: 80, protocol: TCP}}], "
                    "endpoints: [{{addresses: [10.255.0.1], conditions: {{ready: true}}}}]}}",
                    ns)));
}

} // namespace

json::value grant_in_corner() {
    return parse_object(
        fmt::format("{{{}, kind: ReferenceGrant, metadata: {{name: g, namespace: far}}, spec: {{from: "
                    "[{{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: corner}}], to: "
                    "[{{group: \"\", kind: Service}}]}}}}",
                    gateway_api));
}

json::value set_in_corner() {
    return parse_object(
        fmt::format("{{{}, kind: ListenerSet, metadata: {{name: set, namespace: corner}}, spec: "
                    "{{parentRef: {{name: corner}}, listeners: [{{name: s, protocol: TCP, port: 2000}}]}}}}",
                    gateway_api));
}

json::value gateway_in_corner(const std::string& name, const std::string& gateway_class) {
    return gateway(name, gateway_class, "{name: l, protocol: TCP, port: 1000}");
}

json::value parameters_in_corner(const std::string& session_affinity) {
    return parameters("small", "pools: small, sessionAffinity: " + session_affinity);
}

json::value foreign_service(const std::string& address) {
    return parse_object(fmt::format("{{apiVersion: v1, kind: Service, metadata: {{name: foreign, namespace: "
                                    "far}}, spec: {{type: LoadBalancer, loadBalancerIP: {}, ports: [{{port: "
                                    "80}}]}}}}",
                                    address));
}

std::vector<json::value> corner_objects(const cluster_size& size) {
    std::vector<json::value> all;
    for (const char* ns : {"corner", "far", "picked"}) {
        all.push_back(namespace_object(ns, "a"));
        add_backend(all, ns);
    }
    all.push_back(parameters("own", "sessionAffinity: None"));
    all.push_back(gateway("corner", "l4",
                          "{name: far, protocol: TCP, port: 1000}, {name: picked, protocol: TCP, "
                          "port: 1001, allowedRoutes: {namespaces: {from: Selector, selector: "
                          "{matchLabels: {n: picked}}}}}",
                          ", allowedListeners: {namespaces: {from: All}}, infrastructure: {parametersRef: "
                          "{group: \"\", kind: ConfigMap, name: own}}"));
    all.push_back(route("corner", "far", "name: corner, sectionName: far", "far"));
    all.push_back(
        route("picked", "picked", "name: corner, namespace: corner, sectionName: picked", "picked"));
    all.push_back(route("corner", "of-set", "kind: ListenerSet, name: set", "corner"));
    all.push_back(route("corner", "of-new", "name: new", "corner"));
    all.push_back(route("corner", "of-waiting", "name: waiting", "corner"));
    all.push_back(parameters_in_corner("None"));
    all.push_back(parse_object(
        fmt::format("{{{}, kind: GatewayClass, metadata: {{name: small}}, spec: {{controllerName: "
                    "thebsdbox.co.uk/controller, parametersRef: {{group: \"\", kind: ConfigMap, name: small, "
                    "namespace: corner}}}}}}",
                    gateway_api)));
    all.push_back(service_object(size.gateways - 1, size.routes));
    all.push_back(slice_object(size.gateways - 1, size.routes, size.endpoints));
    return all;
}

} // namespace gwctl::tests
