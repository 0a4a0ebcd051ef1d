// How many addresses the Gateways of one namespace may have: limit-NAMESPACE and limit-global of the pools.
#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using list = std::vector<std::string>;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";

void set_pools(world& w, std::string_view more) {
    w.add(fmt::format(
        "{{kind: ConfigMap, metadata: {{name: pools}}, data: {{range-global: 10.0.0.1-10.0.0.9{}{}}}}}",
        more.empty() ? "" : ", ", more));
}

std::string message(const world& w, std::string_view gateway) {
    return find_condition(w.get<Gateway>(gateway)->status.conditions, "Programmed")->message;
}

} // namespace

TEST_CASE("limit: a namespace's Gateways get as many addresses as it may have, and others are not touched") {
    world w;
    set_pools(w, "limit-evil: '2'");
    for (int i = 0; i < 20; ++i)
        w.gateway(fmt::format("evil/g{:02}", i), one_tcp);
    for (int i = 0; i < 7; ++i)
        w.gateway(fmt::format("default/g{}", i), one_tcp);
    w.settle();
    CHECK(w.addresses("evil/g00").size() == 1);
    CHECK(w.addresses("evil/g01").size() == 1);
    CHECK(w.addresses("evil/g02").empty());
    for (int i = 0; i < 7; ++i)
        CHECK(w.addresses(fmt::format("default/g{}", i)).size() == 1);
    CHECK(w.programmed("evil/g02") == "False/AddressNotAssigned");
    CHECK(message(w, "evil/g02") == "the Gateways of namespace evil have 2 of the 2 addresses that "
                                    "limit-evil in ConfigMap default/pools lets "
                                    "them have; raise limit-evil, or delete a Gateway of this namespace");
}

TEST_CASE("limit: who waits gets what is given back, and more when the limit is raised") {
    world w;
    set_pools(w, "limit-global: '1'");
    w.gateway("one", one_tcp);
    w.gateway("two", one_tcp);
    w.gateway("three", one_tcp);
    w.settle();
    CHECK(w.addresses("one") == list{"10.0.0.1"});
    CHECK(w.programmed("two") == "False/AddressNotAssigned");
    w.remove<Gateway>("one");
    w.settle();
    CHECK((w.addresses("two").size() + w.addresses("three").size()) == 1);
    set_pools(w, "limit-global: '1', limit-default: '2'");
    w.settle();
    CHECK((w.addresses("two").size() + w.addresses("three").size()) == 2);
}

TEST_CASE("limit: one that is lowered, or broken, takes nothing away") {
    world w;
    w.gateway("one", one_tcp);
    w.gateway("two", one_tcp);
    w.settle();
    set_pools(w, "limit-default: '1'");
    w.settle();
    w.restart();
    w.settle();
    CHECK(w.addresses("one") == list{"10.0.0.1"});
    CHECK(w.addresses("two") == list{"10.0.0.2"});
    CHECK(w.programmed("two") == "True/Programmed");
    set_pools(w, "limit-default: few, limit-global: '0'");
    w.gateway("three", one_tcp);
    w.settle();
    CHECK(w.addresses("two") == list{"10.0.0.2"});
    CHECK(w.programmed("three") == "False/AddressNotAssigned");
    CHECK(message(w, "three").find("limit-global in ConfigMap default/pools") != std::string::npos);
    CHECK(message(w, "three")
              .find("limit-default: expected how many addresses one namespace may have, a whole "
                    "number such as 4, got \"few\"; correct or remove it in ConfigMap "
                    "default/pools") != std::string::npos);
}

TEST_CASE("limit: a pinned address counts, and one that gives way to another does not") {
    world w;
    set_pools(w, "limit-default: '1'");
    w.gateway("one", one_tcp, "addresses: [{type: IPAddress, value: 10.0.0.5}]");
    w.gateway("two", one_tcp, "addresses: [{type: IPAddress, value: 10.0.0.6}]");
    w.settle();
    CHECK(w.addresses("one") == list{"10.0.0.5"});
    CHECK(w.programmed("two") == "False/AddressNotAssigned");
    CHECK(message(w, "two").starts_with(
        "spec.addresses[0].value: the Gateways of namespace default have 1 of"));
    w.gateway("one", one_tcp, "addresses: [{type: IPAddress, value: 10.0.0.7}]");
    w.settle();
    CHECK(w.addresses("one") == list{"10.0.0.7"});
    // A second one of the same Gateway counts like anybody's.
    w.gateway("one", one_tcp,
              "addresses: [{type: IPAddress, value: 10.0.0.7}, {type: IPAddress, value: 10.0.0.8}]");
    w.settle();
    CHECK(w.addresses("one") == list{"10.0.0.7"});
    CHECK(w.programmed("one") == "False/AddressNotAssigned");
}

TEST_CASE("limit: a label that names a free address is no way round it") {
    world w;
    set_pools(w, "limit-default: '1'");
    w.gateway("one", one_tcp);
    w.gateway("two", one_tcp);
    w.merge<Gateway>("two", "{metadata: {labels: {ipam-address: 10.0.0.9}}}");
    w.settle();
    CHECK((w.addresses("one").size() + w.addresses("two").size()) == 1);
    w.gateway("one", one_tcp, "addresses: [{type: IPAddress, value: 10.0.0.7}, {}]");
    w.merge<Gateway>("one", "{metadata: {labels: {ipam-address: 10.0.0.8}}}");
    w.settle();
    CHECK((w.addresses("one").size() + w.addresses("two").size()) == 1);
}
