#include <gwctl/core/time.hpp>
#include <gwctl/gateway/addresses.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using core_v1::ConfigMap;
using core_v1::Service;
using gateway_v1::GatewayAddress;

std::string holder_of(const object_key& gateway) { return describe(Gateway::type, gateway); }

bool is_ip(const GatewayAddress& a) { return a.type.value_or("IPAddress") == "IPAddress"; }
bool is_pinned(const GatewayAddress& a) { return a.value && !a.value->empty(); }

wall_time created(const ObjectMeta& metadata) {
    const auto parsed = parse_time(metadata.creationTimestamp);
    return parsed.has_value() ? *parsed : wall_time();
}

void add_claim(std::vector<ipam::claim>& claims, std::string_view text, const std::string& holder,
               ipam::claim_kind kind, const ObjectMeta& metadata) {
    const auto parsed = ipam::parse_address(text);
    if (parsed.has_error())
        return; // a host name, or nonsense that no one can announce
    const bool known =
        std::any_of(claims.begin(), claims.end(), [&](const ipam::claim& c) { return c.address == *parsed; });
    if (!known)
        claims.push_back({*parsed, holder, kind, created(metadata)});
}

/// The entries of a comma list such as `kube-vip.io/loadbalancerIPs`.
std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> entries;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view entry = list.substr(0, comma);
        while (entry.starts_with(' '))
            entry.remove_prefix(1);
        while (entry.ends_with(' '))
            entry.remove_suffix(1);
        if (!entry.empty())
            entries.emplace_back(entry);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return entries;
}

} // namespace

std::vector<std::string> address_book::configure(const ConfigMap* pools) {
    configured_ = pools != nullptr;
    const std::string source = describe(ConfigMap::type, options_.ipam_config);
    // A ConfigMap that is gone takes no addresses away, but gives none out either.
    ipam::pool_config parsed = pools == nullptr ? ipam::pool_config{.source = source}
                                                : ipam::parse_pools(source, pools->data, allocator_.pools());
    std::vector<std::string> complaints = parsed.errors;
    complaints.insert(complaints.end(), parsed.warnings.begin(), parsed.warnings.end());
    allocator_.set_pools(std::move(parsed));
    return complaints;
}

