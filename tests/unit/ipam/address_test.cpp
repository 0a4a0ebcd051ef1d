#include <gwctl/ipam/address.hpp>

#include <arpa/inet.h>
#include <random>
#include <set>
#include <support/catch.hpp>
#include <unordered_set>

using namespace gwctl::ipam;

namespace {

struct example {
    std::string_view text;
    std::string_view canonical;
};

} // namespace

TEST_CASE("address: reads every notation and writes the canonical one") {
    const auto e = GENERATE(values<example>({
        {"0.0.0.0", "0.0.0.0"},
        {"192.168.1.10", "192.168.1.10"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8::1", "2001:db8::1"},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, // RFC 5952, 4.2.2: one group is not shortened
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          // 4.2.3: the longest run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    // 4.2.3: the first of equal runs
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
        {"::1.2.3.4", "::102:304"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    }));
    INFO(e.text);
    const auto address = parse_address(e.text);
    REQUIRE(address.has_value());
    CHECK(address->to_string() == e.canonical);
    CHECK(parse_address(e.canonical).value() == *address);
}

TEST_CASE("address: refuses what is not exactly one address") {
    const auto e = GENERATE(values<example>({
        {"", "\"\" is not an IP address"},
        {"10", "\"10\" is not an IP address"},
        {"abc", "\"abc\" is not an IP address"},
        {"192.168.1", "\"192.168.1\" is not an IP address"},
        {"192.168.1.256", "\"192.168.1.256\" is not an IP address"},
        {"192.168.01.1", "\"192.168.01.1\" is not an IP address"}, // octal to some
        {"192.168.1.1.1", "\"192.168.1.1.1\" is not an IP address"},
        {"0x7f.0.0.1", "\"0x7f.0.0.1\" is not an IP address"},
        {" 10.0.0.1", "\" 10.0.0.1\" is not an IP address"},
        {"10.0.0.1 ", "\"10.0.0.1 \" is not an IP address"},
        {":::", "\":::\" is not an IP address"},
        {"1::2::3", "\"1::2::3\" is not an IP address"},
        {"12345::", "\"12345::\" is not an IP address"},
        {"1:2:3:4:5:6:7:8:9", "\"1:2:3:4:5:6:7:8:9\" is not an IP address"},
        {"[::1]", "\"[::1]\" is not an IP address"},
        {"fe80::1%eth0", "\"fe80::1%eth0\" is not an IP address: zones such as \"%eth0\" are not supported"},
        {"10.0.0.0/8", "\"10.0.0.0/8\" is not an IP address: expected an address without a prefix length"},
        {"::ffff:10.0.0.1", "\"::ffff:10.0.0.1\" is an IPv4 address in IPv6 notation; write 10.0.0.1"},
    }));
    const auto address = parse_address(e.text);
    REQUIRE(address.has_error());
    CHECK(address.error().code == gwctl::errc::decode);
    CHECK(address.error().message == e.canonical);
    CHECK(parse_address(std::string_view("10.0.0.1\0", 9)).has_error());
}

TEST_CASE("address: numbers, order and hash") {
    const auto at = [](std::string_view text) { return parse_address(text).value(); };
    CHECK(at("10.0.0.255") + 1 == at("10.0.1.0"));
    CHECK(at("2001:db8::1:0") - 1 == at("2001:db8::ffff"));
    CHECK(at("255.255.255.255") < at("::"));
    CHECK(at("9.0.0.0") < at("10.0.0.0"));
    CHECK(at("::2") < at("1::"));
    CHECK(at("0.0.0.1") != at("::1"));
    CHECK(last_address(ip_family::ipv6).to_string() == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    CHECK(to_string(address_range{at("10.0.0.1"), at("10.0.0.2")}) == "10.0.0.1-10.0.0.2");
    CHECK(to_string(address_range{at("::5"), at("::5")}) == "::5");
    const std::unordered_set<ip_address> set{at("10.0.0.1"), at("::1"), at("10.0.0.1")};
    CHECK(set.size() == 2);
}

TEST_CASE("address: what is written reads back, and the C library agrees") {
    std::mt19937_64 rng(1);
    for (int i = 0; i < 5000; ++i) {
        uint128 number = (uint128{rng()} << 64U) | rng();
        const std::uint64_t zeros = rng(); // runs of zero groups are what is difficult
        for (unsigned group = 0; group < 8; ++group) {
            if ((zeros >> (4 * group)) % 2 == 0) {
                number &= ~(uint128{0xffff} << (16 * group));
            }
        }
        if (number >> 32U == 0xffff) {
            continue;
        }
        const ip_address a(ip_family::ipv6, number);
        INFO(a.to_string());
        REQUIRE(parse_address(a.to_string()).value() == a);
        in6_addr theirs{};
        REQUIRE(inet_pton(AF_INET6, a.to_string().c_str(), &theirs) == 1);
        char text[INET6_ADDRSTRLEN];
        REQUIRE(inet_ntop(AF_INET6, &theirs, text, sizeof text) != nullptr);
        if (std::string_view(text).find('.') ==
            std::string_view::npos) { // glibc writes ::102:304 as ::1.2.3.4
            REQUIRE(a.to_string() == text);
        }
        const ip_address b(ip_family::ipv4, number & 0xffffffffU);
        REQUIRE(parse_address(b.to_string()).value() == b);
    }
}
