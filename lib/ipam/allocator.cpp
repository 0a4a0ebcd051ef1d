#include <gwctl/ipam/allocator.hpp>

#include <boost/throw_exception.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace gwctl::ipam {
namespace {

constexpr std::array families{ip_family::ipv4, ip_family::ipv6};

std::size_t index(ip_family family) { return static_cast<std::size_t>(family); }

auto order_of(const pool& p) { return std::tie(p.namespace_, p.key); }

interval_set without(interval_set from, const interval_set& what) {
    for (const auto& [first, last] : what.ranges()) {
        from.erase(address_range{first, last});
    }
    return from;
}

} // namespace

void throw_exception_from_error(const refusal& r, const boost::source_location& where) {
    boost::throw_with_location(api_error(errc::config, r.message), where);
}

std::set<std::string> allocator::set_pools(pool_config config) {
    const pool_config before = std::exchange(config_, std::move(config)); // states_ refers to its pools
    std::vector<pool_state> states_before = std::exchange(states_, {});
    std::set<std::string> concerned;
    for (const pool& p : config_.pools) {
        const auto old = std::lower_bound(states_before.begin(), states_before.end(), p,
                                          [](const pool_state& state, const pool& wanted) {
                                              return order_of(*state.definition) < order_of(wanted);
                                          });
        const bool is_new = old == states_before.end() || order_of(*old->definition) != order_of(p);
        if (is_new) {
            states_.push_back(state_of(p, pool(), pool_state(), concerned));
            continue;
        }
        const pool& was = *old->definition;
        states_.push_back(state_of(p, was, std::move(*old), concerned));
    }
    for (const pool& p : before.pools) {
        const bool is_gone = std::none_of(config_.pools.begin(), config_.pools.end(),
                                          [&](const pool& now) { return order_of(now) == order_of(p); });
        if (is_gone) {
            add_holders(p.addresses, concerned);
        }
    }
    std::sort(states_.begin(), states_.end(), [](const pool_state& a, const pool_state& b) {
        return order_of(*a.definition) < order_of(*b.definition);
    });
    return concerned;
}

void allocator::add_holders(const interval_set& of, std::set<std::string>& holders) const {
    for (const auto& [first, last] : of.ranges()) {
        for (const ip_address& address : ledger_.held_in({first, last})) {
            holders.insert(ledger_.holder_of(address)->holder);
        }
    }
}

/// Looks only at the addresses in which a pool differs from what it was.
allocator::pool_state allocator::state_of(const pool& p, const pool& before, pool_state state,
                                          std::set<std::string>& concerned) const {
    const interval_set gone = without(before.addresses, p.addresses);
    add_holders(gone, concerned);
    for (const auto& [first, last] : gone.ranges()) {
        state.free.erase(address_range{first, last});
        state.used[index(first.family())] -= ledger_.held_in({first, last}).size();
    }
    const interval_set added = without(p.addresses, before.addresses);
    add_holders(added, concerned);
    for (const auto& [first, last] : added.ranges()) {
        state.free.insert(address_range{first, last});
        for (const ip_address& address : ledger_.held_in({first, last})) {
            state.free.erase(address);
            ++state.used[index(first.family())];
        }
    }
    state.definition = &p;
    state.capacity = {p.addresses.size(ip_family::ipv4), p.addresses.size(ip_family::ipv6)};
    return state;
}

void allocator::rebuild(std::vector<claim> in_use, std::vector<request> pinned) {
    ledger_ = {};
    unconfirmed_.clear();
    states_.clear();
    set_pools(std::move(config_));
    for (claim& c : in_use) {
        record(std::move(c));
    }
    ready_ = true;
    std::sort(pinned.begin(), pinned.end(), [](const request& a, const request& b) {
        return std::tie(a.since, a.holder, a.address) < std::tie(b.since, b.holder, b.address);
    });
    for (const request& r : pinned) {
        // A refusal is not lost: the holder's own turn comes, and it is told then.
        (void)allocate(r);
    }
}

