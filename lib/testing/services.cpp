#include "services.hpp"

#include "json_util.hpp"
#include "names.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace gwctl::testing::detail {

namespace {

constexpr std::int64_t first_port = 30000, last_port = 32767;

std::string type_of(const json::object& spec) { return string_at(spec, {"type"}); }
bool has_cluster_ip(const json::object& spec) { return type_of(spec) != "ExternalName"; }
bool external(const json::object& spec) {
    return type_of(spec) == "NodePort" || type_of(spec) == "LoadBalancer";
}
bool wants_node_ports(const json::object& spec) {
    const auto* allocate = find(spec, {"allocateLoadBalancerNodePorts"});
    return type_of(spec) == "NodePort" ||
           (type_of(spec) == "LoadBalancer" && !(allocate && *allocate == json::value(false)));
}
bool wants_health_port(const json::object& spec) {
    return type_of(spec) == "LoadBalancer" && string_at(spec, {"externalTrafficPolicy"}) == "Local";
}
bool headless(const json::object& spec) { return string_at(spec, {"clusterIP"}) == "None"; }

const json::value& member(const json::object& o, std::string_view key) {
    static const json::value nothing;
    const auto* v = o.if_contains(key);
    return v ? *v : nothing;
}
bool same(const json::object& a, const json::object& b, std::string_view key) {
    return member(a, key) == member(b, key);
}

std::int64_t node_port(const json::value& port) {
    return port.is_object() ? int_at(port.get_object(), {"nodePort"}, 0) : 0;
}

std::set<std::int64_t> node_ports(const json::object& spec) {
    std::set<std::int64_t> out;
    for (const auto& p : array_at(spec, {"ports"}))
        if (const auto n = node_port(p); n != 0)
            out.insert(n);
    return out;
}

status_error refused(const json::object& object, const field_errors& errors) {
    return invalid("", "Service", string_at(object, {"metadata", "name"}), errors);
}

void adopt(json::object& spec, const json::object& old) {
    if (has_cluster_ip(old) && has_cluster_ip(spec)) {
        if (string_at(spec, {"clusterIP"}).empty() && old.contains("clusterIP"))
            spec["clusterIP"] = old.at("clusterIP");
        if (array_at(spec, {"clusterIPs"}).empty() && !array_at(old, {"clusterIPs"}).empty())
            spec["clusterIPs"] = old.at("clusterIPs");
    }
    if (wants_node_ports(old) && wants_node_ports(spec)) {
        const auto had = node_ports(old), have = node_ports(spec);
        std::map<std::string, std::int64_t> by_name;
        for (const auto& p : array_at(old, {"ports"}))
            by_name[string_at(p, {"name"})] = node_port(p);
        for (auto& p : make_array(spec, "ports")) {
            if (!p.is_object() || node_port(p) != 0)
                continue;
            const auto n = by_name[string_at(p, {"name"})];
            if (n != 0 && !(had.contains(n) && have.contains(n)))
                p.get_object()["nodePort"] = n;
        }
    }
    if (wants_health_port(old) && wants_health_port(spec) && int_at(spec, {"healthCheckNodePort"}, 0) == 0)
        if (const auto* port = old.if_contains("healthCheckNodePort"))
            spec["healthCheckNodePort"] = *port;
}

// Keeps clusterIPs in step with clusterIP for those who know only the latter.
void synchronise(json::object& spec, const json::object* old) {
    const auto ip = string_at(spec, {"clusterIP"});
    const bool plural = !array_at(spec, {"clusterIPs"}).empty();
    if (old == nullptr) {
        if (!ip.empty() && !plural)
            spec["clusterIPs"] = json::array({json::value(ip)});
        return;
    }
    const auto old_ip = string_at(*old, {"clusterIP"});
    const auto& old_ips = array_at(*old, {"clusterIPs"});
    if (!plural && ip == old_ip && !old_ips.empty())
        spec["clusterIPs"] = old_ips;
    if (ip != old_ip && array_at(spec, {"clusterIPs"}) == old_ips) {
        if (ip.empty())
            spec.erase("clusterIPs");
        else
            spec["clusterIPs"] = json::array({json::value(ip)});
    }
}

std::string family_of(const json::value& ip) {
    return ip.is_string() && ip_family(str(ip.get_string())) == 6 ? "IPv6" : "IPv4";
}

void settle_families(json::object& object, json::object& spec, const json::object* old) {
    const bool prefers_as_before =
        old && type_of(*old) == type_of(spec) && string_at(spec, {"ipFamilyPolicy"}) == "PreferDualStack" &&
        string_at(*old, {"ipFamilyPolicy"}) == "PreferDualStack" && same(spec, *old, "clusterIP") &&
        same(spec, *old, "clusterIPs") && same(spec, *old, "ipFamilies");
    if (prefers_as_before)
        return;
    const bool free_of_selector = headless(spec) && object_at(spec, {"selector"}).empty();
    if (string_at(spec, {"ipFamilyPolicy"}).empty()) {
        const auto was = old ? string_at(*old, {"ipFamilyPolicy"}) : std::string();
        spec["ipFamilyPolicy"] = !was.empty() ? was : free_of_selector ? "RequireDualStack" : "SingleStack";
    }
    field_errors errors;
    check_service_families(object, errors);
    if (!errors.empty())
        throw refused(object, errors);

    const auto policy = string_at(spec, {"ipFamilyPolicy"});
    make_array(spec, "ipFamilies"); // before there are references into the object, which may grow
    auto& ips = make_array(spec, "clusterIPs");
    auto& families = make_array(spec, "ipFamilies");
    const bool single = policy == "SingleStack";
    if (old != nullptr) {
        const auto& old_ips = array_at(*old, {"clusterIPs"});
        const auto& old_families = array_at(*old, {"ipFamilies"});
        auto reduced = [](const json::array& now, const json::array& was) {
            return !now.empty() && now.size() < was.size();
        };
        if (single) {
            if (ips.size() > 1 && ips == old_ips && same(spec, *old, "clusterIP"))
                ips.resize(1);
            if (families.size() > 1 && families == old_families)
                families.resize(1);
        } else {
            const json::value shown(policy);
            if (reduced(ips, old_ips))
                errors.push_back(invalid_value("spec.ipFamilyPolicy", shown,
                                               "must be 'SingleStack' to release the secondary cluster IP"));
            if (reduced(families, old_families))
                errors.push_back(invalid_value("spec.ipFamilyPolicy", shown,
                                               "must be 'SingleStack' to release the secondary IP family"));
        }
    }
    for (const auto& [list, what] : {std::pair(&ips, "cluster IPs"), std::pair(&families, "IP families")})
        if (single && list->size() == 2)
            errors.push_back(invalid_value(
                "spec.ipFamilyPolicy", json::value(policy),
                fmt::format("must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified",
                            what)));
    for (std::size_t i = 0; i < ips.size() && ips[i] != json::value("None"); ++i)
        if (i >= families.size())
            families.push_back(json::value(family_of(ips[i])));
    if (!errors.empty())
        throw refused(object, errors);
    if (families.empty())
        families.push_back("IPv4");
    if (!single && families.size() == 1)
        families.push_back(families[0] == json::value("IPv4") ? "IPv6" : "IPv4");
}

// Addresses are objects that name their Service, where its name is checked first.
void check_parent_name(const json::object& object, const std::string& ip) {
    const auto name = string_at(object, {"metadata", "name"});
    std::vector<std::string> problems;
    if (name.empty())
        problems.emplace_back("spec.parentRef.name: Required value");
    else
        for (const auto& p : check_path_segment(name))
            problems.push_back(fmt::format("spec.parentRef.name: Invalid value: \"{}\": {}", name, p));
    if (problems.empty())
        return;
    const auto all = problems.size() == 1 ? problems[0] : fmt::format("[{}]", fmt::join(problems, ", "));
    throw refused(object,
                  {invalid_value("spec.clusterIPs", json::array(),
                                 fmt::format("failed to allocate IP: IPAddress.networking.k8s.io \"{}\" is "
                                             "invalid: {}",
                                             ip, all))});
}

void allocate_addresses(const json::object& object, json::object& spec, const json::object* old,
                        service_allocator& allocator, bool dry_run) {
    auto& ips = make_array(spec, "clusterIPs"); // first, since the object may grow
    const auto& families = array_at(spec, {"ipFamilies"});
    if (headless(spec) || (old && headless(*old) && has_cluster_ip(*old)))
        return;
    const bool fresh = old == nullptr || !has_cluster_ip(*old);
    for (std::size_t i = fresh ? 0 : 1; i < families.size(); ++i) {
        if (!fresh && array_at(*old, {"ipFamilies"}).size() > 1)
            break;
        while (i >= ips.size())
            ips.push_back("");
        const auto ip = str(ips[i].as_string());
        if (ip.empty()) {
            const bool v6 = families[i] == json::value("IPv6");
            const auto given = dry_run ? (v6 ? "fd00:10:96::" : "10.96.0.0") : allocator.next_address(v6);
            check_parent_name(object, given);
            ips[i] = given;
        } else {
            const bool v6 = ip_family(ip) == 6;
            const bool in_range =
                v6 ? ip.compare(0, 12, "fd00:10:96::") == 0 : ip.compare(0, 6, "10.96.") == 0;
            if (!in_range || allocator.taken(ip))
                throw refused(
                    object,
                    {invalid_value(
                        "spec.clusterIPs", ips,
                        fmt::format("failed to allocate IP {}: {}", ip,
                                    in_range ? "provided IP is already allocated"
                                    : v6     ? "the provided network does not match the current range"
                                             : "the provided network does not match the current range"))});
        }
    }
    if (fresh && !ips.empty())
        spec["clusterIP"] = ips[0];
}

std::int64_t requested_port(const json::array& ports, std::int64_t number) {
    for (const auto& p : ports)
        if (p.is_object() && int_at(p.get_object(), {"port"}, 0) == number && node_port(p) != 0)
            return node_port(p);
    return 0;
}

void allocate_node_ports(const json::object& object, json::object& spec, const json::object* old,
                         service_allocator& allocator) {
    const auto had = old ? node_ports(*old) : std::set<std::int64_t>();
    auto& ports = make_array(spec, "ports");
    std::set<std::int64_t> mine;
    auto claim = [&](std::size_t i, std::int64_t n) {
        if (had.contains(n) || mine.contains(n))
            return;
        const auto at = fmt::format("spec.ports[{}].nodePort", i);
        if (n < first_port || n > last_port)
            throw refused(object,
                          {invalid_value(at, json::value(n),
                                         fmt::format("provided port is not in the valid range. The range of "
                                                     "valid ports is {}-{}",
                                                     first_port, last_port))});
        if (allocator.taken(n))
            throw refused(object, {invalid_value(at, json::value(n), "provided port is already allocated")});
        mine.insert(n);
    };
    std::map<std::int64_t, std::int64_t> by_port;
    std::set<std::pair<std::string, std::int64_t>> seen;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        if (!ports[i].is_object() || (node_port(ports[i]) == 0 && !wants_node_ports(spec)))
            continue;
        auto& port = ports[i].get_object();
        auto n = node_port(ports[i]);
        // Ports of one name have adopted the same.
        const auto protocol = string_at(ports[i], {"protocol"});
        if (old && n != 0 && !seen.emplace(protocol, n).second)
            throw status_error(500, "", fmt::format("duplicate nodePort: {{{} {}}}", protocol, n));
        // A new Service's ports of one number, TCP and UDP, share a node port.
        const auto number = int_at(port, {"port"}, 0);
        if (n == 0 && old == nullptr) {
            n = by_port[number];
            if (n == 0)
                n = requested_port(ports, number);
        }
        if (n == 0)
            n = allocator.next_port();
        claim(i, n);
        mine.insert(n);
        if (by_port[number] == 0)
            by_port[number] = n;
        port["nodePort"] = n;
    }
}

} // namespace

