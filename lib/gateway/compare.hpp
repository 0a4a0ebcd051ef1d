// How what is wanted compares with what there is.
#pragma once

#include "pauses.hpp"

#include <gwctl/gateway/plan.hpp>

namespace gwctl::gateway::detail {

/// Adds its digest to each of `wanted`, notes in `objects` how it compares with the cluster's, and takes out those that
/// are right. `managed`: what exists for the Gateway; other Services are looked up.
void keep_unapplied(std::vector<core_v1::Service>& wanted, const snapshot& s, const names& n,
                    std::vector<applied_object>& objects);
/// The arguments must live until the task ends.
task<void> keep_unapplied(std::vector<discovery_v1::EndpointSlice>& wanted, const snapshot& s, const names& n,
                          std::vector<applied_object>& objects, pauses& p);

/// The same for a user's Service, which says nothing of what was wanted of it.
applied_object compare_borrowed(const core_v1::Service& live, const loan& wanted);

/// Sets `applied_object::is_written` of all `desired.objects`.
void mark_written(desired_state& desired);

} // namespace gwctl::gateway::detail
