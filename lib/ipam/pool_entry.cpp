#include "pool_entry.hpp"

#include <gwctl/ipam/pool.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace gwctl::ipam::detail {
namespace {

constexpr std::string_view wanted = "expected FIRST-LAST, for example 192.168.1.10-192.168.1.20";

// IPv4: what one key may hold is bounded at 2^24 addresses, so a CIDR may not be shorter than /8.
constexpr int shortest_v4 = 8;
// IPv6: registries hand out nothing this large to one site.
constexpr int shortest_v6 = 16;

error bad(std::string message) { return {errc::decode, std::move(message)}; }

struct special_range {
    address_range range;
    std::string_view name;
};

constexpr ip_address v4(std::uint32_t n) { return {ip_family::ipv4, n}; }
constexpr ip_address v6(std::uint64_t high, std::uint64_t low) {
    return {ip_family::ipv6, (uint128{high} << 64U) | low};
}

// Addresses that no load balancer can announce (RFC 6890, RFC 4291).
constexpr std::array<special_range, 8> special_ranges{{
    {{v4(0x00000000), v4(0x00ffffff)}, "0.0.0.0/8 (\"this network\")"},
    {{v4(0x7f000000), v4(0x7fffffff)}, "127.0.0.0/8 (loopback)"},
    {{v4(0xa9fe0000), v4(0xa9feffff)}, "169.254.0.0/16 (link-local)"},
    {{v4(0xe0000000), v4(0xefffffff)}, "224.0.0.0/4 (multicast)"},
    {{v4(0xf0000000), v4(0xffffffff)}, "240.0.0.0/4 (reserved)"},
    {{v6(0, 0), v6(0, 1)}, "::/127 (unspecified and loopback)"},
    {{v6(0xfe80'0000'0000'0000, 0), v6(0xfebf'ffff'ffff'ffff, ~std::uint64_t{0})}, "fe80::/10 (link-local)"},
    {{v6(0xff00'0000'0000'0000, 0), last_address(ip_family::ipv6)}, "ff00::/8 (multicast)"},
}};

result<entry> checked(entry e) {
    const int shortest = e.range.first.family() == ip_family::ipv4 ? shortest_v4 : shortest_v6;
    const uint128 steps = e.range.last.number() - e.range.first.number();
    if (steps >> static_cast<unsigned>(e.range.first.bits() - shortest) != 0) {
        return bad(fmt::format("too large; a pool entry may cover at most a /{} of {} addresses", shortest,
                               to_string(e.range.first.family())));
    }
    for (const special_range& special : special_ranges) {
        if (e.range.first <= special.range.last && special.range.first <= e.range.last) {
            return bad(
                fmt::format("contains addresses of {}, which a load balancer cannot announce", special.name));
        }
    }
    return e;
}

result<entry> parse_cidr(std::string_view text, std::size_t slash) {
    const result<ip_address> address = parse_address(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    if (!address) {
        return bad(
            fmt::format("expected ADDRESS/LENGTH, for example 192.168.1.0/24; {}", address.error().message));
    }
    int length = -1;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const bool plain_number = ec == std::errc{} && end == digits.data() + digits.size() &&
                              digits.front() != '-' && (digits == "0" || digits.front() != '0');
    if (!plain_number || length > address->bits()) {
        return bad(fmt::format("\"{}\" is not a prefix length; expected a number from 0 to {}", digits,
                               address->bits()));
    }
    if (text == "0.0.0.0/32") {
        return bad(
            "addresses from DHCP (0.0.0.0/32) are not supported; name the addresses to hand out, for example "
            "192.168.1.10-192.168.1.20");
    }
    const auto host_bits = static_cast<unsigned>(address->bits() - length);
    const uint128 host_mask = host_bits == 128 ? ~uint128{0} : (uint128{1} << host_bits) - 1;
    entry e;
    e.form = entry_form::cidr;
    e.prefix_length = length;
    e.range.first = ip_address(address->family(), address->number() & ~host_mask);
    e.range.last = ip_address(address->family(), address->number() | host_mask);
    if (e.range.first != *address) {
        e.warning =
            fmt::format("has bits set beyond the prefix; read as {}/{}", e.range.first.to_string(), length);
    }
    return checked(std::move(e));
}

result<entry> parse_range(std::string_view text, std::size_t dash) {
    const auto trim = [](std::string_view s) {
        const std::size_t first = s.find_first_not_of(" \t\r\n");
        return first == s.npos ? std::string_view()
                               : s.substr(first, s.find_last_not_of(" \t\r\n") - first + 1);
    };
    entry e;
    e.form = entry_form::range;
    for (const auto& [part, end] : {std::pair(trim(text.substr(0, dash)), &e.range.first),
                                    std::pair(trim(text.substr(dash + 1)), &e.range.last)}) {
        const result<ip_address> address = parse_address(part);
        if (!address) {
            return bad(fmt::format("{}; {}", wanted, address.error().message));
        }
        *end = *address;
    }
    if (e.range.first.family() != e.range.last.family()) {
        return bad("a range cannot begin in one IP family and end in the other");
    }
    if (e.range.first > e.range.last) {
        std::swap(e.range.first, e.range.last);
        e.warning = fmt::format("runs backwards; read as {}", to_string(e.range));
    }
    return checked(std::move(e));
}

} // namespace

result<entry> parse_entry(std::string_view text) {
    if (text.empty()) {
        return bad("expected an address, a range or a CIDR; remove the comma");
    }
    if (const std::size_t slash = text.find('/'); slash != text.npos && text.find('-') == text.npos) {
        return parse_cidr(text, slash);
    }
    if (const std::size_t dash = text.find('-'); dash != text.npos) {
        return parse_range(text, dash);
    }
    const result<ip_address> address = parse_address(text);
    if (!address) {
        return bad(fmt::format("expected FIRST-LAST, a CIDR or one address; {}", address.error().message));
    }
    entry e;
    e.range = {*address, *address};
    return checked(std::move(e));
}

} // namespace gwctl::ipam::detail

namespace gwctl::ipam {

std::string_view special_range_of(const ip_address& address) {
    for (const auto& special : detail::special_ranges) {
        if (special.range.first <= address && address <= special.range.last) {
            return special.name;
        }
    }
    return {};
}

} // namespace gwctl::ipam
