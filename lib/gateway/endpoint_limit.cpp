#include "endpoint_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace gwctl::gateway::detail {
namespace {

/// Splits `places` among demands as evenly as these allow: who wants less than the others get leaves them the rest.
std::vector<std::size_t> split_evenly(std::vector<std::size_t> wanted, std::size_t places) {
    std::vector<std::size_t> by_size(wanted.size());
    for (std::size_t i = 0; i < by_size.size(); ++i)
        by_size[i] = i;
    std::stable_sort(by_size.begin(), by_size.end(),
                     [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
    std::size_t others = by_size.size();
    for (const std::size_t i : by_size) {
        wanted[i] = std::min(wanted[i], places / others);
        places -= wanted[i];
        --others;
    }
    return wanted;
}

/// Calls `f(endpoint, is_live)` for all of the group, in the order of addresses.
template <class F>
void each_endpoint(const endpoint_group& group, const std::set<std::string_view>& live, F f) {
    auto at = live.begin();
    for (const Endpoint* e : group.endpoints) {
        while (at != live.end() && *at < address_of(*e))
            ++at;
        f(e, at != live.end() && *at == address_of(*e));
    }
}

/// The best `most` of a group, by address.
std::vector<const Endpoint*> best_of(const endpoint_group& group, std::size_t most,
                                     const std::set<std::string_view>& live) {
    std::array<std::vector<const Endpoint*>, 4> ranked;
    each_endpoint(group, live, [&](const Endpoint* e, bool is_live) {
        ranked[(is_ready(*e) ? 0U : 2U) + (is_live ? 0U : 1U)].push_back(e);
    });
    std::vector<const Endpoint*> best;
    for (const auto& rank : ranked)
        best.insert(best.end(), rank.begin(),
                    rank.begin() + static_cast<std::ptrdiff_t>(std::min(rank.size(), most - best.size())));
    std::sort(best.begin(), best.end(),
              [](const Endpoint* a, const Endpoint* b) { return address_of(*a) < address_of(*b); });
    return best;
}

} // namespace

std::size_t places_for(std::size_t endpoints, std::size_t groups) {
    return groups <= 1 ? endpoints : std::max(endpoints, groups * places_per_group);
}

std::size_t places_for(const endpoint_groups& groups) {
    std::size_t endpoints = 0;
    for (const endpoint_group& g : groups)
        endpoints += g.endpoints.size();
    return places_for(endpoints, groups.size());
}

void share_out(std::vector<endpoint_places>& all, std::string_view home, const options& limits) {
    std::vector<endpoint_places*> in_order;
    for (endpoint_places& p : all) {
        p.granted = p.route == nullptr ? 0 : std::min(p.wanted, endpoints_in_any_case);
        if (p.route != nullptr)
            in_order.push_back(&p);
    }
    std::stable_sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) {
        return std::less<const route_view*>()(a->route, b->route);
    });
    std::size_t left = limits.max_endpoints;
    std::map<std::string_view, std::size_t> used; // by namespace
    const auto raise = [&](endpoint_places& p, std::size_t to) {
        const std::string_view namespace_ = p.route->metadata->namespace_;
        std::size_t& its = used[namespace_];
        std::size_t more = std::min(to - std::min(to, p.granted), left);
        if (namespace_ != home)
            more = std::min(more, limits.max_endpoints_per_namespace -
                                      std::min(limits.max_endpoints_per_namespace, its));
        p.granted += more;
        its += more;
        left -= more;
    };
    for (endpoint_places* p : in_order)
        raise(*p, std::min(p->wanted, p->live));
    for (endpoint_places* p : in_order)
        raise(*p, p->wanted);
}

endpoint_groups choose(const endpoint_groups& all, std::size_t places,
                       const std::vector<std::set<std::string_view>>& live) {
    if (places >= places_for(all))
        return all;
    const auto has_live = [&](std::size_t i) {
        bool any = false;
        each_endpoint(all[i], live[i], [&](const Endpoint*, bool is_live) { any = any || is_live; });
        return any;
    };
    std::vector<std::size_t> kept(all.size());
    std::iota(kept.begin(), kept.end(), std::size_t(0));
    std::stable_partition(kept.begin(), kept.end(), has_live);
    kept.resize(std::min(kept.size(), std::max<std::size_t>(1, places / places_per_group)));
    std::sort(kept.begin(), kept.end());
    std::vector<std::size_t> sizes;
    for (const std::size_t i : kept)
        sizes.push_back(all[i].endpoints.size());
    const std::vector<std::size_t> parts = split_evenly(std::move(sizes), places);
    endpoint_groups chosen;
    for (std::size_t k = 0; k < kept.size(); ++k) {
        const endpoint_group& from = all[kept[k]];
        endpoint_group g = from;
        if (parts[k] < from.endpoints.size())
            g.endpoints = best_of(from, parts[k], live[kept[k]]);
        if (!g.endpoints.empty())
            chosen.push_back(std::move(g));
    }
    return chosen;
}

std::string describe_endpoint_limit(const options& limits) {
    return fmt::format(
        "a Gateway serves at most {} endpoints, {} of them for routes of one namespace other than its "
        "own, and {} of each listener in any case; scale the backends down, or move routes to another "
        "Gateway",
        limits.max_endpoints, limits.max_endpoints_per_namespace, endpoints_in_any_case);
}

} // namespace gwctl::gateway::detail
