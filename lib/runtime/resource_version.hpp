/// The order of resourceVersions.
#pragma once

#include <compare>
#include <string_view>

namespace gwctl {

/// Compares two resourceVersions of one API server.
///
/// They are decimals of any length (KEP-5504), so the longer one is newer. Anything else, "" included, is
/// only equal to itself and otherwise unordered.
std::partial_ordering compare_resource_versions(std::string_view a, std::string_view b) noexcept;

/// Whether a cache that has seen `seen` has seen `wanted` too. True when `wanted` is empty.
bool at_least(std::string_view seen, std::string_view wanted) noexcept;

} // namespace gwctl
