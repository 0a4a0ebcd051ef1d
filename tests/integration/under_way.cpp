#include "under_way.hpp"

#include <gwctl/api/apps_v1.hpp>
#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/api/gateway_v1.hpp>
#include <gwctl/api/routes_v1.hpp>
#include <gwctl/ipam/address.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

namespace gwctl::tests {

namespace {

struct ReplicaSet {
    struct Spec {
        Spec() = default;
        std::optional<std::int32_t> replicas;
    };
    struct Status {
        Status() = default;
        std::optional<std::int64_t> observedGeneration;
        std::optional<std::int32_t> replicas;
        std::optional<std::int32_t> readyReplicas;
    };
    ReplicaSet() = default;
    static constexpr resource_type type{"apps", "v1", "ReplicaSet", "replicasets"};
    ObjectMeta metadata;
    Spec spec;
    Status status;
};
BOOST_DESCRIBE_STRUCT(ReplicaSet::Spec, (), (replicas))
BOOST_DESCRIBE_STRUCT(ReplicaSet::Status, (), (observedGeneration, replicas, readyReplicas))
BOOST_DESCRIBE_STRUCT(ReplicaSet, (), (metadata, spec, status))

struct Pod {
    struct Status {
        Status() = default;
        std::string podIP;
        std::vector<Condition> conditions;
    };
    Pod() = default;
    static constexpr resource_type type{"", "v1", "Pod", "pods"};
    ObjectMeta metadata;
    apps_v1::PodSpec spec;
    Status status;
};
BOOST_DESCRIBE_STRUCT(Pod::Status, (), (podIP, conditions))
BOOST_DESCRIBE_STRUCT(Pod, (), (metadata, spec, status))

using apps_v1::Deployment;
using core_v1::Service;
using discovery_v1::EndpointSlice;

template <class T>
using objects = std::vector<std::shared_ptr<const T>>;

using labels = std::map<std::string, std::string>;
/// Name, protocol, number.
using slice_port = std::tuple<std::string, std::string, std::int32_t>;

bool contains(const labels& all, const labels& part) {
    return std::includes(all.begin(), all.end(), part.begin(), part.end());
}

/// The number of a Service's port on a pod, as the EndpointSlice controller looks it up; 0: the pod has none.
std::int32_t port_on(const Pod& pod, const core_v1::ServicePort& port) {
    if (!port.targetPort)
        return port.port;
    if (port.targetPort->is_number())
        return port.targetPort->number;
    for (const auto& container : pod.spec.containers)
        for (const auto& p : container.ports)
            if (p.name == port.targetPort->name && (p.protocol.empty() ? "TCP" : p.protocol) == port.protocol)
                return p.containerPort;
    return 0;
}

/// What a Service of type LoadBalancer asks kube-vip for, which is there or has a stand-in; nothing when it
/// is for another announcer, which a test plays itself.
std::optional<std::set<std::string>> wanted_addresses(const Service& service) {
    constexpr std::string_view kube_vip = "kube-vip.io/kube-vip-class";
    std::set<std::string> wanted;
    if (service.spec.type != "LoadBalancer")
        return wanted;
    const auto& annotations = service.metadata.annotations;
    if ((!service.spec.loadBalancerClass.empty() && service.spec.loadBalancerClass != kube_vip) ||
        annotations.contains("metallb.io/loadBalancerIPs") || annotations.contains("lbipam.cilium.io/ips"))
        return std::nullopt;
    const auto annotation = annotations.find("kube-vip.io/loadbalancerIPs");
    std::string text = annotation == annotations.end() ? "" : annotation->second;
    if (text.empty())
        text = service.spec.loadBalancerIP;
    std::erase(text, ' ');
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        const auto address = ipam::parse_address(text.substr(0, comma));
        text.erase(0, comma + 1);
        if (address && address->number() != 0) // 0.0.0.0 asks for DHCP
            wanted.insert(address->to_string());
    }
    return wanted;
}

std::set<std::string> announced_addresses(const Service& service) {
    std::set<std::string> announced;
    for (const auto& ingress : service.status.loadBalancer.ingress)
        announced.insert(ingress.ip);
    return announced;
}

/// Whether it lasts until a controller takes its finalizer off, other than the garbage collector's.
bool held(const ObjectMeta& object) {
    return std::any_of(object.finalizers.begin(), object.finalizers.end(),
                       [](const std::string& f) { return f != "foregroundDeletion" && f != "orphan"; });
}

class look {
public:
    /// What causes something comes before what it causes: when the former is as it will be, so can the latter
    /// be.
    explicit look(blocking_client& api) {
        all(api.list<core_v1::Namespace>());
        all(api.list<gateway_v1::GatewayClass>());
        all(api.list<gateway_v1::Gateway>());
        all(api.list<gateway_v1::TCPRoute>());
        all(api.list<gateway_v1::UDPRoute>());
        all(api.list<core_v1::ConfigMap>());
        const auto deployments = all(api.list<Deployment>());
        const auto sets = all(api.list<ReplicaSet>());
        pods_ = all(api.list<Pod>());
        const auto services = all(api.list<Service>());
        slices_ = all(api.list<EndpointSlice>());
        for (const auto& d : deployments)
            check(*d);
        for (const auto& s : sets)
            check(*s);
        for (const auto& p : pods_)
            check(*p);
        for (const auto& s : services)
            check(*s);
        for (const auto& [object, owner] : owners_)
            if (!uids_.contains(owner))
                lines.push_back(object + ": its owner is gone");
    }

