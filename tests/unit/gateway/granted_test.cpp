// Who may keep an address outside the pools: whom the status says we gave it, and nobody by what he writes.
#include <fmt/format.h>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";
using list = std::vector<std::string>;

/// "REASON: MESSAGE"; empty without the condition.
std::string granted(const world& w, std::string_view gateway) {
    const Condition* said =
        find_condition(w.get<Gateway>(gateway)->status.conditions, w.named.granted_condition());
    return said == nullptr ? std::string() : said->reason + ": " + said->message;
}

/// What the condition that only this controller reads has.
std::string record(const world& w, std::string_view gateway) {
    const Condition* said =
        find_condition(w.get<Gateway>(gateway)->status.conditions, w.named.grant_record());
    return said == nullptr ? std::string() : said->message;
}

/// The class's Gateways draw from these pools only.
void restrict_class(world& w, std::string_view pools) {
    w.add(fmt::format(
        "{{kind: ConfigMap, metadata: {{name: of-class, labels: {{thebsdbox.co.uk/parameters: 'true'}}}}, "
        "data: {{pools: {}}}}}",
        pools));
    w.merge<GatewayClass>(object_key("l4"),
                          "{spec: {parametersRef: {group: '', kind: ConfigMap, name: of-class, "
                          "namespace: default}}}");
}

void set_pools(world& w, std::string_view data) {
    w.add(fmt::format("{{kind: ConfigMap, metadata: {{name: pools}}, data: {}}}", data));
}

/// What a user of namespace default may write to say that 192.168.1.1 is his Gateway's.
constexpr std::string_view forgeries[] = {
    "metadata: {labels: {ipam-address: 192.168.1.1}}",
    "metadata: {annotations: {thebsdbox.co.uk/ipam-address: 192.168.1.1}}",
    "spec: {addresses: [{type: IPAddress, value: 192.168.1.1}]}",
    "metadata: {labels: {ipam-address: 192.168.1.1}}, spec: {addresses: [{type: IPAddress, value: "
    "192.168.1.1}]}",
    "metadata: {labels: {ipam-address: 192.168.1.1}}, spec: {addresses: [{value: '::ffff:192.168.1.1'}]}",
};

} // namespace

TEST_CASE("granted: that the status shows an address makes no record of it true") {
    // Another controller's, or the node that an announcer of its own choice put there.
    const std::string status = GENERATE("",
                                        "conditions: [{type: thebsdbox.co.uk/AddressesGranted, status: "
                                        "'True', reason: InPools, message: 10.0.0.5}], ",
                                        "conditions: [{type: other.example/AddressesGranted, status: 'True', "
                                        "reason: InPools, message: 192.168.1.1}], ",
                                        "conditions: [{type: thebsdbox.co.uk/AddressesGranted, status: "
                                        "'True', reason: OutsidePools, message: '10.0.0.5; "
                                        "192.168.1.1, 192.168.1.1'}], ");
    for (const std::string_view forged : forgeries) {
        world w;
        w.gateway("evil", one_tcp);
        w.merge<Gateway>("evil", fmt::format("{{{}}}", forged));
        w.merge<Gateway>(
            "evil",
            fmt::format("{{status: {{{}addresses: [{{type: IPAddress, value: 192.168.1.1}}]}}}}", status));
        w.settle();
        INFO(forged << " " << status);
        for (const std::string& address : w.addresses("evil"))
            CHECK(address == "10.0.0.1");
        CHECK(granted(w, "evil").find("192.168.1.1") == std::string::npos);
        CHECK(w.clashes().empty());
    }
}

TEST_CASE("granted: our condition without the address in the status is one that another controller left") {
    world w;
    w.gateway("evil", one_tcp);
    w.merge<Gateway>(
        "evil", "{metadata: {labels: {ipam-address: 192.168.1.1}}, status: {addresses: [{type: IPAddress, "
                "value: 172.16.0.1}], conditions: [{type: thebsdbox.co.uk/AddressesGranted, status: 'True', "
                "reason: InPools, message: 192.168.1.1}]}}");
    w.settle();
    CHECK(w.addresses("evil") == list{"10.0.0.1"});
}

TEST_CASE("granted: an announcer's own addresses cannot be taken along to a class with pools") {
    options o = world::with_pools();
    o.announced_by = announcer::servicelb;
    world w(o);
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.backend("app", "[{port: 80, targetPort: 8080}]");
    w.settle();
    REQUIRE_FALSE(w.addresses("web").empty());
    const std::string node = w.addresses("web").front();
    CHECK(granted(w, "web").empty());
    w.opts.announced_by = announcer::kube_vip;
    w.merge<Gateway>(
        "web", fmt::format("{{metadata: {{labels: {{ipam-address: {0}}}}}, spec: {{addresses: [{{value: "
                           "{0}}}]}}}}",
                           node));
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
}

