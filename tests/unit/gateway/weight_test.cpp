// Weights of backendRefs under behaviour merge: rows 26 and 27 of the Gateway API contract. kube-proxy cannot
// honour them, so what is given is said; slices carry them for data planes that can.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using gwctl::core_v1::Service;
using gwctl::discovery_v1::EndpointSlice;

namespace {

constexpr std::string_view weights = "thebsdbox.co.uk/WeightsApplied";

std::string pods(int subnet, int count) {
    std::string all;
    for (int i = 1; i <= count; ++i)
        all += fmt::format("{}10.{}.0.{}", all.empty() ? "" : ", ", subnet, i);
    return "[" + all + "]";
}

/// Backends a, b and c with one pod each, and a route with these backendRefs.
world weighted(std::string_view backends) {
    world w;
    w.gateway("web", "[{name: l, protocol: TCP, port: 80}]");
    w.backend("a", "[{port: 80}]", pods(1, 1));
    w.backend("b", "[{port: 80}]", pods(2, 1));
    w.backend("c", "[{port: 80}]", pods(3, 1));
    w.route("TCPRoute", "r", "[{name: web}]", backends);
    w.settle();
    return w;
}

std::vector<std::shared_ptr<const EndpointSlice>> slices_of(const world& w) {
    return w.slices(key("web-l4"));
}

/// By backend, the sum of the weights of its endpoints, relative to all.
std::map<std::string, double> shares(const world& w) {
    std::map<std::string, double> sums;
    double all = 0;
    for (const auto& s : slices_of(w)) {
        const auto weight = s->metadata.annotations.find("service.cilium.io/weight");
        if (weight == s->metadata.annotations.end())
            continue;
        for (const auto& e : *s->endpoints) {
            if (!e.conditions.ready.value_or(true))
                continue;
            sums[s->metadata.annotations.at(w.named.backend())] += std::stod(weight->second);
            all += std::stod(weight->second);
        }
    }
    for (auto& [name, sum] : sums)
        sum /= all;
    return sums;
}

bool is_near(double a, double b) { return std::abs(a - b) < 0.01; }

} // namespace

TEST_CASE("contract row 26: weights are on the slices, zero is unused, and what kube-proxy gives is said") {
    world w =
        weighted("[{name: a, port: 80, weight: 70}, {name: b, port: 80, weight: 30}, {name: c, port: 80, "
                 "weight: 0}]");
    std::set<std::string> served;
    for (const auto& s : slices_of(w))
        for (const auto& e : *s->endpoints)
            served.insert(e.addresses.front());
    CHECK(served == std::set<std::string>{"10.1.0.1", "10.2.0.1"});
    CHECK(is_near(shares(w)["default/a:80"], 0.7));
    CHECK(is_near(shares(w)["default/b:80"], 0.3));
    CHECK(w.get<Service>("web-l4")->metadata.annotations.at("service.cilium.io/lb-algorithm") == "maglev");
    const std::string said = w.said("TCPRoute", "r", weights);
    INFO(said);
    CHECK(said.starts_with("False/EndpointsDecide: spec.rules: kube-proxy knows no weights"));
    CHECK(said.find("Service default/a gets 50 % (1 of 2 ready endpoints), its weight 70 asks for 70 %") !=
          said.npos);
    CHECK(said.find("default/c") == said.npos);

    SECTION("endpoints in proportion to the weights give what they ask for") {
        w.backend("a", "[{port: 80}]", pods(1, 7));
        w.backend("b", "[{port: 80}]", pods(2, 3));
        w.settle();
        CHECK(w.said("TCPRoute", "r", weights).starts_with("True/EndpointsMatch: "));
        CHECK(is_near(shares(w)["default/a:80"], 0.7)); // each endpoint's weight is its part of the backend's
    }
    SECTION("with equal weights there is nothing to say, and nothing to split") {
        w.route("TCPRoute", "r", "[{name: web}]",
                "[{name: a, port: 80, weight: 5}, {name: b, port: 80, weight: 5}]");
        w.settle();
        CHECK(w.said("TCPRoute", "r", weights) == "absent");
        CHECK(shares(w).empty());
        CHECK(w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->size() == 2);
        CHECK_FALSE(
            w.get<Service>("web-l4")->metadata.annotations.contains("service.cilium.io/lb-algorithm"));
    }
    SECTION("without endpoints there is nothing to share out") {
        w.remove<EndpointSlice>("a-1");
        w.remove<EndpointSlice>("b-1");
        w.settle();
        CHECK(w.said("TCPRoute", "r", weights) == "absent");
        CHECK(
            w.said("TCPRoute", "r", "Programmed").starts_with("False/NoEndpoints: Service default/a: spec."));
    }
}

TEST_CASE("weights far apart, huge, and with many endpoints come out right") {
    world w = weighted("[{name: a, port: 80, weight: 1000000}, {name: b, port: 80, weight: 10000}]");
    w.backend("a", "[{port: 80}]", pods(1, 150));
    w.backend("b", "[{port: 80}]", pods(2, 3));
    w.settle();
    CHECK(is_near(shares(w)["default/a:80"], 0.99));
    for (const auto& s : slices_of(w)) {
        const int weight = std::stoi(s->metadata.annotations.at("service.cilium.io/weight"));
        CHECK((weight >= 1 && weight <= 65535)); // what Cilium reads
    }
}

