#include "resource_version.hpp"

#include <algorithm>

namespace gwctl {
namespace {

bool is_decimal(std::string_view v) noexcept {
    return !v.empty() && std::all_of(v.begin(), v.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

std::partial_ordering compare_resource_versions(std::string_view a, std::string_view b) noexcept {
    if (a == b)
        return std::partial_ordering::equivalent;
    if (!is_decimal(a) || !is_decimal(b))
        return std::partial_ordering::unordered;
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    if (a.size() != b.size())
        return a.size() <=> b.size();
    return a.compare(b) <=> 0;
}

bool at_least(std::string_view seen, std::string_view wanted) noexcept {
    return wanted.empty() || compare_resource_versions(seen, wanted) >= 0;
}

} // namespace gwctl
