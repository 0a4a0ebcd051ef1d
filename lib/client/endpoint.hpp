/// Where the API server is, taken apart.
#pragma once

#include <gwctl/client/config.hpp>
#include <gwctl/core/error.hpp>

#include <string>
#include <string_view>

namespace gwctl::detail {

struct endpoint {
    bool tls = true;
    std::string host{}; ///< a name, or an address without brackets
    std::string port{};
    std::string prefix{}; ///< path before every target, without a trailing slash: "/k8s/clusters/c-1"

    /// "127.0.0.1:6443", "[::1]:6443": what log lines show.
    std::string authority() const;
    /// The same without the scheme's own port, which virtual hosts need not know (RFC 9110, section 4.2.3).
    std::string host_header() const;
    /// "https://127.0.0.1:6443/prefix", for messages.
    std::string url() const;
};

/// Reads "https://HOST[:PORT][/PREFIX]" or, without a scheme, "HOST[:PORT]", which `tls` then decides on. The
/// message of an error starts with "server: ".
result<endpoint> parse_endpoint(std::string_view server, bool tls = false);

/// The server of a config. As in client-go one without a scheme is https exactly if there is something to do
/// TLS with: a certificate authority, a client certificate, or the wish not to verify.
result<endpoint> endpoint_of(const cluster_config& config);

} // namespace gwctl::detail
