#include "endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway::detail {
namespace {

using discovery_v1::EndpointPort;
using discovery_v1::EndpointSlice;

/// How many endpoints are kept put together, counted once per list of backends: 8 MiB. Beyond that lists that are
/// not the same as one before are put together each time they are asked for.
constexpr std::size_t most_collected = 1U << 20U;
/// How often it is asked whether a pause is due.
constexpr std::size_t steps_between = 512;

std::string_view or_tcp(const std::string& protocol) {
    return protocol.empty() ? std::string_view("TCP") : protocol;
}

const EndpointPort* find_port(const EndpointSlice& slice, const core_v1::ServicePort& wanted) {
    for (const EndpointPort& p : slice.ports)
        if (p.name.value_or("") == wanted.name && or_tcp(p.protocol) == or_tcp(wanted.protocol) && p.port)
            return &p;
    return nullptr;
}

/// Equal for backends with the same endpoints.
std::string text_of(const backend& b) {
    return fmt::format("{}:{}/{}", to_string(b.service_key), b.port->name, or_tcp(b.port->protocol));
}

/// The group of a target port and owner, which are added in this order.
endpoint_group& group_for(endpoint_groups& groups,
                          std::map<std::pair<std::int32_t, std::size_t>, std::size_t>& known,
                          std::int32_t target_port, std::optional<std::size_t> owner) {
    const auto [at, is_new] = known.try_emplace({target_port, owner.value_or(0)}, groups.size());
    if (is_new) {
        endpoint_group& g = groups.emplace_back();
        g.target_port = target_port;
        g.owner = owner;
    }
    return groups[at->second];
}

} // namespace

bool is_ready(const Endpoint& e) { return e.conditions.ready.value_or(true); }

const Endpoint* endpoint_group::find(std::string_view address) const {
    const auto at =
        std::lower_bound(endpoints.begin(), endpoints.end(), address,
                         [](const Endpoint* e, std::string_view a) { return address_of(*e) < a; });
    return at == endpoints.end() || address_of(**at) != address ? nullptr : *at;
}

std::vector<const backend*> usable_backends(const std::vector<backend>& backends) {
    std::vector<const backend*> usable;
    for (const backend& b : backends)
        if (b.usable() && b.service && b.port != nullptr)
            usable.push_back(&b);
    return usable;
}

const endpoint_source::slice_list& endpoint_source::slices(const object_key& service) {
    const auto found = slices_.find(service);
    return found != slices_.end() ? found->second
                                  : slices_.emplace(service, cluster_.slices(service)).first->second;
}

task<const endpoint_source::by_place*> endpoint_source::read(const backend& b, std::string family) {
    const auto [known, is_new] = read_.try_emplace(text_of(b) + " " + family);
    by_place& all = known->second;
    if (!is_new)
        co_return &all;
    for (const auto& slice : slices(b.service_key)) {
        if (pauses_.due())
            co_await pauses_.take();
        const EndpointPort* port =
            slice->addressType == family && slice->endpoints ? find_port(*slice, *b.port) : nullptr;
        if (port == nullptr)
            continue;
        for (const Endpoint& endpoint : *slice->endpoints) {
            if (endpoint.addresses.empty())
                continue;
            ++steps_;
            const auto [seen, is_first] = all.try_emplace({*port->port, address_of(endpoint)}, &endpoint);
            // While it moves between slices an endpoint may be in two, and one of them may be outdated.
            if (!is_first && !is_ready(*seen->second) && is_ready(endpoint))
                seen->second = &endpoint;
        }
    }
    co_return &all;
}

task<std::shared_ptr<const endpoint_groups>> endpoint_source::collect(const std::vector<backend>& backends,
                                                                      std::string family, bool apart) {
    const std::vector<const backend*> usable = usable_backends(backends);
    std::string id = fmt::format("{} {}", family, apart);
    for (const backend* b : usable)
        id += " " + text_of(*b);
    if (const auto known = collected_.find(id); known != collected_.end())
        co_return known->second;

    struct owned {
        const Endpoint* endpoint = nullptr;
        std::size_t owner = 0;
    };
    std::map<place, owned> all; // so that the order of events leaves no trace
    for (std::size_t i = 0; i < usable.size(); ++i) {
        const by_place* its = co_await read(*usable[i], family);
        for (const auto& [where, endpoint] : *its) {
            if (++steps_ % steps_between == 0 && pauses_.due())
                co_await pauses_.take();
            const std::size_t before = all.size();
            const auto seen = all.emplace_hint(all.end(), where, owned{endpoint, i});
            if (all.size() == before && !is_ready(*seen->second.endpoint) && is_ready(*endpoint))
                seen->second.endpoint = endpoint;
        }
    }
    endpoint_groups groups;
    std::map<std::pair<std::int32_t, std::size_t>, std::size_t> known;
    for (const auto& [where, found] : all) {
        if (++steps_ % steps_between == 0 && pauses_.due())
            co_await pauses_.take();
        const std::optional<std::size_t> owner = apart ? std::optional(found.owner) : std::nullopt;
        endpoint_group& group = group_for(groups, known, where.first, owner);
        group.keeps_hints = usable.size() <= 1;
        group.endpoints.push_back(found.endpoint);
    }
    auto made = std::make_shared<const endpoint_groups>(std::move(groups));
    if (collected_endpoints_ + all.size() <= most_collected) {
        collected_endpoints_ += all.size();
        collected_.emplace(std::move(id), made);
    }
    co_return made;
}

bool endpoint_source::has_any(const std::vector<backend>& backends, std::string_view family) {
    for (const backend* b : usable_backends(backends))
        for (const auto& slice : slices(b->service_key))
            if (slice->addressType == family && slice->endpoints && find_port(*slice, *b->port) != nullptr)
                for (const Endpoint& e : *slice->endpoints)
                    if (!e.addresses.empty())
                        return true;
    return false;
}

bool is_weighted(const std::vector<backend>& backends) {
    std::set<std::int64_t> weights;
    for (const backend& b : backends)
        if (b.usable())
            weights.insert(b.weight);
    return weights.size() > 1;
}

std::size_t count_ready(const endpoint_group& group) {
    return static_cast<std::size_t>(std::count_if(group.endpoints.begin(), group.endpoints.end(),
                                                  [](const Endpoint* e) { return is_ready(*e); }));
}

std::size_t count_serving(const endpoint_group& group) {
    const std::size_t ready = count_ready(group);
    return ready == 0 ? group.endpoints.size() : ready;
}

std::int32_t endpoint_weight(std::int64_t weight, std::int64_t heaviest, std::size_t endpoints) {
    constexpr std::int64_t largest = 65535;
    const std::int64_t of = heaviest * std::max<std::int64_t>(1, static_cast<std::int64_t>(endpoints));
    const std::int64_t rounded = (weight * largest + of / 2) / of;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(rounded, 1, largest));
}

} // namespace gwctl::gateway::detail
