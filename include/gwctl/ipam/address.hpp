/// IP addresses as ordered numbers.
#pragma once

#include <gwctl/core/error.hpp>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace gwctl::ipam {

__extension__ typedef unsigned __int128 uint128; // ISO C++ has no 128-bit integer

/// The two kinds of address; a network has one, a dual-stack Gateway has both.
enum class ip_family : std::uint8_t { ipv4, ipv6 };

/// "IPv4" or "IPv6", as Kubernetes spells it.
std::string_view to_string(ip_family family) noexcept;

/// An IPv4 or IPv6 address without zone. Ordered: all of IPv4 before all of IPv6, then by number.
class ip_address {
public:
    /// 0.0.0.0
    ip_address() = default;
    /// Precondition: an IPv4 number is below 2^32.
    constexpr ip_address(ip_family family, uint128 number) noexcept : family_(family), number_(number) {}

    constexpr ip_family family() const noexcept { return family_; }
    /// The address as an integer in host order.
    constexpr uint128 number() const noexcept { return number_; }
    /// 32 or 128.
    constexpr int bits() const noexcept { return family_ == ip_family::ipv4 ? 32 : 128; }

    /// The address `n` further. Precondition: it exists.
    constexpr ip_address operator+(uint128 n) const noexcept { return {family_, number_ + n}; }
    constexpr ip_address operator-(uint128 n) const noexcept { return {family_, number_ - n}; }

    /// Dotted decimal, or RFC 5952: lower case, no leading zeros, the longest run of zero groups as `::`.
    std::string to_string() const;

    friend constexpr auto operator<=>(const ip_address&, const ip_address&) = default;

private:
    ip_family family_ = ip_family::ipv4;
    uint128 number_ = 0;
};

/// The last address of a family: 255.255.255.255, or all ones.
constexpr ip_address last_address(ip_family family) noexcept {
    return {family, family == ip_family::ipv4 ? uint128{0xffffffff} : ~uint128{0}};
}

/// Reads dotted decimal without leading zeros, or any RFC 4291 form. Refused: zones, prefixes, surrounding
/// blanks, and IPv4-mapped IPv6, which Kubernetes reads in two ways. Errors: `errc::decode`, naming the text.
result<ip_address> parse_address(std::string_view text);

/// Both ends belong to it. Invariant: one family, `first <= last`.
struct address_range {
    ip_address first{};
    ip_address last{};

    friend bool operator==(const address_range&, const address_range&) = default;
};

/// "FIRST-LAST", or one address when they are the same.
std::string to_string(const address_range& range);

} // namespace gwctl::ipam

template <>
struct std::hash<gwctl::ipam::ip_address> {
    std::size_t operator()(const gwctl::ipam::ip_address& a) const noexcept {
        // The halves differ in the low bits within one network, in the high ones between networks.
        const auto high = static_cast<std::uint64_t>(a.number() >> 64U);
        const auto low = static_cast<std::uint64_t>(a.number());
        return std::hash<std::uint64_t>{}(low ^ (high * 0x9e3779b97f4a7c15U) ^
                                          static_cast<std::uint64_t>(a.family()));
    }
};
