// What keeps Services of a plan from being as wanted: names and ports that others have.
#pragma once

#include <gwctl/gateway/hand_over.hpp>
#include <gwctl/gateway/plan.hpp>

#include <map>

namespace gwctl::gateway::detail {

/// Takes out the Services whose name is taken, by somebody else's or by one of ours for another Gateway that
/// lives, and says why by their keys.
std::map<object_key, std::string> refuse_names(std::vector<core_v1::Service>& services,
                                               const Gateway& gateway, const cluster_view& cluster,
                                               const names& n);

/// What Services that cannot be had as wanted mean for the listeners that they would serve: these leave
/// `by_listener`, but for those that the Service serves already.
void report_refused(const std::map<object_key, std::string>& refused, const snapshot& s, const attachments& a,
                    const names& n, std::map<const Listener*, object_key>& by_listener,
                    std::vector<problem>& problems);

/// The same for ports that another Service has and keeps. What that means for the Gateway's Programmed:
/// NoResources, or Pending while finalizers keep Services that are being deleted.
verdict report_obstacles(const std::vector<ordered_writes::obstacle>& obstacles, const snapshot& s,
                         const attachments& a, const names& n,
                         std::map<const Listener*, object_key>& by_listener, std::vector<problem>& problems);

} // namespace gwctl::gateway::detail
