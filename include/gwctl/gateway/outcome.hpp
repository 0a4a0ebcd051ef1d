/// How the routes of a Gateway are served, as far as the Gateway decides it: for the status of the routes.
#pragma once

#include <gwctl/gateway/service.hpp>
#include <gwctl/gateway/status.hpp>

#include <map>

namespace gwctl::gateway {

/// What one Gateway makes of one route.
struct route_outcome {
    const route_kind* kind = nullptr;
    object_key key{};
    std::string uid{};
    std::int64_t generation = 0; ///< of the route that was looked at

    /// One per parentRef that names the Gateway, in the route's order.
    struct parent {
        /// Whether connections reach a backend, and through which Service; nothing for a route that is not
        /// accepted.
        std::optional<verdict> programmed{};
        /// Whether backends get what their weights ask for; nothing when the weights are all the same.
        std::optional<verdict> weights{};
        friend bool operator==(const parent&, const parent&) = default;
    };
    std::vector<parent> parents{};
    friend bool operator==(const route_outcome&, const route_outcome&) = default;
};

/// Adds to `verdicts`, which `judge_route` made of this route for the same Gateway, what `outcome` says.
/// False when the outcome is of another generation of the route, or of another route.
bool add_outcome(std::vector<parent_verdict>& verdicts, const route_view& route,
                 const route_outcome& outcome);

} // namespace gwctl::gateway