bool allocator::observe(std::string_view holder, std::vector<claim> claims) {
    bool gave_way = false;
    for (const ip_address& address : ledger_.addresses_of(holder)) {
        const auto shown =
            std::find_if(claims.begin(), claims.end(), [&](const claim& c) { return c.address == address; });
        if (shown != claims.end()) {
            gave_way = gave_way || ledger_.find(holder, address)->kind < shown->kind;
        } else if (!unconfirmed_.contains({std::string(holder), address})) {
            remove(holder, address);
            gave_way = true;
        }
    }
    for (claim& c : claims) {
        c.holder = holder;
        unconfirmed_.erase({c.holder, c.address});
        record(std::move(c));
    }
    return gave_way;
}

allocation allocator::allocate(const request& r) {
    if (!ready_) {
        return refusal{
            refusal_reason::not_ready,
            fmt::format("no address for {} yet: the addresses in use are still being read", r.holder)};
    }
    return r.address ? allocate_named(r, *r.address) : allocate_any(r);
}

allocation allocator::allocate_named(const request& r, const ip_address& address) {
    const claim* const current = ledger_.holder_of(address);
    if (current != nullptr && current->holder == r.holder && (r.keeps || r.outside_pools)) {
        return address;
    }
    if (current != nullptr && current->holder != r.holder) {
        return refusal{refusal_reason::in_use,
                       fmt::format("{} is in use by {}; name another address, or none to get a free one",
                                   address.to_string(), current->holder),
                       current->holder};
    }
    const pool_list pools = pools_for(r);
    if (!r.outside_pools && !in_pools(r, address)) {
        return pools.empty() ? no_pool(r) : not_in_pool(r, address, pools);
    }
    if (current != nullptr) {
        return address;
    }
    if (auto refused = is_in_any_pool(address) ? over_limit(r) : std::nullopt) {
        return *std::move(refused);
    }
    return grant(r, address, claim_kind::pinned);
}

allocation allocator::allocate_any(const request& r) {
    for (const ip_address& address : ledger_.addresses_of(r.holder)) {
        const bool suits = (!r.family || *r.family == address.family()) &&
                           std::find(r.besides.begin(), r.besides.end(), address) == r.besides.end();
        if (suits && ledger_.holder_of(address)->holder == r.holder) {
            return address;
        }
    }
    pool_list pools = pools_for(r);
    std::erase_if(pools, [&](const pool_state* p) { return r.family && p->capacity[index(*r.family)] == 0; });
    if (pools.empty()) {
        return no_pool(r);
    }
    if (auto refused = over_limit(r)) {
        return *std::move(refused);
    }
    for (const pool_state* p : pools) {
        const auto is_free = [&](const ip_address& address) { return p->free.contains(address); };
        pool_state rest; // only where some may not be had: a copy costs as much as the pool has holes
        const bool is_partial = std::any_of(r.besides.begin(), r.besides.end(), is_free);
        if (is_partial) {
            rest = *p;
            for (const ip_address& address : r.besides) {
                rest.free.erase(address);
            }
        }
        if (const auto address = next_free(is_partial ? rest : *p, r.family)) {
            return grant(r, *address, claim_kind::dynamic);
        }
    }
    return exhausted(r, pools);
}

bool allocator::is_in_any_pool(const ip_address& address) const {
    return std::any_of(states_.begin(), states_.end(),
                       [&](const pool_state& p) { return p.definition->addresses.contains(address); });
}

