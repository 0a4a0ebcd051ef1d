#include "endpoint.hpp"

#include <gwctl/core/secrets.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

#include <charconv>

namespace gwctl::detail {

std::string endpoint::authority() const {
    const bool v6 = host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string endpoint::url() const {
    return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), prefix);
}

result<endpoint> parse_endpoint(std::string_view server) {
    const auto wrong = [&](std::string_view expected) {
        return error{errc::config,
                     fmt::format("server: expected {}, got \"{}\"", expected, shown_url(server))};
    };
    const auto url = boost::urls::parse_uri(server);
    if (url.has_error() || (url->scheme() != "https" && url->scheme() != "http"))
        return wrong("https://HOST:PORT");
    if (url->host_address().empty())
        return wrong("a host name or address after https://");
    if (url->has_userinfo() || url->has_query() || url->has_fragment())
        return wrong("https://HOST:PORT without user, query or fragment");
    // port_number() of Boost 1.81 wraps around.
    if (const std::string_view port = url->port(); url->has_port()) {
        std::uint16_t number = 0;
        const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
        if (failed != std::errc() || end != port.data() + port.size() || number == 0)
            return wrong("a port from 1 to 65535");
    }

    endpoint e;
    e.tls = url->scheme() == "https";
    e.host = url->host_address();
    e.port = url->has_port() ? std::string(url->port()) : e.tls ? "443" : "80";
    e.prefix = std::string(url->encoded_path());
    while (e.prefix.ends_with('/'))
        e.prefix.pop_back();
    return e;
}

} // namespace gwctl::detail
