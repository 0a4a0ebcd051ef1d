#include <gwctl/ipam/allocator.hpp>

#include <fmt/format.h>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::ipam;

namespace {

using config_data = std::map<std::string, std::string>;

ip_address at(std::string_view text) { return parse_address(text).value(); }

wall_time second(int n) { return wall_time(std::chrono::seconds(n)); }

pool_config pools(const config_data& data) { return parse_pools("ConfigMap default/kubevip", data); }

// Ready, with nothing in use.
allocator fresh(const config_data& data) {
    allocator a(pools(data));
    a.rebuild({});
    return a;
}

request for_gateway(std::string_view namespace_, std::string_view name) {
    request r;
    r.holder = fmt::format("Gateway {}/{}", namespace_, name);
    r.namespace_ = namespace_;
    return r;
}

request named(request r, std::string_view address) {
    r.address = at(address);
    return r;
}

request only(request r, ip_family family) {
    r.family = family;
    return r;
}

// The address, or the message of the refusal.
std::string shown(const allocation& a) { return a ? a->to_string() : a.error().message; }

} // namespace

TEST_CASE("allocator: the example of its documentation") {
    allocator addresses(
        parse_pools("ConfigMap default/kubevip",
                    {{"range-global", "192.168.1.10-192.168.1.20"}, {"cidr-team-a", "10.0.0.0/30"}}));
    const auto in_use = parse_address("192.168.1.10").value();
    addresses.rebuild({{.address = in_use, .holder = "Service default/dns", .kind = claim_kind::foreign}});

    const allocation web = addresses.allocate({.holder = "Gateway default/web", .namespace_ = "default"});
    CHECK(web->to_string() == "192.168.1.11");
    CHECK(addresses.allocate({.holder = "Gateway default/web", .namespace_ = "default"}).value() == *web);

    const allocation api = addresses.allocate({.holder = "Gateway team-a/api", .namespace_ = "team-a"});
    CHECK(api->to_string() == "10.0.0.1");

    const allocation dns =
        addresses.allocate({.holder = "Gateway default/dns", .namespace_ = "default", .address = in_use});
    CHECK(dns.error().message ==
          "192.168.1.10 is in use by Service default/dns; name another address, or none to get a free one");

    addresses.release("Gateway default/web");
    CHECK(addresses.allocate({.holder = "Gateway default/next", .namespace_ = "default"}).value() == *web);
}

TEST_CASE("allocator: first fit, from either end") {
    allocator up = fresh({{"range-global", "10.0.0.1-10.0.0.3"}});
    CHECK(shown(up.allocate(for_gateway("a", "1"))) == "10.0.0.1");
    CHECK(shown(up.allocate(for_gateway("a", "2"))) == "10.0.0.2");
    up.release("Gateway a/1");
    CHECK(shown(up.allocate(for_gateway("a", "3"))) == "10.0.0.1");
    CHECK(shown(up.allocate(for_gateway("a", "4"))) == "10.0.0.3");

    allocator down = fresh({{"range-global", "10.0.0.1-10.0.0.3"}, {"search-order", "desc"}});
    CHECK(shown(down.allocate(for_gateway("a", "1"))) == "10.0.0.3");
    CHECK(shown(down.allocate(for_gateway("a", "2"))) == "10.0.0.2");
    down.release("Gateway a/1");
    CHECK(shown(down.allocate(for_gateway("a", "3"))) == "10.0.0.3");
}

TEST_CASE("allocator: families") {
    allocator a = fresh(
        {{"range-global", "10.0.0.1-10.0.0.2,2001:db8::1-2001:db8::2"}, {"range-six", "2001:db8:6::1"}});
    CHECK(shown(a.allocate(for_gateway("a", "any"))) == "10.0.0.1");
    CHECK(shown(a.allocate(only(for_gateway("a", "any"), ip_family::ipv6))) == "2001:db8::1"); // dual stack
    CHECK(shown(a.allocate(only(for_gateway("a", "any"), ip_family::ipv6))) == "2001:db8::1");
    CHECK(shown(a.allocate(only(for_gateway("a", "any"), ip_family::ipv4))) == "10.0.0.1");
    CHECK(shown(a.allocate(only(for_gateway("six", "b"), ip_family::ipv4))) == "10.0.0.2"); // global has it
    CHECK(shown(a.allocate(for_gateway("a", "c"))) == "2001:db8::2");                       // IPv4 is used up
    const allocation none = a.allocate(only(for_gateway("a", "d"), ip_family::ipv4));
    CHECK(none.error().reason == refusal_reason::exhausted);
    CHECK(none.error().message ==
          "pool range-global (10.0.0.1-10.0.0.2,2001:db8::1-2001:db8::2) is exhausted: 2 of 2 "
          "IPv4 addresses in use; widen range-global in ConfigMap default/kubevip or delete a "
          "Gateway");
}

