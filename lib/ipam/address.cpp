#include <gwctl/ipam/address.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace gwctl::ipam {

std::string_view to_string(ip_family family) noexcept { return family == ip_family::ipv4 ? "IPv4" : "IPv6"; }

std::string ip_address::to_string() const {
    if (family_ == ip_family::ipv4) {
        const auto n = static_cast<std::uint32_t>(number_);
        return fmt::format("{}.{}.{}.{}", n >> 24U, (n >> 16U) & 0xffU, (n >> 8U) & 0xffU, n & 0xffU);
    }
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i] = static_cast<unsigned>(number_ >> (112 - 16 * i)) & 0xffffU;
    }
    // RFC 5952, section 4.2: the longest run of at least two zero groups, the first of equals.
    std::size_t run_start = groups.size();
    std::size_t run_length = 1;
    for (std::size_t i = 0; i < groups.size();) {
        const auto end = std::find_if(groups.begin() + static_cast<std::ptrdiff_t>(i), groups.end(),
                                      [](unsigned group) { return group != 0; });
        const auto length = static_cast<std::size_t>(end - groups.begin()) - i;
        if (length > run_length) {
            run_start = i;
            run_length = length;
        }
        i += std::max<std::size_t>(length, 1);
    }
    std::string out;
    for (std::size_t i = 0; i < groups.size();) {
        if (i == run_start) {
            out += "::";
            i += run_length;
            continue;
        }
        if (!out.empty() && out.back() != ':') {
            out += ':';
        }
        out += fmt::format("{:x}", groups[i]);
        ++i;
    }
    return out;
}

result<ip_address> parse_address(std::string_view text) {
    const auto bad = [text](std::string_view why) {
        return error{errc::decode, fmt::format("\"{}\" is not an IP address{}", text, why)};
    };
    if (text.find('\0') != text.npos) {
        return bad("");
    }
    const std::string terminated(text);
    if (in_addr v4{}; inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
        return ip_address(ip_family::ipv4, ntohl(v4.s_addr));
    }
    in6_addr v6{};
    if (inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) {
        if (text.find('%') != text.npos) {
            return bad(": zones such as \"%eth0\" are not supported");
        }
        if (text.find('/') != text.npos) {
            return bad(": expected an address without a prefix length");
        }
        return bad("");
    }
    uint128 number = 0;
    for (const unsigned char byte : v6.s6_addr) {
        number = (number << 8U) | byte;
    }
    if (number >> 32U == 0xffff) {
        const ip_address v4(ip_family::ipv4, number & 0xffffffffU);
        return error{errc::decode, fmt::format("\"{}\" is an IPv4 address in IPv6 notation; write {}", text,
                                               v4.to_string())};
    }
    return ip_address(ip_family::ipv6, number);
}

std::string to_string(const address_range& range) {
    return range.first == range.last ? range.first.to_string()
                                     : range.first.to_string() + "-" + range.last.to_string();
}

} // namespace gwctl::ipam
