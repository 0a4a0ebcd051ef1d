// What the allocator says when it refuses.
#include <gwctl/ipam/allocator.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gwctl::ipam {
namespace {

std::string describe(const pool& p) {
    constexpr std::size_t longest = 80;
    return p.text.size() <= longest ? fmt::format("{} ({})", p.key, p.text)
                                    : fmt::format("{} ({}...)", p.key, p.text.substr(0, longest));
}

} // namespace

refusal allocator::no_pool(const request& r) const {
    const std::string_view family = r.address  ? std::string_view()
                                    : r.family ? to_string(*r.family)
                                               : std::string_view();
    const std::string kind = family.empty() ? std::string() : fmt::format("{} ", family);
    std::string message =
        r.pools.empty()
            ? fmt::format("no pool has {}addresses for namespace {}; add range-{} or range-global to {}",
                          kind, r.namespace_, r.namespace_, config_.source)
            : fmt::format("none of the pools that may be used here, {}, has {}addresses; add range-{} to {}",
                          fmt::join(r.pools, ", "), kind, r.pools.front(), config_.source);
    if (!config_.errors.empty()) {
        message += fmt::format(", which has mistakes: {}", config_.errors.front());
    }
    return {refusal_reason::no_pool, std::move(message)};
}

std::optional<refusal> allocator::over_limit(const request& r) const {
    const auto own = config_.limits.find(r.namespace_);
    const auto limit = own != config_.limits.end() ? own : config_.limits.find(std::string_view());
    if (limit == config_.limits.end()) {
        return std::nullopt;
    }
    const std::uint64_t held = held_beside(r);
    if (held < limit->second) {
        return std::nullopt;
    }
    const std::string key = "limit-" + (limit->first.empty() ? std::string("global") : limit->first);
    return refusal{refusal_reason::limited,
                   fmt::format("the Gateways of namespace {} have {} of the {} addresses that {} in {} lets "
                               "them have; raise {}{}, or delete a Gateway of this namespace",
                               r.namespace_, held, limit->second, key, config_.source, key,
                               own == limit ? "" : fmt::format(", or add limit-{}", r.namespace_)),
                   {}};
}

refusal allocator::exhausted(const request& r, const pool_list& pools) const {
    std::vector<std::string> parts;
    for (const pool_state* p : pools) {
        std::uint64_t capacity = 0;
        std::uint64_t used = 0;
        for (const ip_family family : {ip_family::ipv4, ip_family::ipv6}) {
            if (!r.family || *r.family == family) {
                capacity += p->capacity[static_cast<std::size_t>(family)];
                used += p->used[static_cast<std::size_t>(family)];
            }
        }
        parts.push_back(fmt::format("pool {} is exhausted: {} of {} {}addresses in use",
                                    describe(*p->definition), used, capacity,
                                    r.family ? fmt::format("{} ", to_string(*r.family)) : ""));
    }
    return {refusal_reason::exhausted,
            fmt::format("{}; widen {} in {} or delete a Gateway", fmt::join(parts, ", "),
                        pools.front()->definition->key, config_.source)};
}

refusal allocator::not_in_pool(const request& r, const ip_address& address, const pool_list& pools) const {
    std::vector<std::string> names;
    for (const pool_state* p : pools) {
        if (p->definition->covered.contains(address)) {
            return {
                refusal_reason::not_in_pool,
                fmt::format(
                    "{} lies in pool {} but is not handed out: it is excluded, or the first or last address "
                    "of a CIDR, or ends in .0 or .255 within a range; name another address",
                    address.to_string(), describe(*p->definition))};
        }
        names.push_back(describe(*p->definition));
    }
    return {refusal_reason::not_in_pool,
            fmt::format("{} is in no pool that {} may use: {}; name an address of these, or add it to {}",
                        address.to_string(),
                        r.pools.empty() ? fmt::format("namespace {}", r.namespace_) : "its class",
                        fmt::join(names, ", "), config_.source)};
}

} // namespace gwctl::ipam
