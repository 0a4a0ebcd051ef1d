// How many endpoints one Gateway serves, and which when there are more.
#pragma once

#include "endpoints.hpp"

#include <gwctl/gateway/options.hpp>

#include <set>

namespace gwctl::gateway::detail {

/// So many endpoints of each port and address family are served whatever the limit says: nothing is emptied.
inline constexpr std::size_t endpoints_in_any_case = 10;
/// What each of several target ports of a port, or of several backends with slices of their own, counts for at least:
/// it has a slice to itself, which costs about as much as 20 endpoints.
inline constexpr std::size_t places_per_group = 20;

/// What the limit knows of a port in one address family. A place is room for an endpoint.
struct endpoint_places {
    const route_view* route =
        nullptr; ///< in the snapshot, whose order is that of precedence; null: no endpoints
    std::size_t wanted = 0;
    std::size_t live = 0; ///< how many it has in the cluster now
    std::size_t granted = 0;
};

/// The places that endpoints of so many target ports and backends take.
std::size_t places_for(std::size_t endpoints, std::size_t groups);
std::size_t places_for(const endpoint_groups& groups);

/// Fills in `granted`. The first `endpoints_in_any_case` of each are granted always and counted by no limit. Beyond
/// these there are `limits.max_endpoints`, of which the routes of one namespace other than `home` have at most
/// `limits.max_endpoints_per_namespace`: first those that are live already, then the others, both times the older
/// routes first. So a newcomer takes nothing from anyone.
void share_out(std::vector<endpoint_places>& all, std::string_view home, const options& limits);

/// Of all endpoints of a port those that it has places for: of each target port and backend about as many, ready ones
/// before others, then those that are live, then by address. `live`: for each group the addresses in slices of the
/// cluster.
endpoint_groups choose(const endpoint_groups& all, std::size_t places,
                       const std::vector<std::set<std::string_view>>& live);

/// For messages: "a Gateway serves at most ...; scale ...".
std::string describe_endpoint_limit(const options& limits);

} // namespace gwctl::gateway::detail
