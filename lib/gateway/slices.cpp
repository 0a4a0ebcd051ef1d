#include <gwctl/gateway/service.hpp>
#include <gwctl/gateway/slices.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using discovery_v1::Endpoint;
using discovery_v1::EndpointPort;
using discovery_v1::EndpointSlice;

/// The limit of the endpoint slice controller (kube-controller-manager --max-endpoints-per-slice).
constexpr std::size_t endpoints_per_slice = 100;

/// By target port, then by address, so that the order of events leaves no trace.
using endpoint_groups = std::map<std::int32_t, std::map<std::string, Endpoint>>;

const EndpointPort* find_port(const EndpointSlice& slice, const core_v1::ServicePort& wanted) {
    const std::string_view protocol = wanted.protocol.empty() ? std::string_view("TCP") : wanted.protocol;
    for (const EndpointPort& p : slice.ports) {
        const std::string_view slice_protocol = p.protocol.empty() ? std::string_view("TCP") : p.protocol;
        if (p.name.value_or("") == wanted.name && slice_protocol == protocol && p.port)
            return &p;
    }
    return nullptr;
}

bool is_ready(const Endpoint& e) { return e.conditions.ready.value_or(true); }

endpoint_groups collect(const std::vector<backend>& backends, std::string_view family,
                        const cluster_view& cluster) {
    endpoint_groups groups;
    for (const backend& b : backends) {
        if (!b.usable() || !b.service)
            continue;
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
                    groups[*port->port].try_emplace(endpoint.addresses.front(), endpoint);
                // While it moves between slices an endpoint may be in two, and one of them may be outdated.
                if (!is_new && !is_ready(seen->second) && is_ready(endpoint))
                    seen->second = endpoint;
            }
        }
    }
    return groups;
}

struct slice_template {
    const core_v1::Service& service;
    const service_port& port;
    std::string_view family;
    const names& n;

    std::string prefix() const {
        return fmt::format("{}-{}-{}-", service.metadata.name, port_name(port.protocol, port.port),
                           family == "IPv6" ? "ipv6" : "ipv4");
    }

    EndpointSlice make(std::size_t number, std::int32_t target_port) const {
        EndpointSlice slice;
        slice.metadata.namespace_ = service.metadata.namespace_;
        slice.metadata.name = prefix() + std::to_string(number);
        slice.metadata.labels = service.metadata.labels;
        slice.metadata.labels[std::string(discovery_v1::label_service_name)] = service.metadata.name;
        slice.metadata.labels[std::string(discovery_v1::label_managed_by)] = slice_manager;
        for (const auto& [key, value] : service.metadata.annotations)
            if (key == n.gateway() || !is_reserved_key(key, n)) // ours, and those of spec.infrastructure
                slice.metadata.annotations.emplace(key, value);
        slice.metadata.ownerReferences = service.metadata.ownerReferences;
        slice.addressType = family;
        slice.endpoints.emplace();
        EndpointPort p;
        p.name = port_name(port.protocol, port.port);
        p.protocol = port.protocol;
        p.port = target_port;
        slice.ports.push_back(std::move(p));
        return slice;
    }
};

std::vector<EndpointSlice> fill(const slice_template& shape, const endpoint_groups& groups) {
    std::vector<EndpointSlice> slices;
    for (const auto& [target_port, endpoints] : groups) {
        for (const auto& [address, endpoint] : endpoints) {
            const bool fits = !slices.empty() && slices.back().ports.front().port == target_port &&
                              slices.back().endpoints->size() < endpoints_per_slice;
            if (!fits)
                slices.push_back(shape.make(slices.size(), target_port));
            Endpoint& copy = slices.back().endpoints->emplace_back(endpoint);
            copy.addresses = {address};
        }
    }
    if (slices.empty())
        slices.push_back(shape.make(0, shape.port.port));
    return slices;
}

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

std::vector<EndpointSlice> merge_slices(const core_v1::Service& service,
                                        const std::vector<merged_port>& ports, const cluster_view& cluster,
                                        const std::vector<std::shared_ptr<const EndpointSlice>>& existing,
                                        const names& n) {
    std::vector<std::string> families = service.spec.ipFamilies;
    if (families.empty())
        families.push_back("IPv4");
    std::vector<EndpointSlice> all;
    for (const merged_port& port : ports) {
        for (const std::string& family : families) {
            const slice_template shape{service, port.port, family, n};
            std::vector<EndpointSlice> slices = fill(shape, collect(port.backends, family, cluster));
            const std::size_t needed = slices.size();
            const std::string prefix = shape.prefix();
            for (const auto& old : existing) {
                const std::string_view name = old->metadata.name;
                if (!name.starts_with(prefix) || !is_number(name.substr(prefix.size())) ||
                    name.size() > prefix.size() + 6)
                    continue;
                const std::size_t number = std::stoul(std::string(name.substr(prefix.size())));
                if (number < needed || old->addressType != family || old->ports.empty())
                    continue;
                slices.push_back(shape.make(number, old->ports.front().port.value_or(port.port.port)));
            }
            std::move(slices.begin(), slices.end(), std::back_inserter(all));
        }
    }
    return all;
}

} // namespace gwctl::gateway
