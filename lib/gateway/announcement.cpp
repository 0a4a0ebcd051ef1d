#include <gwctl/gateway/announcement.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

/// What every Service that shares addresses with others says about them.
std::map<std::string, std::string> sharing_annotations(const announcer_profile& profile,
                                                       const announcement_request& r,
                                                       const object_key& service) {
    std::map<std::string, std::string> annotations;
    const auto put = [&](std::string_view key, std::string value) {
        if (!key.empty())
            annotations[std::string(key)] = std::move(value);
    };
    put(profile.sharing_key, fmt::format("{}.{}", r.gateway.namespace_, r.gateway.name));
    if (r.services.size() < 2)
        return annotations;
    std::set<std::string> others;
    for (const object_key& other : r.services)
        if (other.namespace_ != service.namespace_)
            others.insert(other.namespace_);
    if (!others.empty())
        put(profile.sharing_namespaces_key, fmt::format("{}", fmt::join(others, ",")));
    constexpr std::size_t longest_name = 253;
    put(profile.lease_key,
        fmt::format("{}/{}", r.gateway.namespace_, shortened("gateway-" + r.gateway.name, longest_name)));
    return annotations;
}

std::string_view family_of(std::string_view address) {
    return address.find(':') == std::string_view::npos ? "IPv4" : "IPv6";
}

} // namespace

std::map<std::string, std::string> announcer_annotations(const announcement_request& r,
                                                         const object_key& service, const options& o) {
    const announcer_profile& profile = profile_of(o.announced_by);
    std::map<std::string, std::string> annotations = sharing_annotations(profile, r, service);
    if (!profile.addresses_key.empty() && !r.addresses.empty())
        annotations[std::string(profile.addresses_key)] = fmt::format("{}", fmt::join(r.addresses, ","));
    return annotations;
}

void ask(core_v1::Service& service, const announcement_request& r, const options& o) {
    const announcer_profile& profile = profile_of(o.announced_by);
    for (auto& [key, value] : announcer_annotations(r, key_of(service), o))
        service.metadata.annotations[key] = value;
    if (!profile.without_endpoints_key.empty() && !o.keep_client_address)
        service.metadata.annotations[std::string(profile.without_endpoints_key)] = "true";

    core_v1::ServiceSpec& spec = service.spec;
    spec.type = "LoadBalancer";
    spec.loadBalancerClass = o.load_balancer_class;
    spec.allocateLoadBalancerNodePorts =
        o.node_ports.value_or(o.keep_client_address && profile.node_ports_when_local);
    spec.externalTrafficPolicy = o.keep_client_address ? "Local" : "Cluster";
    if (o.session_affinity)
        spec.sessionAffinity = "ClientIP";
    if (r.addresses.empty())
        return;
    if (profile.spec_address)
        spec.loadBalancerIP = r.addresses.front();
    for (const std::string& address : r.addresses) {
        const std::string family(family_of(address));
        if (std::find(spec.ipFamilies.begin(), spec.ipFamilies.end(), family) == spec.ipFamilies.end())
            spec.ipFamilies.push_back(family);
    }
    spec.ipFamilyPolicy = spec.ipFamilies.size() > 1 ? "RequireDualStack" : "SingleStack";
}

bool is_held(const core_v1::Service& service) { return !service.metadata.finalizers.empty(); }

std::string describe_leaving(const core_v1::Service& service) {
    const std::string key = to_string(key_of(service));
    const auto& finalizers = service.metadata.finalizers;
    if (finalizers.empty())
        return fmt::format("Service {}: it is being deleted; wait until it is gone", key);
    return fmt::format("Service {}: metadata.finalizers: it is being deleted and held by {}; wait until "
                       "whoever put {} there takes {} away, or remove {} if nobody does",
                       key, fmt::join(finalizers, ", "), finalizers.size() == 1 ? "it" : "them",
                       finalizers.size() == 1 ? "it" : "them", finalizers.size() == 1 ? "it" : "them");
}

announcement judge_announcement(const object_key& service, const std::vector<std::string>& addresses,
                                const options& o, const cluster_view& cluster) {
    const announcer_profile& profile = profile_of(o.announced_by);
    announcement a;
    a.service = service;
    const auto live = cluster.service(service);
    if (live)
        for (const auto& ingress : live->status.loadBalancer.ingress)
            if (!ingress.ip.empty())
                a.addresses.push_back(ingress.ip);
    const bool is_announced =
        !a.addresses.empty() &&
        std::all_of(addresses.begin(), addresses.end(), [&](const std::string& wanted) {
            return std::find(a.addresses.begin(), a.addresses.end(), wanted) != a.addresses.end();
        });
    if (live && !live->metadata.deletionTimestamp.empty())
        a.state = {false, "Pending", describe_leaving(*live)}; // announcers withdraw it
    else if (is_announced)
        a.state = {true, "Programmed", "The Gateway's addresses are announced"};
    else if (!profile.reports && !addresses.empty() && live && live->spec.type == "LoadBalancer" &&
             live->spec.loadBalancerIP == addresses.front())
        a.state = {true, "Programmed",
                   fmt::format("Service {} asks for {}; whether that is announced is not checked, since the "
                               "announcer is \"{}\"",
                               to_string(service), fmt::join(addresses, ", "), profile.name)};
    else if (addresses.empty())
        a.state = {false, "AddressNotAssigned",
                   fmt::format("Service {} waits for {} to give it an address; {}", to_string(service),
                               profile.title, profile.check)};
    else
        a.state = {false, "Pending",
                   fmt::format("Service {} waits for {} to announce {}; {}", to_string(service),
                               profile.title, fmt::join(addresses, ", "), profile.check)};
    return a;
}

verdict keep_load_balancer_class(std::vector<core_v1::Service>& services, const cluster_view& cluster) {
    verdict v;
    for (core_v1::Service& wanted : services) {
        const auto live = cluster.service(key_of(wanted));
        if (!live || live->spec.type != "LoadBalancer" ||
            live->spec.loadBalancerClass == wanted.spec.loadBalancerClass)
            continue;
        const std::string& is = live->spec.loadBalancerClass;
        const std::string& should_be = wanted.spec.loadBalancerClass;
        if (!should_be.empty()) // without a wish, whatever gave it one may keep it
            v = {false, "Pending",
                 fmt::format(
                     "Service {} has {}, which Kubernetes lets nobody change to {}; delete the Service "
                     "to have it made again",
                     to_string(key_of(wanted)),
                     is.empty() ? "no loadBalancerClass" : "loadBalancerClass " + is, should_be)};
        wanted.spec.loadBalancerClass = is;
    }
    return v;
}

} // namespace gwctl::gateway
