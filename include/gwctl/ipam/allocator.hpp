/// Hands out the addresses of pools, each to one holder.
#pragma once

#include <gwctl/ipam/ledger.hpp>
#include <gwctl/ipam/pool.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gwctl::ipam {

/// Who wants an address, and which.
struct request {
    /// As in `claim::holder`: "Gateway default/web". What comes before the last slash is common to those who
    /// share a limit (`pool_config::limits`).
    std::string holder{};
    /// Whose pools to try before the global ones, and whose limit holds.
    std::string namespace_{};
    /// Names of the pools to draw from instead, in this order: "edge" for `range-edge` and `cidr-edge`,
    /// "global" for the global ones. Empty: those of the namespace, then the global ones.
    std::vector<std::string> pools{};
    /// Only addresses of this family; without one, IPv4 before IPv6.
    std::optional<ip_family> family{};
    /// This address and no other.
    std::optional<ip_address> address{};
    /// What the holder has or wants besides. Without `address`: none of these. Of what the holder has, these alone
    /// count for its namespace's limit, since the others give way.
    std::vector<ip_address> besides{};
    /// `address` need not lie in a pool.
    bool outside_pools = false;
    /// `address` need not lie in a pool if the holder has it already.
    bool keeps = true;
    /// The holder's age, which decides between rivals.
    wall_time since{};
};

/// Why there is no address.
enum class refusal_reason {
    not_ready,   ///< `rebuild` was not called: we do not know what is in use
    no_pool,     ///< no pool (of that family) for the namespace
    exhausted,   ///< pools, but all of their addresses are in use; try again after a release
    not_in_pool, ///< the named address lies in no pool of the namespace, nor in a global one
    in_use,      ///< the named address has another holder; try again after its release
    limited,     ///< the namespace has as many addresses as it may have; try again after a release
};

/// The error side of `allocation`.
struct refusal {
    refusal_reason reason = refusal_reason::not_ready;
    /// One line with the remedy, fit for a condition.
    std::string message{};
    /// Who has the address (`in_use`).
    std::string holder{};
};

using allocation = boost::system::result<ip_address, refusal>;

/// Found by `allocation::value()`: throws `api_error` with `errc::config`.
[[noreturn]] void throw_exception_from_error(const refusal& r, const boost::source_location& where);

/// The state of one pool in one family.
struct pool_usage {
    std::string key{};
    std::string namespace_{};
    ip_family family = ip_family::ipv4;
    /// 2^64-1 when there are more.
    std::uint64_t capacity = 0;
    /// Addresses of this pool that anyone holds, wherever they got them.
    std::uint64_t used = 0;

    std::uint64_t free() const noexcept { return capacity - used; }
};

/// First-fit allocation from a namespace's pools, then from the global ones, or from those that the request
/// names; within each, `cidr-*` before `range-*`.
///
/// It knows who holds what only by being told. `rebuild` must come first and be complete: every Gateway's
/// record, every Service's addresses, every Node's. What it hands out it holds for that holder at once, so
/// that a cache that has not caught up cannot make it hand out the address again; the claim becomes ordinary
/// when `observe` first shows it.
///
/// A holder keeps its address when pools change, also when no pool has the address any more
/// (`outside_pools()` lists these), and when a limit is lowered. Not thread-safe; no I/O. Costs O(log n) per address and pool, a /64 no
/// more than a /24.
///
///     using namespace gwctl::ipam;
///     allocator addresses(parse_pools("ConfigMap default/kubevip",
///                                     {{"range-global", "192.168.1.10-192.168.1.20"},
///                                      {"cidr-team-a", "10.0.0.0/30"}}));
///     const auto in_use = parse_address("192.168.1.10").value();
///     addresses.rebuild(
///         {{.address = in_use, .holder = "Service default/dns", .kind = claim_kind::foreign}});
///
///     // The next free address of the global pool; a second call returns the same one.
///     const allocation web = addresses.allocate({.holder = "Gateway default/web", .namespace_ = "default"});
///     fmt::print("{}\n", web->to_string()); // 192.168.1.11
///
///     // A namespace's own pools come first.
///     const allocation api = addresses.allocate({.holder = "Gateway team-a/api", .namespace_ = "team-a"});
///     fmt::print("{}\n", api->to_string()); // 10.0.0.1
///
///     // A named address is granted or refused; the refusal says why.
///     const allocation dns =
///         addresses.allocate({.holder = "Gateway default/dns", .namespace_ = "default", .address = in_use});
///     fmt::print("{}\n", dns.error().message); // 192.168.1.10 is in use by Service default/dns; ...
///
///     addresses.release("Gateway default/web"); // 192.168.1.11 is free again
class allocator {
public:
    explicit allocator(pool_config config = {}) { set_pools(std::move(config)); }
    allocator(const allocator&) = delete;
    allocator& operator=(const allocator&) = delete;
    allocator(allocator&&) = default;
    allocator& operator=(allocator&&) = default;

