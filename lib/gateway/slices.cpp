#include "layout.hpp"
#include "merge.hpp"

#include <gwctl/gateway/service.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway {
namespace detail {
namespace {

using discovery_v1::EndpointPort;
using discovery_v1::EndpointSlice;

/// "default/app:80"
std::string owner_text(const backend& b) {
    return fmt::format("{}:{}", to_string(b.service_key), b.ref->port.value_or(0));
}

/// One port of a Service in one family.
struct port_slices {
    const merged_service* service = nullptr;
    const merged_port* port = nullptr;
    std::string family{};
    std::vector<const backend*> backends{}; ///< those that serve
    bool apart = false;
    layout where;

    std::string owner_of(const endpoint_group& g) const {
        return g.owner ? owner_text(*backends[*g.owner]) : std::string();
    }
    endpoint_groups choose_from(const endpoint_groups& all, std::size_t places) const {
        if (places >= places_for(all))
            return all;
        std::vector<std::set<std::string_view>> live;
        for (const endpoint_group& g : all)
            live.push_back(where.addresses_before(g.target_port, owner_of(g)));
        return choose(all, places, live);
    }
};

std::string name_prefix(const core_v1::Service& service, const service_port& port, std::string_view family) {
    return fmt::format("{}-{}-{}-", service.metadata.name, port_name(port.protocol, port.port),
                       family == "IPv6" ? "ipv6" : "ipv4");
}

std::vector<port_slices> list_ports(const std::vector<merged_service>& services,
                                    const existing_slices& existing, const names& n) {
    std::vector<port_slices> all;
    for (const merged_service& service : services)
        for (const merged_port& port : service.ports)
            for (const std::string& family : service.shape.spec.ipFamilies)
                all.push_back({&service, &port, family, usable_backends(port.backends),
                               is_weighted(port.backends),
                               existing.slots_of(service.shape.metadata.namespace_,
                                                 name_prefix(service.shape, port.port, family), family,
                                                 port.port.port, n)});
    return all;
}

/// By backend, the weight of each of its endpoints; empty when the backends do not differ.
std::vector<std::int32_t> endpoint_weights(const port_slices& p, const endpoint_groups& groups) {
    if (!p.apart)
        return {};
    std::vector<std::size_t> serving(p.backends.size());
    std::int64_t heaviest = 1;
    for (const endpoint_group& g : groups) {
        serving[*g.owner] += count_serving(g);
        heaviest = std::max(heaviest, p.backends[*g.owner]->weight);
    }
    std::vector<std::int32_t> weights;
    for (std::size_t i = 0; i < serving.size(); ++i)
        weights.push_back(endpoint_weight(p.backends[i]->weight, heaviest, serving[i]));
    return weights;
}

/// `weight` is 0 for none.
EndpointSlice make_slice(const port_slices& p, const slot& s, std::int32_t weight, const names& n) {
    const core_v1::Service& service = p.service->shape;
    EndpointSlice slice;
    slice.metadata.namespace_ = service.metadata.namespace_;
    slice.metadata.name = name_prefix(service, p.port->port, p.family) + std::to_string(s.number);
    slice.metadata.labels = service.metadata.labels;
    slice.metadata.labels[std::string(discovery_v1::label_service_name)] = service.metadata.name;
    slice.metadata.labels[std::string(discovery_v1::label_managed_by)] = slice_manager;
    for (const auto& [key, value] : service.metadata.annotations)
        if (key == n.gateway() || !is_reserved_key(key, n)) // ours, and those of spec.infrastructure
            slice.metadata.annotations.emplace(key, value);
    if (!s.owner.empty())
        slice.metadata.annotations[n.backend()] = s.owner;
    if (weight > 0)
        slice.metadata.annotations[std::string(annotation_cilium_weight)] = std::to_string(weight);
    slice.metadata.ownerReferences = service.metadata.ownerReferences;
    slice.addressType = p.family;
    slice.endpoints.emplace();
    for (const std::string_view address : s.addresses) {
        Endpoint& e = slice.endpoints->emplace_back(*s.group->find(address));
        e.addresses.resize(1);
        if (!s.group->keeps_hints)
            e.hints.reset();
    }
    EndpointPort port;
    port.name = port_name(p.port->port.protocol, p.port->port.port);
    port.protocol = p.port->port.protocol;
    port.port = s.target_port;
    slice.ports.push_back(std::move(port));
    return slice;
}

void count(served_endpoints& served, const port_slices& p, const endpoint_groups& chosen) {
    if (!p.apart)
        return;
    served.ready.resize(p.backends.size());
    for (const endpoint_group& g : chosen)
        served.ready[*g.owner] += count_ready(g);
}

} // namespace

task<merged_slices> merge_in_pieces(const std::vector<merged_service>& services, endpoint_source& source,
                                    const snapshot& s, const options& o, const names& n, pauses& p) {
    const existing_slices existing(s.managed_slices);
    std::vector<port_slices> ports = list_ports(services, existing, n);
    std::vector<endpoint_places> places;
    for (const port_slices& port : ports) {
        const auto found = co_await source.collect(port.port->backends, port.family, port.apart);
        endpoint_places& its = places.emplace_back();
        its.route = port.port->route;
        its.wanted = places_for(*found);
        its.live = port.where.places_before();
    }
    share_out(places, s.gateway->metadata.namespace_, o);

    merged_slices all;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        port_slices& port = ports[i];
        const auto found = co_await source.collect(port.port->backends, port.family, port.apart);
        const endpoint_groups chosen = port.choose_from(*found, places[i].granted);
        served_endpoints& served = all.served[port.port->listener];
        served.is_whole = served.is_whole && places[i].granted >= places[i].wanted;
        count(served, port, chosen);
        std::vector<std::string> owners;
        for (const endpoint_group& g : chosen)
            owners.push_back(port.owner_of(g));
        port.where.place(chosen, owners);
        const std::vector<std::int32_t> weights = endpoint_weights(port, chosen);
        for (const slot& slot : port.where.slots()) {
            if (p.due())
                co_await p.take();
            const bool has_weight = slot.group != nullptr && slot.group->owner && !weights.empty();
            all.slices.push_back(make_slice(port, slot, has_weight ? weights[*slot.group->owner] : 0, n));
        }
    }
    co_return all;
}

} // namespace detail

void gain_before_losing(std::vector<discovery_v1::EndpointSlice>& slices,
                        const std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>& live) {
    std::map<object_key, const discovery_v1::EndpointSlice*> by_key;
    for (const auto& slice : live)
        by_key.emplace(key_of(*slice), slice.get());
    std::stable_partition(slices.begin(), slices.end(), [&](const discovery_v1::EndpointSlice& wanted) {
        const auto found = by_key.find(key_of(wanted));
        if (found == by_key.end() || !found->second->endpoints)
            return true;
        const discovery_v1::EndpointSlice& old = *found->second;
        std::set<std::string_view> stays;
        if (old.ports == wanted.ports)
            for (const discovery_v1::Endpoint& e : *wanted.endpoints)
                stays.insert(e.addresses.front());
        return std::all_of(old.endpoints->begin(), old.endpoints->end(),
                           [&](const discovery_v1::Endpoint& e) {
                               return e.addresses.empty() || stays.contains(e.addresses.front());
                           });
    });
}

} // namespace gwctl::gateway
