#include <gwctl/gateway/adoption.hpp>
#include <gwctl/gateway/announcer.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace gwctl::gateway {
namespace {

using core_v1::Service;
using core_v1::ServicePort;

bool carries(const Service& service, std::string_view annotation) {
    return service.metadata.annotations.contains(std::string(annotation));
}

bool is_go_annotation(std::string_view key) {
    return key == annotation_controller || key == annotation_parent_tcp_route ||
           key == annotation_parent_udp_route;
}

bool has_only_go_annotations(const Service& service) {
    const auto& all = service.metadata.annotations;
    return std::all_of(all.begin(), all.end(), [](const auto& a) {
        return is_go_annotation(a.first) || a.first.starts_with("kube-vip.io/");
    });
}

/// Asks for nothing, with the ports that it has.
service_write as_cluster_ip(const Service& service, json::object metadata) {
    json::array ports;
    for (const ServicePort& p : service.spec.ports) {
        ServicePort kept = p;
        kept.nodePort.reset(); // a ClusterIP has none
        ports.push_back(json::to_value(kept));
    }
    json::object spec{{"type", "ClusterIP"},
                      {"loadBalancerIP", nullptr},
                      {"loadBalancerClass", nullptr},
                      {"externalTrafficPolicy", nullptr},
                      {"allocateLoadBalancerNodePorts", nullptr},
                      {"ports", std::move(ports)}};
    service_write w;
    w.what = service_write::verb::give_back;
    w.key = key_of(service);
    w.patch =
        boost::json::serialize(json::object{{"metadata", std::move(metadata)}, {"spec", std::move(spec)}});
    return w;
}

} // namespace

bool is_leftover(const Service& service, const names& n) {
    const auto controller = service.metadata.annotations.find(std::string(annotation_controller));
    return controller != service.metadata.annotations.end() && controller->second == n.controller() &&
           !carries(service, n.gateway()) && !carries(service, n.applied()) &&
           !carries(service, n.original());
}

std::string leftover_route(const Service& service) {
    for (const auto& [annotation, kind] : {std::pair(annotation_parent_tcp_route, "TCPRoute"),
                                           std::pair(annotation_parent_udp_route, "UDPRoute")})
        if (const auto route = service.metadata.annotations.find(std::string(annotation));
            route != service.metadata.annotations.end())
            return std::string(kind) + " " + service.metadata.namespace_ + "/" + route->second;
    return {};
}

bool is_created_leftover(const Service& service, const std::map<std::string, std::string>& selector) {
    const auto& labels = service.metadata.labels;
    const bool has_only_go_labels = std::all_of(labels.begin(), labels.end(), [](const auto& l) {
        return l.first == label_ipam_address || l.first == label_implementation;
    });
    return has_only_go_labels && has_only_go_annotations(service) &&
           service.metadata.ownerReferences.empty() && service.spec.type == "LoadBalancer" &&
           service.spec.ports.size() == 1 && service.spec.selector == selector;
}

bool is_copied_leftover(const Service& service) {
    return service.metadata.name.ends_with(duplicate_suffix) && has_only_go_annotations(service) &&
           service.spec.type == "LoadBalancer" && service.spec.ports.size() == 1;
}

const ServicePort* find_backend_port(const Service& service, std::optional<std::int32_t> number,
                                     std::string_view protocol, const names& n) {
    const auto& ports = service.spec.ports;
    const auto find = [&](auto matches) -> const ServicePort* {
        const auto found = std::find_if(ports.begin(), ports.end(), [&](const ServicePort& p) {
            return protocol_of(p) == protocol && matches(p);
        });
        return found == ports.end() ? nullptr : &*found;
    };
    if (const ServicePort* named = find([&](const ServicePort& p) { return number == p.port; }))
        return named;
    if (!number || (!is_leftover(service, n) && !carries(service, n.replaced_ports())))
        return nullptr;
    return find([&](const ServicePort& p) {
        return p.targetPort && p.targetPort->is_number() && p.targetPort->number == *number;
    });
}

service_write render_release(const Service& service, const names& n) {
    json::object labels{{label_ipam_address, nullptr}, {label_implementation, nullptr}};
    json::object annotations{{annotation_controller, nullptr},
                             {annotation_parent_tcp_route, nullptr},
                             {annotation_parent_udp_route, nullptr},
                             {n.replaced_ports(), "true"}};
    for (const auto& [key, value] : service.metadata.annotations)
        if (key.starts_with("kube-vip.io/"))
            annotations[key] = nullptr;
    return as_cluster_ip(service, {{"resourceVersion", service.metadata.resourceVersion},
                                   {"labels", std::move(labels)},
                                   {"annotations", std::move(annotations)}});
}

service_write render_silence(const Service& service) {
    json::object annotations;
    for (const std::string_view key : address_annotations())
        if (carries(service, key))
            annotations[key] = nullptr;
    return as_cluster_ip(service, {{"uid", service.metadata.uid}, {"annotations", std::move(annotations)}});
}

} // namespace gwctl::gateway
