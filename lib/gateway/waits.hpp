// What is done, and said, while a source that a decision reads is unknown: nothing changes, and a source that is
// denied stands in the status of whom it stops.
#pragma once

#include "cluster.hpp"

namespace gwctl::gateway::detail {

/// Null: the Gateway is not there, as far as can be told. `reason` is what Programmed says of one that is not
/// programmed.
task<action> wait_for_source(cluster& c, context& ctx, std::shared_ptr<const Gateway> gateway,
                             unknown_source source, std::string reason);
task<action> wait_for_source(cluster& c, context& ctx, std::shared_ptr<const ListenerSet> set,
                             unknown_source source);
task<action> wait_for_source(cluster& c, served_route_source& routes, context& ctx, route_view route,
                             unknown_source source);

} // namespace gwctl::gateway::detail
