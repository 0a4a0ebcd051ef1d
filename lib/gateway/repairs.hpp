// What is said about a Gateway's objects and status that somebody else changed and we put back.
#pragma once

#include "cluster.hpp"

namespace gwctl::gateway::detail {

struct repair {
    resource_type type{};
    std::string message{};
};

/// To be called before the writes, after which nobody can tell any more who made the changes. `version`: the
/// one in which the objects of `drifts` are served.
task<std::vector<repair>> describe_repairs(cluster& c, context& ctx, std::vector<drift> drifts,
                                           std::string version);

/// After the writes: an Event on the Gateway each, and a count.
void report_repairs(cluster& c, context& ctx, const Gateway& gateway, const std::vector<repair>& repairs);

/// A status that was not written by us, though the same was wanted before: at most one.
std::vector<drift> find_status_drift(const cluster& c, const Gateway& gateway, const Gateway::Status& wanted);

/// For telling whether the same is wanted as before.
std::string without_times(Gateway::Status status);

} // namespace gwctl::gateway::detail
