// What the API server serves and allows, classes, and other controllers.
#include "doctor.hpp"

#include <gwctl/core/time.hpp>
#include <gwctl/gateway/parameters.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::tools {
namespace {

void add(findings& all, findings more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::string qualified(std::string_view resource, std::string_view group) {
    return group.empty() ? std::string(resource) : fmt::format("{}.{}", resource, group);
}

/// The value of a flag of Go's form; empty without it.
std::string flag_value(const workload& w, std::string_view name) {
    for (std::size_t i = 0; i < w.arguments.size(); ++i) {
        std::string_view text = w.arguments[i];
        while (text.starts_with('-'))
            text.remove_prefix(1);
        if (!text.starts_with(name))
            continue;
        text.remove_prefix(name.size());
        if (text.starts_with('='))
            return std::string(text.substr(1));
        if (text.empty())
            return i + 1 < w.arguments.size() && !w.arguments[i + 1].starts_with('-') ? w.arguments[i + 1]
                                                                                      : "true";
    }
    return {};
}

/// A controller of ours or the Go program that it follows, for classes of this name.
bool serves_classes(const workload& w, const std::string& controller_name) {
    if (w.kind == "Pod" || std::none_of(w.images.begin(), w.images.end(), [](const std::string& image) {
            return image_name(image) == "gateway-api-controller";
        }))
        return false;
    const std::string named = flag_value(w, "gateway-class-name");
    return (named.empty() ? gateway::options().controller_name : named) == controller_name;
}

} // namespace

std::string_view image_name(std::string_view image) {
    image = image.substr(0, image.find('@'));
    if (const std::size_t slash = image.rfind('/'); slash != image.npos)
        image.remove_prefix(slash + 1);
    return image.substr(0, image.find(':'));
}

std::vector<permission> needed_permissions(const gateway::options& flags, bool elects_leader) {
    constexpr std::string_view gw = gateway_v1::group;
    std::vector<permission> p;
    const auto allow = [&](std::string_view group, std::string_view resource,
                           std::initializer_list<std::string_view> verbs, bool own_namespace = false) {
        for (const std::string_view verb : verbs)
            if (!flags.observe_only || verb == "list" || verb == "watch")
                p.push_back({group, resource, verb, own_namespace});
    };
    for (const std::string_view kind : {"gatewayclasses", "gateways", "tcproutes", "udproutes"})
        allow(gw, kind, {"list", "watch", "patch"});
    for (const std::string_view kind : {"gatewayclasses/status", "gateways/status", "listenersets/status",
                                        "tcproutes/status", "udproutes/status"})
        allow(gw, kind, {"patch"});
    allow(gw, "gateways/finalizers", {"update"});
    allow(gw, "listenersets", {"list", "watch"});
    allow(gw, "referencegrants", {"list", "watch"});
    allow("", "services", {"list", "watch", "create", "patch", "delete"});
    allow("discovery.k8s.io", "endpointslices", {"list", "watch", "create", "patch", "delete"});
    allow("", "namespaces", {"list", "watch"});
    allow("apiextensions.k8s.io", "customresourcedefinitions", {"list", "watch"});
    allow("events.k8s.io", "events", {"create", "patch"});
    if (elects_leader)
        allow("coordination.k8s.io", "leases", {"get", "create", "patch"}, true);
    if (flags.http == gateway::http_listeners::status) {
        allow(gw, "httproutes", {"list", "watch"});
        allow("", "secrets", {"list", "watch"});
    }
    const auto read_maps = [&p](const std::string& name) {
        for (const std::string_view verb : {"list", "watch"})
            p.push_back({"", "configmaps", verb, false, name});
    };
    if (!flags.ipam_config.name.empty())
        read_maps(flags.ipam_config.name);
    read_maps({}); // parameters
    return p;
}

findings check_kinds(const cluster_facts& f) {
    findings all;
    if (!f.served)
        return all;
    for (const auto& [plural, kind, versions] :
         {std::tuple("gatewayclasses", "GatewayClass", std::set<std::string>{"v1", "v1beta1"}),
          std::tuple("gateways", "Gateway", std::set<std::string>{"v1", "v1beta1"}),
          std::tuple("tcproutes", "TCPRoute", std::set<std::string>{"v1", "v1alpha2"}),
          std::tuple("udproutes", "UDPRoute", std::set<std::string>{"v1", "v1alpha2"}),
          std::tuple("referencegrants", "ReferenceGrant", std::set<std::string>{"v1", "v1beta1"})}) {
        const auto found = f.served->find(qualified(plural, gateway_v1::group));
        if (found == f.served->end()) {
            all.push_back(
                {true, fmt::format("kind {} is not served; install the CRDs of the Gateway API, release 1.6 "
                                   "or newer from its standard channel",
                                   kind)});
            continue;
        }
        const bool is_known = std::any_of(found->second.begin(), found->second.end(),
                                          [&, &v = versions](const auto& s) { return v.contains(s); });
        if (!is_known)
            all.push_back(
                {true, fmt::format("kind {} is served as {}, expected one of {}; install the CRDs of "
                                   "another release of the Gateway API",
                                   kind, fmt::join(found->second, ", "), fmt::join(versions, ", "))});
    }
    return all;
}

findings check_permissions(const cluster_facts& f, const gateway::options& flags) {
    // Who is concerned when parameters may not be read.
    std::vector<std::string> referrers;
    for (const auto& gateway_class : f.classes.value_or(std::vector<gateway_v1::GatewayClass>()))
        if (gateway_class.spec.controllerName == flags.controller_name && gateway_class.spec.parametersRef)
            referrers.push_back(gateway_class.metadata.name);
    const auto are_parameters = [](const permission& p) {
        return p.resource == "configmaps" && p.name.empty();
    };
    const auto manifest_of = [&](const permission& p) {
        if (p.resource == "secrets" || p.resource == "httproutes")
            return "http-listeners-rbac";
        if (!flags.namespaces.empty())
            return "namespaced";
        return are_parameters(p) ? "parameters-rbac" : "install";
    };
    struct lack {
        std::vector<std::string_view> verbs{};
        std::string_view manifest{};
        bool of_parameters = false;
    };
    std::map<std::string, lack> lacks;
    for (const auto& [what, namespace_] : f.denied) {
        if (are_parameters(what) && referrers.empty())
            continue; // nobody needs them
        lack& l = lacks[qualified(what.resource, what.group) + (what.name.empty() ? "" : " " + what.name) +
                        (namespace_.empty() ? "" : " in namespace " + namespace_)];
        l.verbs.push_back(what.verb);
        l.manifest = manifest_of(what);
        l.of_parameters = are_parameters(what);
    }
    findings all;
    for (const auto& [resource, l] : lacks)
        all.push_back(
            {true,
             fmt::format("this account may not {} {}{}; apply the roles and bindings of manifests/{}.yaml, "
                         "or use the account that the controller runs as",
                         fmt::join(l.verbs, ", "), resource,
                         l.of_parameters ? fmt::format(", which the parametersRef of GatewayClass {} needs",
                                                       fmt::join(referrers, ", "))
                                         : std::string(),
                         l.manifest)});
    return all;
}

findings check_namespaces(const cluster_facts& f) {
    findings all;
    for (const std::string& name : f.missing_namespaces)
        all.push_back(
            {true, fmt::format("namespace {} of the flag -namespace does not exist, so nothing there is "
                               "served; create it, or correct the flag",
                               name)});
    return all;
}

std::string describe_unchecked(const cluster_facts& f) {
    std::vector<std::string> all;
    for (const auto& [check, resources] : f.unreadable)
        all.push_back(fmt::format("{} ({})", check, fmt::join(resources, ", ")));
    return all.empty()
               ? std::string()
               : fmt::format("not checked, because this account may not read what is in brackets: {}; run "
                             "doctor as somebody who may to have all checked",
                             fmt::join(all, ", "));
}

std::map<std::string, gateway::options> settings_of_classes(const cluster_facts& f,
                                                            const gateway::options& flags) {
    const gateway::names n(flags.controller_name);
    gateway::parameter_source source;
    source.find = [&](const object_key& key) {
        const auto found = std::find_if(f.parameter_maps->begin(), f.parameter_maps->end(),
                                        [&](const core_v1::ConfigMap& m) { return key_of(m) == key; });
        return found == f.parameter_maps->end()
                   ? nullptr
                   : std::make_shared<const gateway::parameter_map>(gateway::parameters_in(*found));
    };
    std::map<std::string, gateway::options> settings;
    bool has_one = false;
    for (const auto& gateway_class : f.classes.value_or(std::vector<gateway_v1::GatewayClass>())) {
        if (gateway_class.spec.controllerName != flags.controller_name)
            continue;
        has_one = true;
        if (f.parameter_maps || !gateway_class.spec.parametersRef)
            settings[gateway_class.metadata.name] =
                judge_parameters(gateway_class, flags, source, n).effective;
    }
    if (!has_one)
        settings[""] = flags;
    return settings;
}

findings check_classes(const cluster_facts& f, const gateway::options& flags) {
    findings all;
    if (!f.classes)
        return all;
    bool has_one = false;
    for (const auto& gateway_class : *f.classes) {
        if (gateway_class.spec.controllerName != flags.controller_name)
            continue;
        has_one = true;
        for (const Condition& c : gateway_class.status.conditions)
            if ((c.type == "Accepted" || c.type == "SupportedVersion") && c.status == "False")
                all.push_back({true, fmt::format("GatewayClass {}: {}: {}", gateway_class.metadata.name,
                                                 c.reason, c.message)});
    }
    if (!has_one)
        all.push_back(
            {false, fmt::format("no GatewayClass has spec.controllerName {}; create one, or correct the flag "
                                "-gateway-class-name",
                                flags.controller_name)});
    return all;
}

findings check_controllers(const cluster_facts& f, const gateway::options& flags, wall_time now) {
    findings all;
    std::vector<std::string> held;
    for (const auto& lease : f.leases.value_or(std::vector<coordination_v1::Lease>())) {
        if (lease.metadata.name != "gateway-api.fnnrn.me" || lease.spec.holderIdentity.value_or("").empty())
            continue;
        const auto renewed = parse_time(lease.spec.renewTime.value_or(""));
        const std::chrono::seconds duration(lease.spec.leaseDurationSeconds.value_or(0));
        if (renewed.has_value() && *renewed + duration >= now)
            held.push_back(to_string(key_of(lease)));
    }
    if (held.size() > 1)
        all.push_back(
            {true, fmt::format("the Leases {} are all held, so more than one controller acts; keep one, or "
                               "give each a -gateway-class-name of its own",
                               fmt::join(held, " and "))});
    std::vector<std::string> found;
    for (const workload& w : f.workloads.value_or(std::vector<workload>())) {
        if (!serves_classes(w, flags.controller_name))
            continue;
        found.push_back(fmt::format("{} {}", w.kind, to_string(w.key)));
        const std::string elects = flag_value(w, "leader-elect");
        if (w.replicas > 1 && (elects.empty() || elects == "false"))
            all.push_back(
                {true, fmt::format("{} has {} replicas without leader election, which give out addresses "
                                   "each by itself; add the flag -leader-elect",
                                   found.back(), w.replicas)});
    }
    if (found.size() > 1)
        all.push_back(
            {true, fmt::format("{} all serve classes of {}; keep one, or give each a -gateway-class-name of "
                               "its own",
                               fmt::join(found, " and "), flags.controller_name)});
    return all;
}

findings diagnose(const cluster_facts& f, const gateway::options& flags, wall_time now) {
    findings all;
    add(all, check_kinds(f));
    add(all, check_permissions(f, flags));
    add(all, check_namespaces(f));
    add(all, check_classes(f, flags));
    add(all, check_controllers(f, flags, now));
    add(all, check_pools(f, flags));
    add(all, check_announcers(f, flags));
    add(all, check_status_writers(f));
    add(all, check_announcer_pools(f, flags));
    add(all, check_cloud_provider(f, flags));
    return all;
}

} // namespace gwctl::tools
