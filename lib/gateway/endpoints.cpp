#include "endpoints.hpp"

#include <algorithm>
#include <set>

namespace gwctl::gateway::detail {
namespace {

using discovery_v1::Endpoint;
using discovery_v1::EndpointPort;
using discovery_v1::EndpointSlice;

const EndpointPort* find_port(const EndpointSlice& slice, const core_v1::ServicePort& wanted) {
    const std::string_view protocol = wanted.protocol.empty() ? std::string_view("TCP") : wanted.protocol;
    for (const EndpointPort& p : slice.ports) {
        const std::string_view slice_protocol = p.protocol.empty() ? std::string_view("TCP") : p.protocol;
        if (p.name.value_or("") == wanted.name && slice_protocol == protocol && p.port)
            return &p;
    }
    return nullptr;
}

struct owned_endpoint {
    Endpoint endpoint{};
    const backend* owner = nullptr;
};
/// By target port and address, so that the order of events leaves no trace.
using endpoint_map = std::map<std::pair<std::int32_t, std::string>, owned_endpoint>;

void collect_from(const backend& b, std::string_view family, const cluster_view& cluster, endpoint_map& all) {
    for (const auto& slice : cluster.slices(b.service_key)) {
        if (slice->addressType != family || !slice->endpoints)
            continue;
        const EndpointPort* port = find_port(*slice, *b.port);
        if (port == nullptr)
            continue;
        for (const Endpoint& endpoint : *slice->endpoints) {
            if (endpoint.addresses.empty())
                continue;
            const auto [seen, is_new] =
                all.try_emplace({*port->port, endpoint.addresses.front()}, owned_endpoint{endpoint, &b});
            // While it moves between slices an endpoint may be in two, and one of them may be outdated.
            if (!is_new && !is_ready(seen->second.endpoint) && is_ready(endpoint))
                seen->second.endpoint = endpoint;
        }
    }
}

} // namespace

bool is_ready(const Endpoint& e) { return e.conditions.ready.value_or(true); }

std::vector<endpoint_group> collect_endpoints(const std::vector<backend>& backends, std::string_view family,
                                              const cluster_view& cluster, bool apart) {
    endpoint_map all;
    std::ptrdiff_t sources = 0;
    for (const backend& b : backends) {
        if (!b.usable() || !b.service || b.port == nullptr)
            continue;
        ++sources;
        collect_from(b, family, cluster, all);
    }
    std::vector<endpoint_group> groups;
    for (auto& [where, found] : all) {
        const backend* owner = apart ? found.owner : nullptr;
        auto group = std::find_if(groups.begin(), groups.end(), [&, port = where.first](const auto& g) {
            return g.target_port == port && g.target == owner;
        });
        if (group == groups.end())
            group = groups.insert(groups.end(), {where.first, owner, {}});
        found.endpoint.addresses = {where.second};
        // Hints keep traffic near by the endpoints of one Service; among those of several they would decide
        // who is served at all.
        if (sources > 1)
            found.endpoint.hints.reset();
        group->endpoints.emplace(where.second, std::move(found.endpoint));
    }
    return groups;
}

bool is_weighted(const std::vector<backend>& backends) {
    std::set<std::int64_t> weights;
    for (const backend& b : backends)
        if (b.usable())
            weights.insert(b.weight);
    return weights.size() > 1;
}

std::size_t count_serving(const std::map<std::string, Endpoint>& endpoints) {
    const auto ready =
        std::count_if(endpoints.begin(), endpoints.end(), [](const auto& e) { return is_ready(e.second); });
    return ready == 0 ? endpoints.size() : static_cast<std::size_t>(ready);
}

std::int32_t endpoint_weight(std::int64_t weight, std::int64_t heaviest, std::size_t endpoints) {
    constexpr std::int64_t largest = 65535;
    const std::int64_t of = heaviest * std::max<std::int64_t>(1, static_cast<std::int64_t>(endpoints));
    const std::int64_t rounded = (weight * largest + of / 2) / of;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(rounded, 1, largest));
}

} // namespace gwctl::gateway::detail
