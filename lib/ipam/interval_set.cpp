#include <gwctl/ipam/interval_set.hpp>

#include <algorithm>
#include <iterator>
#include <limits>

namespace gwctl::ipam {

void interval_set::insert(const address_range& range) {
    ip_address first = range.first;
    ip_address last = range.last;
    const ip_family family = first.family();
    // The range before it, when it overlaps or touches.
    auto it = ranges_.upper_bound(first);
    if (it != ranges_.begin()) {
        const auto before = std::prev(it);
        const ip_address end = before->second;
        if (end.family() == family && (end >= first || end + 1 == first)) {
            first = before->first;
            last = std::max(last, end);
            it = ranges_.erase(before);
        }
    }
    // Those after it, as far as they overlap or touch.
    while (it != ranges_.end() && it->first.family() == family &&
           (it->first <= last || (last != last_address(family) && it->first == last + 1))) {
        last = std::max(last, it->second);
        it = ranges_.erase(it);
    }
    ranges_.emplace_hint(it, first, last);
}

void interval_set::erase(const address_range& range) {
    auto it = ranges_.upper_bound(range.first);
    if (it != ranges_.begin()) {
        --it; // the only one that may begin before the hole
    }
    while (it != ranges_.end() && it->first <= range.last) {
        const auto [first, last] = *it;
        if (last < range.first) {
            ++it;
            continue;
        }
        it = ranges_.erase(it);
        if (first < range.first) {
            ranges_.emplace(first, range.first - 1);
        }
        if (last > range.last) {
            ranges_.emplace(range.last + 1, last);
            return;
        }
    }
}

bool interval_set::contains(const ip_address& address) const { return intersects({address, address}); }

bool interval_set::intersects(const address_range& range) const {
    const auto it = ranges_.upper_bound(range.last);
    return it != ranges_.begin() && std::prev(it)->second >= range.first;
}

std::uint64_t interval_set::size(ip_family family) const {
    constexpr uint128 most = std::numeric_limits<std::uint64_t>::max();
    uint128 sum = 0;
    for (const auto& [first, last] : ranges_) {
        if (first.family() != family) {
            continue;
        }
        const uint128 steps = last.number() - first.number(); // one less than addresses, which may be 2^128
        if (steps >= most || sum + steps >= most) {
            return static_cast<std::uint64_t>(most);
        }
        sum += steps + 1;
    }
    return static_cast<std::uint64_t>(sum);
}

std::optional<ip_address> interval_set::first(ip_family family) const {
    const auto it = ranges_.lower_bound(ip_address(family, 0));
    return it != ranges_.end() && it->first.family() == family ? std::optional(it->first) : std::nullopt;
}

std::optional<ip_address> interval_set::last(ip_family family) const {
    const auto it = ranges_.upper_bound(last_address(family));
    if (it == ranges_.begin()) {
        return std::nullopt;
    }
    const ip_address last = std::prev(it)->second;
    return last.family() == family ? std::optional(last) : std::nullopt;
}

} // namespace gwctl::ipam
