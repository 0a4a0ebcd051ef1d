#include "gateway_scenario.hpp"

#include <gwctl/json/yaml.hpp>
#include <gwctl/testing/simulation.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>

namespace gwctl::tests {

using std::chrono::milliseconds;
using testing::scenario;
using testing::simulation;
using testing::step;

namespace {

/// How long users and mishaps are at work.
constexpr milliseconds duration = std::chrono::minutes(2);

json::value object(const std::string& yaml) { return json::parse_yaml(yaml, "scenario").value().at(0); }

constexpr std::string_view gateway_api = "apiVersion: gateway.networking.k8s.io/v1";

json::value gateway(const std::string& name, const std::vector<std::string>& listeners) {
    return object(fmt::format(
        "{{{}, kind: Gateway, metadata: {{name: {}, namespace: default}}, spec: {{gatewayClassName: "
        "l4, allowedListeners: {{namespaces: {{from: All}}}}, listeners: [{}]}}}}",
        gateway_api, name, fmt::join(listeners, ", ")));
}

std::string listener(std::string_view protocol, int port) {
    std::string name(protocol == "TCP" ? "t" : "u");
    return fmt::format("{{name: {}{}, protocol: {}, port: {}}}", name, port, protocol, port);
}

json::value route(const std::string& kind, const std::string& name, const std::string& gateway,
                  const std::string& behaviour, const std::string& backend) {
    return object(fmt::format(
        "{{{}, kind: {}, metadata: {{name: {}, namespace: default, labels: {{serviceBehaviour: {}}}}}, "
        "spec: {{parentRefs: [{{name: {}}}], rules: [{{backendRefs: [{{name: {}, port: 80}}]}}]}}}}",
        gateway_api, kind, name, behaviour, gateway, backend));
}

json::value backend(const std::string& name) {
    return object(fmt::format(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {}, namespace: default}}, spec: {{ports: "
        "[{{name: t, port: 80, targetPort: 8080, protocol: TCP}}, "
        "{{name: u, port: 80, targetPort: 8080, protocol: UDP}}]}}}}",
        name));
}

json::value endpoints(const std::string& backend, int net, int count) {
    std::vector<std::string> all;
    for (int i = 1; i <= count; ++i)
        all.push_back(fmt::format("{{addresses: [10.244.{}.{}], conditions: {{ready: true}}}}", net, i));
    return object(fmt::format(
        "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{name: {0}-x, namespace: "
        "default, labels: {{kubernetes.io/service-name: {0}}}}}, addressType: IPv4, ports: [{{name: t, "
        "port: 8080, protocol: TCP}}, {{name: u, port: 8080, protocol: UDP}}], endpoints: [{1}]}}",
        backend, fmt::join(all, ", ")));
}

json::value pools(const std::string& ranges) {
    return object(
        fmt::format("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: ipam, namespace: default}}, data: "
                    "{{cidr-global: \"{}\"}}}}",
                    ranges));
}

json::value listener_set(const std::string& name, const std::string& gateway, int port) {
    return object(
        fmt::format("{{{}, kind: ListenerSet, metadata: {{name: {}, namespace: default}}, spec: {{parentRef: "
                    "{{name: {}}}, listeners: [{{name: s, protocol: TCP, port: {}}}]}}}}",
                    gateway_api, name, gateway, port));
}

/// Draws one change.
class drawing {
public:
    explicit drawing(std::uint64_t seed) : random_(seed) {}

