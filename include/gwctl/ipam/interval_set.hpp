/// Sets of addresses, stored as ranges: a /64 costs as much as one address.
#pragma once

#include <gwctl/ipam/address.hpp>

#include <cstdint>
#include <map>
#include <optional>

namespace gwctl::ipam {

/// A set of addresses of both families. All operations on one address take O(log n) for n disjoint ranges.
class interval_set {
public:
    void insert(const address_range& range);
    void insert(const ip_address& address) { insert(address_range{address, address}); }
    void erase(const address_range& range);
    void erase(const ip_address& address) { erase(address_range{address, address}); }

    bool contains(const ip_address& address) const;
    /// True when the set and `range` have an address in common.
    bool intersects(const address_range& range) const;
    bool empty() const noexcept { return ranges_.empty(); }
    /// The number of addresses of one family, or 2^64-1 when there are more. O(n).
    std::uint64_t size(ip_family family) const;

    /// The lowest address of a family.
    std::optional<ip_address> first(ip_family family) const;
    /// The highest address of a family.
    std::optional<ip_address> last(ip_family family) const;

    /// The ranges in ascending order, disjoint and not adjacent, as pairs of first and last address.
    const std::map<ip_address, ip_address>& ranges() const noexcept { return ranges_; }

    friend bool operator==(const interval_set&, const interval_set&) = default;

private:
    std::map<ip_address, ip_address> ranges_; // first -> last
};

} // namespace gwctl::ipam
