#include "endpoints.hpp"

#include <gwctl/gateway/service.hpp>
#include <gwctl/gateway/slices.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gwctl::gateway {
namespace {

using detail::endpoint_group;
using discovery_v1::Endpoint;
using discovery_v1::EndpointPort;
using discovery_v1::EndpointSlice;
using existing_slices = std::vector<std::shared_ptr<const EndpointSlice>>;

/// The limit of the endpoint slice controller (kube-controller-manager --max-endpoints-per-slice).
constexpr std::size_t endpoints_per_slice = 100;

/// "default/app:80"
std::string owner_text(const backend* b) {
    return b == nullptr ? std::string()
                        : fmt::format("{}:{}", to_string(b->service_key), b->ref->port.value_or(0));
}

/// A slice, numbered, and which endpoints it is to have.
struct slot {
    std::size_t number = 0;
    std::int32_t target_port = 0;
    std::string owner{};            ///< of which backend, when each has slices of its own
    std::set<std::string> before{}; ///< addresses in the cluster
    std::set<std::string> addresses{};
    const endpoint_group* group = nullptr;

    std::size_t room() const { return endpoints_per_slice - addresses.size(); }
    bool is_written() const { return before != addresses; }
};

/// Who goes where.
class layout {
public:
    explicit layout(std::vector<slot> slots, std::set<std::size_t> taken)
        : slots_(std::move(slots)), taken_(std::move(taken)) {}

    void place(const std::vector<endpoint_group>& groups) {
        for (const endpoint_group& g : groups)
            keep(g);
        for (const endpoint_group& g : groups)
            fill(g);
        for (slot& s : slots_)
            if (s.group == nullptr)
                s.owner.clear(); // it has nothing, so it is no one's
    }
    const std::vector<slot>& slots() const { return slots_; }

private:
    void keep(const endpoint_group& g) {
        const std::string owner = owner_text(g.target);
        std::set<std::string>& placed = placed_[&g];
        for (slot& s : slots_) {
            if (s.group != nullptr || s.target_port != g.target_port || s.owner != owner)
                continue;
            s.group = &g;
            for (const std::string& address : s.before)
                if (s.room() > 0 && g.endpoints.contains(address) && placed.insert(address).second)
                    s.addresses.insert(address);
        }
    }

    void fill(const endpoint_group& g) {
        std::vector<std::string> missing;
        for (const auto& [address, endpoint] : g.endpoints)
            if (!placed_[&g].contains(address))
                missing.push_back(address);
        for (std::size_t i = 0; i < missing.size(); ++i)
            slot_for(g, missing.size() - i).addresses.insert(missing[i]);
    }

    /// A slice with room: one that changes anyway, else the fullest that holds all `missing`, else the
    /// emptiest, else one that is free or new.
    slot& slot_for(const endpoint_group& g, std::size_t missing) {
        slot* best = nullptr;
        const auto rank = [&](const slot& s) {
            const bool fits = s.room() >= missing;
            const std::size_t fullness = s.addresses.size();
            return std::tuple(s.is_written(), fits, fits ? fullness : s.room());
        };
        for (slot& s : slots_)
            if (s.group == &g && s.room() > 0 && (best == nullptr || rank(*best) < rank(s)))
                best = &s;
        if (best != nullptr)
            return *best;
        const auto unused =
            std::find_if(slots_.begin(), slots_.end(), [](const slot& s) { return s.group == nullptr; });
        slot& s = unused == slots_.end() ? add() : *unused;
        s.group = &g;
        s.target_port = g.target_port;
        s.owner = owner_text(g.target);
        return s;
    }

    slot& add() {
        std::size_t number = 0;
        while (!taken_.insert(number).second)
            ++number;
        slots_.emplace_back().number = number;
        return slots_.back();
    }

    std::vector<slot> slots_;
    std::set<std::size_t> taken_;
    std::map<const endpoint_group*, std::set<std::string>> placed_;
};

struct slice_template {
    const core_v1::Service& service;
    const service_port& port;
    std::string_view family;
    const names& n;

    std::string prefix() const {
        return fmt::format("{}-{}-{}-", service.metadata.name, port_name(port.protocol, port.port),
                           family == "IPv6" ? "ipv6" : "ipv4");
    }

