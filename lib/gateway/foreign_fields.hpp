// What others added to a Service of ours and server-side apply does not take away.
#pragma once

#include <gwctl/api/core_v1.hpp>

#include <optional>
#include <string>

namespace gwctl::gateway::detail {

/// A merge patch (RFC 7386), on the condition that `live` is as it was, that takes ports away which are not
/// wanted, and a selector where none is wanted; nothing when there is neither. Apply leaves them, since
/// another field manager owns them; other fields that we do not set are left to whoever set them.
std::optional<std::string> render_foreign_removal(const core_v1::Service& live,
                                                  const core_v1::Service& wanted);

} // namespace gwctl::gateway::detail
