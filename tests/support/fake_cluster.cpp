#include <gwctl/core/time.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/fake_cluster.hpp>

namespace gwctl::gateway::testing {
namespace {

using core_v1::ConfigMap;
using core_v1::Service;
using discovery_v1::EndpointSlice;
using gateway_v1::TCPRoute;
using gateway_v1::UDPRoute;

json::value parse_one(std::string_view yaml) {
    std::vector<json::value> documents = json::parse_yaml(yaml, "test").value();
    return documents.empty() ? json::value(json::object()) : documents.front();
}

/// RFC 7386, section 2.
json::value merge_patch(json::value target, const json::value& patch) {
    if (!patch.is_object())
        return patch;
    if (!target.is_object())
        target = json::object();
    for (const auto& member : patch.get_object()) {
        if (member.value().is_null())
            target.get_object().erase(member.key());
        else
            target.get_object()[member.key()] =
                merge_patch(target.get_object()[member.key()], member.value());
    }
    return target;
}

template <class T>
bool same_spec(const T& a, const T& b) {
    if constexpr (requires { a.spec; })
        return a.spec == b.spec;
    else
        return true;
}

void set_defaults(Service& s) {
    if (s.spec.type.empty())
        s.spec.type = "ClusterIP";
    for (auto& p : s.spec.ports) {
        if (p.protocol.empty())
            p.protocol = "TCP";
        if (!p.targetPort)
            p.targetPort = IntOrString(p.port);
    }
    if (s.spec.type == "LoadBalancer" || s.spec.type == "NodePort") {
        if (s.spec.externalTrafficPolicy.empty())
            s.spec.externalTrafficPolicy = "Cluster";
    }
    if (s.spec.type == "LoadBalancer" && !s.spec.allocateLoadBalancerNodePorts)
        s.spec.allocateLoadBalancerNodePorts = true;
    if (s.spec.type != "LoadBalancer")
        s.status.loadBalancer.ingress.clear();
}

template <class T>
void set_defaults(T&) {}

/// Labels and annotations after an apply: what it applied before and no longer wants goes, others' stay.
std::map<std::string, std::string> applied_map(std::map<std::string, std::string> live,
                                               const std::map<std::string, std::string>& before,
                                               const std::map<std::string, std::string>& wanted) {
    for (const auto& [k, value] : before)
        live.erase(k);
    for (const auto& [k, value] : wanted)
        live[k] = value;
    return live;
}

bool is_owned_by(const ObjectMeta& metadata, const std::string& uid) {
    return std::any_of(metadata.ownerReferences.begin(), metadata.ownerReferences.end(),
                       [&](const OwnerReference& owner) { return owner.uid == uid; });
}

} // namespace

object_key key(std::string_view text) {
    object_key k = parse_key(text);
    if (k.namespace_.empty())
        k.namespace_ = "default";
    return k;
}

fake_cluster::fake_cluster(std::string controller_name) : controller_name_(std::move(controller_name)) {
    add(fmt::format(R"(
{{kind: GatewayClass, metadata: {{name: l4}}, spec: {{controllerName: {}}}}}
---
{{kind: GatewayClass, metadata: {{name: other}}, spec: {{controllerName: example.com/other}}}}
---
{{kind: Namespace, metadata: {{name: default, labels: {{kubernetes.io/metadata.name: default}}}}}}
---
{{kind: ConfigMap, metadata: {{name: pools}}, data: {{range-global: 10.0.0.1-10.0.0.9}}}}
)",
                    controller_name_));
    take_writes();
}

template <class T>
void fake_cluster::store(T object, std::string_view what) {
    set_defaults(object);
    const object_key k = key_of(object);
    if (const auto before = get<T>(k)) {
        object.metadata.resourceVersion = before->metadata.resourceVersion;
        if (*before == object)
            return; // as an API server: no change, no new version
        object.metadata.generation =
            before->metadata.generation.value_or(0) + (same_spec(*before, object) ? 0 : 1);
    } else {
        object.metadata.generation = 1;
    }
    object.metadata.resourceVersion = std::to_string(++version_);
    const std::string written = fmt::format("{} {}", what, gwctl::describe(object));
    writes_.push_back(written);
    if (!object.metadata.deletionTimestamp.empty() && object.metadata.finalizers.empty()) {
        const std::string uid = object.metadata.uid;
        table<T>().erase(k);
        collect_garbage<Service>(uid);
        collect_garbage<EndpointSlice>(uid);
    } else {
        table<T>()[k] = std::make_shared<const T>(std::move(object));
    }
    if (after_write)
        after_write(written);
}

