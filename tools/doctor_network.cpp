// Announcers, and the addresses that they and we give out.
#include "doctor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::tools {
namespace {

using gateway::announcer;
using gateway::announcer_profile;
using gateway::profile_of;

std::string name_of(const workload& w) { return fmt::format("{} {}", w.kind, to_string(w.key)); }

bool runs(const workload& w, std::string_view name, std::string_view folder = {}) {
    return std::any_of(w.images.begin(), w.images.end(), [&](const std::string& image) {
        return image_name(image) == name && (folder.empty() || image.find(folder) != image.npos);
    });
}

/// Whether the workload is this announcer, or acts for it.
bool belongs_to(const workload& w, announcer a) {
    switch (a) {
    case announcer::kube_vip:
        return runs(w, "kube-vip") || runs(w, "kube-vip-iptables");
    case announcer::metallb:
        return runs(w, "speaker", "metallb/") || runs(w, "metallb-speaker");
    case announcer::cilium:
        return runs(w, "cilium", "cilium/");
    case announcer::servicelb:
        return w.key.name.starts_with("svclb-") && runs(w, "klipper-lb");
    case announcer::none:
        break;
    }
    return false;
}

/// A workload of the announcer, "DaemonSet kube-system/kube-vip-ds"; empty when there is none, or it is
/// asleep.
std::string presence(const cluster_facts& f, announcer a) {
    // LB IPAM does nothing until there is a pool (Cilium's documentation).
    if (a == announcer::cilium && (!f.cilium_pools || f.cilium_pools->empty()))
        return {};
    for (const workload& w : *f.workloads)
        if (belongs_to(w, a))
            return name_of(w);
    return {};
}

ipam::pool_config parse(const gateway::options& flags, const core_v1::ConfigMap& map) {
    return ipam::parse_pools(describe(core_v1::ConfigMap::type, flags.ipam_config), map.data);
}

/// What a pool of an announcer contains. What cannot be read in it contains nothing.
void add_addresses(const announcer_pool& p, ipam::interval_set& all) {
    for (const std::string& text : p.ranges) {
        const ipam::pool_config parsed = ipam::parse_pools("", {{"range-global", text}});
        for (const ipam::pool& one : parsed.pools)
            for (const auto& [first, last] : one.covered.ranges())
                all.insert({first, last});
    }
}

/// The first address of `wanted` that `have` lacks.
std::optional<ipam::ip_address> first_missing(const ipam::interval_set& wanted,
                                              const ipam::interval_set& have) {
    for (const auto& [first, last] : wanted.ranges()) {
        auto after = have.ranges().upper_bound(first);
        if (after == have.ranges().begin())
            return first;
        const auto& [start, end] = *--after;
        if (end < first)
            return first;
        if (end < last) // the next range of a set is never adjacent
            return end + 1;
    }
    return std::nullopt;
}

/// An address that both have.
std::optional<ipam::ip_address> first_common(const ipam::interval_set& a, const ipam::interval_set& b) {
    for (const auto& [first, last] : a.ranges())
        for (const auto& [start, end] : b.ranges())
            if (start <= last && first <= end)
                return std::max(first, start);
    return std::nullopt;
}

bool may_use(const ipam::pool& p, const std::vector<std::string>& names) {
    const std::string& own = p.namespace_.empty() ? "global" : p.namespace_;
    return names.empty() || std::find(names.begin(), names.end(), own) != names.end();
}

} // namespace

findings check_pools(const cluster_facts& f, const gateway::options& flags) {
    findings all;
    if (flags.ipam_config.name.empty() || !f.pools_read)
        return all;
    if (!f.pools) {
        all.push_back(
            {true, fmt::format("ConfigMap {} does not exist; create it, or correct the flag -ipam-configmap",
                               to_string(flags.ipam_config))});
        return all;
    }
    const ipam::pool_config config = parse(flags, *f.pools);
    for (const std::string& text : config.errors)
        all.push_back({true, fmt::format("{}: {}", config.source, text)});
    for (const std::string& text : config.warnings)
        all.push_back({false, fmt::format("{}: {}", config.source, text)});
    for (const ipam::pool& p : config.pools)
        for (const node& n : f.nodes.value_or(std::vector<node>()))
            for (const std::string& text : n.addresses)
                if (const auto address = ipam::parse_address(text);
                    address.has_value() && p.addresses.contains(*address))
                    all.push_back(
                        {true, fmt::format("{}: {} contains {}, the address of Node {}; leave it out with "
                                           "exclude-{}: {}",
                                           config.source, p.key, text, n.name,
                                           p.namespace_.empty() ? "global" : p.namespace_, text)});
    for (const auto& [name, settings] : settings_of_classes(f, flags))
        for (const std::string& wanted : settings.pools)
            if (std::none_of(config.pools.begin(), config.pools.end(),
                             [&, &w = wanted](const ipam::pool& p) { return may_use(p, {w}); }))
                all.push_back(
                    {true,
                     fmt::format("GatewayClass {}: its parameter pools names {}, and {} has no range-{} "
                                 "or cidr-{}; add one, or correct the parameter",
                                 name, wanted, config.source, wanted, wanted)});
    return all;
}