void service_allocator::observe(const change& c) {
    if (c.kind != "services")
        return;
    auto each = [](const json::object& o, auto address, auto port) {
        const auto& spec = object_at(o, {"spec"});
        for (const auto& ip : array_at(spec, {"clusterIPs"}))
            if (ip.is_string() && ip.get_string() != "None")
                address(str(ip.get_string()));
        for (const auto& p : array_at(spec, {"ports"}))
            if (const auto n = node_port(p); n != 0)
                port(n);
        if (const auto n = int_at(spec, {"healthCheckNodePort"}, 0); n != 0)
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
                               "Internal error occurred: failed to allocate a serviceIP: range is full");
        auto text = v6 ? fmt::format("fd00:10:96::{:x}", address_)
                       : fmt::format("10.96.{}.{}", address_ >> 8 & 255, address_ & 255);
        if (!addresses_.contains(text))
            return text;
    }
}

std::int64_t service_allocator::next_port() {
    for (auto i = first_port; i <= last_port; ++i) {
        const auto n = port_;
        port_ = port_ == last_port ? first_port : port_ + 1;
        if (!ports_.contains(n))
            return n;
    }
    throw status_error(500, "InternalError",
                       "Internal error occurred: failed to allocate a nodePort: range is full");
}

void allocate_for_service(json::object& object, const json::object* before, service_allocator& allocator,
                          bool dry_run) {
    auto& spec = make_object(object, "spec");
    const auto* old = before ? &object_at(*before, {"spec"}) : nullptr;
    if (old != nullptr)
        adopt(spec, *old);
    synchronise(spec, old);
    if (has_cluster_ip(spec)) {
        settle_families(object, spec, old);
        allocate_addresses(object, spec, old, allocator, dry_run);
    }
    if (external(spec))
        allocate_node_ports(object, spec, old, allocator);
    if (wants_health_port(spec) && !(old && wants_health_port(*old)))
        if (int_at(spec, {"healthCheckNodePort"}, 0) == 0)
            spec["healthCheckNodePort"] = allocator.next_port();
}

