/// What the Services of a Gateway ask of the announcer, and whether it has answered.
#pragma once

#include <gwctl/gateway/names.hpp>
#include <gwctl/gateway/snapshot.hpp>

#include <set>

namespace gwctl::gateway {

/// One Gateway's wish, which all of its Services express.
struct announcement_request {
    object_key gateway{};
    std::vector<std::string> addresses{}; ///< empty: the announcer chooses
    std::set<object_key> services{};      ///< all that ask for these addresses
};

/// The annotations by which a Service of the request asks `o.announced_by`.
std::map<std::string, std::string> announcer_annotations(const announcement_request& r,
                                                         const object_key& service, const options& o);

/// Makes a Service that we render ask for the addresses: type, traffic policy, families, and what the
/// announcer reads.
void ask(core_v1::Service& service, const announcement_request& r, const options& o);

/// Whether a Service has what it needs from the announcer.
struct announcement {
    object_key service{};
    std::vector<std::string> addresses{}; ///< its status.loadBalancer.ingress
    verdict state{};                      ///< fit for the Gateway's Programmed
};
announcement judge_announcement(const object_key& service, const std::vector<std::string>& addresses,
                                const options& o, const cluster_view& cluster);

/// Whether finalizers keep, or are going to keep, a Service that is deleted: it asks for its ports until they
/// are gone.
bool is_held(const core_v1::Service& service);

/// What to say of a Service that is being deleted: which finalizers hold it, and what to do.
std::string describe_leaving(const core_v1::Service& service);

/// Kubernetes lets nobody change a Service's loadBalancerClass: gives each Service the class that the live
/// one has. False when that is not the wanted one, with what to do.
verdict keep_load_balancer_class(std::vector<core_v1::Service>& services, const cluster_view& cluster);

} // namespace gwctl::gateway
