// What the cluster shows of addresses in use, taken into account.
#include "address_claims.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using core_v1::Service;
using detail::created;
using detail::holder_of;
using detail::is_ip;
using gateway_v1::GatewayAddress;

constexpr std::size_t most_claims = 256; // of one object

bool has_claim(const std::vector<ipam::claim>& claims, const ipam::ip_address& address) {
    return std::any_of(claims.begin(), claims.end(),
                       [&](const ipam::claim& c) { return c.address == address; });
}

void add_claim(std::vector<ipam::claim>& claims, std::string_view text, const std::string& holder,
               ipam::claim_kind kind, const ObjectMeta& metadata) {
    if (claims.size() == most_claims)
        return;
    const auto parsed = ipam::parse_address(text);
    if (parsed.has_error())
        return; // a host name, or nonsense that no one can announce
    if (!has_claim(claims, *parsed))
        claims.push_back({*parsed, holder, kind, created(metadata)});
}

/// All that a Service asks for, what an announcer would look at first in front.
std::vector<std::string> addresses_asked(const Service& service) {
    std::vector<std::string> all;
    if (service.spec.type == "LoadBalancer") { // announcers look at no other
        all.push_back(service.spec.loadBalancerIP);
        for (const std::string_view key : address_annotations())
            if (const auto a = service.metadata.annotations.find(std::string(key));
                a != service.metadata.annotations.end())
                for (std::string& address : split_addresses(a->second))
                    all.push_back(std::move(address));
    }
    all.insert(all.end(), service.spec.externalIPs.begin(), service.spec.externalIPs.end());
    return all;
}

} // namespace

bool address_book::observe(const Gateway& gateway, bool ours, const services& carriers) {
    const std::string holder = holder_of(key_of(gateway));
    const std::vector<ipam::ip_address> had = allocator_.claims().addresses_of(holder);
    remember(gateway, ours);
    const bool freed = allocator_.observe(holder, claims_of(gateway, ours));
    return observe_all(carriers, had) || freed;
}

/// The Services of a Gateway that had these addresses: what it lost and they still ask for is theirs.
bool address_book::observe_all(const services& carriers, const std::vector<ipam::ip_address>& had) {
    bool freed = false;
    for (const auto& service : carriers) {
        const std::string holder = gwctl::describe(*service);
        for (const std::string& text : addresses_asked(*service))
            if (const auto address = ipam::parse_address(text);
                address.has_value() && std::find(had.begin(), had.end(), *address) != had.end() &&
                !serves_gateway(*service, text))
                inherited_[holder].insert(*address);
        std::vector<ipam::claim> claims = claims_of(*service);
        note_asked(*service, claims);
        freed = allocator_.observe(holder, std::move(claims)) || freed;
    }
    return freed;
}

void address_book::note_asked(const Service& service, const std::vector<ipam::claim>& claims) {
    std::vector<ipam::ip_address> more;
    for (const std::string& text : addresses_asked(service))
        if (const auto address = ipam::parse_address(text);
            address.has_value() && more.size() < most_claims && !has_claim(claims, *address) &&
            !serves_gateway(service, text))
            more.push_back(*address);
    const std::string& namespace_ = service.metadata.namespace_;
    if (!more.empty()) {
        asked_[namespace_][gwctl::describe(service)] = std::move(more);
    } else if (const auto there = asked_.find(namespace_); there != asked_.end()) {
        there->second.erase(gwctl::describe(service));
        if (there->second.empty())
            asked_.erase(there);
    }
}

bool address_book::observe(const Service& service) {
    const std::string holder = gwctl::describe(service);
    if (service.metadata.deletionTimestamp.empty())
        leaving_.erase(holder);
    else
        leaving_[holder] = describe_leaving(service);
    std::vector<ipam::claim> claims = claims_of(service);
    note_asked(service, claims);
    return allocator_.observe(holder, std::move(claims));
}

void address_book::forget_gateway(const object_key& key, const services& carriers) {
    const std::vector<ipam::ip_address> had = allocator_.claims().addresses_of(holder_of(key));
    shown_.erase(to_string(key));
    allocator_.release(holder_of(key));
    observe_all(carriers, had);
}

void address_book::forget_service(const object_key& key) {
    const std::string holder = describe(Service::type, key);
    leaving_.erase(holder);
    inherited_.erase(holder);
    if (const auto there = asked_.find(key.namespace_); there != asked_.end())
        there->second.erase(holder);
    allocator_.release(holder);
}

/// Notes what a Gateway of ours says it has, so that its Services are not taken for rivals.
void address_book::remember(const Gateway& gateway, bool ours) {
    const std::string key = to_string(key_of(gateway));
    if (!ours) {
        shown_.erase(key);
        return;
    }
    std::set<std::string>& addresses = shown_[key];
    addresses = {recorded_address(gateway)};
    for (const GatewayAddress& a : gateway.status.addresses)
        addresses.insert(a.value.value_or(""));
}

/// Whether the Service carries this address for a Gateway of ours that has it.
bool address_book::serves_gateway(const Service& service, const std::string& address) const {
    const auto gateway = service.metadata.annotations.find(names_.gateway());
    if (gateway == service.metadata.annotations.end())
        return false;
    const auto shown = shown_.find(gateway->second);
    if (shown == shown_.end())
        return false;
    if (shown->second.contains(address))
        return true;
    const auto parsed = ipam::parse_address(address);
    return parsed.has_value() &&
           allocator_.claims().find(fmt::format("{} {}", Gateway::type.kind, gateway->second), *parsed) !=
               nullptr;
}

std::vector<ipam::claim> address_book::claims_of(const Gateway& gateway, bool ours) const {
    const std::string holder = holder_of(key_of(gateway));
    std::vector<ipam::claim> claims;
    const auto add_all = [&](const std::vector<GatewayAddress>& addresses, ipam::claim_kind kind) {
        for (const GatewayAddress& a : addresses)
            if (is_ip(a))
                add_claim(claims, a.value.value_or(""), holder, kind, gateway.metadata);
    };
    // Only what the status shows was granted. A record alone is a wish: whoever may edit the Gateway can
    // forge it.
    add_all(gateway.status.addresses, ours ? ipam::claim_kind::granted : ipam::claim_kind::foreign);
    if (!ours)
        add_all(gateway.spec.addresses, ipam::claim_kind::wish);
    return claims;
}

/// What a Service holds or asks for. Those of ours carry what their Gateway has, and count by it.
std::vector<ipam::claim> address_book::claims_of(const Service& service) const {
    std::vector<ipam::claim> claims;
    const std::string holder = gwctl::describe(service);
    for (const auto& ingress : service.status.loadBalancer.ingress)
        if (!serves_gateway(service, ingress.ip))
            add_claim(claims, ingress.ip, holder, ipam::claim_kind::foreign, service.metadata);
    // To ask costs nothing, so it counts for one address of each family: nobody takes all addresses by asking for
    // them. Gateways beside the Service leave it the others, too; see `asked_`.
    const auto inherited = inherited_.find(holder);
    std::set<ipam::ip_family> asked;
    for (const std::string& text : addresses_asked(service)) {
        const auto address = ipam::parse_address(text);
        if (address.has_error() || has_claim(claims, *address) || serves_gateway(service, text))
            continue;
        const bool is_inherited = inherited != inherited_.end() && inherited->second.contains(*address);
        if (is_inherited || asked.insert(address->family()).second)
            add_claim(claims, text, holder, ipam::claim_kind::wish, service.metadata);
    }
    return claims;
}

} // namespace gwctl::gateway
