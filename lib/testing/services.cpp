#include "admission.hpp"
#include "json_util.hpp"
#include "status.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

bool external(const std::string& type) { return type == "NodePort" || type == "LoadBalancer"; }

// Node ports are wanted by NodePort always, by LoadBalancer unless it says no.
bool wants_node_ports(const json::object& spec) {
    const auto type = string_at(spec, {"type"});
    if (type == "NodePort")
        return true;
    const auto* allocate = find(spec, {"allocateLoadBalancerNodePorts"});
    return type == "LoadBalancer" && !(allocate && *allocate == json::value(false));
}

// Takes over what the server gave out before and the writer left out.
void keep_allocated(json::object& spec, const json::object& old) {
    const auto type = string_at(spec, {"type"}), old_type = string_at(old, {"type"});
    if (type != "ExternalName" && old_type != "ExternalName" && string_at(spec, {"clusterIP"}).empty()) {
        if (const auto* ip = find(old, {"clusterIP"}))
            spec["clusterIP"] = *ip;
        if (const auto* ips = find(old, {"clusterIPs"}); ips && !spec.contains("clusterIPs"))
            spec["clusterIPs"] = *ips;
    }
    if (!external(type)) {
        // Leaving the externally visible types drops what only they have, unless the writer changed it.
        for (const char* key :
             {"externalTrafficPolicy", "allocateLoadBalancerNodePorts", "healthCheckNodePort"})
            if (const auto* was = find(old, {key});
                was && find(spec, {key}) && *was == *find(spec, {key}) && external(old_type))
                spec.erase(key);
    }
    if (type != "LoadBalancer" && old_type == "LoadBalancer")
        for (const char* key : {"loadBalancerClass", "allocateLoadBalancerNodePorts"})
            if (const auto* was = find(old, {key}); was && find(spec, {key}) && *was == *find(spec, {key}))
                spec.erase(key);
    for (auto& p : make_array(spec, "ports")) {
        if (!p.is_object())
            continue;
        auto& port = p.get_object();
        for (const auto& q : array_at(old, {"ports"})) {
            if (!q.is_object() || find(q, {"nodePort"}) == nullptr)
                continue;
            const bool same = int_at(q.get_object(), {"port"}, 0) == int_at(port, {"port"}, 0) &&
                              string_at(q, {"protocol"}) == string_at(port, {"protocol"});
            if (!same)
                continue;
            if (!external(type)) {
                if (external(old_type) && port.contains("nodePort") &&
                    port.at("nodePort") == *find(q, {"nodePort"}))
                    port.erase("nodePort");
            } else if (int_at(port, {"nodePort"}, 0) == 0) {
                port["nodePort"] = *find(q, {"nodePort"});
            }
        }
    }
}

} // namespace

void service_allocator::observe(const change& c) {
    if (c.kind != "services")
        return;
    auto each = [&](const json::object& o, auto address, auto port) {
        for (const auto& ip : array_at(o, {"spec", "clusterIPs"}))
            if (ip.is_string() && ip.get_string() != "None")
                address(str(ip.get_string()));
        for (const auto& p : array_at(o, {"spec", "ports"}))
            if (p.is_object())
                if (const auto n = int_at(p.get_object(), {"nodePort"}, 0); n != 0)
                    port(n);
    };
    if (c.before)
        each(
            c.before->object(), [&](const std::string& ip) { addresses_.erase(ip); },
            [&](std::int64_t n) {
                if (auto it = ports_.find(n); it != ports_.end())
                    ports_.erase(it);
            });
    if (c.type != change_type::deleted)
        each(
            c.now->object(), [&](const std::string& ip) { addresses_.insert(ip); },
            [&](std::int64_t n) { ports_.insert(n); });
}

std::string service_allocator::next_address(bool v6) {
    while (true) {
        if (++address_ >= 0xfffe)
            throw status_error(500, "InternalError",
                               "Internal error occurred: failed to allocate a "
                               "cluster IP: range is full");
        auto text = v6 ? fmt::format("fd00:10:96::{:x}", address_)
                       : fmt::format("10.96.{}.{}", address_ >> 8 & 255, address_ & 255);
        if (!addresses_.contains(text))
            return text;
    }
}

