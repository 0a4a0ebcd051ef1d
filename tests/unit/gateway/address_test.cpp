// Which addresses a Gateway has: rows 32 to 35 of the Gateway API contract, and what a restart must not
// change.
#include <gwctl/json/yaml.hpp>

#include <algorithm>
#include <random>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::ConfigMap;
using core_v1::Service;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";

world with_gateway(std::string_view more_spec = "", options o = world::with_pools()) {
    world w(std::move(o));
    w.gateway("web", one_tcp, more_spec);
    return w;
}

void set_pools(world& w, const std::string& data) {
    w.add("{kind: ConfigMap, metadata: {name: pools}, data: " + data + "}");
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("addresses: a Gateway without wishes gets one, recorded in label and spec") {
    world w = with_gateway();
    w.settle();
    const Gateway& g = *w.get<Gateway>("web");
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(g.metadata.labels.at("ipam-address") == "10.0.0.1");
    CHECK(g.metadata.labels.at("implementation") == "thebsdbox");
    REQUIRE(g.spec.addresses.size() == 1);
    CHECK(g.spec.addresses[0].type == "IPAddress");
    CHECK(g.spec.addresses[0].value == "10.0.0.1");
    CHECK(g.status.addresses == g.spec.addresses);
}

TEST_CASE("contract row 32: an entry without a value gets one") {
    for (const std::string_view addresses :
         {"addresses: [{type: IPAddress}]", "addresses: [{}]", "addresses: [{value: ''}]"}) {
        world w = with_gateway(addresses);
        w.settle();
        INFO(addresses);
        CHECK(w.addresses("web") == list{"10.0.0.1"});
        CHECK(w.programmed("web") == "True/Programmed");
        CHECK(w.get<Gateway>("web")->spec.addresses.size() == 1);
    }
}

TEST_CASE("contract row 33: an address type that we cannot serve is not accepted, even beside a good one") {
    for (const std::string_view addresses :
         {"addresses: [{type: Hostname, value: example.com}]", "addresses: [{type: NamedAddress}]",
          "addresses: [{value: 10.0.0.1}, {type: test/fake, value: x}]"}) {
        world w = with_gateway(addresses);
        w.settle();
        INFO(addresses);
        CHECK(w.accepted("web") == "False/UnsupportedAddress");
        CHECK(w.programmed("web") == "False/Invalid");
        CHECK(w.addresses("web").empty());
    }
}

TEST_CASE("contract row 34: a pinned address must be free and in a pool of the namespace or the global one") {
    world w;
    w.add("{kind: Namespace, metadata: {name: team}}");
    set_pools(w, "{range-global: 10.0.0.1-10.0.0.9, range-team: 10.7.0.1-10.7.0.9}");
    w.gateway("first", one_tcp, "addresses: [{value: 10.0.0.2}]");
    w.settle();
    REQUIRE(w.addresses("first") == list{"10.0.0.2"});
    const auto judged = [&](const std::string& gateway, const std::string& address) {
        w.gateway(gateway, one_tcp, "addresses: [{value: '" + address + "'}]");
        w.settle();
        return w.accepted(gateway) + " " + w.programmed(gateway);
    };
    CHECK(judged("web", "10.0.0.5") == "True/Accepted True/Programmed");
    CHECK(judged("team/web", "10.7.0.5") == "True/Accepted True/Programmed");
    CHECK(judged("team/api", "10.0.0.6") == "True/Accepted True/Programmed");
    for (const std::string unusable :
         {"10.0.0.2", "10.7.0.1", "192.168.1.1", "banana", "10.0.0.300", "10.0.0.0/24", "0.0.0.0", "::"}) {
        INFO(unusable);
        CHECK(judged("other", unusable) == "True/Accepted False/AddressNotUsable");
        CHECK(w.addresses("other").empty());
        CHECK(w.get<Service>("other-l4") == nullptr);
        CHECK(find_condition(w.get<Gateway>("other")->status.conditions, "Programmed")
                  ->message.find("spec.addresses[0].value") != std::string::npos);
    }
    CHECK(judged("other", "10.0.0.7") == "True/Accepted True/Programmed");
}

TEST_CASE("contract row 34: a pinned address is unusable where there is no pool at all") {
    world w = with_gateway("addresses: [{value: 10.0.0.2}]");
    SECTION("of the namespace") { set_pools(w, "{range-team: 10.0.0.1-10.0.0.9}"); }
    SECTION("because the ConfigMap is missing") { w.remove<ConfigMap>("pools"); }
    w.settle();
    CHECK(w.accepted("web") == "True/Accepted");
    CHECK(w.programmed("web") == "False/AddressNotUsable");
}

TEST_CASE("a pinned address outside the pools is for those who allow it, or have none") {
    options lifted = world::with_pools();
    lifted.allow_addresses_outside_pools = true;
    for (const options& o : {lifted, world::without_pools()}) {
        world w = with_gateway("addresses: [{value: 192.168.1.1}]", o);
        w.settle();
        CHECK(w.addresses("web") == list{"192.168.1.1"});
        CHECK(w.programmed("web") == "True/Programmed");
        w.gateway("second", one_tcp, "addresses: [{value: 192.168.1.1}]");
        w.settle();
        CHECK(w.programmed("second") == "False/AddressNotUsable");
        for (const std::string_view nowhere : {"0.0.0.0", "'::'"}) { // no one can announce these
            w.gateway("third", one_tcp, "addresses: [{value: " + std::string(nowhere) + "}]");
            w.settle();
            CHECK(w.programmed("third") == "False/AddressNotUsable");
        }
    }
}

TEST_CASE("contract row 35: when the pool is exhausted a Gateway waits, and gets what becomes free") {
    world w;
    set_pools(w, "{range-global: 10.0.0.1-10.0.0.2}");
    for (const std::string_view name : {"a", "b", "c"})
        w.gateway(name, one_tcp);
    w.settle();
    CHECK(w.accepted("c") == "True/Accepted");
    CHECK(w.programmed("c") == "False/AddressNotAssigned");
    CHECK(w.get<Service>("c-l4") == nullptr);
    w.remove<Gateway>("a");
    w.settle();
    CHECK(w.programmed("c") == "True/Programmed");
    CHECK(w.addresses("c") == list{"10.0.0.1"});
    CHECK(w.addresses("b") == list{"10.0.0.2"});
}

TEST_CASE("a Gateway that finds its pool wholly excluded is told so") {
    world w;
    set_pools(w, "{range-global: 10.0.0.1-10.0.0.9, exclude-global: 10.0.0.0/24}");
    w.gateway("web", one_tcp);
    w.settle();
    const Condition* said = find_condition(w.get<Gateway>("web")->status.conditions, "Programmed");
    REQUIRE(said != nullptr);
    INFO(said->message);
    CHECK(said->reason == "AddressNotAssigned");
    CHECK(said->message.find("range-global: all its addresses are excluded") != std::string::npos);
}

TEST_CASE("without the ConfigMap nothing is assigned, nothing is lost, and the message has the command") {
    world w = with_gateway();
    w.settle();
    w.remove<ConfigMap>("pools");
    w.gateway("new", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.programmed("new") == "False/AddressNotAssigned");
    const std::string message =
        find_condition(w.get<Gateway>("new")->status.conditions, "Programmed")->message;
    CHECK(message.find("kubectl create configmap pools") != std::string::npos);
    set_pools(w, "{range-global: 10.0.0.1-10.0.0.9}");
    w.settle();
    CHECK(w.addresses("new") == list{"10.0.0.2"});
}

TEST_CASE("a pool that shrinks or moves takes no address away") {
    world w = with_gateway();
    w.settle();
    set_pools(w, "{range-global: 10.5.0.1-10.5.0.9}");
    w.take_writes();
    w.gateway("new", one_tcp);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.addresses("new") == list{"10.5.0.1"});
}

