/// Whether pods can see the client's address: what externalTrafficPolicy Local takes.
#pragma once

#include <gwctl/gateway/options.hpp>
#include <gwctl/gateway/slices.hpp>

namespace gwctl::gateway {

/// Whether Local, if `o` asks for it, works with its announcer for a Gateway that has become so many Services
/// and whose own Service has these ports. False: InvalidParameters, with what to do.
verdict judge_client_address(const options& o, std::size_t services, const std::vector<merged_port>& merged);

} // namespace gwctl::gateway