void address_book::rebuild(const std::vector<known_gateway>& gateways,
                           const std::vector<std::shared_ptr<const Service>>& services) {
    std::vector<ipam::claim> claims;
    std::vector<ipam::request> pinned;
    const auto add = [&](std::vector<ipam::claim> more) {
        claims.insert(claims.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
    };
    for (const auto& [gateway, ours] : gateways) {
        add(claims_of(*gateway, ours));
        if (!ours)
            continue;
        const auto wish = [&](const std::shared_ptr<const Gateway>& g, std::string_view text,
                              bool outside_pools) {
            const auto parsed = ipam::parse_address(text);
            if (parsed.has_error())
                return;
            ipam::request r;
            r.holder = holder_of(key_of(*g));
            r.namespace_ = g->metadata.namespace_;
            r.address = *parsed;
            r.outside_pools = outside_pools;
            r.since = created(g->metadata);
            pinned.push_back(std::move(r));
        };
        wish(gateway, recorded_address(*gateway), false);
        for (const GatewayAddress& a : gateway->spec.addresses)
            if (is_ip(a) && is_pinned(a) && *a.value != recorded_address(*gateway))
                wish(gateway, *a.value, options_.allow_addresses_outside_pools || !has_pools());
    }
    for (const auto& service : services)
        add(claims_of(*service));
    allocator_.rebuild(std::move(claims), std::move(pinned));
}

void address_book::observe(const Gateway& gateway, bool ours) {
    allocator_.observe(holder_of(key_of(gateway)), claims_of(gateway, ours));
}

void address_book::observe(const Service& service) {
    allocator_.observe(gwctl::describe(service), claims_of(service));
}

void address_book::forget_gateway(const object_key& key) { allocator_.release(holder_of(key)); }
void address_book::forget_service(const object_key& key) { allocator_.release(describe(Service::type, key)); }

std::string address_book::recorded_address(const Gateway& gateway) const {
    const auto label = gateway.metadata.labels.find(std::string(label_ipam_address));
    if (label != gateway.metadata.labels.end())
        return label->second;
    const auto annotation = gateway.metadata.annotations.find(names_.address());
    return annotation == gateway.metadata.annotations.end() ? std::string() : annotation->second;
}

std::vector<ipam::claim> address_book::claims_of(const Gateway& gateway, bool ours) const {
    const std::string holder = holder_of(key_of(gateway));
    std::vector<ipam::claim> claims;
    if (ours) {
        // Only what the status shows was granted. A record alone is a wish: whoever may edit the Gateway can
        // forge it.
        for (const GatewayAddress& a : gateway.status.addresses)
            if (is_ip(a))
                add_claim(claims, a.value.value_or(""), holder, ipam::claim_kind::pinned, gateway.metadata);
        return claims;
    }
    for (const auto* list : {&gateway.spec.addresses, &gateway.status.addresses})
        for (const GatewayAddress& a : *list)
            if (is_ip(a))
                add_claim(claims, a.value.value_or(""), holder, ipam::claim_kind::foreign, gateway.metadata);
    return claims;
}

/// Services of ours hold what their Gateway holds, and count by it.
std::vector<ipam::claim> address_book::claims_of(const Service& service) const {
    std::vector<ipam::claim> claims;
    const auto& annotations = service.metadata.annotations;
    if (annotations.contains(names_.gateway()) &&
        (annotations.contains(names_.applied()) || annotations.contains(names_.original())))
        return claims;
    const std::string holder = gwctl::describe(service);
    // What it asks for counts like what it has: an announcer may grant it at any time.
    const auto add = [&](std::string_view text) {
        add_claim(claims, text, holder, ipam::claim_kind::foreign, service.metadata);
    };
    add(service.spec.loadBalancerIP);
    for (const std::string_view key :
         {annotation_kube_vip_addresses, std::string_view("metallb.io/loadBalancerIPs"),
          std::string_view("metallb.universe.tf/loadBalancerIPs"), std::string_view("lbipam.cilium.io/ips")})
        if (const auto a = annotations.find(std::string(key)); a != annotations.end())
            for (const std::string& address : split(a->second))
                add(address);
    for (const auto& ingress : service.status.loadBalancer.ingress)
        add(ingress.ip);
    for (const std::string& address : service.spec.externalIPs)
        add(address);
    return claims;
}

verdict address_book::explain(const ipam::refusal& refusal, const std::string& path) const {
    const bool is_pinned = !path.empty();
    verdict v{false, is_pinned ? "AddressNotUsable" : "AddressNotAssigned", path + refusal.message};
    if (has_pools() && !configured_)
        v.message = fmt::format(
            "{0}ConfigMap {1} does not exist; create it, for example: kubectl create configmap {2} "
            "-n {3} --from-literal range-global=192.168.1.10-192.168.1.20",
            path, to_string(options_.ipam_config), options_.ipam_config.name,
            options_.ipam_config.namespace_);
    else if (!allocator_.pools().errors.empty())
        v.message +=
            fmt::format(" (and the pools have mistakes: {})", fmt::join(allocator_.pools().errors, "; "));
    return v;
}

/// Whether the address was granted to this holder, an older Gateway of ours having no claim. Claims of others
/// do not matter: whoever may create a Service can ask for any address.
bool address_book::was_granted(const std::string& holder, const ipam::ip_address& address) const {
    const ipam::ledger& all = allocator_.claims();
    if (all.find(holder, address) == nullptr)
        return false;
    if (all.holder_of(address)->kind != ipam::claim_kind::foreign)
        return all.holder_of(address)->holder == holder;
    for (const ipam::conflict& c : all.conflicts()) {
        if (c.address != address)
            continue;
        const auto first_of_ours =
            std::find_if(c.claims.begin(), c.claims.end(),
                         [](const ipam::claim& claim) { return claim.kind != ipam::claim_kind::foreign; });
        return first_of_ours != c.claims.end() && first_of_ours->holder == holder;
    }
    return false;
}

/// What the holder was granted stays; else a free address, which has to lie in a pool.
ipam::allocation address_book::obtain(const ipam::request& request) {
    if (request.address && was_granted(request.holder, *request.address))
        return *request.address;
    if (!request.address)
        for (const ipam::ip_address& address : allocator_.claims().addresses_of(request.holder))
            if (was_granted(request.holder, address))
                return address;
    return allocator_.allocate(request);
}

bool address_book::holds(ipam::request request, const std::string& address) {
    const auto parsed = ipam::parse_address(address);
    if (parsed.has_error())
        return false;
    request.address = *parsed;
    return obtain(request).has_value();
}

/// Frees what was granted for a wish that changed before the status could show it.
void address_book::release_unused(const Gateway& gateway, const std::vector<std::string>& used) {
    const std::string holder = holder_of(key_of(gateway));
    std::vector<ipam::claim> shown = claims_of(gateway, true);
    for (const ipam::ip_address& address : allocator_.claims().addresses_of(holder)) {
        const bool is_shown = std::any_of(shown.begin(), shown.end(),
                                          [&](const ipam::claim& c) { return c.address == address; });
        const bool is_used = std::any_of(used.begin(), used.end(), [&](const std::string& text) {
            const auto parsed = ipam::parse_address(text);
            return parsed.has_value() && *parsed == address;
        });
        if (!is_shown && !is_used)
            allocator_.release(holder, address);
    }
}

assignment address_book::assign(const Gateway& gateway) {
    assignment a;
    const auto& wishes = gateway.spec.addresses;
    for (std::size_t i = 0; i < wishes.size(); ++i)
        if (!is_ip(wishes[i])) {
            a.result.accepted = {
                false, "UnsupportedAddress",
                fmt::format("spec.addresses[{}].type: expected IPAddress, got {}; use an IP address, "
                            "or remove the entry to have one assigned",
                            i, *wishes[i].type)};
            return a;
        }

    ipam::request request;
    request.holder = holder_of(key_of(gateway));
    request.namespace_ = gateway.metadata.namespace_;
    request.since = created(gateway.metadata);

    std::string recorded = recorded_address(gateway);
    if (!recorded.empty() && !holds(request, recorded))
        recorded.clear(); // forged, or someone else's by now
    const auto is_wish = [&](const GatewayAddress& w) { return is_pinned(w) && *w.value != recorded; };
    const bool wants_one = std::none_of(wishes.begin(), wishes.end(), is_wish) ||
                           !std::all_of(wishes.begin(), wishes.end(), is_wish);
    std::string allocated;
    if (wants_one && !recorded.empty()) {
        allocated = recorded;
    } else if (wants_one && !has_pools()) {
        a.result.left_to_announcer = std::none_of(wishes.begin(), wishes.end(), is_wish);
    } else if (wants_one) {
        const ipam::allocation got = obtain(request);
        if (got.has_value())
            allocated = got->to_string();
        else
            a.result.usable = explain(got.error(), "");
    }
    auto& all = a.result.addresses;
    if (!allocated.empty())
        all.push_back(allocated);
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        if (!is_wish(wishes[i]))
            continue;
        const std::string path = fmt::format("spec.addresses[{}].value: ", i);
        const auto parsed = ipam::parse_address(*wishes[i].value);
        if (parsed.has_error()) {
            a.result.usable = {false, "AddressNotUsable", path + parsed.error().message};
            continue;
        }
        if (parsed->number() == 0) {
            a.result.usable = {
                false, "AddressNotUsable",
                fmt::format("{}{} is no address that could be announced; name another, or none "
                            "to get a free one",
                            path, parsed->to_string())};
            continue;
        }
        request.address = *parsed;
        request.outside_pools = options_.allow_addresses_outside_pools || !has_pools();
        const ipam::allocation got = obtain(request);
        if (got.has_error())
            a.result.usable = explain(got.error(), path);
        else if (std::find(all.begin(), all.end(), got->to_string()) == all.end())
            all.push_back(got->to_string());
    }
    release_unused(gateway, all);
    a.record = render_record(gateway, allocated);
    return a;
}

