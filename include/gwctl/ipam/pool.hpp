/// Pools of addresses, as the keys of a ConfigMap describe them.
#pragma once

#include <gwctl/ipam/interval_set.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::ipam {

/// The addresses of one key.
struct pool {
    /// The ConfigMap key: "range-global", "cidr-team-a".
    std::string key{};
    /// Whose Gateways may draw from it; empty for the global pools.
    std::string namespace_{};
    /// The value as written, for messages.
    std::string text{};
    /// What may be handed out.
    interval_set addresses{};
    /// All that the text names, also what is not handed out.
    interval_set covered{};
};

/// The range of addresses that no load balancer can announce in which this one lies, such as "127.0.0.0/8
/// (loopback)"; empty for others. Pools may not have any of them.
std::string_view special_range_of(const ip_address& address);

/// From which end of a pool addresses are taken.
enum class search_order { ascending, descending };

/// What a ConfigMap says about addresses, and what is wrong with it.
struct pool_config {
    /// Where it comes from, for messages: "ConfigMap default/kubevip".
    std::string source{};
    /// In the order of their keys.
    std::vector<pool> pools{};
    search_order order = search_order::ascending;
    /// How many addresses of the pools the holders of one namespace may have, by namespace; "" for each namespace that
    /// has no entry of its own. No entry: as many as there are.
    std::map<std::string, std::uint64_t, std::less<>> limits{};

    /// One line per mistake, naming key, entry and remedy. A key with a mistake is not used.
    std::vector<std::string> errors{};
    /// One line per thing that works but may not be meant.
    std::vector<std::string> warnings{};
    /// The text that was used for each key.
    std::map<std::string, std::string, std::less<>> accepted{};
};

/// Reads the data of an IPAM ConfigMap. `source` names it in messages.
///
/// | key | value |
/// |---|---|
/// | `cidr-NAMESPACE`, `range-NAMESPACE` | addresses for the Gateways of one namespace |
/// | `cidr-global`, `range-global` | addresses for all, tried after those of the namespace |
/// | `exclude-NAMESPACE` | never handed out from the pools of that namespace |
/// | `exclude-global` | never handed out at all |
/// | `limit-NAMESPACE` | how many addresses the Gateways of one namespace may have, of whatever pools |
/// | `limit-global` | the same for each namespace that has no such key of its own |
/// | `search-order` | `asc` (default) or `desc` |
/// | `skip-end-ips-in-cidr` | `true` (default) or `false` |
///
/// Limits are whole numbers. The values of the other keys are comma lists; each entry of any key may be a CIDR, a range FIRST-LAST or one address, of either
/// IP family.
///
/// What the entry's form leaves out, as the Go program that gwctl follows did:
/// - a CIDR leaves out its first and last address (network and broadcast), an IPv6 one only its first, the
///   subnet-router anycast address (RFC 4291 section 2.6.1). All of a /31, /32, /127 or /128 is used
///   (RFC 3021, RFC 6164). `skip-end-ips-in-cidr: "false"` uses the ends everywhere.
/// - an IPv4 range leaves out every address that ends in .0 or .255. A single address is used as written.
/// - a range that runs backwards is turned round, with a warning.
///
/// A mistake invalidates its key only. The text which `previous` accepted for that key stays in force, if
/// there is one, so that a slip in an edit takes no addresses away. A broken exclusion without such a text
/// suspends the pools it applies to: we do not hand out what we were told not to. Without such a text a broken
/// limit is as one that is not there. A key that is gone is gone.
pool_config parse_pools(std::string source, const std::map<std::string, std::string>& data,
                        const pool_config& previous = {});

} // namespace gwctl::ipam
