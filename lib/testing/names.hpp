// The forms that names, keys, ports and addresses must have, and what is said about those that do not have
// them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

/// What is wrong; empty when nothing is.
using problems = std::vector<std::string>;

/// RFC 1123 label: at most 63 of [a-z0-9-], no dash at the ends.
problems check_dns_label(std::string_view s);
/// RFC 1123 subdomain: labels joined by dots, at most 253 characters.
problems check_dns_subdomain(std::string_view s);
/// What can stand in a path: neither "." nor "..", without '/' and '%'.
problems check_path_segment(std::string_view s);
/// An optional subdomain and '/', then a name: keys of labels and annotations, finalizers.
problems check_qualified_name(std::string_view s);
problems check_label_value(std::string_view s);
/// Keys of ConfigMaps and Secrets.
problems check_config_key(std::string_view s);
/// Names of ports that Services may refer to.
problems check_port_name(std::string_view s);
/// An address of either family, without leading zeros in its decimal numbers.
problems check_address(const std::string& s);
/// The same, written as RFC 5952 wants it.
problems check_canonical_address(const std::string& s);
/// An address, '/' and the length of a prefix, with nothing behind the prefix.
problems check_address_range(const std::string& s);
/// No address of its own: unspecified, loopback, link-local or multicast.
problems check_endpoint_address(const std::string& s);

/// What is said about an address that is accepted and not written as it should be.
std::vector<std::string> address_warnings(const std::string& s);

bool is_standard_finalizer(std::string_view s);
bool is_dns_label(std::string_view s);
bool is_dns_subdomain(std::string_view s);

/// 4, 6, or 0 when `s` is no IP address.
int ip_family(const std::string& s);

} // namespace gwctl::testing::detail
