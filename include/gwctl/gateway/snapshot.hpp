/// Everything that decides what one Gateway becomes, read from the stores at one moment.
#pragma once

#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/api/listener_sets_v1.hpp>
#include <gwctl/gateway/options.hpp>
#include <gwctl/gateway/route_kind.hpp>
#include <gwctl/gateway/verdict.hpp>

#include <functional>
#include <map>
#include <span>

namespace gwctl::gateway {

using gateway_v1::ListenerSet;

/// Read access to the cluster as the stores know it. The reconcilers back it with stores, tests with maps.
class cluster_view {
public:
    virtual ~cluster_view() = default;

    virtual std::shared_ptr<const core_v1::Service> service(const object_key& key) const = 0;
    /// The slices of a Service, in the order of their names.
    virtual std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>
    slices(const object_key& service) const = 0;
    /// Null when the namespace does not exist.
    virtual std::shared_ptr<const core_v1::Namespace> namespace_(const std::string& name) const = 0;
    /// The grants that live in a namespace.
    virtual std::vector<std::shared_ptr<const ReferenceGrant>>
    grants(const std::string& namespace_) const = 0;
    virtual std::shared_ptr<const Gateway> gateway(const object_key& key) const = 0;
    virtual std::shared_ptr<const ListenerSet> listener_set(const object_key& key) const = 0;
    /// Why the certificate of a Secret of type kubernetes.io/tls cannot be used, empty when it can; nothing
    /// when there is no such Secret.
    virtual std::optional<std::string> certificate_problem(const object_key& /*secret*/) const {
        return std::nullopt;
    }
    /// Whether the Gateway exists and its class is ours.
    virtual bool is_ours(const object_key& gateway) const = 0;
    /// Whether a Gateway of ours has the address (as `ipam::ip_address::to_string` writes it), by its status,
    /// which users cannot write.
    virtual bool is_granted(const std::string& address) const = 0;
    /// The version in which the API server serves a kind, for references to its objects.
    virtual std::string served_version(const resource_type& type) const { return std::string(type.version); }
    /// Whether the controller reads this namespace. What lies in another one looks as if it did not exist.
    virtual bool reads(const std::string& /*namespace_*/) const { return true; }
    /// Why the labels of namespaces cannot be told, for people; empty when they can.
    virtual std::string labels_unknown() const { return {}; }
};

struct snapshot {
    std::shared_ptr<const Gateway> gateway{};
    /// ListenerSets whose parentRef names the Gateway, in precedence order, those being deleted left out.
    std::vector<std::shared_ptr<const ListenerSet>> sets{};
    /// Routes with a parentRef to the Gateway or one of `sets`, in precedence order, those being deleted left
    /// out.
    std::vector<route_view> routes{};
    /// Every Service that carries our annotation for this Gateway, in the order of their keys.
    std::vector<std::shared_ptr<const core_v1::Service>> managed_services{};
    /// Services that the Go controller left (see adoption.hpp) for one of the routes, or with an address of
    /// the Gateway.
    std::vector<std::shared_ptr<const core_v1::Service>> leftovers{};
    /// Every EndpointSlice that carries our annotation for this Gateway.
    std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>> managed_slices{};
    /// False: the parameters of the Gateway's class, or its own, are refused.
    verdict class_parameters{};
    verdict parameters{};
    /// Services whose write for this Gateway the API server has just refused, with what it said.
    std::map<object_key, std::string> refused{};
    /// Services that are not put back now, since they are changed again each time, with what to say of it.
    std::map<object_key, std::string> left_alone{};
    std::span<const route_kind* const> kinds{};
    const cluster_view* cluster = nullptr;
};

} // namespace gwctl::gateway