    /// Replaces the pools; who holds what stays. Costs as much as they differ: O(log n) for each range, and
    /// for each address in use that a pool gains or loses. Precondition: no two pools have the same namespace
    /// and key.
    /// Returns those who hold an address that a pool gains or loses, in no order.
    std::set<std::string> set_pools(pool_config config);
    const pool_config& pools() const noexcept { return config_; }

    /// Forgets everything and starts from these facts, in any order. `pinned` are requests for named
    /// addresses that nobody has answered yet: they are served, oldest first, before any other request can
    /// take their address.
    void rebuild(std::vector<claim> in_use, std::vector<request> pinned = {});

    /// What the cluster now shows as held by `holder` (`claim::holder` is ignored): all of it, so that
    /// addresses which are missing become free. Those allocated here and not yet shown are kept. True when
    /// somebody else may now get one that could not be had before.
    bool observe(std::string_view holder, std::vector<claim> claims);

    /// An address for the holder. One that already has a suitable address gets that again.
    [[nodiscard]] allocation allocate(const request& r);

    /// Frees everything the holder has. No effect on unknown holders.
    void release(std::string_view holder);
    /// Frees one address, for an allocation that could not be written down.
    void release(std::string_view holder, const ip_address& address);

    /// Whether a pool that the request may draw from hands this address out.
    bool in_pools(const request& r, const ip_address& address) const;

    /// Who holds what, and who has a conflict.
    const ledger& claims() const noexcept { return ledger_; }
    /// One entry per pool and family.
    std::vector<pool_usage> usage() const;
    /// Claims, other than foreign ones, on addresses that no pool has.
    std::vector<claim> outside_pools() const;

private:
    struct pool_state {
        const pool* definition = nullptr; // in config_.pools, which moves as a whole
        interval_set free{};
        std::array<std::uint64_t, 2> capacity{}; // by family
        std::array<std::uint64_t, 2> used{};
    };
    using pool_list = std::vector<const pool_state*>;

    pool_state state_of(const pool& p, const pool& before, pool_state state,
                        std::set<std::string>& concerned) const;
    void add_holders(const interval_set& of, std::set<std::string>& holders) const;
    void record(claim c);
    void remove(std::string_view holder, const ip_address& address);
    void mark_used(const ip_address& address);
    void mark_free(const ip_address& address);

    pool_list pools_for(const request& r) const;
    std::optional<ip_address> next_free(const pool_state& p, std::optional<ip_family> family) const;
    bool is_in_any_pool(const ip_address& address) const;
    std::uint64_t held_beside(const request& r) const;
    std::optional<refusal> over_limit(const request& r) const;
    allocation allocate_named(const request& r, const ip_address& address);
    allocation allocate_any(const request& r);
    ip_address grant(const request& r, const ip_address& address, claim_kind kind);

    refusal no_pool(const request& r) const;
    refusal exhausted(const request& r, const pool_list& pools) const;
    refusal not_in_pool(const request& r, const ip_address& address, const pool_list& pools) const;

    pool_config config_{};
    std::vector<pool_state> states_{}; // sorted by namespace (global first) and key
    ledger ledger_{};
    std::set<std::pair<std::string, ip_address>> unconfirmed_{}; // allocated, not yet observed
    bool ready_ = false;
};

} // namespace gwctl::ipam