std::int64_t service_allocator::next_port() {
    for (int i = 0; i < 2768; ++i) {
        const auto n = port_;
        port_ = port_ == 32767 ? 30000 : port_ + 1;
        if (!ports_.contains(n))
            return n;
    }
    throw status_error(500, "InternalError",
                       "Internal error occurred: failed to allocate a nodePort: range is full");
}

void fill_in_service(json::object& object, const json::object* before, service_allocator& allocator) {
    auto& spec = make_object(object, "spec");
    set_default(spec, "type", "ClusterIP");
    set_default(spec, "sessionAffinity", "None");
    if (string_at(spec, {"sessionAffinity"}) == "ClientIP")
        set_default(make_object(make_object(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds",
                    10800);
    if (auto* ports = spec.if_contains("ports"); ports && ports->is_array())
        for (auto& p : ports->get_array()) {
            if (!p.is_object())
                continue;
            auto& port = p.get_object();
            set_default(port, "protocol", "TCP");
            if (string_at(spec, {"type"}) != "ExternalName" && port.contains("port"))
                set_default(port, "targetPort", json::value(port.at("port")));
        }
    if (before != nullptr && spec.contains("ports"))
        keep_allocated(spec, object_at(*before, {"spec"}));
    make_object(make_object(object, "status"), "loadBalancer");

    const auto type = string_at(spec, {"type"});
    if (type == "ExternalName") {
        for (const char* key :
             {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"})
            spec.erase(key);
        return;
    }
    const auto& families = array_at(spec, {"ipFamilies"});
    const auto& given = array_at(spec, {"clusterIPs"});
    auto ip = string_at(spec, {"clusterIP"});
    if (ip.empty() && !given.empty() && given[0].is_string())
        ip = str(given[0].get_string());
    bool v6 = (!families.empty() && families[0] == json::value("IPv6")) || ip_family(ip) == 6;
    if (ip.empty())
        ip = allocator.next_address(v6);
    spec["clusterIP"] = ip;
    if (given.empty())
        spec["clusterIPs"] = json::array({json::value(ip)});
    if (array_at(spec, {"ipFamilies"}).empty())
        spec["ipFamilies"] = json::array({v6 ? "IPv6" : "IPv4"});
    set_default(spec, "ipFamilyPolicy", "SingleStack");
    set_default(spec, "internalTrafficPolicy", "Cluster");
    if (external(type))
        set_default(spec, "externalTrafficPolicy", "Cluster");
    if (type == "LoadBalancer")
        set_default(spec, "allocateLoadBalancerNodePorts", true);
    if (wants_node_ports(spec) && spec.contains("ports"))
        for (auto& p : spec.at("ports").as_array())
            if (p.is_object() && int_at(p.get_object(), {"nodePort"}, 0) == 0)
                p.get_object()["nodePort"] = allocator.next_port();
}

void check_service(const json::object& object, const json::object* before, const service_allocator& allocator,
                   field_errors& errors) {
    const auto& spec = object_at(object, {"spec"});
    const auto type = string_at(spec, {"type"});
    const auto ip = string_at(spec, {"clusterIP"});
    const auto& ports = array_at(spec, {"ports"});
    if (ports.empty() && type != "ExternalName" && ip != "None")
        errors.push_back(required("spec.ports"));
    if (type == "ExternalName" && string_at(spec, {"externalName"}).empty())
        errors.push_back(required("spec.externalName"));
    if (ip == "None" && external(type))
        errors.push_back(invalid_value("spec.clusterIPs[0]", json::value(ip),
                                       fmt::format("may not be set to 'None' for {} services", type)));
    if (!ip.empty() && ip != "None" && ip_family(ip) == 0)
        errors.push_back(invalid_value("spec.clusterIPs[0]", json::value(ip), "must be a valid IP address"));

    std::set<std::string> names, pairs;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        if (!ports[i].is_object())
            continue;
        const auto& port = ports[i].get_object();
        const auto at = fmt::format("spec.ports[{}]", i);
        const auto name = string_at(port, {"name"});
        const auto number = int_at(port, {"port"}, 0);
        if (name.empty() && ports.size() > 1)
            errors.push_back(required(at + ".name"));
        if (!name.empty() && !is_dns_label(name))
            errors.push_back(
                invalid_value(at + ".name", json::value(name),
                              "a lowercase RFC 1123 label must consist of lower case alphanumeric "
                              "characters or '-', and must start and end with an alphanumeric character"));
        if (!name.empty() && !names.insert(name).second)
            errors.push_back(duplicate(at + ".name", json::value(name)));
        if (number < 1 || number > 65535)
            errors.push_back(
                invalid_value(at + ".port", json::value(number), "must be between 1 and 65535, inclusive"));
        if (!pairs.insert(fmt::format("{}/{}", string_at(port, {"protocol"}), number)).second)
            errors.push_back(duplicate(at, ports[i]));
        if (const auto* target = port.if_contains("targetPort")) {
            std::int64_t n = 0;
            if (to_int(*target, n) && (n < 1 || n > 65535))
                errors.push_back(
                    invalid_value(at + ".targetPort", *target, "must be between 1 and 65535, inclusive"));
            if (target->is_string()) {
                const auto text = str(target->get_string());
                if (text.size() > 15 || !is_dns_label(text) ||
                    std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
                    errors.push_back(invalid_value(
                        at + ".targetPort", *target,
                        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"));
            }
        }
        if (const auto node = int_at(port, {"nodePort"}, 0); node != 0) {
            bool mine = false;
            if (before)
                for (const auto& p : array_at(*before, {"spec", "ports"}))
                    mine = mine || (p.is_object() && int_at(p.get_object(), {"nodePort"}, 0) == node);
            if (!external(type))
                errors.push_back(
                    forbidden_field(at + ".nodePort", "may not be used when `type` is 'ClusterIP'"));
            else if (node < 30000 || node > 32767)
                errors.push_back(
                    invalid_value(at + ".nodePort", json::value(node),
                                  "provided port is not in the valid range. The range of valid ports is "
                                  "30000-32767"));
            else if (!mine && allocator.taken(node))
                errors.push_back(
                    invalid_value(at + ".nodePort", json::value(node), "provided port is already allocated"));
        }
    }
    if (spec.contains("externalTrafficPolicy") && !external(type))
        errors.push_back(invalid_value("spec.externalTrafficPolicy", spec.at("externalTrafficPolicy"),
                                       "may only be set for externally-accessible services"));
    if (spec.contains("allocateLoadBalancerNodePorts") && type != "LoadBalancer")
        errors.push_back(forbidden_field("spec.allocateLoadBalancerNodePorts",
                                         "may only be used when `type` is 'LoadBalancer'"));
    if (spec.contains("loadBalancerClass") && type != "LoadBalancer")
        errors.push_back(
            forbidden_field("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));

    const auto& old = before ? object_at(*before, {"spec"}) : json::object();
    const auto old_type = string_at(old, {"type"});
    if (before && old_type == "LoadBalancer" && type == "LoadBalancer" &&
        string_at(old, {"loadBalancerClass"}) != string_at(spec, {"loadBalancerClass"}))
        errors.push_back(invalid_value("spec.loadBalancerClass",
                                       json::value(string_at(spec, {"loadBalancerClass"})),
                                       "may not change once set"));
    const auto old_ip = string_at(old, {"clusterIP"});
    if (before && type != "ExternalName" && old_type != "ExternalName" && !old_ip.empty() && ip != old_ip)
        errors.push_back(invalid_value("spec.clusterIPs[0]", json::value(ip), "may not change once set"));
    if (!before && !ip.empty() && ip != "None" && allocator.taken(ip))
        errors.push_back(
            invalid_value("spec.clusterIPs", json::array({json::value(ip)}),
                          fmt::format("failed to allocate IP {}: provided IP is already allocated", ip)));
    const auto& ips = array_at(spec, {"clusterIPs"});
    if (type != "ExternalName" && !ips.empty() && ips[0] != json::value(ip))
        errors.push_back(invalid_value("spec.clusterIPs", ips, "first value must match `clusterIP`"));
}

} // namespace gwctl::testing::detail