TEST_CASE("allocator: refusals say why and what to do") {
    SECTION("exhausted") {
        allocator a = fresh({{"range-global", "192.168.1.10-192.168.1.11"}});
        (void)a.allocate(for_gateway("a", "1"));
        (void)a.allocate(for_gateway("a", "2"));
        const allocation none = a.allocate(for_gateway("a", "3"));
        CHECK(none.error().reason == refusal_reason::exhausted);
        CHECK(none.error().message == "pool range-global (192.168.1.10-192.168.1.11) is exhausted: 2 of 2 "
                                      "addresses in use; widen range-global "
                                      "in ConfigMap default/kubevip or delete a Gateway");
        CHECK(a.claims().addresses_of("Gateway a/3").empty());
        REQUIRE_THROWS_AS(none.value(), api_error);
        a.release("Gateway a/1");
        CHECK(shown(a.allocate(for_gateway("a", "3"))) == "192.168.1.10");
    }
    SECTION("exhausted, several pools") {
        allocator a = fresh({{"range-a", "10.0.0.1"}, {"range-global", "10.1.0.1"}});
        (void)a.allocate(for_gateway("a", "1"));
        (void)a.allocate(for_gateway("a", "2"));
        CHECK(
            shown(a.allocate(for_gateway("a", "3"))) ==
            "pool range-a (10.0.0.1) is exhausted: 1 of 1 addresses in use, pool range-global (10.1.0.1) is "
            "exhausted: 1 of 1 addresses in use; widen range-a in ConfigMap default/kubevip or delete a "
            "Gateway");
    }
    SECTION("no pool") {
        allocator a = fresh({{"range-b", "10.0.0.1"}});
        const allocation none = a.allocate(for_gateway("a", "1"));
        CHECK(none.error().reason == refusal_reason::no_pool);
        CHECK(none.error().message ==
              "no pool has addresses for namespace a; add range-a or range-global to ConfigMap "
              "default/kubevip");
        CHECK(shown(a.allocate(only(for_gateway("b", "1"), ip_family::ipv6))) ==
              "no pool has IPv6 addresses for namespace b; add range-b or range-global to ConfigMap "
              "default/kubevip");
        CHECK(a.allocate(named(for_gateway("a", "1"), "10.0.0.1")).error().reason == refusal_reason::no_pool);
    }
    SECTION("no pool, because of a mistake") {
        allocator a = fresh({{"range-global", "oops"}});
        CHECK(shown(a.allocate(for_gateway("a", "1"))) ==
              "no pool has addresses for namespace a; add range-a or range-global to ConfigMap "
              "default/kubevip, which "
              "has mistakes: range-global: \"oops\" (entry 1): expected FIRST-LAST, a CIDR or one address; "
              "\"oops\" is "
              "not an IP address");
    }
    SECTION("not in a pool") {
        allocator a = fresh(
            {{"range-a", "10.0.0.1-10.0.0.9"}, {"range-b", "10.1.0.1"}, {"cidr-global", "10.2.0.0/24"}});
        const allocation other = a.allocate(named(for_gateway("a", "1"), "10.1.0.1")); // another namespace's
        CHECK(other.error().reason == refusal_reason::not_in_pool);
        CHECK(other.error().message == "10.1.0.1 is in no pool that namespace a may use: range-a "
                                       "(10.0.0.1-10.0.0.9), cidr-global (10.2.0.0/24); "
                                       "name an address of these, or add it to ConfigMap default/kubevip");
        CHECK(shown(a.allocate(named(for_gateway("a", "1"), "10.2.0.255"))) ==
              "10.2.0.255 lies in pool cidr-global (10.2.0.0/24) but is not handed out: it is excluded, or "
              "the first or "
              "last address of a CIDR, or ends in .0 or .255 within a range; name another address");
        request anywhere = named(for_gateway("a", "1"), "172.16.0.1");
        anywhere.outside_pools = true;
        CHECK(shown(a.allocate(anywhere)) == "172.16.0.1");
        REQUIRE(a.outside_pools().size() == 1);
        CHECK(a.outside_pools()[0].holder == "Gateway a/1");
    }
    SECTION("a long list is cut") {
        std::string text = "10.0.0.1";
        for (int i = 2; i < 100; ++i) {
            text += fmt::format(",10.0.0.{}", i);
        }
        allocator a = fresh({{"range-a", text}});
        CHECK(shown(a.allocate(named(for_gateway("a", "1"), "10.1.0.1"))) ==
              "10.1.0.1 is in no pool that namespace a may use: range-a (" + text.substr(0, 80) +
                  "...); name an address of these, or add it to ConfigMap default/kubevip");
    }
}

