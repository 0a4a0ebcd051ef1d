#include "digest.hpp"

#include <gwctl/gateway/adoption.hpp>
#include <gwctl/gateway/update.hpp>
#include <gwctl/ipam/address.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using core_v1::Service;
using core_v1::ServicePort;

/// What a Service was before we changed it; null stands for a key that was not there.
struct original_service {
    std::string type;
    std::string loadBalancerIP;
    std::string loadBalancerClass;
    std::string externalTrafficPolicy;
    std::optional<bool> allocateLoadBalancerNodePorts;
    std::map<std::string, std::optional<std::string>> labels;
    std::map<std::string, std::optional<std::string>> annotations;
    std::vector<std::string> addedPorts;    ///< names of ports that are ours
    std::optional<std::string> renamedPort; ///< the name we gave a port that had none
    std::vector<std::string> routes;        ///< for which routes, "TCPRoute default/web"
};
BOOST_DESCRIBE_STRUCT(original_service, (),
                      (type, loadBalancerIP, loadBalancerClass, externalTrafficPolicy,
                       allocateLoadBalancerNodePorts, labels, annotations, addedPorts, renamedPort, routes))

using string_map = std::map<std::string, std::string>;

bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

result<original_service> read_record(const Service& live, const names& n) {
    const auto record = live.metadata.annotations.find(n.original());
    if (record == live.metadata.annotations.end())
        return original_service{};
    auto decoded = json::decode<original_service>(record->second);
    constexpr std::string_view types[] = {"ClusterIP", "NodePort", "LoadBalancer"};
    if (decoded.has_value() &&
        std::find(std::begin(types), std::end(types), decoded->type) == std::end(types))
        decoded = error{errc::decode,
                        fmt::format("type: expected the Service's former type, got \"{}\"", decoded->type)};
    if (decoded.has_error())
        return error{errc::decode,
                     fmt::format("Service {}: metadata.annotations[{}]: {}; restore the annotation, or "
                                 "remove it and set the Service's type, ports and loadBalancerIP by hand",
                                 to_string(key_of(live)), n.original(), decoded.error().message)};
    return decoded;
}

original_service record_of(const Service& live) {
    original_service o;
    o.type = live.spec.type;
    o.loadBalancerIP = live.spec.loadBalancerIP;
    o.loadBalancerClass = live.spec.loadBalancerClass;
    o.externalTrafficPolicy = live.spec.externalTrafficPolicy;
    o.allocateLoadBalancerNodePorts = live.spec.allocateLoadBalancerNodePorts;
    return o;
}

/// For a Service that the Go controller changed, which kept no record: without its marks, and of the type
/// that asks for nothing. Ports stay as they are.
original_service record_of_leftover() {
    original_service o;
    o.type = "ClusterIP";
    for (const std::string_view label : {label_ipam_address, label_implementation})
        o.labels[std::string(label)] = std::nullopt;
    for (const std::string_view annotation :
         {annotation_controller, annotation_parent_tcp_route, annotation_parent_udp_route})
        o.annotations[std::string(annotation)] = std::nullopt;
    for (const announcer_profile& profile : announcer_profiles())
        if (!profile.addresses_key.empty())
            o.annotations[std::string(profile.addresses_key)] = std::nullopt;
    return o;
}

/// For a Service that we borrowed and whose record somebody removed: as good as can be told.
original_service record_of_lost(const names& n) {
    original_service o = record_of_leftover();
    for (const std::string& annotation : {n.gateway(), n.address()})
        o.annotations[annotation] = std::nullopt;
    return o;
}

/// Addresses that a Gateway has by now.
void forget_granted(original_service& record, const cluster_view& cluster) {
    const auto is_granted = [&](const std::string& text) {
        const auto parsed = ipam::parse_address(text);
        return parsed.has_value() && cluster.is_granted(parsed->to_string());
    };
    if (is_granted(record.loadBalancerIP))
        record.loadBalancerIP.clear();
    for (const std::string_view key : address_annotations()) {
        const auto value = record.annotations.find(std::string(key));
        if (value == record.annotations.end() || !value->second)
            continue;
        const std::vector<std::string> addresses = split_addresses(*value->second);
        if (std::any_of(addresses.begin(), addresses.end(), is_granted))
            value->second.reset();
    }
}

