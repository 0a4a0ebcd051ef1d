/// What each announcer wants on a Service, as a table.
///
/// An announcer is what makes the network send an address's packets to the nodes, and puts the address into
/// the Service's status, by which kube-proxy knows what to do with them.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::gateway {

enum class announcer {
    kube_vip,
    metallb,
    cilium,    ///< LB IPAM, with BGP or L2 announcements
    servicelb, ///< k3s: the addresses are those of the nodes
    none,      ///< one that is not listed, or a static route: nothing is known of it
};

/// One row. An empty key: the announcer knows none for this purpose.
struct announcer_profile {
    announcer id = announcer::none;
    /// On the command line and in parameters.
    std::string_view name{};
    /// In messages.
    std::string_view title{};
    /// Domains of its annotations and labels, which users of Gateways must not set.
    std::array<std::string_view, 2> domains{};

    /// False: it has addresses of its own, and cannot be asked for any.
    bool takes_requests = true;
    /// Annotation for the addresses, with commas in between.
    std::string_view addresses_key{};
    /// Whether `spec.loadBalancerIP` says the first address.
    bool spec_address = false;
    /// A Service can have one address of each IP family at most.
    bool one_per_family = false;

    /// Annotation by whose value it knows the Services that may share addresses.
    std::string_view sharing_key{};
    /// Annotation for the other namespaces that share, with commas in between.
    std::string_view sharing_namespaces_key{};
    /// Annotation for the Lease, NAMESPACE/NAME, that Services of one address have in common.
    std::string_view lease_key{};
    /// Annotation that keeps a Service without endpoints announced, under externalTrafficPolicy Cluster.
    std::string_view without_endpoints_key{};

    /// Whether it writes `status.loadBalancer`. False: a Service that is written is as good as announced.
    bool reports = true;
    /// Whether several Services can have one address under externalTrafficPolicy Local.
    bool shares_when_local = false;
    /// Under Local it looks at one EndpointSlice of each family only.
    bool one_slice_when_local = false;
    /// Under Local its traffic comes by node ports.
    bool node_ports_when_local = false;

    /// What to look at when an address is not announced.
    std::string_view check{};
};

/// Every announcer once, in the order of the enumeration.
std::span<const announcer_profile> announcer_profiles() noexcept;

/// The annotations by which a Service may ask any announcer for addresses, former ones too.
const std::vector<std::string_view>& address_annotations();

/// The entries of a list with commas in between; 256 at most, since whoever makes Services may write a
/// megabyte of them.
std::vector<std::string> split_addresses(std::string_view list);
const announcer_profile& profile_of(announcer a) noexcept;

std::optional<announcer> parse_announcer(std::string_view name) noexcept;

/// "kube-vip, metallb, cilium, servicelb, none"
inline constexpr std::string_view announcer_names = "kube-vip, metallb, cilium, servicelb, none";

} // namespace gwctl::gateway
