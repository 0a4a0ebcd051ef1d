/// The EndpointSlices behind a Gateway's Service, merged from those of the backends.
#pragma once

#include <gwctl/gateway/backends.hpp>

namespace gwctl::gateway {

/// A port of a Service without selector and what answers on it.
struct merged_port {
    service_port port{};
    std::vector<backend> backends{}; ///< empty for a listener without a route
    const Listener* listener = nullptr;
    const route_view* route = nullptr; ///< null for a listener without a route
};

/// Puts slices that lose endpoints after those that only gain, so that an endpoint that moves is never in
/// none.
void gain_before_losing(std::vector<discovery_v1::EndpointSlice>& slices,
                        const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& live);

} // namespace gwctl::gateway