TEST_CASE("allocator: named addresses") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}});
    CHECK(shown(a.allocate(named(for_gateway("a", "1"), "10.0.0.5"))) == "10.0.0.5");
    CHECK(shown(a.allocate(named(for_gateway("a", "1"), "10.0.0.5"))) == "10.0.0.5");
    CHECK(a.claims().holder_of(at("10.0.0.5"))->kind == claim_kind::pinned);
    const allocation rival = a.allocate(named(for_gateway("a", "2"), "10.0.0.5"));
    CHECK(rival.error().reason == refusal_reason::in_use);
    CHECK(rival.error().message ==
          "10.0.0.5 is in use by Gateway a/1; name another address, or none to get a free one");
    a.release("Gateway a/1");
    CHECK(shown(a.allocate(named(for_gateway("a", "2"), "10.0.0.5"))) == "10.0.0.5");
}

TEST_CASE("allocator: pools that a request names, in its order, instead of its namespace's") {
    allocator a = fresh({{"range-edge", "10.1.0.1-10.1.0.1"},
                         {"cidr-inner", "10.2.0.0/31"},
                         {"range-team", "10.3.0.1-10.3.0.9"},
                         {"range-global", "10.4.0.1-10.4.0.9"}});
    const auto from = [&](std::string_view name, std::vector<std::string> pools) {
        request r = for_gateway("team", name);
        r.pools = std::move(pools);
        return r;
    };
    CHECK(shown(a.allocate(from("one", {"inner", "edge"}))) == "10.2.0.0");
    CHECK(shown(a.allocate(from("two", {"inner", "edge"}))) == "10.2.0.1");
    CHECK(shown(a.allocate(from("three", {"inner", "edge"}))) == "10.1.0.1");
    CHECK(shown(a.allocate(from("four", {"inner", "edge"}))).find("exhausted") != std::string::npos);
    CHECK(shown(a.allocate(from("five", {"edge", "global"}))) == "10.4.0.1");
    CHECK(shown(a.allocate(from("six", {"nowhere"}))) ==
          "none of the pools that may be used here, nowhere, has addresses; add range-nowhere to ConfigMap "
          "default/kubevip");
    CHECK(shown(a.allocate(named(from("seven", {"edge"}), "10.3.0.1")))
              .find("10.3.0.1 is in no pool that its class") == 0);
    CHECK(shown(a.allocate(named(from("seven", {"global"}), "10.4.0.7"))) == "10.4.0.7");
}

TEST_CASE("allocator: an address besides those that the holder has") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.2"}});
    request r = for_gateway("default", "web");
    CHECK(shown(a.allocate(named(r, "10.0.0.1"))) == "10.0.0.1");
    CHECK(shown(a.allocate(r)) == "10.0.0.1");
    r.besides = {at("10.0.0.1")};
    CHECK(shown(a.allocate(r)) == "10.0.0.2");
    CHECK(shown(a.allocate(r)) == "10.0.0.2");
}

