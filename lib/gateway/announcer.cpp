#include <gwctl/gateway/announcer.hpp>

#include <algorithm>

namespace gwctl::gateway {
namespace {

// From the announcers' documentation and sources: kube-vip 1.2 (pkg/kubevip/annotations.go, pkg/lease),
// MetalLB 0.15 (usage page, internal/ipfamily), Cilium 1.20 (LB IPAM page, operator/pkg/lbipam), k3s
// (pkg/cloudprovider/servicelb.go).
constexpr announcer_profile profiles[] = {
    {
        .id = announcer::kube_vip,
        .name = "kube-vip",
        .title = "kube-vip",
        .domains = {"kube-vip.io"},
        .addresses_key = "kube-vip.io/loadbalancerIPs",
        .spec_address = true,
        .lease_key = "kube-vip.io/leaseName", // refuses Services of policy Local
        .without_endpoints_key = "kube-vip.io/allow-reconcile-without-endpoints",
        .one_slice_when_local = true, // its endpoint watcher keeps the last slice that it saw
        .check = "check that its DaemonSet is running, with services enabled (svc_enable), and serves the "
                 "Service's loadBalancerClass",
    },
    {
        .id = announcer::metallb,
        .name = "metallb",
        .title = "MetalLB",
        .domains = {"metallb.io", "universe.tf"},
        .addresses_key = "metallb.io/loadBalancerIPs", // beside spec.loadBalancerIP it is an error
        .one_per_family = true,
        .sharing_key = "metallb.io/allow-shared-ip",
        .check = "check that it is running, that the address is in an IPAddressPool, and the pool in an "
                 "L2Advertisement or "
                 "BGPAdvertisement",
    },
    {
        .id = announcer::cilium,
        .name = "cilium",
        .title = "Cilium",
        .domains = {"cilium.io", "io.cilium"},
        .addresses_key = "lbipam.cilium.io/ips",
        .sharing_key = "lbipam.cilium.io/sharing-key",
        .sharing_namespaces_key = "lbipam.cilium.io/sharing-cross-namespace",
        .check = "check that its operator is running, and that a CiliumLoadBalancerIPPool that selects the "
                 "Service has "
                 "the address: the Service's condition cilium.io/IPAMRequestSatisfied says more",
    },
    {
        .id = announcer::servicelb,
        .name = "servicelb",
        .title = "k3s servicelb",
        .domains = {"cattle.io"},
        .takes_requests = false,
        .shares_when_local = true, // there is no address to share, only host ports
        .node_ports_when_local = true,
        .check = "check that it is enabled, and the ports free on the nodes: its pods svclb-* in kube-system "
                 "say more",
    },
    {
        .id = announcer::none,
        .name = "none",
        .title = "the load balancer",
        .spec_address = true,
        .reports = false,
        .shares_when_local = true,
        .check = "check that it is running",
    },
};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < std::size(profiles); ++i)
        if (static_cast<std::size_t>(profiles[i].id) != i)
            return false;
    return true;
}
static_assert(is_in_order());

} // namespace

std::span<const announcer_profile> announcer_profiles() noexcept { return profiles; }

const std::vector<std::string_view>& address_annotations() {
    static const std::vector<std::string_view> all = [] {
        std::vector<std::string_view> keys{"metallb.universe.tf/loadBalancerIPs", // MetalLB's former key
                                           "io.cilium/lb-ipam-ips"};
        for (const announcer_profile& profile : profiles)
            if (!profile.addresses_key.empty())
                keys.push_back(profile.addresses_key);
        return keys;
    }();
    return all;
}

std::vector<std::string> split_addresses(std::string_view list) {
    constexpr std::size_t most = 256;
    std::vector<std::string> entries;
    while (!list.empty() && entries.size() < most) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view entry = list.substr(0, comma);
        while (entry.starts_with(' '))
            entry.remove_prefix(1);
        while (entry.ends_with(' '))
            entry.remove_suffix(1);
        if (!entry.empty())
            entries.emplace_back(entry);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return entries;
}

const announcer_profile& profile_of(announcer a) noexcept { return profiles[static_cast<std::size_t>(a)]; }

std::optional<announcer> parse_announcer(std::string_view name) noexcept {
    const auto found = std::find_if(std::begin(profiles), std::end(profiles),
                                    [&](const announcer_profile& p) { return p.name == name; });
    if (found == std::end(profiles))
        return std::nullopt;
    return found->id;
}

} // namespace gwctl::gateway