void remember(std::map<std::string, std::optional<std::string>>& record, const string_map& before,
              const std::string& key) {
    if (record.contains(key))
        return;
    const auto old = before.find(key);
    record[key] = old == before.end() ? std::nullopt : std::optional(old->second);
}

/// The ports without ours and with their own names.
std::vector<ServicePort> user_ports(const Service& live, const original_service& record) {
    std::vector<ServicePort> ports;
    for (const ServicePort& p : live.spec.ports) {
        if (contains(record.addedPorts, p.name))
            continue;
        ports.push_back(p);
        if (record.renamedPort == p.name)
            ports.back().name.clear();
    }
    return ports;
}

/// The user's ports and those the listeners need; sets `addedPorts` and `renamedPort`.
std::vector<ServicePort> wanted_ports(const Service& live, const std::vector<served_listener>& listeners,
                                      original_service& record, std::vector<problem>& problems) {
    std::vector<ServicePort> ports = user_ports(live, record);
    record.addedPorts.clear();
    record.renamedPort.reset();
    for (const served_listener& l : listeners) {
        const service_port wanted = l.route->kind->expose(*l.listener, *l.target.ref);
        const auto taken = std::find_if(ports.begin(), ports.end(), [&](const ServicePort& p) {
            return p.port == wanted.port && protocol_of(p) == wanted.protocol;
        });
        if (taken != ports.end()) {
            if (l.target.port->port == taken->port)
                continue; // the port is served as it is
            problems.push_back(
                {l.route,
                 fmt::format("Service {}: spec.ports: {} port {} is for something else than the "
                             "backendRef's port {}; give the listener another port, or use behaviour "
                             "merge",
                             to_string(key_of(live)), wanted.protocol, wanted.port,
                             l.target.ref->port.value_or(0)),
                 l.listener});
            continue;
        }
        ServicePort added;
        added.name = port_name(wanted.protocol, wanted.port);
        const auto is_named_so = [&](const ServicePort& p) { return p.name == added.name; };
        while (std::any_of(ports.begin(), ports.end(), is_named_so))
            added.name += "-gw"; // the user's, who may call ports as he likes
        added.protocol = wanted.protocol;
        added.port = wanted.port;
        added.targetPort = l.target.port->targetPort.value_or(IntOrString(l.target.port->port));
        for (const ServicePort& was : live.spec.ports) // the node port stays where the API server put it
            if (was.name == added.name)
                added.nodePort = was.nodePort;
        record.addedPorts.push_back(added.name);
        ports.push_back(std::move(added));
    }
    if (ports.size() > 1)
        for (ServicePort& p : ports)
            if (p.name.empty())
                record.renamedPort = p.name = port_name(protocol_of(p), p.port);
    return ports;
}

json::object ports_patch(const std::vector<ServicePort>& ports) { return {{"ports", json::to_value(ports)}}; }

/// In any order: a user's own port may come after ours.
bool same_ports(const std::vector<ServicePort>& a, const std::vector<ServicePort>& b) {
    return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
}

/// Of all that is wanted of a Service: the same until the Gateway, its routes or the backend's port change.
std::string digest_of(const string_map& labels, const string_map& annotations, const std::string& address,
                      const std::vector<ServicePort>& ports, const original_service& record) {
    json::array added;
    for (ServicePort p : ports)
        if (contains(record.addedPorts, p.name)) {
            p.nodePort.reset(); // the API server's choice
            added.push_back(json::to_value(p));
        }
    const json::array all{json::to_value(labels), json::to_value(annotations), address, std::move(added),
                          json::to_value(record.routes)};
    return fmt::format("{:016x}", detail::digest(boost::json::serialize(all)));
}