TEST_CASE("allocator: observations replace what was known of a holder") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}});
    a.observe("Service x/y", {{.address = at("10.0.0.1"), .kind = claim_kind::foreign},
                              {.address = at("10.0.0.2"), .kind = claim_kind::foreign}});
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "10.0.0.3");
    a.observe("Service x/y", {{.address = at("10.0.0.2"), .kind = claim_kind::foreign}});
    CHECK(shown(a.allocate(for_gateway("a", "2"))) == "10.0.0.1");
    a.observe("Service x/y", {});
    CHECK(a.claims().addresses_of("Service x/y").empty());
    CHECK(shown(a.allocate(for_gateway("a", "3"))) == "10.0.0.2");
}

TEST_CASE("allocator: a rightful holder is found among rivals, the other gets a new address") {
    allocator a(pools({{"range-global", "10.0.0.1-10.0.0.9"}}));
    a.rebuild({{at("10.0.0.1"), "Gateway a/young", claim_kind::dynamic, second(2)},
               {at("10.0.0.1"), "Gateway a/old", claim_kind::dynamic, second(1)}});
    REQUIRE(a.claims().conflicts().size() == 1);
    CHECK(shown(a.allocate(for_gateway("a", "young"))) == "10.0.0.2");
    CHECK(shown(a.allocate(for_gateway("a", "old"))) == "10.0.0.1");
    // Its record now shows the new address only.
    a.observe("Gateway a/young", {{at("10.0.0.2"), "", claim_kind::dynamic, second(2)}});
    CHECK(a.claims().conflicts().empty());
    CHECK(a.claims().holder_of(at("10.0.0.1"))->holder == "Gateway a/old");
}

TEST_CASE("allocator: an address with two holders is free when both are gone") {
    allocator a(pools({{"range-global", "10.0.0.1-10.0.0.9"}}));
    a.rebuild({{at("10.0.0.1"), "Gateway a/old", claim_kind::dynamic, second(1)},
               {at("10.0.0.1"), "Gateway a/young", claim_kind::dynamic, second(2)}});
    a.release("Gateway a/old");
    CHECK(a.usage()[0].used == 1);
    CHECK(shown(a.allocate(for_gateway("a", "third"))) == "10.0.0.2");
    CHECK(shown(a.allocate(for_gateway("a", "young"))) == "10.0.0.1");
    a.release("Gateway a/young");
    CHECK(shown(a.allocate(for_gateway("a", "fourth"))) == "10.0.0.1");
}

TEST_CASE("allocator: after a rebuild only the facts count") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}});
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "10.0.0.1");
    CHECK(shown(a.allocate(for_gateway("a", "2"))) == "10.0.0.2");
    a.rebuild({{at("10.0.0.1"), "Gateway a/1", claim_kind::dynamic, second(1)}});
    CHECK(a.claims().addresses_of("Gateway a/2").empty());
    a.observe("Gateway a/1", {}); // it is no longer waiting to be shown
    CHECK(a.claims().size() == 0);
}

TEST_CASE("allocator: requests for named addresses are served before others take them") {
    allocator a(pools({{"range-global", "10.0.0.1-10.0.0.9"}}));
    request young = named(for_gateway("a", "young"), "10.0.0.1");
    young.since = second(2);
    request old = named(for_gateway("a", "old"), "10.0.0.1");
    old.since = second(1);
    a.rebuild({}, {young, old});
    CHECK(shown(a.allocate(for_gateway("a", "other"))) == "10.0.0.2");
    CHECK(shown(a.allocate(old)) == "10.0.0.1");
    CHECK(a.allocate(young).error().reason == refusal_reason::in_use);
}

TEST_CASE("allocator: usage counts what is held in a pool, wherever it came from") {
    allocator a = fresh({{"range-a", "10.0.0.1-10.0.0.4"}, {"cidr-global", "10.0.0.0/29,2001:db8::/64"}});
    (void)a.allocate(for_gateway("a", "1"));
    a.observe("Service x/y", {{.address = at("10.0.0.6"), .kind = claim_kind::foreign},
                              {.address = at("172.16.0.1"), .kind = claim_kind::foreign}});
    const std::vector<pool_usage> usage = a.usage();
    REQUIRE(usage.size() == 3);
    CHECK(usage[0].key == "cidr-global");
    CHECK(usage[0].capacity == 6);
    CHECK(usage[0].used == 2);
    CHECK(usage[1].family == ip_family::ipv6);
    CHECK(usage[1].used == 0);
    CHECK(usage[2].key == "range-a");
    CHECK(usage[2].namespace_ == "a");
    CHECK(usage[2].free() == 3);
    CHECK(a.outside_pools().empty()); // a foreign address is not ours to place
    a.observe("Service x/y", {});
    a.release("Gateway a/1");
    CHECK(a.usage()[0].used == 0);
    CHECK(a.usage()[2].used == 0);
}

