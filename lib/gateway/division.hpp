// How the listeners of a Gateway are divided among the Services that serve them, and what that means for its
// routes.
#pragma once

#include "merge.hpp"

#include <gwctl/gateway/outcome.hpp>
#include <gwctl/gateway/plan.hpp>

#include <map>

namespace gwctl::gateway::detail {

/// The usable listeners, by how they are served.
struct division {
    std::vector<const Listener*> merged{}; ///< also those without a route: their port is open, and refuses
    std::vector<merged_port> merged_ports{};
    std::vector<served_listener> created{};
    std::vector<served_listener> duplicated{};
    std::map<object_key, std::vector<served_listener>> updated{}; ///< by the Service that is borrowed
    std::vector<served_listener> awaiting_finalizer{};            ///< to be borrowed once that is safe
};

/// All parameters must live until the task ends.
task<division> divide(const snapshot& s, const attachments& a, const names& n, std::vector<problem>& problems,
                      pauses& p);

/// A borrowed Service asks for the address with all of its ports, so those must not meet another Service's,
/// and it can have one address only. Takes out what cannot be borrowed, in the order of names.
void refuse_loans(division& d, const snapshot& s, const std::vector<std::string>& addresses, const options& o,
                  const names& n, std::vector<problem>& problems);

/// The Services of a plan, as far as routes are concerned.
struct planned_services {
    /// False: why the Gateway is not served at all.
    verdict served{};
    std::map<const Listener*, object_key> by_listener{};
    /// Address families of the Gateway's Services.
    std::vector<std::string> families{};
    /// What of the endpoints of merged listeners is served.
    std::map<const Listener*, served_endpoints> endpoints{};
};

/// All parameters must live until the task ends.
task<std::vector<route_outcome>> judge_outcomes(const snapshot& s, const attachments& a, const division& d,
                                                const planned_services& services,
                                                const std::vector<problem>& problems, endpoint_source& source,
                                                pauses& p);

} // namespace gwctl::gateway::detail