json::value or_null(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

void put_differences(json::object& into, const string_map& wanted, const string_map& live) {
    for (const auto& [key, value] : wanted) {
        const auto old = live.find(key);
        if (old == live.end() || old->second != value)
            into[key] = value;
    }
}

/// What an earlier change set and this one does not, as it was before.
void restore_unwanted(json::object& into, std::map<std::string, std::optional<std::string>>& record,
                      const string_map& wanted) {
    std::erase_if(record, [&](const auto& entry) {
        if (wanted.contains(entry.first))
            return false;
        into[entry.first] = entry.second ? json::value(*entry.second) : json::value();
        return true;
    });
}

service_patch make_patch(const Service& live, json::object metadata, json::object spec) {
    metadata["resourceVersion"] = live.metadata.resourceVersion;
    json::object body{{"metadata", std::move(metadata)}};
    if (!spec.empty())
        body["spec"] = std::move(spec);
    return {key_of(live), boost::json::serialize(body), {}};
}

/// What the Service asks for once it is given back.
port_claims claims_after_return(const Service& live, const original_service& record,
                                const std::vector<ServicePort>& ports) {
    Service after = live;
    after.spec.type = record.type;
    after.spec.loadBalancerIP = record.loadBalancerIP;
    after.spec.ports = ports;
    for (const auto& [key, value] : record.annotations) {
        after.metadata.annotations.erase(key);
        if (value)
            after.metadata.annotations[key] = *value;
    }
    return claims_of(after);
}

} // namespace

loan render_update(const Service& live, const std::vector<served_listener>& listeners, const Gateway& gateway,
                   const announcement_request& request, const options& o, const names& n,
                   std::vector<problem>& problems) {
    const bool first_time = !is_borrowed(live, n);
    result<original_service> read = read_record(live, n);
    if (read.has_error()) {
        for (const served_listener& l : listeners)
            problems.push_back({l.route, read.error().message, l.listener});
        return {};
    }
    const bool from_go = first_time && is_leftover(live, n);
    const bool is_lost = first_time && live.metadata.annotations.contains(n.gateway());
    original_service record = is_lost      ? record_of_lost(n)
                              : from_go    ? record_of_leftover()
                              : first_time ? record_of(live)
                                           : std::move(*read);
    record.routes.clear();
    for (const served_listener& l : listeners)
        if (const std::string route = describe(*l.route); !contains(record.routes, route))
            record.routes.push_back(route);

    ObjectMeta marks;
    mark(marks, gateway, request.addresses, o, n);
    string_map labels;
    string_map annotations;
    for (const std::string_view key : {label_implementation, label_ipam_address})
        if (const auto l = marks.labels.find(std::string(key)); l != marks.labels.end())
            labels.insert(*l);
    annotations.merge(announcer_annotations(request, key_of(live), o));
    for (const std::string& key : {n.gateway(), n.address(), std::string(annotation_controller)})
        if (const auto a = marks.annotations.find(key); a != marks.annotations.end())
            annotations.insert(*a);
    const route_view& route = *listeners.front().route;
    if (const std::string_view parent = parent_annotation(*route.kind); !parent.empty())
        annotations[std::string(parent)] = route.metadata->name;
    for (const auto& [key, value] : labels)
        remember(record.labels, live.metadata.labels, key);
    for (const auto& [key, value] : annotations)
        remember(record.annotations, live.metadata.annotations, key);

    json::object changed_labels;
    json::object changed_annotations;
    restore_unwanted(changed_labels, record.labels, labels);
    restore_unwanted(changed_annotations, record.annotations, annotations);
    const std::vector<ServicePort> ports = wanted_ports(live, listeners, record, problems);
    // An announcer that reads an annotation may take the field beside it for a mistake.
    const std::string spec_address = request.addresses.empty()                 ? record.loadBalancerIP
                                     : profile_of(o.announced_by).spec_address ? request.addresses.front()
                                                                               : std::string();
    loan wanted;
    if (!first_time)
        wanted.digest = digest_of(labels, annotations, spec_address, ports, record);
    annotations[n.original()] = json::encode(record);
    if (from_go)
        annotations[n.replaced_ports()] = "true";

    json::object spec;
    if (live.spec.type != "LoadBalancer") {
        spec["type"] = "LoadBalancer";
        if (live.spec.type != "NodePort")
            spec["allocateLoadBalancerNodePorts"] = o.node_ports.value_or(false);
        if (!o.load_balancer_class.empty()) // it can be set with the type, and not later
            spec["loadBalancerClass"] = o.load_balancer_class;
    }
    if (live.spec.loadBalancerIP != spec_address)
        spec["loadBalancerIP"] = or_null(spec_address);
    if (!same_ports(ports, live.spec.ports))
        spec["ports"] = ports_patch(ports)["ports"];

    put_differences(changed_labels, labels, live.metadata.labels);
    put_differences(changed_annotations, annotations, live.metadata.annotations);
    if (spec.empty() && changed_labels.empty() && changed_annotations.empty())
        return wanted;
    json::object metadata;
    if (!changed_labels.empty())
        metadata["labels"] = std::move(changed_labels);
    if (!changed_annotations.empty())
        metadata["annotations"] = std::move(changed_annotations);
    service_patch patch = make_patch(live, std::move(metadata), std::move(spec));
    patch.claims = claims_of(request.addresses, ports);
    wanted.change = std::move(patch);
    return wanted;
}