std::string address_book::render_record(const Gateway& gateway, const std::string& allocated) const {
    json::object labels;
    json::object annotations;
    const auto put = [](json::object& into, const auto& live, const std::string& key,
                        const std::string& wanted) {
        const auto old = live.find(key);
        if (wanted.empty() ? old != live.end() : old == live.end() || old->second != wanted)
            into[key] = wanted.empty() ? json::value() : json::value(wanted);
    };
    const bool v6 = allocated.find(':') != std::string::npos;
    // Without an allocation now, an earlier record goes only when the user pinned something instead.
    if (!allocated.empty() || !gateway.spec.addresses.empty()) {
        put(labels, gateway.metadata.labels, std::string(label_ipam_address), v6 ? "" : allocated);
        put(annotations, gateway.metadata.annotations, names_.address(), v6 ? allocated : "");
    }
    if (!allocated.empty())
        put(labels, gateway.metadata.labels, std::string(label_implementation),
            options_.implementation_label);

    json::object spec;
    const auto& wishes = gateway.spec.addresses;
    const auto names_it = [&](const GatewayAddress& w) { return w.value == allocated; };
    if (options_.write_spec_address && !allocated.empty() &&
        std::none_of(wishes.begin(), wishes.end(), names_it)) {
        json::array written;
        bool placed = false;
        for (const GatewayAddress& w : wishes) {
            if (is_pinned(w)) {
                written.push_back({{"type", "IPAddress"}, {"value", *w.value}});
            } else if (!placed) { // the entry that asked for an address gets it
                written.push_back({{"type", "IPAddress"}, {"value", allocated}});
                placed = true;
            }
        }
        if (!placed)
            written.push_back({{"type", "IPAddress"}, {"value", allocated}});
        spec["addresses"] = std::move(written);
    }
    if (labels.empty() && annotations.empty() && spec.empty())
        return {};
    json::object metadata{{"resourceVersion", gateway.metadata.resourceVersion}};
    if (!labels.empty())
        metadata["labels"] = std::move(labels);
    if (!annotations.empty())
        metadata["annotations"] = std::move(annotations);
    json::object patch{{"metadata", std::move(metadata)}};
    if (!spec.empty())
        patch["spec"] = std::move(spec);
    return boost::json::serialize(patch);
}

} // namespace gwctl::gateway
