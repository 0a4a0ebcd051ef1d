/// What a ListenerSet's status says.
#pragma once

#include <gwctl/gateway/status.hpp>

namespace gwctl::gateway {

/// The status of a set whose Gateway is ours; equal to the existing one when nothing changed. Nothing while
/// the Gateway's own status is not about its present generation, since the set's follows it.
///
/// `gateway`, `services`: as they are now, where the snapshot that `a` was made from may be older.
/// Precondition: `set` is among `a.sets`.
std::optional<ListenerSet::Status>
listener_set_status(const ListenerSet& set, const attachments& a, const Gateway& gateway,
                    const std::vector<std::shared_ptr<const core_v1::Service>>& services,
                    std::span<const route_kind* const> kinds, wall_time now);

/// The status of a set whose Gateway does not exist, if it says otherwise; the controller that said so cannot
/// take it back any more when it does not see the set's former parent.
std::optional<ListenerSet::Status> orphan_status(const ListenerSet& set, wall_time now);

} // namespace gwctl::gateway