TEST_CASE("allocator: a shrunk pool takes no address away") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}});
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "10.0.0.1");
    const std::set<std::string> holder{"Gateway a/1"};
    CHECK(a.set_pools(pools({{"range-global", "10.0.0.1-10.0.0.8"}})).empty()); // nobody's address
    CHECK(a.set_pools(pools({{"range-edge", "10.0.0.1-10.0.0.8"}})) == holder); // of another pool now
    CHECK(a.set_pools(pools({{"range-global", "10.0.0.5-10.0.0.9"}})) == holder);
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "10.0.0.1");
    REQUIRE(a.outside_pools().size() == 1);
    CHECK(a.outside_pools()[0].address == at("10.0.0.1"));
    CHECK(shown(a.allocate(for_gateway("a", "2"))) == "10.0.0.5");
    a.release("Gateway a/1"); // and it does not come back into a pool that lacks it
    CHECK(shown(a.allocate(for_gateway("a", "3"))) == "10.0.0.6");
    a.set_pools(pools({{"range-global", "10.0.0.1-10.0.0.9"}}));
    CHECK(shown(a.allocate(for_gateway("a", "4"))) == "10.0.0.1");
}

TEST_CASE("seed B23: global pools serve every namespace") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}});
    CHECK(shown(a.allocate(for_gateway("default", "web"))) == "10.0.0.1");
    CHECK(shown(a.allocate(for_gateway("team-a", "web"))) == "10.0.0.2");
}

TEST_CASE("seed B24: namespace pools come before global") {
    allocator a = fresh({{"cidr-global", "10.0.0.0/24"},
                         {"range-global", "10.1.0.1"},
                         {"range-team", "10.2.0.1"},
                         {"cidr-team", "10.3.0.1/32"}});
    CHECK(shown(a.allocate(for_gateway("team", "1"))) == "10.3.0.1");
    CHECK(shown(a.allocate(for_gateway("team", "2"))) == "10.2.0.1");
    CHECK(shown(a.allocate(for_gateway("team", "3"))) == "10.0.0.1");
    CHECK(shown(a.allocate(for_gateway("other", "1"))) == "10.0.0.2");
}

TEST_CASE("seed B25: everything observed counts, and what was just handed out") {
    allocator a = fresh({{"range-team", "10.0.0.1-10.0.0.9"}, {"range-global", "10.0.0.1-10.0.0.9"}});
    a.observe("Service default/pinned-by-user", {{.address = at("10.0.0.1"), .kind = claim_kind::foreign}});
    a.observe("Node worker-1", {{.address = at("10.0.0.2"), .kind = claim_kind::foreign}});
    a.observe("Gateway default/pinned", {{.address = at("10.0.0.3"), .kind = claim_kind::pinned}});
    CHECK(shown(a.allocate(for_gateway("team", "1"))) == "10.0.0.4");
    CHECK(shown(a.allocate(for_gateway("default", "2"))) == "10.0.0.5"); // overlapping pools share the ledger

    // A cache that has not seen our write yet does not free the address.
    a.observe("Gateway team/1", {});
    CHECK(shown(a.allocate(for_gateway("team", "3"))) == "10.0.0.6");
    CHECK(shown(a.allocate(for_gateway("team", "1"))) == "10.0.0.4");
    // Once it has been seen, its absence means that it is gone.
    a.observe("Gateway team/1", {{.address = at("10.0.0.4")}});
    a.observe("Gateway team/1", {});
    CHECK(shown(a.allocate(for_gateway("team", "7"))) == "10.0.0.4");
    // A write that failed for good is given back by name.
    a.release("Gateway team/3", at("10.0.0.6"));
    CHECK(shown(a.allocate(for_gateway("team", "8"))) == "10.0.0.6");
}

