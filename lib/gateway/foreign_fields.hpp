// What others added to an object of ours and server-side apply does not take away.
#pragma once

#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/discovery_v1.hpp>

#include <optional>
#include <string>

namespace gwctl::gateway::detail {

/// A merge patch (RFC 7386), on the condition that `live` is as it was, that takes ports and owner references
/// away which are not wanted, and a selector where none is wanted; nothing when there is none of that. Apply
/// leaves them, since another field manager owns them; other fields that we do not set are left to whoever set
/// them. An owner that is not ours would keep the object alive after its Gateway.
std::optional<std::string> render_foreign_removal(const core_v1::Service& live,
                                                  const core_v1::Service& wanted);
/// The same; of owner references only, the lists of a slice being one field each.
std::optional<std::string> render_foreign_removal(const discovery_v1::EndpointSlice& live,
                                                  const discovery_v1::EndpointSlice& wanted);

} // namespace gwctl::gateway::detail
