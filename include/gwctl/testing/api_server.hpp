/// A Kubernetes API server in memory, over real HTTP, for testing controllers.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/json/value.hpp>
#include <gwctl/testing/fault.hpp>
#include <gwctl/testing/read_record.hpp>
#include <gwctl/testing/write_record.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl {
class clock;
}

namespace gwctl::testing {

struct api_server_options {
    std::string bind = "127.0.0.1";
    /// 0 takes any free port.
    std::uint16_t port = 0;

    /// The source of every timestamp the server writes; null for the system's clock. Delays of faults, watch
    /// timeouts and bookmarks always run in real time.
    std::shared_ptr<clock> time;
    /// How often a watch that asked for bookmarks gets one when nothing else is sent.
    std::chrono::milliseconds bookmark_interval = std::chrono::seconds(30);
    /// Changes that watches can look back on; older ones are forgotten as by `compact`.
    std::size_t history = 200000;
    /// Reads that `reads` tells of; older ones are forgotten.
    std::size_t read_history = 10000;

    /// Dependents of deleted owners are deleted, and namespaces are emptied, as kube-controller-manager does.
    bool garbage_collection = true;
    /// Deployments become ReplicaSets and Pods with addresses, Services with selectors become EndpointSlices,
    /// as kube-controller-manager and kubelet do.
    bool workloads = false;
    /// Services of type LoadBalancer get their address into status, as kube-vip, MetalLB and Cilium do.
    bool announcer = false;
    /// With `announcer`: what Services get that ask for no address, as k3s's servicelb gives those of the
    /// nodes.
    std::vector<std::string> node_addresses;

    /// Versions that are not served at first: "tcproutes.gateway.networking.k8s.io/v1", or without "/v1" for
    /// the kind.
    std::vector<std::string> not_served;
};

/// A Kubernetes API server in memory, listening on a port of its own.
///
/// Runs its own thread; every member may be called from any thread. The destructor closes all connections and
/// joins. What a request gets, down to the wording of refusals, is that of a real kube-apiserver of release
/// 1.36 with the Gateway API 1.6 installed, with which tests/kubernetes/differential compares it.
///
/// Served from the start, and listed by `gwctl-apiserver --help`, too:
/// - apiextensions.k8s.io/v1: CustomResourceDefinition
/// - apps/v1: Deployment, ReplicaSet
/// - authorization.k8s.io/v1: SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview
/// - coordination.k8s.io/v1: Lease
/// - discovery.k8s.io/v1: EndpointSlice
/// - events.k8s.io/v1: Event
/// - gateway.networking.k8s.io/v1: Gateway, GatewayClass, HTTPRoute, ListenerSet, ReferenceGrant, TCPRoute,
///   UDPRoute
/// - gateway.networking.k8s.io/v1alpha2: TCPRoute, UDPRoute
/// - gateway.networking.k8s.io/v1beta1: Gateway, GatewayClass, HTTPRoute, ReferenceGrant
/// - networking.k8s.io/v1: NetworkPolicy
/// - policy/v1: PodDisruptionBudget
/// - rbac.authorization.k8s.io/v1: ClusterRole, ClusterRoleBinding, Role, RoleBinding
/// - v1: ConfigMap, Endpoints, Event, Namespace, Node, Pod, Secret, Service, ServiceAccount
///
/// Other kinds come with CustomResourceDefinitions. One of the names of a built-in kind, such as jobs.batch,
/// stands in for it: stored and watched, without defaults, validation and controllers of its own. Whoever
/// asks for a kind of Kubernetes that is not served gets 404, and is told that it is this server that has it
/// not.
///
/// What is not modelled:
/// - Authentication and authorisation: every request is allowed, and access reviews say so. No TLS.
/// - Admission by webhooks, policies, quotas, LimitRanges and PodSecurity; audit; priority and fairness.
/// - CEL rules, but for those of the Gateway API's kinds, which are written out.
/// - Conversion webhooks, selectable fields, and most of what a CustomResourceDefinition is refused for.
/// - Rules for the content of Pods, pod templates, Nodes, Endpoints, ServiceAccounts, NetworkPolicies,
///   PodDisruptionBudgets and RBAC kinds: fields must exist and be of their types.
/// - Pods: no scheduling, no graceful deletion; deleting one removes it at once.
/// - ServiceAccount "default" and ConfigMap "kube-root-ca.crt" of new namespaces.
/// - Events that the API server and its controllers write themselves.
/// - Subresources other than status and a Namespace's finalize, such as scale, exec, log and eviction.
/// - Protobuf in answers: those who accept JSON as well, as Go clients do, get that; others get 406. Requests
///   in protobuf are read, of all kinds above but those of the Gateway API, which have none. A field number
///   that the kind does not have in release 1.36 is refused, where kube-apiserver drops the field.
/// - Compression, HTTP/2, WebSocket, aggregated discovery. OpenAPI tells which query parameters a kind takes
///   and has no schemas, so `kubectl explain` finds nothing.
/// - The words of Go's decoders for a body or an option that they cannot read.
/// - Descriptions of the columns of tables, the order of causes, and causes that are given twice.
/// - A list at least as new as a resourceVersion shows the newest state. Continue tokens stay valid until 64
///   newer paged lists or `compact`. Nothing from before the server's start can be watched.
/// - The internalTrafficPolicy that watches, unlike reads, show of Services of type ExternalName.
/// - Delays of the garbage collector: what can go is gone before the request is answered.
class api_server {
public:
    /// Throws `api_error` (`errc::config`) when the address cannot be listened on.
    explicit api_server(api_server_options options = {});
    ~api_server();
    api_server(const api_server&) = delete;
    api_server& operator=(const api_server&) = delete;