TEST_CASE("namespace pools come before global ones, ranges of a namespace before cidr-global") {
    world w;
    w.add("{kind: Namespace, metadata: {name: team}}");
    set_pools(w, "{cidr-global: 10.1.0.0/24, range-team: 10.2.0.1-10.2.0.2}");
    w.gateway("team/web", one_tcp);
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(w.addresses("team/web") == list{"10.2.0.1"});
    CHECK(w.addresses("web") == list{"10.1.0.1"});
}

TEST_CASE("an IPv6 address is recorded in an annotation, since a label cannot hold it") {
    world w;
    set_pools(w, "{range-global: 'fd00::10-fd00::1f'}");
    w.gateway("web", one_tcp);
    w.settle();
    const Gateway& g = *w.get<Gateway>("web");
    CHECK(w.addresses("web") == list{"fd00::10"});
    CHECK_FALSE(g.metadata.labels.contains("ipam-address"));
    CHECK(g.metadata.annotations.at(w.named.address()) == "fd00::10");
    CHECK_FALSE(w.get<Service>("web-l4")->metadata.labels.contains("ipam-address"));
    CHECK(w.programmed("web") == "True/Programmed");
    w.settle();
    CHECK(w.addresses("web") == list{"fd00::10"});
}

TEST_CASE("with write_spec_address off the spec stays as its owner wrote it") {
    options o = world::with_pools();
    o.write_spec_address = false;
    for (const std::string_view addresses : {"", "addresses: [{type: IPAddress}]"}) {
        world w = with_gateway(addresses, o);
        const auto before = w.get<Gateway>("web")->spec;
        w.settle();
        CHECK(w.get<Gateway>("web")->spec == before);
        CHECK(w.get<Gateway>("web")->metadata.generation == 1);
        CHECK(w.addresses("web") == list{"10.0.0.1"});
        CHECK(w.get<Gateway>("web")->metadata.labels.at("ipam-address") == "10.0.0.1");
    }
}