    /// `weight` is 0 for none.
    EndpointSlice make(const slot& s, std::int32_t weight) const {
        EndpointSlice slice;
        slice.metadata.namespace_ = service.metadata.namespace_;
        slice.metadata.name = prefix() + std::to_string(s.number);
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
        slice.addressType = family;
        slice.endpoints.emplace();
        for (const std::string& address : s.addresses)
            slice.endpoints->push_back(s.group->endpoints.at(address));
        EndpointPort p;
        p.name = port_name(port.protocol, port.port);
        p.protocol = port.protocol;
        p.port = s.target_port;
        slice.ports.push_back(std::move(p));
        return slice;
    }
};

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 6 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

layout existing_layout(const slice_template& shape, const existing_slices& existing) {
    const std::string prefix = shape.prefix();
    std::vector<slot> slots;
    std::set<std::size_t> taken;
    for (const auto& old : existing) {
        const std::string_view name = old->metadata.name;
        if (old->metadata.namespace_ != shape.service.metadata.namespace_ || !name.starts_with(prefix) ||
            !is_number(name.substr(prefix.size())))
            continue;
        const std::size_t number = std::stoul(std::string(name.substr(prefix.size())));
        const bool is_first = taken.insert(number).second;
        if (!is_first || old->addressType != shape.family || old->ports.empty())
            continue;
        slot& s = slots.emplace_back();
        s.number = number;
        s.target_port = old->ports.front().port.value_or(shape.port.port);
        if (const auto owner = old->metadata.annotations.find(shape.n.backend());
            owner != old->metadata.annotations.end())
            s.owner = owner->second;
        if (old->endpoints)
            for (const Endpoint& e : *old->endpoints)
                if (!e.addresses.empty())
                    s.before.insert(e.addresses.front());
    }
    std::sort(slots.begin(), slots.end(), [](const slot& a, const slot& b) { return a.number < b.number; });
    if (slots.empty()) {
        slot& s = slots.emplace_back();
        while (!taken.insert(s.number).second)
            ++s.number;
        s.target_port = shape.port.port;
    }
    return layout(std::move(slots), std::move(taken));
}

/// By backend, the weight of each of its endpoints; empty when the backends do not differ.
std::map<const backend*, std::int32_t> endpoint_weights(const std::vector<endpoint_group>& groups) {
    std::map<const backend*, std::size_t> serving;
    std::int64_t heaviest = 1;
    for (const endpoint_group& g : groups) {
        if (g.target == nullptr)
            return {};
        serving[g.target] += detail::count_serving(g.endpoints);
        heaviest = std::max(heaviest, g.target->weight);
    }
    std::map<const backend*, std::int32_t> weights;
    for (const auto& [target, endpoints] : serving)
        weights[target] = detail::endpoint_weight(target->weight, heaviest, endpoints);
    return weights;
}

} // namespace

std::vector<EndpointSlice> merge_slices(const core_v1::Service& service,
                                        const std::vector<merged_port>& ports, const cluster_view& cluster,
                                        const existing_slices& existing, const names& n) {
    std::vector<std::string> families = service.spec.ipFamilies;
    if (families.empty())
        families.push_back("IPv4");
    std::vector<EndpointSlice> all;
    for (const merged_port& port : ports) {
        const bool apart = detail::is_weighted(port.backends);
        for (const std::string& family : families) {
            const slice_template shape{service, port.port, family, n};
            const std::vector<endpoint_group> groups =
                detail::collect_endpoints(port.backends, family, cluster, apart);
            const auto weights = endpoint_weights(groups);
            layout where = existing_layout(shape, existing);
            where.place(groups);
            for (const slot& s : where.slots()) {
                const bool has_weight = s.group != nullptr && !weights.empty();
                all.push_back(shape.make(s, has_weight ? weights.at(s.group->target) : 0));
            }
        }
    }
    return all;
}

void gain_before_losing(std::vector<EndpointSlice>& slices, const existing_slices& live) {
    std::stable_partition(slices.begin(), slices.end(), [&](const EndpointSlice& wanted) {
        const auto old = std::find_if(live.begin(), live.end(),
                                      [&](const auto& l) { return key_of(*l) == key_of(wanted); });
        if (old == live.end() || !(*old)->endpoints)
            return true;
        std::set<std::string> stays;
        if ((*old)->ports == wanted.ports)
            for (const Endpoint& e : *wanted.endpoints)
                stays.insert(e.addresses.front());
        return std::all_of((*old)->endpoints->begin(), (*old)->endpoints->end(), [&](const Endpoint& e) {
            return e.addresses.empty() || stays.contains(e.addresses.front());
        });
    });
}

} // namespace gwctl::gateway
