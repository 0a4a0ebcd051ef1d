#include "defaults.hpp"

#include "encoding.hpp"
#include "json_util.hpp"

namespace gwctl::testing::detail {

namespace {

// As `set_default`, for fields of which the zero value is as good as none.
void fill(json::object& o, std::string_view key, json::value v) {
    const auto* at = o.if_contains(key);
    if (at == nullptr || at->is_null() || *at == json::value("") || *at == json::value(0))
        o[key] = std::move(v);
}

template <class F>
void for_each_object(json::object& o, std::string_view list, F&& f) {
    if (auto* v = o.if_contains(list); v && v->is_array())
        for (auto& item : v->get_array())
            if (item.is_object())
                f(item.get_object());
}

void default_service(json::object& object) {
    auto& spec = make_object(object, "spec");
    fill(spec, "sessionAffinity", "None");
    if (string_at(spec, {"sessionAffinity"}) == "None")
        spec.erase("sessionAffinityConfig");
    if (string_at(spec, {"sessionAffinity"}) == "ClientIP")
        set_default(make_object(make_object(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds",
                    10800);
    fill(spec, "type", "ClusterIP");
    for_each_object(spec, "ports", [](json::object& port) {
        fill(port, "protocol", "TCP");
        const auto* target = port.if_contains("targetPort");
        if (target == nullptr || *target == json::value("") || *target == json::value(0))
            port["targetPort"] = json::value(port.at("port")); // a copy, since the object may grow
    });
    const auto type = string_at(spec, {"type"});
    if (type == "NodePort" || type == "LoadBalancer" ||
        (type == "ClusterIP" && !array_at(spec, {"externalIPs"}).empty()))
        fill(spec, "externalTrafficPolicy", "Cluster");
    if (type == "NodePort" || type == "LoadBalancer" || type == "ClusterIP")
        set_default(spec, "internalTrafficPolicy", "Cluster");
    if (type == "LoadBalancer")
        set_default(spec, "allocateLoadBalancerNodePorts", true);
    if (auto* ingress = const_cast<json::value*>(find(object, {"status", "loadBalancer", "ingress"}));
        ingress && ingress->is_array())
        for (auto& item : ingress->get_array())
            if (item.is_object() && !string_at(item, {"ip"}).empty())
                set_default(item.get_object(), "ipMode", "VIP");
}

void default_pod_spec(json::object& pod) {
    fill(pod, "restartPolicy", "Always");
    fill(pod, "dnsPolicy", "ClusterFirst");
    fill(pod, "schedulerName", "default-scheduler");
    set_default(pod, "terminationGracePeriodSeconds", 30);
    set_default(pod, "securityContext", json::object());
    for (const char* list : {"containers", "initContainers"})
        for_each_object(pod, list, [](json::object& container) {
            const auto image = string_at(container, {"image"});
            const auto tag = image.rfind(':');
            const bool latest = tag == std::string::npos || image.find('/', tag) != std::string::npos ||
                                image.substr(tag) == ":latest";
            fill(container, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
            fill(container, "terminationMessagePath", "/dev/termination-log");
            fill(container, "terminationMessagePolicy", "File");
            for_each_object(container, "ports", [](json::object& port) { fill(port, "protocol", "TCP"); });
        });
}

void default_workload(const kind_info& kind, json::object& object) {
    auto& spec = make_object(object, "spec");
    set_default(spec, "replicas", 1);
    default_pod_spec(make_object(make_object(spec, "template"), "spec"));
    if (kind.kind != "Deployment")
        return;
    set_default(spec, "progressDeadlineSeconds", 600);
    set_default(spec, "revisionHistoryLimit", 10);
    auto& strategy = make_object(spec, "strategy");
    fill(strategy, "type", "RollingUpdate");
    if (string_at(strategy, {"type"}) == "RollingUpdate") {
        auto& rolling = make_object(strategy, "rollingUpdate");
        set_default(rolling, "maxSurge", "25%");
        set_default(rolling, "maxUnavailable", "25%");
    }
}

void default_secret(json::object& object) {
    fill(object, "type", "Opaque");
    const auto* text = object.if_contains("stringData");
    if (text == nullptr || !text->is_object())
        return;
    // The write-only field is encoded into `data`.
    auto& data = make_object(object, "data");
    for (const auto& m : object.at("stringData").get_object())
        if (m.value().is_string())
            data[m.key()] = base64(str(m.value().get_string()));
    object.erase("stringData");
}

void default_network_policy(json::object& object) {
    auto& spec = make_object(object, "spec");
    for (const char* direction : {"ingress", "egress"})
        for_each_object(spec, direction, [](json::object& rule) {
            for_each_object(rule, "ports", [](json::object& port) { set_default(port, "protocol", "TCP"); });
        });
    auto& types = make_array(spec, "policyTypes");
    if (!types.empty())
        return;
    types.push_back("Ingress");
    if (!array_at(spec, {"egress"}).empty())
        make_array(spec, "policyTypes").push_back("Egress");
}

void default_definition(json::object& object) {
    auto& spec = make_object(object, "spec");
    auto& names = make_object(spec, "names");
    auto kind = string_at(names, {"kind"});
    if (!kind.empty())
        fill(names, "listKind", json::value(kind + "List"));
    for (auto& c : kind)
        c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    if (!kind.empty())
        fill(names, "singular", json::value(kind));
    if (find(spec, {"conversion"}) == nullptr)
        make_object(spec, "conversion")["strategy"] = "None";
}

} // namespace

void set_defaults(const kind_info& kind, json::object& object) {
    if (kind.kind == "Service") {
        default_service(object);
    } else if (kind.kind == "Namespace") {
        auto& metadata = make_object(object, "metadata");
        if (const auto name = string_at(metadata, {"name"}); !name.empty())
            make_object(metadata, "labels")["kubernetes.io/metadata.name"] = name;
    } else if (kind.kind == "Secret") {
        default_secret(object);
    } else if (kind.kind == "Pod") {
        auto& spec = make_object(object, "spec");
        default_pod_spec(spec);
        set_default(spec, "enableServiceLinks", true);
    } else if (kind.kind == "EndpointSlice") {
        for_each_object(object, "ports", [](json::object& port) {
            set_default(port, "name", "");
            set_default(port, "protocol", "TCP");
        });
    } else if (kind.group == "apps") {
        default_workload(kind, object);
    } else if (kind.kind == "NetworkPolicy") {
        default_network_policy(object);
    } else if (kind.kind == "CustomResourceDefinition") {
        default_definition(object);
    }
}

} // namespace gwctl::testing::detail
