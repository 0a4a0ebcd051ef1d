#include <gwctl/ipam/ledger.hpp>

#include <algorithm>
#include <random>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::ipam;

namespace {

ip_address at(std::string_view text) { return parse_address(text).value(); }

wall_time second(int n) { return wall_time(std::chrono::seconds(n)); }

} // namespace

TEST_CASE("ledger: one address, several claims, one rightful holder") {
    const ip_address a = at("10.0.0.1");
    const claim granted{a, "Gateway default/served", claim_kind::granted, second(20)};
    const claim wish{a, "Service evil/old", claim_kind::wish, second(0)};
    const claim foreign{a, "Service default/dns", claim_kind::foreign, second(9)};
    const claim pinned{a, "Gateway default/pinned", claim_kind::pinned, second(8)};
    const claim old_dynamic{a, "Gateway default/old", claim_kind::dynamic, second(1)};
    const claim twin{a, "Gateway default/twin", claim_kind::dynamic, second(1)};
    const claim young{a, "Gateway default/a", claim_kind::dynamic, second(2)};
    // By kind, so that no wish, however old, takes what another has; then the older first; then by name.
    const std::vector<claim> expected{granted, foreign, pinned, old_dynamic, twin, young, wish};

    std::vector<claim> order = expected;
    std::mt19937 rng(7);
    for (int i = 0; i < 50; ++i) {
        std::shuffle(order.begin(), order.end(), rng);
        ledger l;
        for (std::size_t k = 0; k < order.size(); ++k) {
            CHECK(l.record(order[k]) == (k == 0));
        }
        CHECK(l.claims() == expected);
        CHECK(*l.holder_of(a) == granted);
        REQUIRE(l.conflicts().size() == 1);
        CHECK(l.conflicts()[0].claims == expected);
        for (std::size_t k = 0; k < order.size(); ++k) {
            CHECK(l.remove(order[k].holder, a) == (k + 1 == order.size()));
        }
        CHECK(l.size() == 0);
        CHECK(l.holder_of(a) == nullptr);
    }
}

TEST_CASE("ledger: a holder may have several addresses, each claimed once") {
    ledger l;
    l.record({at("10.0.0.2"), "Gateway default/web", claim_kind::dynamic, second(1)});
    l.record({at("2001:db8::2"), "Gateway default/web", claim_kind::dynamic, second(1)});
    l.record({at("10.0.0.1"), "Gateway default/web", claim_kind::pinned, second(1)});
    l.record({at("10.0.0.1"), "Gateway default/web", claim_kind::dynamic, second(1)}); // the last one counts
    CHECK(l.addresses_of("Gateway default/web") ==
          std::vector<ip_address>{at("10.0.0.1"), at("10.0.0.2"), at("2001:db8::2")});
    CHECK(l.size() == 3);
    CHECK(l.conflicts().empty());
    CHECK(l.find("Gateway default/web", at("10.0.0.1"))->kind == claim_kind::dynamic);
    CHECK(l.find("Gateway default/other", at("10.0.0.1")) == nullptr);
    CHECK(l.find("Gateway default/web", at("10.0.0.9")) == nullptr);
}

TEST_CASE("ledger: the addresses in use of a range, its ends included, each once") {
    ledger l;
    for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.4", "10.0.0.5", "2001:db8::2"})
        l.record({at(address), "Gateway default/web", claim_kind::dynamic, second(1)});
    l.record({at("10.0.0.2"), "Gateway default/other", claim_kind::dynamic, second(2)});
    CHECK(l.held_in({at("10.0.0.2"), at("10.0.0.4")}) == std::vector{at("10.0.0.2"), at("10.0.0.4")});
    CHECK(l.held_in({at("10.0.0.3"), at("10.0.0.3")}).empty());
    CHECK(l.held_in({at("10.0.0.5"), at("255.255.255.255")}) == std::vector{at("10.0.0.5")});
}

TEST_CASE("ledger: removing what is not there changes nothing") {
    ledger l;
    l.record({at("10.0.0.1"), "Gateway default/web", claim_kind::dynamic, second(1)});
    CHECK_FALSE(l.remove("Gateway default/other", at("10.0.0.1")));
    CHECK_FALSE(l.remove("Gateway default/web", at("10.0.0.2")));
    CHECK(l.size() == 1);
    CHECK(l.addresses_of("Gateway default/other").empty());
}
