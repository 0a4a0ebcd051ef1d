#include "address_claims.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using core_v1::ConfigMap;
using core_v1::Service;
using detail::created;
using detail::holder_of;
using detail::is_ip;
using gateway_v1::GatewayAddress;

bool is_pinned(const GatewayAddress& a) { return a.value && !a.value->empty(); }

/// All that a Gateway names, and what it has on record.
std::vector<ipam::ip_address> wishes_of(const Gateway& gateway, const std::string& recorded) {
    std::vector<ipam::ip_address> all;
    const auto add = [&](std::string_view text) {
        if (const auto parsed = ipam::parse_address(text); parsed.has_value())
            all.push_back(*parsed);
    };
    add(recorded);
    for (const GatewayAddress& a : gateway.spec.addresses)
        if (is_ip(a))
            add(a.value.value_or(""));
    return all;
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

void address_book::rebuild(const std::vector<known_gateway>& gateways, const services& all_services,
                           bool is_complete) {
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
        if (!is_complete || !known.ours || !profile_of(known.settings.announced_by).takes_requests)
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
            r.besides = wishes_of(*g, recorded_address(*g));
            pinned.push_back(std::move(r));
        };
        wish(gateway, recorded_address(*gateway), false);
        for (const GatewayAddress& a : gateway->spec.addresses)
            if (is_ip(a) && is_pinned(a) && *a.value != recorded_address(*gateway))
                wish(gateway, *a.value, options_.allow_addresses_outside_pools || !has_pools());
    }
    leaving_.clear();
    inherited_.clear();
    asked_.clear();
    for (const auto& service : all_services) {
        std::vector<ipam::claim> of_service = claims_of(*service);
        note_asked(*service, of_service);
        add(std::move(of_service));
        if (!service->metadata.deletionTimestamp.empty())
            leaving_[gwctl::describe(*service)] = describe_leaving(*service);
    }
    allocator_.rebuild(std::move(claims), std::move(pinned));
}

verdict address_book::explain(const ipam::refusal& refusal, const ipam::request& asked,
                              const std::string& path) const {
    const bool waits = path.empty() || refusal.reason == ipam::refusal_reason::limited;
    verdict v{false, waits ? "AddressNotAssigned" : "AddressNotUsable", path + refusal.message};
    if (has_pools() && !configured_)
        v.message = fmt::format(
            "{0}ConfigMap {1} does not exist; create it, for example: kubectl create configmap {2} "
            "-n {3} --from-literal range-global=192.168.1.10-192.168.1.20",
            path, to_string(options_.ipam_config), options_.ipam_config.name,
            options_.ipam_config.namespace_);
    else if (const auto more = untold(v.message, mistakes(refusal)); !more.empty())
        v.message += fmt::format(" (and the pools have mistakes: {})", fmt::join(more, "; "));
    if (const std::string held = leaving_holder(refusal, asked); !held.empty())
        v.message += fmt::format(" ({})", held);
    return v;
}

/// What to say of a Service that is being deleted and has the address, or one of those that could be had.
std::string address_book::leaving_holder(const ipam::refusal& refusal, const ipam::request& asked) const {
    if (const auto one = leaving_.find(refusal.holder); one != leaving_.end())
        return one->second;
    if (refusal.reason != ipam::refusal_reason::exhausted)
        return {};
    for (const auto& [holder, said] : leaving_)
        for (const ipam::ip_address& address : allocator_.claims().addresses_of(holder))
            if (allocator_.in_pools(asked, address))
                return said;
    return {};
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

bool address_book::has_all(const Gateway& gateway, const options& settings) const {
    const auto& wishes = gateway.spec.addresses;
    if (!profile_of(settings.announced_by).takes_requests ||
        !std::all_of(wishes.begin(), wishes.end(), is_ip))
        return true; // it asks for none, or gets none
    const std::string recorded = recorded_address(gateway);
    const auto has = [&](const std::string& text) {
        const auto address = ipam::parse_address(text);
        const ipam::claim* by = address.has_value() ? allocator_.claims().holder_of(*address) : nullptr;
        return by != nullptr && by->holder == holder_of(key_of(gateway));
    };
    const auto is_wish = [&](const GatewayAddress& w) { return is_pinned(w) && *w.value != recorded; };
    const bool wants_one = wishes.empty() || !std::all_of(wishes.begin(), wishes.end(), is_wish);
    return (!wants_one || has(recorded) || (recorded.empty() && !has_pools())) &&
           std::all_of(wishes.begin(), wishes.end(),
                       [&](const GatewayAddress& w) { return !is_wish(w) || has(*w.value); });
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
    const auto is_wish = [&](const GatewayAddress& w) { return is_pinned(w) && *w.value != recorded; };
    for (const GatewayAddress& wish : wishes)
        if (const auto parsed = ipam::parse_address(wish.value.value_or(""));
            parsed.has_value() && is_wish(wish))
            request.besides.push_back(*parsed);
    const bool keeps_recorded = !recorded.empty() && holds(request, recorded);
    const bool wants_one = std::none_of(wishes.begin(), wishes.end(), is_wish) ||
                           !std::all_of(wishes.begin(), wishes.end(), is_wish);
    if (wants_one && keeps_recorded)
        request.besides.push_back(*ipam::parse_address(recorded));
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
        if (const auto beside = asked_.find(request.namespace_); beside != asked_.end())
            for (const auto& [service, addresses] : beside->second)
                for (const ipam::ip_address& address : addresses)
                    if (const ipam::claim* by = allocator_.claims().holder_of(address);
                        by == nullptr || by->holder != holder_of(key_of(gateway)))
                        request.besides.push_back(address);
        const ipam::allocation got = allocator_.allocate(request);
        if (got.has_value())
            allocated = got->to_string();
        else if (usable.holds)
            usable = explain(got.error(), request, "");
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
    describe_granted(gateway, request, settings, a.result);
    const bool is_replaced = std::any_of(wishes.begin(), wishes.end(), is_pinned) &&
                             std::none_of(wishes.begin(), wishes.end(),
                                          [&](const GatewayAddress& w) { return w.value == recorded; });
    a.record = render_record(gateway, allocated, is_replaced);
    return a;
}

/// The addresses that the user named and that are the Gateway's. `request` is the Gateway's, for one besides
/// these.
std::vector<std::string> address_book::pin(const Gateway& gateway, const ipam::request& request,
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
        named.keeps = may_keep(gateway, *wish.value);
        named.address = *parsed;
        const ipam::allocation got = allocator_.allocate(named);
        if (got.has_error())
            usable = explain(got.error(), named, path);
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
