// What may be wrong with a cluster that the controller is to run on: facts in, findings out.
#pragma once

#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/gateway_v1.hpp>
#include <gwctl/client/transport.hpp>
#include <gwctl/core/clock.hpp>
#include <gwctl/gateway/options.hpp>
#include <gwctl/ipam/pool.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gwctl::tools {

struct flags;

/// One line: what is wrong, where, and what to do.
struct finding {
    bool is_error = false; ///< else a warning: it works, but may not be meant
    std::string text{};
};
using findings = std::vector<finding>;

/// A verb on a resource, as a role grants it.
struct permission {
    std::string_view group{};
    std::string_view resource{}; ///< with its subresource: "gateways/status"
    std::string_view verb{};
    bool own_namespace = false; ///< needed in the controller's namespace only
    std::string name{};         ///< of the one object that it is needed for; empty: for all
    friend auto operator<=>(const permission&, const permission&) = default;
};
struct denial {
    permission what{};
    std::string namespace_{}; ///< empty: everywhere
};
/// What the controller needs with these flags: those of manifests/install.yaml, with the Lease only if it elects
/// a leader, without the writes if it only observes, and with those of manifests/http-listeners-rbac.yaml for
/// http_listeners::status. The last two, to list and watch ConfigMaps, are those of manifests/parameters-rbac.yaml,
/// which only those need who have a parametersRef.
std::vector<permission> needed_permissions(const gateway::options& flags, bool elects_leader);

/// Deployments, DaemonSets and Pods, as far as they tell what runs.
struct workload {
    std::string kind{};
    object_key key{};
    int replicas = 1;
    std::vector<std::string> images{};
    std::vector<std::string> arguments{}; ///< of all containers
};

/// "gateway-api-controller" of "example.com:5000/team/gateway-api-controller:0.1.0@sha256:..."
std::string_view image_name(std::string_view image);

/// A Service of type LoadBalancer, and which field managers wrote its status.loadBalancer.
struct announced_service {
    object_key key{};
    std::string load_balancer_class{};
    std::vector<std::string> writers{};
};

struct node {
    std::string name{};
    std::vector<std::string> addresses{};
};

/// An IPAddressPool or CiliumLoadBalancerIPPool.
struct announcer_pool {
    std::string name{};
    std::vector<std::string> ranges{}; ///< CIDRs, FIRST-LAST, or single addresses
    bool gives_by_itself = true;       ///< to Services that ask for no address
};

/// What was read. Members without a value could not be read; the checks that need them say nothing.
struct cluster_facts {
    /// "tcproutes.gateway.networking.k8s.io" to the versions that are served.
    std::optional<std::map<std::string, std::set<std::string>>> served{};
    std::vector<denial> denied{};
    std::set<std::string> missing_namespaces{}; ///< of those that the controller is limited to
    std::optional<std::vector<gateway_v1::GatewayClass>> classes{};
    std::optional<std::vector<core_v1::ConfigMap>> parameter_maps{};
    std::optional<std::vector<announced_service>> services{};
    std::optional<std::vector<workload>> workloads{};
    std::optional<std::vector<node>> nodes{};
    std::optional<std::vector<coordination_v1::Lease>> leases{};
    std::optional<std::vector<announcer_pool>> metallb_pools{};
    std::optional<std::vector<announcer_pool>> cilium_pools{};
    bool pools_read = false;
    std::optional<core_v1::ConfigMap> pools{};                ///< the one of -ipam-configmap, if it exists
    std::optional<core_v1::ConfigMap> cloud_provider_pools{}; ///< kube-system/kubevip, if it exists
    /// What cannot be checked, "addresses of nodes in pools", by the resources that this account may not
    /// read.
    std::map<std::string, std::set<std::string>> unreadable{};
};

findings check_kinds(const cluster_facts& f);
findings check_permissions(const cluster_facts& f, const gateway::options& flags);
/// Whether the namespaces exist that the controller is limited to.
findings check_namespaces(const cluster_facts& f);
findings check_classes(const cluster_facts& f, const gateway::options& flags);
/// More than one controller at work: two Leases that are held, or Deployments without leader election.
findings check_controllers(const cluster_facts& f, const gateway::options& flags, wall_time now);
findings check_pools(const cluster_facts& f, const gateway::options& flags);
/// Whether the announcers that are configured are there, and no other one acts on the same Services.
findings check_announcers(const cluster_facts& f, const gateway::options& flags);
findings check_status_writers(const cluster_facts& f);
/// Whether MetalLB or Cilium, where they are used, have the addresses of our pools.
findings check_announcer_pools(const cluster_facts& f, const gateway::options& flags);
/// kube-vip-cloud-provider, which gives addresses out too.
findings check_cloud_provider(const cluster_facts& f, const gateway::options& flags);

/// All of the above.
findings diagnose(const cluster_facts& f, const gateway::options& flags, wall_time now);

/// One line: what was not checked because this account may not read it; empty when all was.
std::string describe_unchecked(const cluster_facts& f);

/// What holds for the Gateways of each class of ours, by the class's name; by "" where there is none. Classes
/// whose parameters could not be read are left out.
std::map<std::string, gateway::options> settings_of_classes(const cluster_facts& f,
                                                            const gateway::options& flags);

// What the API server's JSON says; members that are missing or of another type count as empty.
workload read_workload(const json::value& object);
announced_service read_service(const json::value& object);
node read_node(const json::value& object);
announcer_pool read_metallb_pool(const json::value& object);
announcer_pool read_cilium_pool(const json::value& object);

/// Reads the facts over HTTP. `own_namespace` is the controller's, `flags` outlive the task. Throws
/// `api_error` when the API server is out of reach or in trouble, not for what it refuses.
task<cluster_facts> read_facts(std::shared_ptr<transport> network, const gateway::options& flags,
                               std::string own_namespace, bool elects_leader);

/// Reads the facts over HTTP, and nothing is written; prints a line for each finding. Exit code 0: there are
/// none, 1: there are some. Throws `api_error` when the API server is out of reach.
int doctor(const flags& f);

} // namespace gwctl::tools