    std::vector<std::string> lines;

private:
    /// Checks what goes for every kind. Returns what tests made.
    template <class T>
    objects<T> all(objects<T> found) {
        static const std::set<std::string, std::less<>> known{"Deployment", "ReplicaSet", "Service",
                                                              "Gateway",    "TCPRoute",   "UDPRoute"};
        std::erase_if(found, [](const auto& o) {
            return is_system_namespace(T::type.namespaced ? o->metadata.namespace_ : o->metadata.name);
        });
        for (const auto& o : found) {
            uids_.insert(o->metadata.uid);
            if (!o->metadata.deletionTimestamp.empty() && !held(o->metadata))
                lines.push_back(describe(*o) + ": is being deleted");
            if (!o->metadata.deletionTimestamp.empty())
                continue; // what holds it holds it longer than its owner
            for (const OwnerReference& owner : o->metadata.ownerReferences)
                if (known.contains(owner.kind))
                    owners_.emplace_back(describe(*o), owner.uid);
        }
        return found;
    }

    template <class T>
    void unless(bool done, const T& object, std::string_view what) {
        if (!done)
            lines.push_back(fmt::format("{}: {}", describe(object), what));
    }

    void check(const Deployment& d) {
        const auto& s = d.status;
        const auto wanted = d.spec.replicas.value_or(1);
        unless(s.observedGeneration == d.metadata.generation && s.replicas.value_or(0) == wanted &&
                   s.updatedReplicas.value_or(0) == wanted && s.availableReplicas.value_or(0) == wanted,
               d, "its pods are not ready");
    }
    void check(const ReplicaSet& r) {
        const auto wanted = r.spec.replicas.value_or(1);
        unless(r.status.observedGeneration == r.metadata.generation &&
                   r.status.replicas.value_or(0) == wanted && r.status.readyReplicas.value_or(0) == wanted,
               r, "its pods are not ready");
    }
    void check(const Pod& p) {
        const auto ready = [](const Condition& c) { return c.type == "Ready" && c.status == "True"; };
        unless(!p.status.podIP.empty() &&
                   std::any_of(p.status.conditions.begin(), p.status.conditions.end(), ready),
               p, "is not ready");
    }

    void check(const Service& service) {
        const auto wanted = wanted_addresses(service);
        const auto announced = announced_addresses(service);
        unless(!wanted || *wanted == announced, service,
               fmt::format("asks for {{{}}}, announced {{{}}}",
                           fmt::join(wanted.value_or(std::set<std::string>()), " "),
                           fmt::join(announced, " ")));
        if (service.spec.selector.empty() || service.spec.type == "ExternalName")
            return;
        std::set<std::string> addresses;
        std::set<slice_port> ports;
        for (const auto& pod : pods_) {
            if (pod->metadata.namespace_ != service.metadata.namespace_ ||
                !contains(pod->metadata.labels, service.spec.selector))
                continue;
            addresses.insert(pod->status.podIP);
            for (const auto& p : service.spec.ports)
                if (const auto number = port_on(*pod, p); number != 0)
                    ports.emplace(p.name, p.protocol, number);
        }
        check_slices(service, addresses, ports);
    }

    void check_slices(const Service& service, const std::set<std::string>& addresses,
                      const std::set<slice_port>& ports) {
        std::set<std::string> shown;
        std::set<slice_port> shown_ports;
        bool same_labels = true;
        bool any = false;
        for (const auto& slice : slices_) {
            labels own = slice->metadata.labels;
            if (slice->metadata.namespace_ != service.metadata.namespace_ ||
                own[std::string(discovery_v1::label_service_name)] != service.metadata.name ||
                own[std::string(discovery_v1::label_managed_by)] != "endpointslice-controller.k8s.io")
                continue;
            any = true;
            for (const std::string_view added :
                 {discovery_v1::label_service_name, discovery_v1::label_managed_by,
                  std::string_view("service.kubernetes.io/headless")})
                own.erase(std::string(added));
            same_labels = same_labels && own == service.metadata.labels;
            if (!slice->endpoints || slice->endpoints->empty())
                continue;
            for (const auto& endpoint : *slice->endpoints)
                if (endpoint.conditions.ready.value_or(true))
                    shown.insert(endpoint.addresses.begin(), endpoint.addresses.end());
            for (const auto& p : slice->ports)
                shown_ports.emplace(p.name.value_or(""), p.protocol, p.port.value_or(0));
        }
        unless(any && same_labels && shown == addresses && shown_ports == ports, service,
               "its EndpointSlices do not show its pods, ports or labels");
    }

    objects<Pod> pods_;
    objects<EndpointSlice> slices_;
    std::set<std::string> uids_;
    std::vector<std::pair<std::string, std::string>> owners_;
};

} // namespace

bool is_system_namespace(const std::string& name) {
    return name.starts_with("kube-") || name == "gateway-api-controller";
}

std::vector<std::string> under_way(blocking_client& api) { return look(api).lines; }

} // namespace gwctl::tests