template <class T>
void fake_cluster::add_object(T object) {
    if (T::type.namespaced && object.metadata.namespace_.empty())
        object.metadata.namespace_ = "default";
    const auto before = get<T>(key_of(object));
    ObjectMeta& m = object.metadata;
    ++created_;
    if (before) {
        m.uid = before->metadata.uid;
        m.finalizers = before->metadata.finalizers;
        if (m.creationTimestamp.empty())
            m.creationTimestamp = before->metadata.creationTimestamp;
        if constexpr (requires { object.status; })
            if (object.status == decltype(object.status)())
                object.status = before->status;
    } else {
        if (m.uid.empty())
            m.uid = fmt::format("uid-{}", created_);
        if (m.creationTimestamp.empty())
            m.creationTimestamp = format_time(wall_time(std::chrono::seconds(1'767'225'600 + created_)));
    }
    store(std::move(object), "add");
}

void fake_cluster::add(std::string_view yaml) {
    for (const json::value& document : json::parse_yaml(yaml, "test").value()) {
        const std::string text = boost::json::serialize(document);
        const std::string_view kind = document.at("kind").as_string();
        const bool known =
            [&]<class... T>(std::type_identity<std::tuple<T...>>) {
                return ((kind == T::type.kind && (add_object(json::decode<T>(text).value()), true)) || ...);
            }(std::type_identity<
                std::tuple<Gateway, GatewayClass, Service, EndpointSlice, core_v1::Namespace, ReferenceGrant,
                           ConfigMap, TCPRoute, UDPRoute, gateway_v1::HTTPRoute, ListenerSet>>());
        INFO(text);
        REQUIRE(known);
    }
}

void fake_cluster::gateway(std::string_view name, std::string_view listeners, std::string_view more_spec) {
    const object_key k = key(name);
    add(fmt::format("{{kind: Gateway, metadata: {{namespace: {}, name: {}}}, spec: {{gatewayClassName: "
                    "l4, listeners: {}{}{}}}}}",
                    k.namespace_, k.name, listeners, more_spec.empty() ? "" : ", ", more_spec));
}

void fake_cluster::listener_set(std::string_view name, std::string_view listeners, std::string_view parent) {
    const object_key k = key(name);
    add(fmt::format("{{kind: ListenerSet, metadata: {{namespace: {}, name: {}}}, spec: {{parentRef: {}, "
                    "listeners: {}}}}}",
                    k.namespace_, k.name, parent, listeners));
}

void fake_cluster::route(std::string_view kind, std::string_view name, std::string_view parents,
                         std::string_view backends, std::string_view labels) {
    const object_key k = key(name);
    add(fmt::format("{{kind: {}, metadata: {{namespace: {}, name: {}, labels: {}}}, spec: {{parentRefs: "
                    "{}, rules: [{{backendRefs: {}}}]}}}}",
                    kind, k.namespace_, k.name, labels, parents, backends));
}

void fake_cluster::backend(std::string_view name, std::string_view ports, std::string_view endpoints) {
    const object_key k = key(name);
    add(fmt::format("{{kind: Service, metadata: {{namespace: {}, name: {}}}, spec: {{selector: {{app: {}}}, "
                    "ports: {}}}}}",
                    k.namespace_, k.name, k.name, ports));
    EndpointSlice slice;
    slice.metadata.namespace_ = k.namespace_;
    slice.metadata.name = k.name + "-1";
    slice.metadata.labels[std::string(discovery_v1::label_service_name)] = k.name;
    slice.addressType = endpoints.find(':') == endpoints.npos ? "IPv4" : "IPv6";
    slice.endpoints.emplace();
    const json::value addresses = parse_one(endpoints);
    for (const json::value& address : addresses.as_array()) {
        auto& endpoint = slice.endpoints->emplace_back();
        endpoint.addresses = {std::string(address.as_string())};
        endpoint.conditions.ready = true;
    }
    for (const auto& p : get<Service>(k)->spec.ports) {
        auto& port = slice.ports.emplace_back();
        port.name = p.name;
        port.protocol = p.protocol;
        port.port = p.targetPort->is_number() ? p.targetPort->number : 8000 + p.port % 1000; // a named port
    }
    add_object(std::move(slice));
}

template <class T>
void fake_cluster::merge(const object_key& k, std::string_view patch) {
    const auto before = get<T>(k);
    INFO("merge into " << gwctl::describe(T::type, k));
    REQUIRE(before != nullptr);
    const json::value change = parse_one(patch);
    if (const auto* metadata = change.as_object().if_contains("metadata"))
        if (const auto* version = metadata->as_object().if_contains("resourceVersion"))
            REQUIRE(std::string_view(version->as_string()) == before->metadata.resourceVersion);
    store(json::decode<T>(boost::json::serialize(merge_patch(json::to_value(*before), change))).value(),
          "patch");
}
template void fake_cluster::merge<Gateway>(const object_key&, std::string_view);
template void fake_cluster::merge<GatewayClass>(const object_key&, std::string_view);
template void fake_cluster::merge<Service>(const object_key&, std::string_view);
template void fake_cluster::merge<EndpointSlice>(const object_key&, std::string_view);
template void fake_cluster::merge<ListenerSet>(const object_key&, std::string_view);
template void fake_cluster::merge<ConfigMap>(const object_key&, std::string_view);
template void fake_cluster::merge<TCPRoute>(const object_key&, std::string_view);
template void fake_cluster::merge<UDPRoute>(const object_key&, std::string_view);
template void fake_cluster::merge<ReferenceGrant>(const object_key&, std::string_view);

template <class T>
void fake_cluster::remove(const object_key& k) {
    const auto before = get<T>(k);
    INFO("delete " << gwctl::describe(T::type, k));
    REQUIRE(before != nullptr);
    T leaving = *before;
    leaving.metadata.deletionTimestamp = format_time(now);
    store(std::move(leaving), "delete");
}
template void fake_cluster::remove<Gateway>(const object_key&);
template void fake_cluster::remove<ListenerSet>(const object_key&);
template void fake_cluster::remove<gateway_v1::HTTPRoute>(const object_key&);
template void fake_cluster::remove<Service>(const object_key&);
template void fake_cluster::remove<EndpointSlice>(const object_key&);
template void fake_cluster::remove<ReferenceGrant>(const object_key&);
template void fake_cluster::remove<ConfigMap>(const object_key&);
template void fake_cluster::remove<TCPRoute>(const object_key&);
template void fake_cluster::remove<UDPRoute>(const object_key&);

template <class T>
void fake_cluster::collect_garbage(const std::string& uid) {
    for (const auto& object : list<T>()) {
        if (!is_owned_by(object->metadata, uid))
            continue;
        T orphan = *object;
        std::erase_if(orphan.metadata.ownerReferences,
                      [&](const OwnerReference& owner) { return owner.uid == uid; });
        if (!orphan.metadata.ownerReferences.empty()) {
            store(std::move(orphan), "orphan");
            continue;
        }
        orphan.metadata.ownerReferences = object->metadata.ownerReferences;
        orphan.metadata.deletionTimestamp = format_time(now);
        store(std::move(orphan), "collect");
    }
}

template <class T>
void fake_cluster::apply_object(const T& wanted) {
    T object = wanted;
    const std::string id = gwctl::describe(wanted);
    const ObjectMeta before = applied_[id];
    if (const auto live = get<T>(key_of(wanted))) {
        object.metadata = live->metadata;
        object.metadata.labels = applied_map(live->metadata.labels, before.labels, wanted.metadata.labels);
        object.metadata.annotations =
            applied_map(live->metadata.annotations, before.annotations, wanted.metadata.annotations);
        object.metadata.ownerReferences = wanted.metadata.ownerReferences;
        if constexpr (requires { object.status; })
            object.status = live->status;
    } else {
        object.metadata.uid = fmt::format("uid-{}", ++created_);
        object.metadata.creationTimestamp = format_time(now);
    }
    applied_[id] = wanted.metadata;
    store(std::move(object), "apply");
}

template void fake_cluster::add_object<Gateway>(Gateway);
template void fake_cluster::add_object<Service>(Service);
template void fake_cluster::add_object<TCPRoute>(TCPRoute);
template void fake_cluster::add_object<UDPRoute>(UDPRoute);
template void fake_cluster::add_object<ListenerSet>(ListenerSet);
template void fake_cluster::store<Gateway>(Gateway, std::string_view);
template void fake_cluster::store<ListenerSet>(ListenerSet, std::string_view);
template void fake_cluster::store<Service>(Service, std::string_view);
template void fake_cluster::store<TCPRoute>(TCPRoute, std::string_view);
template void fake_cluster::store<UDPRoute>(UDPRoute, std::string_view);
template void fake_cluster::apply_object<Service>(const Service&);
template void fake_cluster::apply_object<EndpointSlice>(const EndpointSlice&);

std::shared_ptr<const Service> fake_cluster::service(const object_key& k) const { return get<Service>(k); }

std::vector<std::shared_ptr<const EndpointSlice>> fake_cluster::slices(const object_key& service) const {
    std::vector<std::shared_ptr<const EndpointSlice>> found;
    for (const auto& slice : list<EndpointSlice>()) {
        const auto name = slice->metadata.labels.find(std::string(discovery_v1::label_service_name));
        if (slice->metadata.namespace_ == service.namespace_ && name != slice->metadata.labels.end() &&
            name->second == service.name)
            found.push_back(slice);
    }
    return found;
}

std::shared_ptr<const core_v1::Namespace> fake_cluster::namespace_(const std::string& name) const {
    return get<core_v1::Namespace>(object_key(name));
}

std::vector<std::shared_ptr<const ReferenceGrant>> fake_cluster::grants(const std::string& namespace_) const {
    std::vector<std::shared_ptr<const ReferenceGrant>> found;
    for (const auto& grant : list<ReferenceGrant>())
        if (grant->metadata.namespace_ == namespace_)
            found.push_back(grant);
    return found;
}

std::optional<std::string> fake_cluster::certificate_problem(const object_key& secret) const {
    const auto found = certificates.find(secret);
    return found == certificates.end() ? std::nullopt : std::optional(found->second);
}

bool fake_cluster::is_granted(const std::string& address) const {
    for (const auto& g : list<Gateway>())
        for (const auto& a : g->status.addresses)
            if (a.value == address && is_ours(key_of(*g)))
                return true;
    return false;
}

bool fake_cluster::is_ours(const object_key& k) const {
    const auto found = get<Gateway>(k);
    const auto its_class = found ? get<GatewayClass>(object_key(found->spec.gatewayClassName)) : nullptr;
    return its_class && its_class->spec.controllerName == controller_name_;
}

} // namespace gwctl::gateway::testing
