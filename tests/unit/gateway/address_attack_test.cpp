// Nobody takes a Gateway's address, or one outside the pools, by what he may write: labels, specs, Services.
#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
using list = std::vector<std::string>;

/// Gateway web with 10.0.0.1.
world with_victim() {
    world w;
    w.gateway("web", one_tcp);
    w.settle();
    REQUIRE(w.addresses("web") == list{"10.0.0.1"});
    return w;
}

std::string forged(const std::string& label, const std::string& more = "") {
    return "{kind: Gateway, metadata: {name: evil, creationTimestamp: '2000-01-01T00:00:00Z', labels: "
           "{ipam-address: '" +
           label +
           "', implementation: thebsdbox}}, spec: {gatewayClassName: l4, listeners: [{name: a, protocol: "
           "TCP, port: 80}]" +
           more + "}}";
}

} // namespace

TEST_CASE("a forged record does not take another Gateway's address, restart or not") {
    world w = with_victim();
    const bool in_spec = GENERATE(true, false);
    w.add(forged("10.0.0.1", in_spec ? ", addresses: [{type: IPAddress, value: 10.0.0.1}]" : ""));
    w.reverse_order = GENERATE(true, false);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.addresses("evil") == list{"10.0.0.2"}); // one of its own, as if it had asked for none
}

TEST_CASE("a forged record gives no address outside the pools") {
    for (const std::string label : {"192.168.1.1", "10.0.0.200", "0.0.0.0", "127.0.0.1", "banana", ""}) {
        world w;
        w.add(forged(label));
        w.settle();
        INFO(label);
        CHECK(w.addresses("evil") == list{"10.0.0.1"});
        CHECK(w.get<Gateway>("evil")->metadata.labels.at("ipam-address") == "10.0.0.1");
    }
}

TEST_CASE("a forged record in the annotation is no better") {
    world w = with_victim();
    w.add("{kind: Gateway, metadata: {name: evil, annotations: {thebsdbox.co.uk/ipam-address: 10.0.0.1}}, "
          "spec: "
          "{gatewayClassName: l4, listeners: [{name: a, protocol: TCP, port: 80}]}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.addresses("evil") == list{"10.0.0.2"});
}

TEST_CASE("no Service moves a Gateway's address by asking for it, however old it is") {
    for (const std::string_view spec :
         {"spec: {type: LoadBalancer, loadBalancerIP: 10.0.0.1}", "spec: {externalIPs: [10.0.0.1]}",
          "metadata: {annotations: {kube-vip.io/loadbalancerIPs: '10.0.0.9, 10.0.0.1'}}",
          "metadata: {annotations: {metallb.io/loadBalancerIPs: 10.0.0.1}}",
          "metadata: {annotations: {lbipam.cilium.io/ips: 10.0.0.1}}",
          "status: {loadBalancer: {ingress: [{ip: 10.0.0.1}]}}, spec: {type: LoadBalancer}"}) {
        world w = with_victim();
        w.add("{kind: Service, metadata: {name: evil, creationTimestamp: '2000-01-01T00:00:00Z'}}");
        w.merge<Service>("evil", "{" + std::string(spec) + "}");
        w.take_writes();
        w.announcer_runs = false;
        w.settle();
        INFO(spec);
        CHECK(w.addresses("web") == list{"10.0.0.1"});
        CHECK(w.take_writes().empty());
        w.announcer_runs = true;
        w.gateway("next", one_tcp); // but what a Service asks for is not given out
        w.settle();
        CHECK(w.addresses("next") == list{"10.0.0.2"});
    }
}

TEST_CASE("no Gateway of another class moves an address by asking for it") {
    world w = with_victim();
    w.add("{kind: Gateway, metadata: {name: evil, creationTimestamp: '2000-01-01T00:00:00Z'}, spec: "
          "{gatewayClassName: "
          "nonsense, addresses: [{value: 10.0.0.1}, {value: 10.0.0.2}], listeners: []}}");
    w.take_writes();
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.take_writes().empty());
    w.gateway("next", one_tcp);
    w.settle();
    CHECK(w.addresses("next") == list{"10.0.0.3"});
}

TEST_CASE("what Services, ours excepted, hold or ask for is not handed out") {
    world w;
    w.add("{kind: Service, metadata: {name: a}, spec: {type: LoadBalancer, loadBalancerIP: 10.0.0.1}}\n---\n"
          "{kind: Service, metadata: {name: b}, spec: {externalIPs: [10.0.0.2]}}\n---\n"
          "{kind: Service, metadata: {name: c, annotations: {kube-vip.io/loadbalancerIPs: "
          "'10.0.0.3,10.0.0.4'}}, spec: {type: LoadBalancer}}\n---\n"
          "{kind: Service, metadata: {name: no-load-balancer, annotations: {kube-vip.io/loadbalancerIPs: "
          "10.0.0.6}}, spec: {type: ClusterIP, loadBalancerIP: 10.0.0.6}}\n---\n"
          "{kind: Service, metadata: {name: d}, spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: "
          "[{ip: 10.0.0.5}]}}}");
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.6"});
}

TEST_CASE("a Service that pretends to be ours does not hide the address it asks for") {
    world w;
    w.add("{kind: Service, metadata: {name: a, annotations: {thebsdbox.co.uk/gateway: default/nonesuch}}, "
          "spec: {type: "
          "LoadBalancer, loadBalancerIP: 10.0.0.1}}");
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.2"});
}