TEST_CASE("granted: a class that names pools later leaves Gateways what they have, and says so") {
    world w;
    set_pools(w, "{range-global: 10.0.0.1-10.0.0.9, range-edge: 10.2.0.1-10.2.0.9}");
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(granted(w, "web") == "InPools: 10.0.0.1");
    restrict_class(w, "edge");
    w.settle(); // each reconcile of a world is one after a restart
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(
        granted(w, "web") ==
        "OutsidePools: 10.0.0.1; 10.0.0.1 lies in no pool that this Gateway may draw from (its class names "
        "edge), and "
        "stays as long as the Gateway asks for it; remove the label ipam-address (for IPv6 the annotation "
        "thebsdbox.co.uk/ipam-address), and then the address from spec.addresses, to have one of these pools "
        "instead");

    SECTION("what the message says to do works") {
        w.merge<Gateway>("web", "{metadata: {labels: null}}");
        w.settle();
        CHECK(w.addresses("web") == list{"10.0.0.1"});
        w.merge<Gateway>("web", "{metadata: {labels: null}, spec: {addresses: null}}");
        w.settle();
        CHECK(w.addresses("web") == list{"10.2.0.1"});
        CHECK(granted(w, "web") == "InPools: 10.2.0.1");
    }
    SECTION("others do not get by a record what they would not get by asking") {
        w.add("{kind: Gateway, metadata: {name: evil, labels: {ipam-address: 10.0.0.7}}, spec: "
              "{gatewayClassName: l4, "
              "listeners: [{name: a, protocol: TCP, port: 80}]}}");
        w.settle();
        CHECK(w.addresses("evil") == list{"10.2.0.1"});
    }
    SECTION("without the ConfigMap nothing is taken away, and nothing more believed") {
        w.remove<core_v1::ConfigMap>("pools");
        w.settle();
        CHECK(w.addresses("web") == list{"10.0.0.1"});
        CHECK(granted(w, "web") == "InPools: 10.0.0.1");
        set_pools(w, "{range-edge: 10.2.0.1-10.2.0.9}");
        w.settle();
        CHECK(w.addresses("web") == list{"10.0.0.1"});
    }
    SECTION("back in the pools") {
        restrict_class(w, "'edge,global'");
        w.settle();
        CHECK(granted(w, "web") == "InPools: 10.0.0.1");
    }
}

TEST_CASE(
    "granted: addresses that a flag lets users name outside the pools are no news, and stay without it") {
    options o = world::with_pools();
    o.allow_addresses_outside_pools = true;
    world w(o);
    w.gateway("web", one_tcp, "addresses: [{value: 192.168.1.1}, {value: 10.0.0.3}]");
    w.settle();
    CHECK(granted(w, "web") == "InPools: 192.168.1.1, 10.0.0.3");
    w.opts.allow_addresses_outside_pools = false;
    w.settle();
    CHECK(w.addresses("web") == list{"192.168.1.1", "10.0.0.3"});
    CHECK(granted(w, "web").find("OutsidePools: 192.168.1.1, 10.0.0.3; 192.168.1.1 lies") == 0);
}

TEST_CASE("granted: without pools there is nothing to say") {
    world w(world::without_pools());
    w.gateway("web", one_tcp, "addresses: [{value: 192.168.1.1}]");
    w.settle();
    CHECK(w.addresses("web") == list{"192.168.1.1"});
    CHECK(granted(w, "web").empty());
}

TEST_CASE("granted: what was given is read from a record, whatever the words beside it say") {
    world w;
    w.gateway("web", one_tcp);
    w.settle();
    CHECK(record(w, "web") == R"(["10.0.0.1"])");
    set_pools(w, "{range-global: 10.2.0.1-10.2.0.9}");
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    Gateway edited = *w.get<Gateway>("web");
    for (Condition& c : edited.status.conditions)
        if (c.type == w.named.granted_condition())
            c.message = "said in other words, with 10.0.0.7 in them";
    w.put(edited);
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1"});
    CHECK(granted(w, "web").starts_with("OutsidePools: 10.0.0.1; "));
    CHECK(record(w, "web") == R"(["10.0.0.1"])");
}

TEST_CASE("upgrade: addresses that only the words of the release before tell are kept, and recorded") {
    world w;
    w.gateway("web", one_tcp, "addresses: [{value: 10.0.0.1}, {value: 10.0.0.2}]");
    w.settle();
    // As the release before left it: without a record, the pools elsewhere by now.
    set_pools(w, "{range-global: 10.2.0.1-10.2.0.9}");
    Gateway old = *w.get<Gateway>("web");
    std::erase_if(old.status.conditions,
                  [&](const Condition& c) { return c.type == w.named.grant_record(); });
    for (Condition& c : old.status.conditions)
        if (c.type == w.named.granted_condition()) {
            c.reason = "OutsidePools";
            c.message =
                "10.0.0.1, 10.0.0.2; 10.0.0.1, 10.0.0.2 lie in no pool that this Gateway may draw from "
                "(those "
                "of namespace default, and the global ones), and stays as long as the Gateway asks for it";
        }
    w.put(old);
    REQUIRE(record(w, "web").empty());
    w.settle();
    CHECK(w.addresses("web") == list{"10.0.0.1", "10.0.0.2"});
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(record(w, "web") == R"(["10.0.0.1","10.0.0.2"])");
}

TEST_CASE("granted: a record without the address in the status, or one that is unreadable, grants nothing") {
    const std::string said = GENERATE("'[\"192.168.1.1\"]'", "'{'", "'[1, null]'", "'\"192.168.1.1\"'");
    world w;
    w.gateway("evil", one_tcp);
    w.merge<Gateway>(
        "evil", fmt::format("{{metadata: {{labels: {{ipam-address: 192.168.1.1}}}}, status: {{addresses: "
                            "[{{type: IPAddress, value: 172.16.0.1}}], conditions: [{{type: "
                            "thebsdbox.co.uk/GrantedAddresses, status: 'True', reason: InPools, "
                            "message: {}}}]}}}}",
                            said));
    w.settle();
    CHECK(w.addresses("evil") == list{"10.0.0.1"});
}