/// The addresses of pools that the namespace has: all of the others', and what the holder keeps.
std::uint64_t allocator::held_beside(const request& r) const {
    const std::string_view prefix =
        std::string_view(r.holder).substr(0, r.holder.rfind('/') + 1); // npos + 1 is 0
    std::uint64_t held = 0;
    for (const ip_address& address : ledger_.addresses_of_all(prefix.empty() ? r.holder : prefix)) {
        const claim& by = *ledger_.holder_of(address);
        const bool is_granted = by.kind != claim_kind::foreign && by.kind != claim_kind::wish;
        const bool is_kept = by.holder != r.holder ||
                             std::find(r.besides.begin(), r.besides.end(), address) != r.besides.end();
        if (is_granted && is_kept && by.holder.starts_with(prefix) && is_in_any_pool(address)) {
            ++held;
        }
    }
    return held;
}

void allocator::release(std::string_view holder) {
    for (const ip_address& address : ledger_.addresses_of(holder)) {
        release(holder, address);
    }
}

void allocator::release(std::string_view holder, const ip_address& address) {
    unconfirmed_.erase({std::string(holder), address});
    remove(holder, address);
}

bool allocator::in_pools(const request& r, const ip_address& address) const {
    const pool_list pools = pools_for(r);
    return std::any_of(pools.begin(), pools.end(),
                       [&](const pool_state* p) { return p->definition->addresses.contains(address); });
}

std::vector<pool_usage> allocator::usage() const {
    std::vector<pool_usage> all;
    for (const pool_state& p : states_) {
        for (const ip_family family : families) {
            if (p.capacity[index(family)] > 0) {
                all.push_back({p.definition->key, p.definition->namespace_, family, p.capacity[index(family)],
                               p.used[index(family)]});
            }
        }
    }
    return all;
}

std::vector<claim> allocator::outside_pools() const {
    std::vector<claim> found = ledger_.claims();
    std::erase_if(found, [this](const claim& c) {
        return c.kind == claim_kind::foreign || c.kind == claim_kind::wish ||
               std::any_of(states_.begin(), states_.end(),
                           [&](const pool_state& p) { return p.definition->addresses.contains(c.address); });
    });
    return found;
}

void allocator::record(claim c) {
    const ip_address address = c.address;
    if (ledger_.record(std::move(c))) {
        mark_used(address);
    }
}

void allocator::remove(std::string_view holder, const ip_address& address) {
    if (ledger_.remove(holder, address)) {
        mark_free(address);
    }
}

void allocator::mark_used(const ip_address& address) {
    for (pool_state& p : states_) {
        if (p.definition->addresses.contains(address)) {
            p.free.erase(address);
            ++p.used[index(address.family())];
        }
    }
}

void allocator::mark_free(const ip_address& address) {
    for (pool_state& p : states_) {
        if (p.definition->addresses.contains(address)) {
            p.free.insert(address);
            --p.used[index(address.family())];
        }
    }
}

allocator::pool_list allocator::pools_for(const request& r) const {
    pool_list found;
    const auto add_all_of = [&](std::string_view owner) {
        const auto begin = std::lower_bound(
            states_.begin(), states_.end(), owner,
            [](const pool_state& p, std::string_view o) { return p.definition->namespace_ < o; });
        for (auto it = begin; it != states_.end() && it->definition->namespace_ == owner; ++it) {
            found.push_back(&*it);
        }
    };
    if (!r.pools.empty()) {
        for (const std::string& name : r.pools) {
            add_all_of(name == "global" ? std::string_view() : name);
        }
        return found;
    }
    if (!r.namespace_.empty()) {
        add_all_of(r.namespace_);
    }
    add_all_of("");
    return found;
}

std::optional<ip_address> allocator::next_free(const pool_state& p, std::optional<ip_family> family) const {
    for (const ip_family f : families) {
        if (family && *family != f) {
            continue;
        }
        const auto address = config_.order == search_order::ascending ? p.free.first(f) : p.free.last(f);
        if (address) {
            return address;
        }
    }
    return std::nullopt;
}

ip_address allocator::grant(const request& r, const ip_address& address, claim_kind kind) {
    record({.address = address, .holder = r.holder, .kind = kind, .since = r.since});
    unconfirmed_.emplace(r.holder, address);
    return address;
}

} // namespace gwctl::ipam