TEST_CASE("an endpoint that is not ready counts for no share") {
    world w = weighted("[{name: a, port: 80, weight: 1}, {name: b, port: 80, weight: 3}]");
    w.backend("b", "[{port: 80}]", pods(2, 4));
    w.settle();
    w.merge<EndpointSlice>(
        "b-1", "{endpoints: [{addresses: [10.2.0.1]}, {addresses: [10.2.0.2], conditions: {ready: "
               "false}}]}");
    w.settle();
    CHECK(is_near(shares(w)["default/b:80"], 0.75));
    CHECK(w.said("TCPRoute", "r", weights).find("Service default/b gets 50 % (1 of 2") != std::string::npos);
}

TEST_CASE("an endpoint of two backends is served once, for the first") {
    world w = weighted("[{name: a, port: 80, weight: 1}, {name: b, port: 80, weight: 2}]");
    w.backend("b", "[{port: 80}]", "[10.1.0.1, 10.2.0.1]");
    w.settle();
    std::multiset<std::string> served;
    for (const auto& s : slices_of(w))
        for (const auto& e : *s->endpoints)
            served.insert(e.addresses.front());
    CHECK(served == std::multiset<std::string>{"10.1.0.1", "10.2.0.1"});
}

TEST_CASE("backendRefs to one port of one Service count as one") {
    world w = weighted("[{name: a, port: 80, weight: 1}, {name: a, port: 80, weight: 2}, {name: b, port: 80, "
                       "weight: 3}, {name: a, port: 80, weight: 0}]");
    CHECK(w.said("TCPRoute", "r", weights) == "absent"); // 3 and 3
    w.route(
        "TCPRoute", "r", "[{name: web}]",
        "[{name: a, port: 80, weight: 1}, {name: a, port: 80, weight: 9}, {name: b, port: 80, weight: 10}, "
        "{name: c, port: 80, weight: 20}]");
    w.settle();
    CHECK(is_near(shares(w)["default/a:80"], 0.25));
    CHECK(is_near(shares(w)["default/b:80"], 0.25));
    CHECK(w.said("TCPRoute", "r", weights)
              .find("Service default/a gets 33 % (1 of 3 ready endpoints), its weight 10 asks for 25 %") !=
          std::string::npos);
}

TEST_CASE("when weights begin or cease to differ, no endpoint is without a slice on the way") {
    world w = weighted("[{name: a, port: 80}, {name: b, port: 80}]");
    const auto change = [&](std::string_view backends) {
        w.route("TCPRoute", "r", "[{name: web}]", backends);
        const desired_state desired = w.plan_for("web");
        for (const EndpointSlice& written : desired.slices) {
            w.apply_one(written);
            std::set<std::string> served;
            for (const auto& s : slices_of(w))
                for (const auto& e : *s->endpoints)
                    served.insert(e.addresses.front());
            CHECK(served == std::set<std::string>{"10.1.0.1", "10.2.0.1"});
        }
        w.settle();
    };
    change("[{name: a, port: 80, weight: 2}, {name: b, port: 80}]");
    CHECK(slices_of(w).size() == 2);
    change("[{name: a, port: 80}, {name: b, port: 80}]");
    CHECK(slices_of(w).size() == 2); // one is empty: slices stay
}

TEST_CASE("contract row 27: what becomes of an invalid backend's share is said") {
    world w = weighted("[{name: a, port: 80, weight: 70}, {name: gone, port: 80, weight: 30}]");
    CHECK(w.said("TCPRoute", "r", "ResolvedRefs") ==
          "False/BackendNotFound: spec.rules[0].backendRefs[1].name: Service default/gone does not exist; "
          "create it or "
          "correct the name (until then the other backends get its share: kube-proxy cannot refuse a part of "
          "the "
          "connections)");
    CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
    CHECK(w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->size() == 1);
    SECTION("with none left, connections are refused") {
        w.route("TCPRoute", "r", "[{name: web}]", "[{name: gone, port: 80}]");
        w.settle();
        CHECK(w.said("TCPRoute", "r", "ResolvedRefs").ends_with("(until then connections are refused)"));
        CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("False/NoBackend: spec.rules: "));
        CHECK(w.get<Service>("web-l4")->spec.ports.size() == 1); // which kube-proxy rejects: no endpoints
        CHECK(w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->empty());
    }
    SECTION("with weights that differ among the good ones, too") {
        w.route("TCPRoute", "r", "[{name: web}]",
                "[{name: a, port: 80, weight: 60}, {name: b, port: 80, weight: 20}, {name: gone, port: 80, "
                "weight: 20}]");
        w.settle();
        CHECK(is_near(shares(w)["default/a:80"], 0.75));
        CHECK(w.said("TCPRoute", "r", weights).find("asks for 60 %") != std::string::npos);
    }
}
