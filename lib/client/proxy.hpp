/// Proxies that the environment names, and that are not used.
#pragma once

#include "endpoint.hpp"
#include "kubeconfig.hpp"

#include <string>

namespace gwctl::detail {

/// The variable that names a proxy for this server, as Go's programs and curl read them: HTTPS_PROXY or
/// https_proxy for https, HTTP_PROXY or http_proxy for http, else ALL_PROXY or all_proxy. Empty when there is
/// none, when NO_PROXY covers the server, and for this machine's own addresses.
std::string unused_proxy(const endpoint& server, const environment& env);

/// Warns once in the life of the process. Its value stays untold: it may hold a password.
void tell_of_proxy(const std::string& variable, const std::string& server);

} // namespace gwctl::detail
