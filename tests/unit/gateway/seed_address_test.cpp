// The mistakes of the Go controller and its successor that are about addresses, B23 to B30; the others are in
// seed_test.cpp.
#include <fmt/format.h>

#include <set>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::ConfigMap;
using core_v1::Service;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
using list = std::vector<std::string>;

void set_pools(world& w, const std::string& data) {
    w.add("{kind: ConfigMap, metadata: {name: pools}, data: " + data + "}");
}

} // namespace

TEST_CASE("seed B23: one ConfigMap has the pools of all namespaces") {
    world w;
    w.add("{kind: Namespace, metadata: {name: team}}");
    w.gateway("team/web", one_tcp);
    w.settle();
    CHECK(w.addresses("team/web") == list{"10.0.0.1"}); // of range-global in default/pools
}

TEST_CASE("seed B24: a namespace's range comes before the global CIDR") {
    world w;
    set_pools(w, "{cidr-global: 10.1.0.0/24, range-default: 10.0.0.7-10.0.0.8}");
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.7"});
}

TEST_CASE("seed B25: addresses without a label count, too") {
    world w;
    w.add("{kind: Service, metadata: {name: theirs}, spec: {type: LoadBalancer, loadBalancerIP: 10.0.0.1, "
          "ports: "
          "[{port: 80}]}}");
    w.add("{kind: Gateway, metadata: {name: pinned}, spec: {gatewayClassName: l4, addresses: [{value: "
          "10.0.0.2}], "
          "listeners: [{name: a, protocol: TCP, port: 80}]}}");
    w.settle();
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(w.addresses("pinned") == list{"10.0.0.2"});
    CHECK(w.addresses("web") == list{"10.0.0.3"});
}

TEST_CASE("seed B26: when the pool is exhausted nothing empty is written, and the Gateway says so") {
    world w;
    set_pools(w, "{range-global: 10.0.0.1}");
    w.gateway("web", one_tcp);
    w.settle();
    w.gateway("late", one_tcp);
    w.settle();
    CHECK(w.get<Gateway>("late")->spec.addresses.empty());
    CHECK_FALSE(w.get<Gateway>("late")->metadata.labels.contains("ipam-address"));
    CHECK(w.programmed("late") == "False/AddressNotAssigned");
}

TEST_CASE("seed B27: IPv6 works") {
    world w;
    set_pools(w, "{range-global: 'fd00::1-fd00::9'}");
    w.gateway("web", one_tcp);
    w.backend("app", "[{port: 80}]", "['fd00:1::1']");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(w.addresses("web") == list{"fd00::1"});
    CHECK(w.get<Service>("web-l4")->spec.ipFamilies == list{"IPv6"});
    CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
}

TEST_CASE("seed B28: every address is served, types are told apart, and 0.0.0.0 is no address") {
    world w;
    w.gateway("two", one_tcp, "addresses: [{value: 10.0.0.1}, {value: 10.0.0.2}]");
    w.gateway("zero", one_tcp, "addresses: [{value: 0.0.0.0}]");
    w.gateway("host", one_tcp, "addresses: [{type: Hostname, value: a.example.com}]");
    w.settle();
    CHECK(w.addresses("two") == list{"10.0.0.1", "10.0.0.2"});
    CHECK(w.programmed("zero") == "False/AddressNotUsable");
    CHECK(w.addresses("zero").empty());
    CHECK(w.accepted("host") == "False/UnsupportedAddress");
}

TEST_CASE("seed B29: pools that change to and fro give out nothing twice") {
    world w;
    set_pools(w, "{cidr-global: 10.0.0.0/29}");
    std::set<std::string> seen;
    int n = 0;
    for (const std::string_view pools : {"{range-global: 10.0.0.1-10.0.0.6}", "{cidr-global: 10.0.0.0/29}",
                                         "{range-global: 10.0.0.1-10.0.0.6}"}) {
        w.gateway(fmt::format("g{}", n), one_tcp);
        w.settle();
        CHECK(seen.insert(w.addresses(fmt::format("g{}", n)).at(0)).second);
        ++n;
        w.remove<ConfigMap>("pools");
        set_pools(w, std::string(pools));
    }
}

TEST_CASE("seed B30: what is read in another order gives the same addresses, each once") {
    world w;
    for (int i = 0; i < 6; ++i)
        w.gateway(fmt::format("g{}", i), one_tcp);
    w.settle();
    std::mt19937 engine(7);
    w.shuffle = &engine;
    w.reverse_order = true;
    w.take_writes();
    w.restart();
    w.settle();
    CHECK(w.take_writes().empty());
    std::set<std::string> seen;
    for (int i = 0; i < 6; ++i)
        CHECK(seen.insert(w.addresses(fmt::format("g{}", i)).at(0)).second);
}
