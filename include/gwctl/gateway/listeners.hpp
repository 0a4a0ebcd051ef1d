/// Which listeners are usable, before any route is looked at.
#pragma once

#include <gwctl/gateway/snapshot.hpp>

namespace gwctl::gateway {

/// What the rules say of one listener before any route is looked at.
struct listener_rules {
    const Listener* listener = nullptr;
    /// The kinds that may attach: those that fit the protocol, narrowed to `allowedRoutes.kinds`.
    std::vector<const route_kind*> kinds{};
    verdict accepted{};
    verdict resolved_refs{}; ///< false when `allowedRoutes.kinds` lists one that does not fit
    bool conflicted = false;
};

/// One entry per listener of the Gateway, in its order.
std::vector<listener_rules> judge_listeners(const Gateway& gateway, std::span<const route_kind* const> kinds);

} // namespace gwctl::gateway
