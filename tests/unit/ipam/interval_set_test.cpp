#include <gwctl/ipam/interval_set.hpp>

#include <limits>
#include <random>
#include <set>
#include <support/catch.hpp>

using namespace gwctl::ipam;

namespace {

ip_address at(std::string_view text) { return parse_address(text).value(); }

address_range range(std::string_view first, std::string_view last) { return {at(first), at(last)}; }

std::string shown(const interval_set& set) {
    std::string out;
    for (const auto& [first, last] : set.ranges()) {
        out += (out.empty() ? "" : ", ") + to_string(address_range{first, last});
    }
    return out;
}

} // namespace

TEST_CASE("interval set: ranges that touch become one") {
    interval_set set;
    set.insert(range("10.0.0.1", "10.0.0.3"));
    set.insert(range("10.0.0.6", "10.0.0.9"));
    CHECK(shown(set) == "10.0.0.1-10.0.0.3, 10.0.0.6-10.0.0.9");
    set.insert(at("10.0.0.4"));
    CHECK(shown(set) == "10.0.0.1-10.0.0.4, 10.0.0.6-10.0.0.9");
    set.insert(at("10.0.0.5"));
    CHECK(shown(set) == "10.0.0.1-10.0.0.9");
    set.erase(range("10.0.0.4", "10.0.0.6"));
    CHECK(shown(set) == "10.0.0.1-10.0.0.3, 10.0.0.7-10.0.0.9");
    set.erase(at("10.0.0.100"));
    set.erase(range("10.0.0.0", "10.0.0.255"));
    CHECK(set.empty());
}

TEST_CASE("interval set: the families do not touch") {
    interval_set set;
    set.insert(range("255.255.255.0", "255.255.255.255"));
    set.insert(range("::", "::ff"));
    CHECK(shown(set) == "255.255.255.0-255.255.255.255, ::-::ff");
    CHECK(set.size(ip_family::ipv4) == 256);
    CHECK(set.size(ip_family::ipv6) == 256);
    CHECK(set.first(ip_family::ipv4) == at("255.255.255.0"));
    CHECK(set.last(ip_family::ipv4) == at("255.255.255.255"));
    CHECK(set.first(ip_family::ipv6) == at("::"));
    CHECK(set.last(ip_family::ipv6) == at("::ff"));
    set.erase({at("::"), last_address(ip_family::ipv6)});
    CHECK(set.first(ip_family::ipv6) == std::nullopt);
    CHECK(set.last(ip_family::ipv6) == std::nullopt);
}

TEST_CASE("interval set: large networks cost nothing and their size saturates") {
    interval_set set;
    set.insert({ip_address(ip_family::ipv6, 0), last_address(ip_family::ipv6)});
    CHECK(set.size(ip_family::ipv6) == std::numeric_limits<std::uint64_t>::max());
    set.erase(range("::1", "fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
    CHECK(set.first(ip_family::ipv6) == at("::"));
    set.erase(at("::"));
    CHECK(set.first(ip_family::ipv6) == at("ffff::"));
    interval_set net64;
    net64.insert(range("2001:db8::", "2001:db8::ffff:ffff:ffff:fffe"));
    CHECK(net64.size(ip_family::ipv6) == std::numeric_limits<std::uint64_t>::max());
    net64.erase(at("2001:db8::1"));
    CHECK(net64.size(ip_family::ipv6) == std::numeric_limits<std::uint64_t>::max() - 1);
}

TEST_CASE("interval set: behaves as a set of addresses") {
    const auto seed = GENERATE(range(0U, 20U));
    std::mt19937 rng(seed);
    interval_set set;
    std::set<unsigned> model;
    const unsigned universe = 64;
    const unsigned base = 0xffffffff - universe + 1; // the end of the family, where +1 would wrap
    for (int step = 0; step < 500; ++step) {
        const unsigned a = rng() % universe;
        const unsigned b = std::min(universe - 1, a + static_cast<unsigned>(rng() % 8));
        const address_range r{ip_address(ip_family::ipv4, base + a), ip_address(ip_family::ipv4, base + b)};
        bool common = false;
        for (unsigned i = a; i <= b; ++i) {
            common = common || model.contains(i);
        }
        REQUIRE(set.intersects(r) == common);
        const bool insert = rng() % 2 == 0;
        insert ? set.insert(r) : set.erase(r);
        for (unsigned i = a; i <= b; ++i) {
            insert ? void(model.insert(i)) : void(model.erase(i));
        }
        INFO("seed " << seed << " step " << step << ": " << shown(set));
        REQUIRE(set.size(ip_family::ipv4) == model.size());
        for (unsigned i = 0; i < universe; ++i) {
            REQUIRE(set.contains(ip_address(ip_family::ipv4, base + i)) == model.contains(i));
        }
        std::size_t runs = 0;
        for (const unsigned i : model) {
            runs += model.contains(i - 1) ? 0 : 1;
        }
        REQUIRE(set.ranges().size() == runs); // disjoint and merged
        if (!model.empty()) {
            REQUIRE(set.first(ip_family::ipv4) == ip_address(ip_family::ipv4, base + *model.begin()));
            REQUIRE(set.last(ip_family::ipv4) == ip_address(ip_family::ipv4, base + *model.rbegin()));
        }
    }
}
