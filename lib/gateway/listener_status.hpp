// The status of one listener, a Gateway's or a ListenerSet's.
#pragma once

#include <gwctl/gateway/status.hpp>

namespace gwctl::gateway {

/// `gateway`: the Gateway's own Programmed.
verdict listener_programmed(const listener_rules& rules, const verdict& gateway);
/// Of a listener that would be programmed if a Service had its port.
verdict unserved_listener(std::string_view transport, std::int32_t port);

/// `existing`: the statuses of all listeners of the object, which keep the times of unchanged conditions.
gateway_v1::ListenerStatus listener_status(const listener_rules& rules, std::int32_t attached,
                                           const verdict& programmed,
                                           const std::vector<gateway_v1::ListenerStatus>& existing,
                                           std::int64_t generation, wall_time now);

/// Whether one of this name is among them: API servers refuse a status that has two.
bool has_listener(const std::vector<gateway_v1::ListenerStatus>& all, std::string_view name);

/// Whether a listener of the set can be served.
bool has_usable_listener(const judged_listeners& judged, const listener_set_rules& set);

/// How many ListenerSets are attached: allowed, and with a listener that can be served.
std::int32_t attached_sets(const judged_listeners& judged);

} // namespace gwctl::gateway
