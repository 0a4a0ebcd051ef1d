#include "proxy.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <optional>

namespace gwctl::detail {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::optional<ip::address> address_of(const std::string& text) {
    error_code ec;
    const auto address = ip::make_address(text, ec);
    return ec ? std::nullopt : std::optional(address);
}

/// "10.0.0.0/8", "fd00::/8".
bool in_network(const std::string& cidr, const ip::address& address) {
    error_code ec;
    if (address.is_v4()) {
        const auto network = ip::make_network_v4(cidr, ec);
        return !ec &&
               ip::network_v4(address.to_v4(), network.prefix_length()).canonical() == network.canonical();
    }
    const auto network = ip::make_network_v6(cidr, ec);
    return !ec && ip::network_v6(address.to_v6(), network.prefix_length()).canonical() == network.canonical();
}

/// One entry of NO_PROXY as golang.org/x/net/http/httpproxy has it: an address, a network, or a domain with
/// all below it; with a dot or "*." in front only what is below it. Each with a port, if it has one.
bool covers(std::string entry, const endpoint& server) {
    if (entry == "*")
        return true;
    const std::string host = lower_case(server.host);
    const auto address = address_of(host);
    if (address && entry.find('/') != std::string::npos)
        return in_network(entry, *address);
    if (!address_of(entry)) {
        const std::size_t colon = entry.rfind(':');
        if (colon != std::string::npos) {
            if (entry.substr(colon + 1) != server.port)
                return false;
            entry.resize(colon);
        }
        if (entry.starts_with('[') && entry.ends_with(']'))
            entry = entry.substr(1, entry.size() - 2);
    }
    if (address)
        return address_of(entry) == address;
    if (entry.starts_with("*."))
        entry.erase(0, 1);
    if (entry.starts_with('.'))
        return host.ends_with(entry);
    return !entry.empty() && (host == entry || host.ends_with("." + entry));
}

bool is_exempt(const std::string& list, const endpoint& server) {
    for (std::size_t start = 0; start < list.size();) {
        const std::size_t end = std::min(list.find(',', start), list.size());
        std::string entry = lower_case(list.substr(start, end - start));
        std::erase_if(entry, [](unsigned char c) { return std::isspace(c) != 0; });
        if (!entry.empty() && covers(entry, server))
            return true;
        start = end + 1;
    }
    return false;
}

} // namespace

std::string unused_proxy(const endpoint& server, const environment& env) {
    const auto address = address_of(server.host);
    if (server.host == "localhost" || (address && address->is_loopback()))
        return {};
    const std::array<std::string, 4> names{server.tls ? "HTTPS_PROXY" : "HTTP_PROXY",
                                           server.tls ? "https_proxy" : "http_proxy", "ALL_PROXY",
                                           "all_proxy"};
    const auto set =
        std::find_if(names.begin(), names.end(), [&](const auto& name) { return !env(name).empty(); });
    if (set == names.end())
        return {};
    const std::string upper = env("NO_PROXY");
    return is_exempt(upper.empty() ? env("no_proxy") : upper, server) ? std::string() : *set;
}

void tell_of_proxy(const std::string& variable, const std::string& server) {
    static std::atomic<bool> told{false};
    if (variable.empty() || told.exchange(true))
        return;
    log::warn(
        "the environment names a proxy, which is not used: proxies are not supported, and the API server is "
        "connected to directly; put it into NO_PROXY if that is meant",
        {{"variable", variable}, {"server", server}});
}

} // namespace gwctl::detail
