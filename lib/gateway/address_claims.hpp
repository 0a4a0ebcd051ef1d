// What Gateways and Services say of the addresses that they have, for address_book.
#pragma once

#include <gwctl/core/time.hpp>
#include <gwctl/gateway/addresses.hpp>

namespace gwctl::gateway::detail {

/// As in `ipam::claim::holder`.
inline std::string holder_of(const object_key& gateway) { return describe(Gateway::type, gateway); }

inline bool is_ip(const gateway_v1::GatewayAddress& a) { return a.type.value_or("IPAddress") == "IPAddress"; }

inline wall_time created(const ObjectMeta& metadata) {
    const auto parsed = parse_time(metadata.creationTimestamp);
    return parsed.has_value() ? *parsed : wall_time();
}

} // namespace gwctl::gateway::detail
