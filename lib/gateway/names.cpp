#include "digest.hpp"

#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/options.hpp>

#include <fmt/format.h>

#include <cctype>

namespace gwctl::gateway {

std::string_view to_string(behaviour b) noexcept {
    switch (b) {
    case behaviour::merge:
        return "merge";
    case behaviour::create:
        return "create";
    case behaviour::duplicate:
        return "duplicate";
    case behaviour::update:
        return "update";
    }
    return "merge";
}

std::optional<behaviour> parse_behaviour(std::string_view text) noexcept {
    for (const behaviour b : {behaviour::merge, behaviour::create, behaviour::duplicate, behaviour::update})
        if (text == to_string(b))
            return b;
    return std::nullopt;
}

names::names(std::string_view controller_name)
    : controller_(controller_name), domain_(controller_name.substr(0, controller_name.find('/'))) {}

std::string shortened(std::string_view text, std::size_t limit) {
    if (text.size() <= limit)
        return std::string(text);
    const std::string suffix = fmt::format("-{:010x}", detail::digest(text) & 0xffffffffffu);
    std::string_view prefix = text.substr(0, limit - suffix.size());
    while (!prefix.empty() && std::isalnum(static_cast<unsigned char>(prefix.back())) == 0)
        prefix.remove_suffix(1);
    return std::string(prefix) + suffix;
}

std::string gateway_service_name(std::string_view gateway, std::string_view gateway_class) {
    // Gateway and class names are DNS subdomains: they may hold dots and start with a digit, a Service's may
    // not. The digest of what was replaced keeps "a.b" and "a-b" apart.
    const std::string wanted = fmt::format("{}-{}", gateway, gateway_class);
    std::string label = wanted;
    for (char& c : label)
        if (c == '.')
            c = '-';
    if (std::isdigit(static_cast<unsigned char>(label.front())) != 0)
        label.insert(0, "gw-");
    constexpr std::size_t longest = 63;
    if (label == wanted)
        return shortened(label, longest);
    const std::string suffix = fmt::format("-{:010x}", detail::digest(wanted) & 0xffffffffffu);
    return shortened(label, longest - suffix.size()) + suffix;
}

std::string_view parent_annotation(const route_kind& kind) {
    if (kind.type == gateway_v1::TCPRoute::type)
        return annotation_parent_tcp_route;
    return kind.type == gateway_v1::UDPRoute::type ? annotation_parent_udp_route : std::string_view();
}

std::string port_name(std::string_view protocol, std::int32_t port) {
    std::string name(protocol);
    for (char& c : name)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return fmt::format("{}-{}", name, port);
}

} // namespace gwctl::gateway