findings check_announcers(const cluster_facts& f, const gateway::options& flags) {
    findings all;
    if (!f.workloads)
        return all;
    std::set<announcer> used;
    bool without_class = false;
    for (const auto& [name, settings] : settings_of_classes(f, flags)) {
        used.insert(settings.announced_by);
        without_class = without_class || settings.load_balancer_class.empty();
    }
    for (const announcer a : used) {
        const announcer_profile& profile = profile_of(a);
        // servicelb has no workload before there is a Service to serve.
        if (profile.reports && profile.takes_requests && presence(f, a).empty())
            all.push_back(
                {false,
                 fmt::format("the announcer is {}, and nothing of it was found running; install it, or "
                             "correct the flag -announcer or the class's parameter announcer",
                             profile.title)});
    }
    std::vector<std::string> present;
    for (const announcer_profile& profile : gateway::announcer_profiles())
        if (const std::string by = presence(f, profile.id); !by.empty()) {
            present.push_back(fmt::format("{} ({})", profile.title, by));
        }
    if (present.size() > 1 && without_class)
        all.push_back(
            {false, fmt::format("{} may all act on a Service that has no loadBalancerClass; disable all but "
                                "one, or give GatewayClasses the parameter loadBalancerClass",
                                fmt::join(present, " and "))});
    return all;
}

findings check_status_writers(const cluster_facts& f) {
    findings all;
    for (const announced_service& s : f.services.value_or(std::vector<announced_service>()))
        if (s.writers.size() > 1)
            all.push_back(
                {true, fmt::format("Service {}: status.loadBalancer is written by {}, so its address may "
                                   "come and go; let one announcer serve it, by a loadBalancerClass",
                                   to_string(s.key), fmt::join(s.writers, " and "))});
    return all;
}

findings check_announcer_pools(const cluster_facts& f, const gateway::options& flags) {
    findings all;
    if (flags.ipam_config.name.empty() || !f.pools)
        return all;
    const ipam::pool_config config = parse(flags, *f.pools);
    const auto check = [&](announcer by, std::string_view kind, const std::vector<announcer_pool>& theirs) {
        ipam::interval_set known;
        for (const announcer_pool& p : theirs)
            add_addresses(p, known);
        std::set<std::string> told;
        for (const auto& [name, settings] : settings_of_classes(f, flags)) {
            if (settings.announced_by != by)
                continue;
            for (const ipam::pool& p : config.pools) {
                if (!may_use(p, settings.pools) || !told.insert(p.key).second)
                    continue;
                if (const auto missing = first_missing(p.addresses, known))
                    all.push_back(
                        {true, fmt::format("{}: {} has {}, which lies in no {}, so {} will not announce it; "
                                           "add it to one",
                                           config.source, p.key, missing->to_string(), kind,
                                           profile_of(by).title)});
                for (const announcer_pool& their : theirs) {
                    ipam::interval_set addresses;
                    add_addresses(their, addresses);
                    if (const auto common = first_common(p.addresses, addresses);
                        common && their.gives_by_itself)
                        all.push_back(
                            {false, fmt::format("{} {} has {} of {}, and gives it to Services that ask for "
                                                "none too; set its spec.autoAssign to false",
                                                kind, their.name, common->to_string(), p.key)});
                }
            }
        }
    };
    if (f.metallb_pools)
        check(announcer::metallb, "IPAddressPool", *f.metallb_pools);
    if (f.cilium_pools)
        check(announcer::cilium, "CiliumLoadBalancerIPPool", *f.cilium_pools);
    return all;
}

findings check_cloud_provider(const cluster_facts& f, const gateway::options& flags) {
    findings all;
    const auto workloads = f.workloads.value_or(std::vector<workload>());
    const auto found = std::find_if(workloads.begin(), workloads.end(),
                                    [](const workload& w) { return runs(w, "kube-vip-cloud-provider"); });
    if (found == workloads.end())
        return all;
    const std::string it = name_of(*found);
    for (const auto& [name, settings] : settings_of_classes(f, flags)) {
        const announcer_profile& profile = profile_of(settings.announced_by);
        // It leaves Services alone that ask in kube-vip's way, and those of a class that is not its own.
        if (!profile.spec_address && settings.load_balancer_class.empty())
            all.push_back(
                {true, fmt::format("{} gives addresses to the Services of {} too, since they do not ask in "
                                   "kube-vip's way; remove it, or give the class the parameter "
                                   "loadBalancerClass",
                                   it, name.empty() ? "this controller" : "GatewayClass " + name)});
    }
    if (flags.ipam_config.name.empty() || !f.pools || !f.cloud_provider_pools)
        return all;
    ipam::interval_set theirs;
    const ipam::pool_config provided = ipam::parse_pools("", f.cloud_provider_pools->data);
    for (const ipam::pool& p : provided.pools)
        for (const auto& [first, last] : p.covered.ranges())
            theirs.insert({first, last});
    const ipam::pool_config ours = parse(flags, *f.pools);
    for (const ipam::pool& p : ours.pools)
        if (const auto common = first_common(p.addresses, theirs))
            all.push_back(
                {true,
                 fmt::format("{} gives out {} of pool {} too (ConfigMap {}), and does not know which "
                             "Gateways have what; give each pools of its own",
                             it, common->to_string(), p.key, to_string(key_of(*f.cloud_provider_pools)))});
    return all;
}

} // namespace gwctl::tools
