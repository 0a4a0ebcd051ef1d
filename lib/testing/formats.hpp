// The `format`s of strings in schemas.
#pragma once

#include <string>

namespace gwctl::testing::detail {

/// True for what has the format, and for formats that are not known: date-time, date, duration, ipv4, ipv6,
/// cidr, mac, uuid, uri, email, hostname and byte are.
bool has_format(const std::string& text, const std::string& format);

} // namespace gwctl::testing::detail
