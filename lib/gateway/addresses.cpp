#include <gwctl/core/time.hpp>
#include <gwctl/gateway/addresses.hpp>

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

constexpr std::size_t most_claims = 256; // of one object

void add_claim(std::vector<ipam::claim>& claims, std::string_view text, const std::string& holder,
               ipam::claim_kind kind, const ObjectMeta& metadata) {
    if (claims.size() == most_claims)
        return;
    const auto parsed = ipam::parse_address(text);
    if (parsed.has_error())
        return; // a host name, or nonsense that no one can announce
    const bool known =
        std::any_of(claims.begin(), claims.end(), [&](const ipam::claim& c) { return c.address == *parsed; });
    if (!known)
        claims.push_back({*parsed, holder, kind, created(metadata)});
}

/// The lines that a message does not have already.
std::vector<std::string> untold(const std::string& message, const std::vector<std::string>& lines) {
    std::vector<std::string> more;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(more),
                 [&](const std::string& line) { return message.find(line) == message.npos; });
    return more;
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
    const std::string prefix = std::string(Gateway::type.kind) + " ";
    for (const std::string& holder : allocator_.set_pools(std::move(parsed)))
        if (holder.starts_with(prefix))
            concerned_.insert(parse_key(holder.substr(prefix.size())));
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
    shown_.clear();
    for (const auto& known : gateways) {
        const std::shared_ptr<const Gateway>& gateway = known.gateway;
        remember(*gateway, known.ours);
        add(claims_of(*gateway, known.ours));
        if (!known.ours || !profile_of(known.settings.announced_by).takes_requests)
            continue;
        const auto wish = [&](const std::shared_ptr<const Gateway>& g, std::string_view text,
                              bool outside_pools) {
            const auto parsed = ipam::parse_address(text);
            if (parsed.has_error())
                return;
            ipam::request r;
            r.holder = holder_of(key_of(*g));
            r.namespace_ = g->metadata.namespace_;
            r.pools = known.settings.pools;
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

bool address_book::observe(const Gateway& gateway, bool ours) {
    remember(gateway, ours);
    return allocator_.observe(holder_of(key_of(gateway)), claims_of(gateway, ours));
}

bool address_book::observe(const Service& service) {
    return allocator_.observe(gwctl::describe(service), claims_of(service));
}

void address_book::forget_gateway(const object_key& key) {
    shown_.erase(to_string(key));
    allocator_.release(holder_of(key));
}
void address_book::forget_service(const object_key& key) { allocator_.release(describe(Service::type, key)); }

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
    const auto add = [&](const std::string& address, ipam::claim_kind kind) {
        if (!serves_gateway(service, address))
            add_claim(claims, address, holder, kind, service.metadata);
    };
    for (const auto& ingress : service.status.loadBalancer.ingress)
        add(ingress.ip, ipam::claim_kind::foreign);
    for (const std::string& address : service.spec.externalIPs)
        add(address, ipam::claim_kind::wish);
    if (service.spec.type != "LoadBalancer")
        return claims; // announcers look at no other
    add(service.spec.loadBalancerIP, ipam::claim_kind::wish);
    for (const std::string_view key : address_annotations())
        if (const auto a = service.metadata.annotations.find(std::string(key));
            a != service.metadata.annotations.end())
            for (const std::string& address : split_addresses(a->second))
                add(address, ipam::claim_kind::wish);
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
    else if (const auto more = untold(v.message, mistakes(refusal)); !more.empty())
        v.message += fmt::format(" (and the pools have mistakes: {})", fmt::join(more, "; "));
    return v;
}

/// Of the pools, what may be why an address was refused: a pool that is wholly excluded is none.
std::vector<std::string> address_book::mistakes(const ipam::refusal& refusal) const {
    std::vector<std::string> all = allocator_.pools().errors;
    const std::vector<std::string>& warnings = allocator_.pools().warnings;
    if (refusal.reason == ipam::refusal_reason::no_pool)
        all.insert(all.end(), warnings.begin(), warnings.end());
    return all;
}

/// Whether the holder has this address, or gets it now because it is free and lies in a pool.
bool address_book::holds(ipam::request request, const std::string& address) {
    const auto parsed = ipam::parse_address(address);
    if (parsed.has_error())
        return false;
    request.address = *parsed;
    return allocator_.allocate(request).has_value();
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

assignment address_book::assign(const Gateway& gateway, const options& settings) {
    const std::string holder = holder_of(key_of(gateway));
    const std::vector<ipam::ip_address> before = allocator_.claims().addresses_of(holder);
    assignment a = choose(gateway, settings);
    const std::vector<ipam::ip_address> after = allocator_.claims().addresses_of(holder);
    a.freed = !std::includes(after.begin(), after.end(), before.begin(), before.end());
    return a;
}

assignment address_book::choose(const Gateway& gateway, const options& settings) {
    assignment a;
    const auto& wishes = gateway.spec.addresses;
    for (std::size_t i = 0; i < wishes.size(); ++i)
        if (!is_ip(wishes[i])) {
            a.result.accepted = {
                false, "UnsupportedAddress",
                fmt::format("spec.addresses[{}].type: expected IPAddress, got \"{}\"; use an IP address, "
                            "or remove the entry to have one assigned",
                            i, *wishes[i].type)};
            return a;
        }
    const announcer_profile& profile = profile_of(settings.announced_by);
    if (!profile.takes_requests)
        return leave_to_announcer(gateway, profile);

    ipam::request request;
    request.holder = holder_of(key_of(gateway));
    request.namespace_ = gateway.metadata.namespace_;
    request.pools = settings.pools;
    request.since = created(gateway.metadata);

    // What equals the record is ours to replace, also when the record is forged or the address someone else's
    // by now.
    const std::string recorded = recorded_address(gateway);
    request.keeps = may_keep(gateway, recorded);
    const bool keeps_recorded = !recorded.empty() && holds(request, recorded);
    const auto is_wish = [&](const GatewayAddress& w) { return is_pinned(w) && *w.value != recorded; };
    const bool wants_one = std::none_of(wishes.begin(), wishes.end(), is_wish) ||
                           !std::all_of(wishes.begin(), wishes.end(), is_wish);
    verdict& usable = a.result.usable;
    const std::vector<std::string> pinned = pin(gateway, request, settings, usable);
    std::string allocated;
    if (wants_one && keeps_recorded) {
        allocated = recorded;
    } else if (wants_one && !has_pools()) {
        a.result.left_to_announcer = std::none_of(wishes.begin(), wishes.end(), is_wish);
    } else if (wants_one) {
        // Nor what an announcer chose by itself, unless it could have come from a pool: a node's address,
        // say.
        for (const GatewayAddress& shown : gateway.status.addresses)
            if (const auto parsed = ipam::parse_address(shown.value.value_or(""));
                parsed.has_value() && !allocator_.in_pools(request, *parsed) &&
                (shown.value != recorded || !request.keeps))
                request.besides.push_back(*parsed);
        const ipam::allocation got = allocator_.allocate(request);
        if (got.has_value())
            allocated = got->to_string();
        else if (usable.holds)
            usable = explain(got.error(), "");
    }
    auto& all = a.result.addresses;
    const auto add = [&](const std::string& address) {
        const auto same_family = [&](const std::string& other) {
            return (other.find(':') == other.npos) == (address.find(':') == address.npos);
        };
        if (std::find(all.begin(), all.end(), address) != all.end())
            return;
        if (!profile.one_per_family || std::none_of(all.begin(), all.end(), same_family))
            all.push_back(address);
        else if (usable.holds)
            usable = {
                false, "AddressNotUsable",
                fmt::format("spec.addresses: {} gives a Service one address of each IP family, and {} is "
                            "the second; remove it",
                            profile.title, address)};
    };
    if (!allocated.empty())
        add(allocated);
    for (const std::string& address : pinned)
        add(address);
    release_unused(gateway, all);
    a.result.granted = describe_granted(gateway, request, settings, all);
    const bool is_replaced = std::any_of(wishes.begin(), wishes.end(), is_pinned) &&
                             std::none_of(wishes.begin(), wishes.end(),
                                          [&](const GatewayAddress& w) { return w.value == recorded; });
    a.record = render_record(gateway, allocated, is_replaced);
    return a;
}

/// The addresses that the user named and that are the Gateway's. `request` is the Gateway's; afterwards it
/// asks for another one besides these.
std::vector<std::string> address_book::pin(const Gateway& gateway, ipam::request& request,
                                           const options& settings, verdict& usable) {
    std::vector<std::string> pinned;
    const std::string recorded = recorded_address(gateway);
    ipam::request named = request;
    named.outside_pools = settings.allow_addresses_outside_pools || !has_pools();
    for (std::size_t i = 0; i < gateway.spec.addresses.size(); ++i) {
        const GatewayAddress& wish = gateway.spec.addresses[i];
        if (!is_pinned(wish) || *wish.value == recorded)
            continue;
        const std::string path = fmt::format("spec.addresses[{}].value: ", i);
        const auto parsed = ipam::parse_address(*wish.value);
        if (parsed.has_error()) {
            usable = {false, "AddressNotUsable", path + parsed.error().message + "; correct or remove it"};
            continue;
        }
        if (const std::string_view special = ipam::special_range_of(*parsed); !special.empty()) {
            usable = {false, "AddressNotUsable",
                      fmt::format("{}{} is of {}, which a load balancer cannot announce; name another, or "
                                  "none to get a free one",
                                  path, parsed->to_string(), special)};
            continue;
        }
        request.besides.push_back(*parsed);
        named.keeps = may_keep(gateway, *wish.value);
        named.address = *parsed;
        const ipam::allocation got = allocator_.allocate(named);
        if (got.has_error())
            usable = explain(got.error(), path);
        else
            pinned.push_back(got->to_string());
    }
    return pinned;
}

/// For an announcer that has addresses of its own: nothing is held, and a record from before goes.
assignment address_book::leave_to_announcer(const Gateway& gateway, const announcer_profile& profile) {
    assignment a;
    a.result.left_to_announcer = true;
    const std::string recorded = recorded_address(gateway);
    for (std::size_t i = 0; i < gateway.spec.addresses.size(); ++i)
        if (const GatewayAddress& w = gateway.spec.addresses[i]; is_pinned(w) && *w.value != recorded)
            a.result.usable = {
                false, "AddressNotUsable",
                fmt::format("spec.addresses[{}].value: {} announces the addresses of nodes and "
                            "cannot be asked for {}; remove the entry, or use a GatewayClass "
                            "with another announcer",
                            i, profile.title, *w.value)};
    a.result.left_to_announcer = a.result.usable.holds;
    release_unused(gateway, {});
    a.record = render_record(gateway, "", true);
    return a;
}

assignment no_assignment() {
    assignment none;
    none.result.usable = {false, "AddressNotAssigned",
                          "spec.addresses: a Gateway that is not accepted gets no address; correct what its "
                          "condition Accepted names"};
    return none;
}

} // namespace gwctl::gateway
