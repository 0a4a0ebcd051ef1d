#include "endpoint.hpp"

#include <gwctl/core/secrets.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/scheme.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

#include <charconv>

namespace gwctl::detail {

namespace {

std::string in_brackets(const std::string& host) {
    return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

} // namespace

std::string endpoint::authority() const { return fmt::format("{}:{}", in_brackets(host), port); }

std::string endpoint::host_header() const {
    return port == (tls ? "443" : "80") ? in_brackets(host) : authority();
}

std::string endpoint::url() const {
    return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), prefix);
}

result<endpoint> parse_endpoint(std::string_view server, bool tls) {
    const auto wrong = [&](std::string_view expected) {
        return error{errc::config,
                     fmt::format("server: expected {}, got \"{}\"", expected, shown_url(server))};
    };
    std::string text(server);
    if (!server.empty() && server.find("://") == std::string_view::npos) {
        if (server.find_first_of("/?#") < server.size() - 1)
            return wrong("https://HOST:PORT/PATH, since a path needs the scheme in front");
        text.insert(0, tls ? "https://" : "http://");
    }
    const auto url = boost::urls::parse_uri(text);
    const auto scheme = url.has_error() ? boost::urls::scheme::none : url->scheme_id(); // in capitals, too
    if (scheme != boost::urls::scheme::https && scheme != boost::urls::scheme::http)
        return wrong("https://HOST:PORT");
    if (url->host_address().empty())
        return wrong("a host name or address after https://");
    // Boost 1.81 takes what follows "[::1]" for the path.
    if (const std::string path(url->encoded_path()); !path.empty() && path.front() != '/')
        return wrong("https://HOST:PORT");
    // Decoded it could be anything, also the end of the header that it stands in. Go's URLs have none either.
    if (std::string(url->encoded_host()).find('%') != std::string::npos)
        return wrong("a host name without percent signs");
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
    e.tls = scheme == boost::urls::scheme::https;
    e.host = url->host_address();
    e.port = url->has_port() ? std::string(url->port()) : e.tls ? "443" : "80";
    e.prefix = std::string(url->encoded_path());
    while (e.prefix.ends_with('/'))
        e.prefix.pop_back();
    return e;
}

result<endpoint> endpoint_of(const cluster_config& config) {
    return parse_endpoint(config.server, !config.certificate_authority.empty() ||
                                             !config.client_certificate.empty() ||
                                             config.insecure_skip_tls_verify);
}

} // namespace gwctl::detail
