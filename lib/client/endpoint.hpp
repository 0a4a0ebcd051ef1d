/// Where the API server is, taken apart.
#pragma once

#include <gwctl/core/error.hpp>

#include <string>
#include <string_view>

namespace gwctl::detail {

struct endpoint {
    bool tls = true;
    std::string host{}; ///< a name, or an address without brackets
    std::string port{};
    std::string prefix{}; ///< path before every target, without a trailing slash: "/k8s/clusters/c-1"

    /// "127.0.0.1:6443", "[::1]:6443": the Host header, and what log lines show.
    std::string authority() const;
    /// "https://127.0.0.1:6443/prefix", for messages.
    std::string url() const;
};

/// Reads "https://HOST[:PORT][/PREFIX]". The message of an error starts with "server: ".
result<endpoint> parse_endpoint(std::string_view server);

} // namespace gwctl::detail
