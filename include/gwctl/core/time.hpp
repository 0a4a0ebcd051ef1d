/// RFC 3339 timestamps as Kubernetes writes them.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/core/error.hpp>

#include <string>
#include <string_view>

namespace gwctl {

/// metav1.Time: "2026-01-31T08:15:00Z", whole seconds.
std::string format_time(wall_time t);

/// metav1.MicroTime: "2026-01-31T08:15:00.000001Z", always six digits (Lease, events.k8s.io).
std::string format_micro_time(wall_time t);

/// Reads both forms, any number of fraction digits, and numeric offsets. Errors: `errc::decode`, also for times that in
/// UTC are not in the years 0 to 9999, which no RFC 3339 timestamp can say.
result<wall_time> parse_time(std::string_view text);

} // namespace gwctl