void drop_stale_service_fields(json::object& object, const json::object& before) {
    auto& spec = make_object(object, "spec");
    const auto& old = object_at(before, {"spec"});
    if (has_cluster_ip(old) && !has_cluster_ip(spec)) {
        if (same(spec, old, "clusterIP") && same(spec, old, "clusterIPs")) {
            spec.erase("clusterIP");
            spec.erase("clusterIPs");
        }
        for (const char* key : {"ipFamilies", "ipFamilyPolicy"})
            if (same(spec, old, key))
                spec.erase(key);
    }
    if (external(old) && !external(spec)) {
        const auto had = node_ports(old), have = node_ports(spec);
        if (std::includes(had.begin(), had.end(), have.begin(), have.end()))
            for (auto& p : make_array(spec, "ports"))
                if (p.is_object())
                    p.get_object().erase("nodePort");
    }
    if (wants_health_port(old) && !wants_health_port(spec) && same(spec, old, "healthCheckNodePort"))
        spec.erase("healthCheckNodePort");
    if (type_of(old) == "LoadBalancer" && type_of(spec) != "LoadBalancer")
        for (const char* key : {"allocateLoadBalancerNodePorts", "loadBalancerClass"})
            if (same(spec, old, key))
                spec.erase(key);
    const bool is_reachable =
        external(spec) || (type_of(spec) == "ClusterIP" && !array_at(spec, {"externalIPs"}).empty());
    if (external(old) && !is_reachable && same(spec, old, "externalTrafficPolicy"))
        spec.erase("externalTrafficPolicy");
    if (type_of(spec) != "LoadBalancer")
        make_object(make_object(object, "status"), "loadBalancer").clear();
}

void hide_unread_service_fields(json::object& object) {
    auto* spec = object.if_contains("spec");
    if (spec && spec->is_object() && type_of(spec->get_object()) == "ExternalName")
        spec->get_object().erase("internalTrafficPolicy");
}

} // namespace gwctl::testing::detail