result<service_patch> render_return(const Service& live, const names& n, const cluster_view& cluster) {
    result<original_service> read = read_record(live, n);
    if (read.has_error())
        return read.error();
    original_service& record = *read;
    forget_granted(record, cluster);

    json::object labels;
    json::object annotations{{n.original(), nullptr}};
    for (const auto& [key, value] : record.labels)
        labels[key] = value ? json::value(*value) : json::value();
    for (const auto& [key, value] : record.annotations)
        annotations[key] = value ? json::value(*value) : json::value();

    std::vector<ServicePort> ports = user_ports(live, record);
    if (ports.size() > 1) // all ports need names then, also the one that had none
        for (ServicePort& p : ports)
            if (p.name.empty() && record.renamedPort)
                p.name = *record.renamedPort;
    json::object spec = ports_patch(ports);
    spec["loadBalancerIP"] = or_null(record.loadBalancerIP);
    if (record.type != live.spec.type) {
        spec["type"] = or_null(record.type);
        spec["loadBalancerClass"] = or_null(record.loadBalancerClass);
        spec["externalTrafficPolicy"] = or_null(record.externalTrafficPolicy);
        spec["allocateLoadBalancerNodePorts"] = record.allocateLoadBalancerNodePorts
                                                    ? json::value(*record.allocateLoadBalancerNodePorts)
                                                    : json::value();
        if (record.type == "ClusterIP") // only what exposes nodes has node ports
            for (json::value& p : spec["ports"].as_array())
                p.as_object().erase("nodePort");
    }
    json::object metadata{{"annotations", std::move(annotations)}};
    if (!labels.empty())
        metadata["labels"] = std::move(labels);
    service_patch patch = make_patch(live, std::move(metadata), std::move(spec));
    patch.claims = claims_after_return(live, record, ports);
    return patch;
}

std::vector<ServicePort> own_ports(const Service& service, const names& n) {
    const result<original_service> record = read_record(service, n);
    return record.has_value() ? user_ports(service, *record) : service.spec.ports;
}

bool is_borrowed(const Service& service, const names& n) {
    const auto& annotations = service.metadata.annotations;
    return annotations.contains(n.original()) && annotations.contains(n.gateway()) &&
           !annotations.contains(n.applied());
}

std::vector<std::string> borrowers(const Service& service, const names& n) {
    if (!is_borrowed(service, n))
        return {};
    const result<original_service> record = read_record(service, n);
    if (record.has_error())
        return {};
    // Whoever may edit a Service can write anything into its record; `update` never leaves the route's
    // namespace.
    std::vector<std::string> routes = record->routes;
    const std::string within = " " + service.metadata.namespace_ + "/";
    std::erase_if(routes, [&](const std::string& route) { return route.find(within) == std::string::npos; });
    return routes;
}

} // namespace gwctl::gateway
