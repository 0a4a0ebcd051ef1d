// The endpoints behind the backends of a route.
#pragma once

#include "pauses.hpp"

#include <gwctl/gateway/backends.hpp>

#include <map>

namespace gwctl::gateway::detail {

using discovery_v1::Endpoint;

/// Whether kube-proxy sends connections there; absent means true.
bool is_ready(const Endpoint& e);

/// By which an endpoint is known: the only one of its addresses that kube-proxy reads.
inline std::string_view address_of(const Endpoint& e) { return e.addresses.front(); }

/// Endpoints of one target port.
struct endpoint_group {
    std::int32_t target_port = 0;
    /// Whose they are, as an index into `usable_backends`; nothing when they are of all backends together.
    std::optional<std::size_t> owner{};
    /// False where hints about zones must go: they keep traffic near by the endpoints of one Service, and among
    /// those of several they would decide who is served at all.
    bool keeps_hints = true;
    std::vector<const Endpoint*> endpoints{}; ///< in the order of `address_of`; of the source's slices

    /// Null when there is none of this address.
    const Endpoint* find(std::string_view address) const;
};
using endpoint_groups = std::vector<endpoint_group>;

/// Those that serve, in order.
std::vector<const backend*> usable_backends(const std::vector<backend>& backends);

/// Reads endpoints for one plan, once for all listeners that have them behind them.
class endpoint_source {
public:
    /// Both must outlive it, and what it gives refers to it.
    endpoint_source(const cluster_view& cluster, pauses& p) : cluster_(cluster), pauses_(p) {}
    endpoint_source(const endpoint_source&) = delete;
    endpoint_source& operator=(const endpoint_source&) = delete;

    /// The endpoints of all usable backends in one address family ("IPv4", "IPv6"), by target port; with `apart`
    /// each backend's by themselves. An endpoint that several backends have belongs to the first of them.
    /// `backends` must live until the task ends.
    task<std::shared_ptr<const endpoint_groups>> collect(const std::vector<backend>& backends,
                                                         std::string family, bool apart);
    /// Whether `collect` gives any.
    bool has_any(const std::vector<backend>& backends, std::string_view family);

    /// How many endpoints were looked at, in slices and to put backends together.
    std::size_t steps() const { return steps_; }

private:
    using place = std::pair<std::int32_t, std::string_view>; ///< target port and address
    using by_place = std::map<place, const Endpoint*>;
    using slice_list = std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>;

    const slice_list& slices(const object_key& service);
    task<const by_place*> read(const backend& b, std::string family);

    const cluster_view& cluster_;
    pauses& pauses_;
    std::map<object_key, slice_list> slices_;
    std::map<std::string, by_place> read_; ///< by Service, port and family
    std::map<std::string, std::shared_ptr<const endpoint_groups>> collected_;
    std::size_t collected_endpoints_ = 0;
    std::size_t steps_ = 0;
};

/// Whether the usable backends are to get different shares.
bool is_weighted(const std::vector<backend>& backends);

std::size_t count_ready(const endpoint_group& group);
/// Of these endpoints the ready ones; all when none is.
std::size_t count_serving(const endpoint_group& group);

/// The weight of each of `endpoints` endpoints of a backend, 1 to 65535, such that backends get shares in
/// proportion to their weights. `heaviest` is the largest weight of them.
std::int32_t endpoint_weight(std::int64_t weight, std::int64_t heaviest, std::size_t endpoints);

} // namespace gwctl::gateway::detail