TEST_CASE("several pinned addresses are all granted, each once") {
    world w = with_gateway("addresses: [{value: 10.0.0.3}, {value: 10.0.0.3}, {value: 10.0.0.4}]");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.3", "10.0.0.4"});
    CHECK(w.get<Service>("web-l4")->metadata.annotations.at("kube-vip.io/loadbalancerIPs") ==
          "10.0.0.3,10.0.0.4");
}

TEST_CASE("an address that its Gateway does not want any more is free") {
    world w = with_gateway();
    w.settle();
    w.merge<Gateway>("web", "{spec: {addresses: [{value: 10.0.0.8}]}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.8"});
    CHECK_FALSE(w.get<Gateway>("web")->metadata.labels.contains("ipam-address"));
    w.gateway("new", one_tcp);
    w.settle();
    CHECK(w.addresses("new") == list{"10.0.0.1"});
}

TEST_CASE("an address granted on the way to another wish does not stay taken") {
    world w = with_gateway();
    address_book book(w.opts);
    book.configure(w.get<ConfigMap>("pools").get());
    book.rebuild({}, {});
    Gateway g = *w.get<Gateway>("web");
    for (int i = 1; i <= 9; ++i) {
        g.spec.addresses.resize(1);
        g.spec.addresses[0].value = "10.0.0." + std::to_string(i);
        CHECK(book.assign(g, w.opts).result.usable.holds);
    }
    w.gateway("other", one_tcp);
    CHECK(book.assign(*w.get<Gateway>("other"), w.opts).result.addresses == list{"10.0.0.1"});
}

TEST_CASE("two assignments before the cache shows the first give two addresses, and each the same again") {
    world w = with_gateway();
    w.gateway("api", one_tcp);
    address_book book(w.opts);
    book.configure(w.get<ConfigMap>("pools").get());
    book.rebuild({}, {});
    for (int i = 0; i < 2; ++i) {
        CHECK(book.assign(*w.get<Gateway>("web"), w.opts).result.addresses == list{"10.0.0.1"});
        CHECK(book.assign(*w.get<Gateway>("api"), w.opts).result.addresses == list{"10.0.0.2"});
    }
}

TEST_CASE("a lost status write is made up for: the record says whose the address is") {
    world w = with_gateway();
    w.settle();
    w.gateway("aaa", one_tcp); // comes first in every order but that of age
    w.merge<Gateway>("web", "{status: {addresses: null}}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.addresses("aaa") == list{"10.0.0.2"});
}

TEST_CASE("a restart gives everyone the same addresses, in whatever order things are read") {
    std::mt19937 random(7);
    world w;
    w.shuffle = &random;
    for (int i = 0; i < 6; ++i)
        w.gateway("g" + std::to_string(i), one_tcp,
                  i % 3 == 2 ? "addresses: [{value: 10.0.0." + std::to_string(3 + i) + "}]" : "");
    w.settle();
    std::vector<list> before;
    for (int i = 0; i < 6; ++i)
        before.push_back(w.addresses("g" + std::to_string(i)));
    for (int round = 0; round < 10; ++round)
        for (int i = 0; i < 6; ++i) {
            const assignment a = w.assign(key("g" + std::to_string(i)));
            CHECK(a.result.addresses == before[i]);
            CHECK(a.record.empty());
        }
}

TEST_CASE("a named address and a free one are two, also when both are first seen after a restart") {
    for (const std::string_view addresses :
         {"addresses: [{value: 10.0.0.1}, {}]", "addresses: [{}, {value: 10.0.0.1}]"}) {
        world w = with_gateway(addresses); // each reconcile of a world is one after a restart
        w.settle();
        INFO(addresses);
        CHECK(w.addresses("web") == list{"10.0.0.2", "10.0.0.1"});
        CHECK(w.get<Gateway>("web")->spec.addresses.size() == 2);
        CHECK(w.get<Gateway>("web")->metadata.labels.at("ipam-address") == "10.0.0.2");
        CHECK(w.programmed("web") == "True/Programmed");
    }
    world w = with_gateway("addresses: [{value: 10.0.0.1}, {}]");
    set_pools(w, "{range-global: 10.0.0.1-10.0.0.1}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.programmed("web") == "False/AddressNotAssigned");
}