    step next() {
        step s;
        switch (below(12)) {
        case 0:
        case 1:
            return applied(gateway(one_of("g", 3), some_listeners()));
        case 2:
            return removed("gateways.gateway.networking.k8s.io", one_of("g", 3));
        case 3:
        case 4:
        case 5: {
            // Of each Gateway another backend, or who comes first would decide which Gateway gets the Service's name.
            const bool tcp = below(3) != 0;
            const std::size_t g = below(3);
            const std::vector<std::string> behaviours{"merge", "merge", "create", "duplicate"};
            return applied(route(tcp ? "TCPRoute" : "UDPRoute", one_of(tcp ? "tr" : "ur", 3),
                                 fmt::format("g{}", g), behaviours[below(behaviours.size())],
                                 fmt::format("b{}", g)));
        }
        case 6:
            return below(3) != 0 ? removed("tcproutes.gateway.networking.k8s.io", one_of("tr", 3))
                                 : removed("udproutes.gateway.networking.k8s.io", one_of("ur", 3));
        case 7: {
            const auto b = below(3);
            return applied(
                endpoints(fmt::format("b{}", b), 10 + static_cast<int>(b), static_cast<int>(below(4))));
        }
        case 8:
        case 9:
            return applied(endpoints("flappy", 2, static_cast<int>(below(3))));
        case 10:
            return applied(pools(below(2) == 0 ? "10.0.0.0/24" : "10.0.0.0/24, 10.0.1.0/28"));
        default:
            return below(3) == 0 ? removed("listenersets.gateway.networking.k8s.io", one_of("s", 2))
                                 : applied(listener_set(one_of("s", 2), one_of("g", 3),
                                                        90 + static_cast<int>(below(3))));
        }
    }
    milliseconds time() { return milliseconds(below(static_cast<std::size_t>(duration.count()))); }

private:
    std::size_t below(std::size_t n) { return random_() % n; }
    std::string one_of(std::string_view prefix, std::size_t n) {
        return fmt::format("{}{}", prefix, below(n));
    }
    std::vector<std::string> some_listeners() {
        std::vector<std::string> all;
        for (const int port : {80, 81, 90}) {
            if (below(2) == 0)
                all.push_back(listener("TCP", port));
            if (below(3) == 0)
                all.push_back(listener("UDP", port));
        }
        if (all.empty())
            all.push_back(listener("TCP", 80));
        return all;
    }
    step applied(json::value o) {
        const json::object& m = o.at("metadata").as_object();
        return {
            time(),
            fmt::format("apply {} {}", o.at("kind").as_string().c_str(), m.at("name").as_string().c_str()),
            [o](simulation& world) { world.apply(o); }};
    }
    step removed(const std::string& kind, const std::string& name) {
        return {time(), fmt::format("delete {} {}", kind, name),
                [kind, name](simulation& world) { world.remove(kind, "default", name); }};
    }

    std::mt19937_64 random_;
};

} // namespace

void make_foundation(simulation& world) {
    world.apply(
        object(fmt::format("{{{}, kind: GatewayClass, metadata: {{name: l4}}, spec: {{controllerName: "
                           "thebsdbox.co.uk/controller}}}}",
                           gateway_api)));
    world.apply(pools("10.0.0.0/24"));
    for (const char* name : {"steady", "flappy"}) {
        const bool steady = std::string_view(name) == "steady";
        world.apply(backend(name));
        world.apply(endpoints(name, steady ? 1 : 2, 2));
        world.apply(gateway(name, {listener("TCP", 80)}));
        world.apply(route("TCPRoute", name, name, "merge", name));
    }
    for (int i = 0; i < 3; ++i) {
        world.apply(backend(fmt::format("b{}", i)));
        world.apply(endpoints(fmt::format("b{}", i), 10 + i, 1 + i));
    }
}

scenario draw_gateway_scenario(std::uint64_t seed) {
    scenario s;
    s.seed = seed;
    s.lasts = duration;
    s.mishaps = testing::draw_mishaps(seed, 8, duration);
    drawing draw(seed);
    for (std::size_t i = 0; i < 16; ++i) {
        s.steps.push_back(draw.next());
        // Every other change comes soon after a mishap, when it may be missed.
        if (i % 2 == 0)
            s.steps.back().at = s.mishaps[i / 2].at + s.steps.back().at % milliseconds(4000);
    }
    std::stable_sort(s.steps.begin(), s.steps.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return s;
}

} // namespace gwctl::tests