TEST_CASE("seed B26: a failed allocation is a refusal, never an empty address") {
    const allocation none = fresh({}).allocate(for_gateway("a", "1"));
    REQUIRE(none.has_error());
    CHECK(none.error().reason == refusal_reason::no_pool);
    CHECK(none.error().message != "");
}

TEST_CASE("seed B27: IPv6") {
    allocator a = fresh({{"cidr-global", "2001:db8::/64"}});
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "2001:db8::1");
    CHECK(shown(a.allocate(named(for_gateway("a", "2"), "2001:db8::ffff:ffff:ffff:ffff"))) ==
          "2001:db8::ffff:ffff:ffff:ffff");
    CHECK(shown(a.allocate(for_gateway("a", "3"))) == "2001:db8::2");
    allocator down = fresh({{"cidr-global", "2001:db8::/64"}, {"search-order", "desc"}});
    CHECK(shown(down.allocate(for_gateway("a", "1"))) == "2001:db8::ffff:ffff:ffff:ffff");
}

TEST_CASE("seed B28: a DHCP pool hands out nothing rather than 0.0.0.0") {
    allocator a = fresh({{"cidr-global", "0.0.0.0/32"}});
    const allocation none = a.allocate(for_gateway("a", "1"));
    REQUIRE(none.has_error());
    CHECK(none.error().message.ends_with(
        "name the addresses to hand out, for example 192.168.1.10-192.168.1.20"));
}

TEST_CASE("seed B29: changing the pools back and forth forgets nothing") {
    allocator a = fresh({{"cidr-a", "10.0.0.0/29"}});
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "10.0.0.1");
    a.set_pools(pools({{"range-a", "10.0.0.1-10.0.0.6"}}));
    CHECK(shown(a.allocate(for_gateway("a", "2"))) == "10.0.0.2");
    a.set_pools(pools({{"cidr-a", "10.0.0.0/29"}}));
    CHECK(shown(a.allocate(for_gateway("a", "3"))) == "10.0.0.3");
    a.set_pools(pools({{"cidr-a", "10.0.0.0/29"}, {"skip-end-ips-in-cidr", "false"}}));
    CHECK(shown(a.allocate(for_gateway("a", "4"))) == "10.0.0.0");
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "10.0.0.1");
    CHECK(a.usage()[0].used == 4);
}

TEST_CASE("seed B30: nothing is handed out before what is in use is known") {
    allocator a(pools({{"range-global", "10.0.0.1-10.0.0.9"}}));
    const allocation early = a.allocate(for_gateway("a", "1"));
    REQUIRE(early.has_error());
    CHECK(early.error().reason == refusal_reason::not_ready);
    CHECK(early.error().message ==
          "no address for Gateway a/1 yet: the addresses in use are still being read");
    // A replica that takes over learns what the one before it wrote.
    a.rebuild({{at("10.0.0.1"), "Gateway a/0", claim_kind::dynamic, second(1)}});
    CHECK(shown(a.allocate(for_gateway("a", "1"))) == "10.0.0.2");
}

TEST_CASE("allocator: a namespace gets no more addresses than its limit, of whatever pools") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}, {"range-a", "10.1.0.1"}, {"limit-a", "2"}});
    CHECK(shown(a.allocate(for_gateway("a", "one"))) == "10.1.0.1");
    CHECK(shown(a.allocate(for_gateway("a", "two"))) == "10.0.0.1");
    const allocation third = a.allocate(for_gateway("a", "three"));
    CHECK(third.error().reason == refusal_reason::limited);
    CHECK(shown(third) ==
          "the Gateways of namespace a have 2 of the 2 addresses that limit-a in ConfigMap "
          "default/kubevip lets them have; raise limit-a, or delete a Gateway of this namespace");
    CHECK(a.allocate(named(for_gateway("a", "three"), "10.0.0.5")).error().reason == refusal_reason::limited);
    CHECK(shown(a.allocate(for_gateway("a", "two"))) == "10.0.0.1"); // what one has, one keeps
    CHECK(shown(a.allocate(for_gateway("aa", "one"))) ==
          "10.0.0.2"); // another namespace has a limit of its own
    a.release("Gateway a/one");
    CHECK(shown(a.allocate(for_gateway("a", "three"))) == "10.1.0.1");
}