TEST_CASE("of two Gateways that were granted one address, the older keeps it") {
    // As the Go controller did with two replicas.
    world w;
    for (const std::string_view name : {"young", "old"}) {
        w.gateway(name, one_tcp);
        w.merge<Gateway>(
            name,
            "{metadata: {labels: {ipam-address: 10.0.0.1}}, spec: {addresses: [{type: IPAddress, value: "
            "10.0.0.1}]}, status: {addresses: [{type: IPAddress, value: 10.0.0.1}]}}");
    }
    w.merge<Gateway>("old", "{metadata: {creationTimestamp: '2020-01-01T00:00:00Z'}}");
    w.settle();
    CHECK(w.addresses("old") == list{"10.0.0.1"});
    CHECK(w.addresses("young") != list{"10.0.0.1"});
}

TEST_CASE("an upgrade from the Go controller keeps addresses, also of Services older than their Gateway") {
    world w;
    w.add("{kind: Service, metadata: {name: app, creationTimestamp: '2000-01-01T00:00:00Z', annotations: "
          "{gateway-api-controller: thebsdbox.co.uk/controller, parent-tcp-route: r}, labels: {ipam-address: "
          "10.0.0.3}}, "
          "spec: {type: LoadBalancer, loadBalancerIP: 10.0.0.3, ports: [{port: 80}]}, status: {loadBalancer: "
          "{ingress: "
          "[{ip: 10.0.0.3}]}}}");
    w.gateway("web", one_tcp, "addresses: [{type: IPAddress, value: 10.0.0.3}]");
    w.merge<Gateway>(
        "web",
        "{metadata: {labels: {ipam-address: 10.0.0.3, implementation: thebsdbox}}, status: {addresses: "
        "[{type: IPAddress, value: 10.0.0.3}]}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.3"});
}

TEST_CASE("a label that someone removed comes back without a new address") {
    world w = with_victim();
    const bool in_spec = GENERATE(true, false);
    w.opts.write_spec_address = in_spec;
    w.merge<Gateway>("web", in_spec ? "{metadata: {labels: null}}"
                                    : "{metadata: {labels: null}, spec: {addresses: null}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
}

TEST_CASE("a Service that asks for a thousand addresses claims one of each family, and what it was given") {
    std::string all;
    for (int i = 0; i < 1000; ++i)
        all += (i == 0 ? "" : ",") + ("192.168." + std::to_string(i / 250)) + "." + std::to_string(i % 250);
    const auto ask = GENERATE(0, 1);
    Service greedy;
    greedy.metadata.name = "greedy";
    greedy.metadata.namespace_ = "default";
    greedy.spec.type = "LoadBalancer";
    if (ask == 0)
        greedy.metadata.annotations["metallb.io/loadBalancerIPs"] = all;
    else
        for (int i = 0; i < 1000; ++i)
            greedy.spec.externalIPs.push_back("192.168." + std::to_string(i / 250) + "." +
                                              std::to_string(i % 250));
    const options o;
    address_book book(o);
    book.configure(nullptr);
    book.observe(greedy);
    const auto counted = [&] {
        return book.allocator().claims().addresses_of("Service default/greedy").size();
    };
    CHECK(counted() == 1);
    greedy.spec.externalIPs.emplace_back("2001:db8::1");
    greedy.spec.externalIPs.emplace_back("2001:db8::2");
    book.observe(greedy);
    CHECK(counted() == 2);         // one of each family
    for (int i = 0; i < 1000; ++i) // what an announcer gave it, it has
        greedy.status.loadBalancer.ingress.emplace_back().ip =
            "192.168." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    book.observe(greedy);
    CHECK(counted() == 256);
}

TEST_CASE("four Services that ask for all addresses leave the pool to Gateways") {
    world w;
    std::string all = "10.0.0.1";
    for (int i = 2; i < 10; ++i)
        all += ",10.0.0." + std::to_string(i);
    for (int i = 0; i < 4; ++i)
        w.add(fmt::format(
            "{{kind: Service, metadata: {{name: s{}, namespace: evil, annotations: "
            "{{kube-vip.io/loadbalancerIPs: '{}'}}}}, spec: {{type: LoadBalancer, ports: [{{port: "
            "80}}]}}}}",
            i, all));
    w.announcer_runs = false;
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.2"}); // all four ask for 10.0.0.1 first
    // What an announcer gave counts whole.
    w.merge<Service>("evil/s0", "{status: {loadBalancer: {ingress: [{ip: 10.0.0.3}, {ip: 10.0.0.4}]}}}");
    w.gateway("api", one_tcp);
    w.settle();
    CHECK(w.addresses("api") == list{"10.0.0.5"});
}

TEST_CASE("a Service that is left by its Gateway keeps all addresses that it asks for, however many") {
    address_book book{options{}};
    book.configure(nullptr);
    world w;
    w.gateway("web", one_tcp, "addresses: [{value: 10.0.0.1}, {value: 10.0.0.2}]");
    w.announcer_runs = false;
    w.settle();
    REQUIRE(w.addresses("web") == list{"10.0.0.1", "10.0.0.2"});
    const auto gateway = w.get<Gateway>("web");
    const auto service = w.get<Service>("web-l4");
    book.rebuild({{gateway, true, w.opts}}, {service});
    const auto counted = [&] {
        return book.allocator().claims().addresses_of("Service default/web-l4").size();
    };
    CHECK(counted() == 0); // it counts by its Gateway
    book.forget_gateway(key_of(*gateway), {service});
    CHECK(counted() == 2);
    book.observe(*service);
    CHECK(counted() == 2);
    book.forget_service(key_of(*service));
    CHECK(counted() == 0);
}
