/// ReferenceGrant: whether something may refer across namespaces.
#pragma once

#include <gwctl/gateway/snapshot.hpp>

namespace gwctl::gateway {

struct reference {
    std::string_view group{};
    std::string_view kind{};
    std::string_view namespace_{};
    std::string_view name{};
};

/// Whether `from` (its name is ignored) may refer to `to`: always within a namespace, else when a grant in
/// the target's namespace lists both.
bool permitted(const reference& from, const reference& to, const cluster_view& cluster);

} // namespace gwctl::gateway