TEST_CASE("allocator: limit-global holds for each namespace that has no limit of its own") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}, {"limit-global", "1"}, {"limit-b", "2"}});
    CHECK(shown(a.allocate(for_gateway("a", "one"))) == "10.0.0.1");
    CHECK(shown(a.allocate(for_gateway("a", "two"))) ==
          "the Gateways of namespace a have 1 of the 1 addresses that limit-global in ConfigMap "
          "default/kubevip "
          "lets them have; raise limit-global, or add limit-a, or delete a Gateway of this namespace");
    CHECK(shown(a.allocate(for_gateway("b", "one"))) == "10.0.0.2");
    CHECK(shown(a.allocate(for_gateway("b", "two"))) == "10.0.0.3");
    CHECK(a.allocate(for_gateway("b", "three")).has_error());
    CHECK(shown(a.allocate(for_gateway("c", "one"))) == "10.0.0.4");
}

TEST_CASE("allocator: a limit that is lowered takes no address away") {
    allocator a = fresh({{"range-global", "10.0.0.1-10.0.0.9"}, {"limit-a", "3"}});
    for (const char* name : {"one", "two", "three"})
        CHECK(a.allocate(for_gateway("a", name)).has_value());
    a.set_pools(pools({{"range-global", "10.0.0.1-10.0.0.9"}, {"limit-a", "0"}}));
    CHECK(shown(a.allocate(for_gateway("a", "two"))) == "10.0.0.2");
    CHECK(a.allocate(for_gateway("a", "four")).has_error());
    a.release("Gateway a/two");
    CHECK(a.allocate(for_gateway("a", "two")).error().reason == refusal_reason::limited);
    a.set_pools(pools({{"range-global", "10.0.0.1-10.0.0.9"}, {"limit-a", "3"}}));
    CHECK(shown(a.allocate(for_gateway("a", "two"))) == "10.0.0.2");
}

TEST_CASE("allocator: what counts for a limit") {
    allocator a(pools({{"range-global", "10.0.0.1-10.0.0.9"}, {"limit-a", "2"}}));
    a.rebuild({{.address = at("10.0.0.1"), .holder = "Gateway a/theirs", .kind = claim_kind::foreign},
               {.address = at("10.0.0.2"), .holder = "Service a/app", .kind = claim_kind::foreign},
               {.address = at("10.0.0.3"), .holder = "Gateway a/wish", .kind = claim_kind::wish},
               {.address = at("172.16.0.1"), .holder = "Gateway a/node", .kind = claim_kind::granted},
               {.address = at("10.0.0.4"), .holder = "Gateway a/ours", .kind = claim_kind::granted}});
    CHECK(shown(a.allocate(for_gateway("a", "one"))) == "10.0.0.5"); // 10.0.0.4 counted alone
    CHECK(a.allocate(for_gateway("a", "two")).has_error());
    request outside = named(for_gateway("a", "two"), "192.168.1.1");
    outside.outside_pools = true;
    CHECK(a.allocate(outside).has_value()); // it takes nothing from others
    // An address that gives way to another does not count, one that stays does.
    CHECK(shown(a.allocate(named(for_gateway("a", "one"), "10.0.0.9"))) == "10.0.0.9");
    a.release("Gateway a/one", at("10.0.0.5"));
    request another = named(for_gateway("a", "one"), "10.0.0.8");
    another.besides = {at("10.0.0.9")};
    CHECK(a.allocate(another).error().reason == refusal_reason::limited);
}

TEST_CASE(
    "allocator: after a restart requests for named addresses are served up to the limit, the oldest first") {
    allocator a(pools({{"range-global", "10.0.0.1-10.0.0.9"}, {"limit-a", "1"}}));
    request young = named(for_gateway("a", "young"), "10.0.0.1");
    young.since = second(2);
    request old = named(for_gateway("a", "old"), "10.0.0.2");
    old.since = second(1);
    a.rebuild({}, {young, old});
    CHECK(shown(a.allocate(old)) == "10.0.0.2");
    CHECK(a.allocate(young).error().reason == refusal_reason::limited);
}
