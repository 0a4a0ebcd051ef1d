// What a Service must look like.
#include "json_util.hpp"
#include "metadata_rules.hpp"
#include "names.hpp"
#include "services.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace gwctl::testing::detail {

namespace {

using names_list = std::vector<std::string>;

std::string type_of(const json::object& spec) { return string_at(spec, {"type"}); }
bool is_headless(const json::object& spec) {
    const auto& ips = array_at(spec, {"clusterIPs"});
    return ips.size() == 1 && ips[0] == json::value("None");
}
bool external(const json::object& spec) {
    return type_of(spec) == "NodePort" || type_of(spec) == "LoadBalancer" ||
           (type_of(spec) == "ClusterIP" && !array_at(spec, {"externalIPs"}).empty());
}
bool wants_health_port(const json::object& spec) {
    return type_of(spec) == "LoadBalancer" && string_at(spec, {"externalTrafficPolicy"}) == "Local";
}

void add(field_errors& errors, const std::string& field, const json::value& value, const problems& found) {
    for (const auto& p : found)
        errors.push_back(invalid_value(field, value, p));
}

void check_one_of(const json::object& o, std::string_view key, const std::string& at,
                  const names_list& allowed, field_errors& errors) {
    const auto* v = o.if_contains(key);
    if (v && v->is_string() &&
        std::find(allowed.begin(), allowed.end(), str(v->get_string())) == allowed.end())
        errors.push_back(unsupported(at + "." + std::string(key), *v, allowed));
}

void check_port_number(const std::string& at, const json::value& v, std::int64_t n, field_errors& errors) {
    if (n < 1 || n > 65535)
        errors.push_back(invalid_value(at, v, "must be between 1 and 65535, inclusive"));
}

void check_port(const json::object& port, const std::string& at, bool several, std::set<std::string>& names,
                field_errors& errors) {
    const auto name = string_at(port, {"name"});
    if (name.empty() && several)
        errors.push_back(required(at + ".name"));
    if (!name.empty()) {
        add(errors, at + ".name", json::value(name), check_dns_label(name));
        if (!names.insert(name).second)
            errors.push_back(duplicate(at + ".name", json::value(name)));
    }
    const auto number = int_at(port, {"port"}, 0);
    check_port_number(at + ".port", json::value(number), number, errors);
    check_one_of(port, "protocol", at, {"SCTP", "TCP", "UDP"}, errors);
    if (const auto* target = port.if_contains("targetPort")) {
        std::int64_t n = 0;
        if (to_int(*target, n))
            check_port_number(at + ".targetPort", *target, n, errors);
        else if (target->is_string())
            add(errors, at + ".targetPort", *target, check_port_name(str(target->get_string())));
    }
    if (const auto* protocol = port.if_contains("appProtocol"); protocol && protocol->is_string())
        add(errors, at + ".appProtocol", *protocol, check_qualified_name(str(protocol->get_string())));
}

void check_ports(const json::object& spec, field_errors& errors) {
    const auto& ports = array_at(spec, {"ports"});
    std::set<std::string> names, pairs, node_pairs;
    for (std::size_t i = 0; i < ports.size(); ++i)
        if (ports[i].is_object())
            check_port(ports[i].get_object(), fmt::format("spec.ports[{}]", i), ports.size() > 1, names,
                       errors);
    for (std::size_t i = 0; i < ports.size(); ++i) {
        if (!ports[i].is_object())
            continue;
        const auto& port = ports[i].get_object();
        const auto at = fmt::format("spec.ports[{}]", i);
        const auto protocol = string_at(port, {"protocol"});
        const auto node = int_at(port, {"nodePort"}, 0);
        if (node != 0 && type_of(spec) == "ClusterIP")
            errors.push_back(forbidden_field(at + ".nodePort", "may not be used when `type` is 'ClusterIP'"));
        if (node != 0 && !node_pairs.insert(fmt::format("{}/{}", protocol, node)).second)
            errors.push_back(duplicate(at + ".nodePort", json::value(node)));
        const auto number = int_at(port, {"port"}, 0);
        if (!pairs.insert(fmt::format("{}/{}", protocol, number)).second) {
            json::object shown;
            shown["Name"] = "";
            shown["Protocol"] = protocol;
            shown["AppProtocol"] = nullptr;
            shown["Port"] = number;
            shown["TargetPort"] = 0;
            shown["NodePort"] = 0;
            errors.push_back(duplicate(at, json::value(std::move(shown))));
        }
    }
}

void check_external_name(const json::object& spec, field_errors& errors) {
    for (const char* key : {"clusterIPs", "ipFamilies"})
        if (!array_at(spec, {key}).empty())
            errors.push_back(
                forbidden_field(std::string("spec.") + key, "may not be set for ExternalName services"));
    if (spec.contains("ipFamilyPolicy"))
        errors.push_back(forbidden_field("spec.ipFamilyPolicy", "may not be set for ExternalName services"));
    auto name = string_at(spec, {"externalName"});
    if (!name.empty() && name.back() == '.')
        name.pop_back();
    if (name.empty())
        errors.push_back(required("spec.externalName"));
    else
        add(errors, "spec.externalName", json::value(name), check_dns_subdomain(name));
}

void check_affinity(const json::object& spec, field_errors& errors) {
    check_one_of(spec, "sessionAffinity", "spec", {"ClientIP", "None"}, errors);
    const auto* config = find(spec, {"sessionAffinityConfig"});
    const auto affinity = string_at(spec, {"sessionAffinity"});
    if (affinity == "None" && config)
        errors.push_back(
            forbidden_field("spec.sessionAffinityConfig", "must not be set when session affinity is None"));
    if (affinity != "ClientIP")
        return;
    const auto* seconds = find(spec, {"sessionAffinityConfig", "clientIP", "timeoutSeconds"});
    if (seconds == nullptr)
        errors.push_back(required("spec.sessionAffinityConfig", "when session affinity type is ClientIP"));
    else if (std::int64_t n = 0; to_int(*seconds, n) && (n <= 0 || n > 86400))
        errors.push_back(invalid_value("spec.sessionAffinityConfig.clientIP.timeoutSeconds", *seconds,
                                       "must be greater than 0 and less than 86400"));
}

void check_load_balancer(const json::object& spec, field_errors& errors) {
    const bool balanced = type_of(spec) == "LoadBalancer";
    const auto& ranges = array_at(spec, {"loadBalancerSourceRanges"});
    if (!ranges.empty() && !balanced)
        errors.push_back(forbidden_field("spec.LoadBalancerSourceRanges",
                                         "may only be used when `type` is 'LoadBalancer'"));
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const auto text = ranges[i].is_string() ? str(ranges[i].get_string()) : std::string();
        add(errors, fmt::format("spec.LoadBalancerSourceRanges[{}]", i), ranges[i],
            check_address_range(text));
    }
    if (spec.contains("allocateLoadBalancerNodePorts") && !balanced)
        errors.push_back(forbidden_field("spec.allocateLoadBalancerNodePorts",
                                         "may only be used when `type` is 'LoadBalancer'"));
    if (const auto* name = spec.if_contains("loadBalancerClass")) {
        if (!balanced)
            errors.push_back(
                forbidden_field("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));
        else if (name->is_string())
            add(errors, "spec.loadBalancerClass", *name, check_qualified_name(str(name->get_string())));
    }
}

void check_traffic(const json::object& spec, field_errors& errors) {
    const auto* policy = spec.if_contains("externalTrafficPolicy");
    if (!external(spec) && policy)
        errors.push_back(invalid_value("spec.externalTrafficPolicy", *policy,
                                       "may only be set for externally-accessible services"));
    else if (external(spec) && policy == nullptr)
        errors.push_back(required("spec.externalTrafficPolicy"));
    else
        check_one_of(spec, "externalTrafficPolicy", "spec", {"Cluster", "Local"}, errors);
    const auto health = int_at(spec, {"healthCheckNodePort"}, 0);
    if (!wants_health_port(spec) && health != 0)
        errors.push_back(invalid_value(
            "spec.healthCheckNodePort", json::value(health),
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
    else if (wants_health_port(spec) && health == 0)
        errors.push_back(required("spec.healthCheckNodePort"));
    check_one_of(spec, "internalTrafficPolicy", "spec", {"Cluster", "Local"}, errors);
    check_one_of(spec, "trafficDistribution", "spec", {"PreferClose", "PreferSameZone", "PreferSameNode"},
                 errors);
}

void check_external_addresses(const json::object& spec, field_errors& errors) {
    const auto& list = array_at(spec, {"externalIPs"});
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto at = fmt::format("spec.externalIPs[{}]", i);
        const auto ip = list[i].is_string() ? str(list[i].get_string()) : std::string();
        const auto found = check_address(ip);
        add(errors, at, list[i], found.empty() ? check_endpoint_address(ip) : found);
    }
}

// Cluster addresses and families come and go only at the end of their lists.
void check_kept(const json::object& spec, const json::object& old, std::string_view key, const char* what,
                const char* singular, field_errors& errors) {
    const auto &now = array_at(spec, {key}), &was = array_at(old, {key});
    const auto at = fmt::format("spec.{}", key);
    const auto changed = [&](std::size_t i) {
        errors.push_back(invalid_value(fmt::format("{}[{}]", at, i), now, "may not change once set"));
    };
    if (now.size() == was.size()) {
        for (std::size_t i = 0; i < now.size(); ++i)
            if (now[i] != was[i])
                changed(key == "clusterIPs" ? i : 0);
        return;
    }
    if (was.size() > now.size()) {
        if (array_at(spec, {"clusterIPs"}).empty())
            errors.push_back(
                invalid_value(at + "[0]", now, fmt::format("primary {} can not be unset", singular)));
        if (now.size() == 1 && string_at(spec, {"ipFamilyPolicy"}) != "SingleStack")
            errors.push_back(invalid_value(
                "spec.ipFamilyPolicy", json::value(string_at(spec, {"ipFamilyPolicy"})),
                fmt::format("must be set to 'SingleStack' when releasing the secondary {}", what)));
    }
    if (!now.empty() && !was.empty() && now[0] != was[0])
        changed(0);
}

void check_changed_service(const json::object& spec, const json::object& old, field_errors& errors) {
    if (type_of(spec) != "ExternalName" && type_of(old) != "ExternalName") {
        if (!(is_headless(spec) && is_headless(old)))
            check_kept(spec, old, "clusterIPs", "clusterIP", "clusterIP", errors);
        if (!is_headless(spec) && !is_headless(old))
            check_kept(spec, old, "ipFamilies", "ipFamily", "ipFamily", errors);
    }
    if (type_of(spec) == "LoadBalancer" && type_of(old) == "LoadBalancer") {
        const auto *now = spec.if_contains("loadBalancerClass"), *was = old.if_contains("loadBalancerClass");
        if ((now == nullptr) != (was == nullptr) || (now && *now != *was))
            errors.push_back(invalid_value("spec.loadBalancerClass", now ? *now : json::value(),
                                           "may not change once set"));
    }
    if (wants_health_port(spec) && wants_health_port(old) &&
        int_at(spec, {"healthCheckNodePort"}, 0) != int_at(old, {"healthCheckNodePort"}, 0))
        errors.push_back(forbidden_field("spec.healthCheckNodePort", "field is immutable"));
}

} // namespace

void check_service_families(const json::object& object, field_errors& errors) {
    const auto& spec = object_at(object, {"spec"});
    if (type_of(spec) == "ExternalName")
        return;
    const auto ip = string_at(spec, {"clusterIP"});
    const auto& ips = array_at(spec, {"clusterIPs"});
    const auto& families = array_at(spec, {"ipFamilies"});
    if (!ip.empty() && ips.empty())
        errors.push_back(required("spec.clusterIPs"));
    else if (!ip.empty() && ips[0] != json::value(ip))
        errors.push_back(invalid_value("spec.clusterIPs", ips, "first value must match `clusterIP`"));
    else if (ip.empty() && !ips.empty())
        errors.push_back(
            invalid_value("spec.clusterIPs", ips, "must be empty when `clusterIP` is not specified"));
    for (std::size_t i = 0; i < families.size(); ++i) {
        const auto at = fmt::format("spec.ipFamilies[{}]", i);
        if (families[i] != json::value("IPv4") && families[i] != json::value("IPv6"))
            errors.push_back(unsupported(at, families[i], {"IPv4", "IPv6"}));
        if (std::find(families.begin(), families.begin() + static_cast<std::ptrdiff_t>(i), families[i]) !=
            families.begin() + static_cast<std::ptrdiff_t>(i))
            errors.push_back(duplicate(at, families[i]));
    }
    check_one_of(spec, "ipFamilyPolicy", "spec", {"PreferDualStack", "RequireDualStack", "SingleStack"},
                 errors);
    bool malformed = false;
    std::set<int> seen;
    for (std::size_t i = 0; i < ips.size(); ++i) {
        const auto text = ips[i].is_string() ? str(ips[i].get_string()) : std::string();
        if (i == 0 && text == "None") {
            if (ips.size() > 1) {
                malformed = true;
                errors.push_back(
                    invalid_value("spec.clusterIPs", ips, "'None' must be the first and only value"));
            }
            continue;
        }
        const auto found = check_address(text);
        malformed = malformed || !found.empty();
        add(errors, fmt::format("spec.clusterIPs[{}]", i), ips[i], found);
        seen.insert(ip_family(text));
    }
    if (ips.size() > 2)
        errors.push_back(invalid_value("spec.clusterIPs", ips, "may only hold up to 2 values"));
    if (malformed)
        return;
    if (ips.size() > 1 && seen.size() != 2)
        errors.push_back(
            invalid_value("spec.clusterIPs", ips, "may specify no more than one IP for each IP family"));
    for (std::size_t i = 0; !is_headless(spec) && i < std::min(ips.size(), families.size()); ++i) {
        const bool v6 = ip_family(str(ips[i].as_string())) == 6;
        if (families[i] == json::value(v6 ? "IPv4" : "IPv6"))
            errors.push_back(
                invalid_value(fmt::format("spec.clusterIPs[{}]", i), ips[i],
                              fmt::format("expected an {} value as indicated by `ipFamilies[{}]`",
                                          v6 ? "IPv4" : "IPv6", i)));
    }
}

void check_service(const json::object& object, const json::object* before, field_errors& errors) {
    const auto& spec = object_at(object, {"spec"});
    const auto type = type_of(spec);
    if (before)
        check_changed_service(spec, object_at(*before, {"spec"}), errors);
    if (array_at(spec, {"ports"}).empty() && !is_headless(spec) && type != "ExternalName")
        errors.push_back(required("spec.ports"));
    if (type == "ExternalName")
        check_external_name(spec, errors);
    check_ports(spec, errors);
    check_labels(object_at(spec, {"selector"}), "spec.selector", errors);
    check_affinity(spec, errors);
    check_service_families(object, errors);
    if (is_headless(spec) && (type == "LoadBalancer" || type == "NodePort"))
        errors.push_back(invalid_value("spec.clusterIPs[0]", json::value("None"),
                                       fmt::format("may not be set to 'None' for {} services", type)));
    check_external_addresses(spec, errors);
    check_one_of(spec, "type", "spec", {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}, errors);
    check_load_balancer(spec, errors);
    check_traffic(spec, errors);
}

void check_service_status(const json::object& object, field_errors& errors) {
    const std::string at = "status.loadBalancer.ingress";
    const auto& ingress = array_at(object, {"status", "loadBalancer", "ingress"});
    if (string_at(object, {"spec", "type"}) != "LoadBalancer") {
        if (!ingress.empty())
            errors.push_back(forbidden_field(at, "may only be used when `spec.type` is 'LoadBalancer'"));
        return;
    }
    for (std::size_t i = 0; i < ingress.size(); ++i) {
        const auto here = fmt::format("{}[{}]", at, i);
        const auto ip = string_at(ingress[i], {"ip"}), host = string_at(ingress[i], {"hostname"});
        if (!ip.empty())
            add(errors, here + ".ip", json::value(ip), check_address(ip));
        const auto* mode = find(ingress[i], {"ipMode"});
        if (mode == nullptr && !ip.empty())
            errors.push_back(required(here + ".ipMode", "must be specified when `ip` is set"));
        else if (mode && ip.empty())
            errors.push_back(forbidden_field(here + ".ipMode", "may not be specified when `ip` is not set"));
        else if (mode && *mode != json::value("VIP") && *mode != json::value("Proxy"))
            errors.push_back(unsupported(here + ".ipMode", *mode, {"Proxy", "VIP"}));
        if (host.empty())
            continue;
        add(errors, here + ".hostname", json::value(host), check_dns_subdomain(host));
        if (ip_family(host) != 0)
            errors.push_back(invalid_value(here + ".hostname", json::value(host),
                                           "must be a DNS name, not an IP address"));
    }
}

std::vector<std::string> service_warnings(const json::object& object) {
    std::vector<std::string> out;
    const auto& spec = object_at(object, {"spec"});
    const auto type = type_of(spec);
    const bool has_external_ips = !array_at(spec, {"externalIPs"}).empty();
    const bool headless = string_at(spec, {"clusterIP"}) == "None";
    const bool no_address = type == "ClusterIP" && headless;
    const auto& cluster_ips = array_at(spec, {"clusterIPs"});
    for (std::size_t i = 0; i < cluster_ips.size() && !headless; ++i)
        for (const auto& w :
             address_warnings(cluster_ips[i].is_string() ? str(cluster_ips[i].get_string()) : ""))
            out.push_back(fmt::format("spec.clusterIPs[{}]: {}", i, w));
    if (no_address) {
        if (!string_at(spec, {"loadBalancerIP"}).empty())
            out.push_back("spec.loadBalancerIP is ignored for headless services");
        if (has_external_ips)
            out.push_back("spec.externalIPs is ignored for headless services");
        if (string_at(spec, {"sessionAffinity"}) != "None")
            out.push_back("spec.SessionAffinity is ignored for headless services");
    }
    auto about = [&](const std::string& field, const json::value& ip) {
        if (ip.is_string())
            for (const auto& w : address_warnings(str(ip.get_string())))
                out.push_back(field + ": " + w);
    };
    const auto& external_ips = array_at(spec, {"externalIPs"});
    for (std::size_t i = 0; i < external_ips.size(); ++i)
        about(fmt::format("spec.externalIPs[{}]", i), external_ips[i]);
    if (has_external_ips && !no_address && type != "ExternalName")
        out.push_back("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
    if (const auto* ip = spec.if_contains("loadBalancerIP"))
        about("spec.loadBalancerIP", *ip);
    if (type == "ExternalName" && has_external_ips)
        out.push_back("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
    if (type != "ExternalName" && !string_at(spec, {"externalName"}).empty())
        out.push_back("spec.externalName is ignored when spec.type is not \"ExternalName\"");
    if (string_at(spec, {"trafficDistribution"}) == "PreferClose")
        out.push_back("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
    return out;
}

} // namespace gwctl::testing::detail