    /// "http://127.0.0.1:41234".
    std::string url() const;
    std::uint16_t port() const;
    /// YAML that a client or kubectl can use as it is.
    std::string kubeconfig() const;
    /// What every new server serves, an element per API version: "apps/v1: Deployment, ReplicaSet".
    static std::vector<std::string> served_kinds();

    // Objects, past HTTP.

    /// Server-side apply as the manager "fixture", taking over what others own. Any served version; a
    /// namespaced object without namespace goes to "default". A `status` is applied, too, by a second write
    /// where the kind has the subresource; when that is refused, the rest has been applied. Without `status`
    /// the object keeps the one that it has. The status of a CustomResourceDefinition is the server's own and
    /// is left out.
    result<json::value> apply(const json::value& object);
    /// The same of the subresource status only, as a kubelet, an announcer or another controller would write
    /// it: of `object` only kind, name, namespace and `status` count. Errors: `errc::not_found` when there is
    /// no such object, `errc::invalid` when `object` has no `status`, its kind has no such subresource, or
    /// the status is refused.
    result<json::value> apply_status(const json::value& object);
    /// Everything but what the server itself made at its start, in storage versions, sorted by kind,
    /// namespace, name. `kind` narrows it: "services", "gateways.gateway.networking.k8s.io".
    std::vector<json::value> objects(std::string_view kind = {}) const;
    /// `kind` as in `objects`; `ns` is "" for what is cluster-scoped.
    std::optional<json::value> get(std::string_view kind, std::string_view ns, std::string_view name) const;
    /// Deletes with the given propagation policy; false when there is no such object.
    bool remove(std::string_view kind, std::string_view ns, std::string_view name,
                std::string_view propagation = "Background");

    // What happened.

    /// Every write since the start, in order.
    std::vector<write_record> writes() const;
    /// The newest reads, in order: gets, lists and watches over HTTP, each when it was asked for.
    std::vector<read_record> reads() const;
    /// The newest resourceVersion.
    std::uint64_t resource_version() const;
    std::size_t open_watches() const;
    std::uint64_t requests() const;
    /// True when the stand-ins have nothing left to do.
    bool settled() const;
    /// Blocks until `done` returns true, asking again whenever something changed; false after `timeout`.
    bool wait_until(const std::function<bool()>& done,
                    std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

    // What goes wrong.

    /// Forgets the history: watches and continue tokens from earlier versions get 410.
    void compact();
    void inject(fault f);
    void clear_faults();
    /// Closes every connection at once, watches included.
    void drop_connections();
    /// Starts or stops serving a version ("" for all) of a kind, as in `objects`. False when there is no such
    /// version.
    bool serve(std::string_view kind, std::string_view version, bool served);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace gwctl::testing
