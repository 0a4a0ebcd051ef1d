#include "json_util.hpp"
#include "selectors.hpp"
#include "stand_ins.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

constexpr const char* agent = "kube-controller-manager";
constexpr const char* kubelet = "kubelet";
constexpr const char* node = "gwctl-node";
constexpr const char* slice_manager = "endpointslice-controller.k8s.io";
// More make no better test and would flood it.
constexpr std::int64_t most_replicas = 200;

using name_pair = std::pair<std::string, std::string>;

json::object owner_reference(const stored& owner, const char* api_version, const char* kind) {
    json::object ref;
    ref["apiVersion"] = api_version;
    ref["kind"] = kind;
    ref["name"] = owner.name();
    ref["uid"] = owner.uid();
    ref["controller"] = true;
    ref["blockOwnerDeletion"] = true;
    return ref;
}

bool owned_by(const stored& s, const std::string& uid) {
    for (const auto& ref : array_at(s.object(), {"metadata", "ownerReferences"}))
        if (string_at(ref, {"uid"}) == uid)
            return true;
    return false;
}

// Ten letters that depend on the text only, as template hashes do.
std::string hash_of(const std::string& text) {
    std::uint64_t h = 1469598103934665603u;
    for (unsigned char c : text)
        h = (h ^ c) * 1099511628211u;
    static constexpr char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    std::string out;
    for (int i = 0; i < 10; ++i, h /= 27)
        out += letters[h % 27];
    return out;
}

void set_status(cluster& c, write_request r, const stored_ptr& s, json::object status) {
    r.subresource = "status";
    auto object = s->object();
    object["status"] = std::move(status);
    c.update(r, std::move(object));
}

json::object condition(const cluster& c, const char* type, const char* reason) {
    json::object out;
    out["type"] = type;
    out["status"] = "True";
    out["lastTransitionTime"] = c.now_text();
    if (*reason)
        out["reason"] = reason;
    return out;
}

class workloads : public stand_in {
public:
    void observe(const change& c) override {
        const name_pair key{c.now->namespace_name(), c.now->name()};
        if (c.kind == "deployments.apps")
            deployments_.insert(key);
        if (c.kind == "replicasets.apps")
            sets_.insert(key);
        if (c.kind == "services")
            services_.insert(key);
        if (c.kind == "pods") {
            pods_.insert(key);
            namespaces_.insert(key.first);
            for (const auto& ref : array_at(c.now->object(), {"metadata", "ownerReferences"}))
                sets_.emplace(key.first, string_at(ref, {"name"}));
        }
        if (c.kind == "replicasets.apps")
            for (const auto& ref : array_at(c.now->object(), {"metadata", "ownerReferences"}))
                deployments_.emplace(key.first, string_at(ref, {"name"}));
        if (c.kind == "endpointslices.discovery.k8s.io")
            services_.emplace(
                key.first, string_at(c.now->object(), {"metadata", "labels", "kubernetes.io/service-name"}));
    }

    bool idle() const override {
        return deployments_.empty() && sets_.empty() && pods_.empty() && services_.empty() &&
               namespaces_.empty();
    }

    void run(cluster& c) override {
        // Each step may feed those before it; the caller runs us again until nothing is left.
        for (const auto& key : std::exchange(deployments_, {}))
            attempt([&] { deployment(c, key.first, key.second); });
        for (const auto& key : std::exchange(sets_, {}))
            attempt([&] { replica_set(c, key.first, key.second); });
        for (const auto& key : std::exchange(pods_, {}))
            attempt([&] { pod(c, key.first, key.second); });
        for (const auto& ns : std::exchange(namespaces_, {}))
            for (const auto& s : c.objects().list("services", ns))
                services_.emplace(ns, s->name());
        for (const auto& key : std::exchange(services_, {}))
            attempt([&] { service(c, key.first, key.second); });
    }

private:
    void deployment(cluster& c, const std::string& ns, const std::string& name) {
        const auto d = c.objects().find("deployments.apps", ns, name);
        if (!d || d->terminating())
            return;
        const auto& spec = object_at(d->object(), {"spec"});
        const auto hash = hash_of(canonical(spec.at("template")));
        const auto set_name = name + "-" + hash;
        auto wanted_template = spec.at("template").as_object();
        auto& labels = make_object(make_object(wanted_template, "metadata"), "labels");
        labels["pod-template-hash"] = hash;
        json::object selector = spec.at("selector").as_object();
        make_object(selector, "matchLabels")["pod-template-hash"] = hash;

        std::int64_t ready = 0, replicas = 0;
        bool found = false;
        for (const auto& rs : c.objects().list("replicasets.apps", ns)) {
            if (!owned_by(*rs, d->uid()))
                continue;
            const bool current = rs->name() == set_name;
            found = found || current;
            const auto target = current ? int_at(spec, {"replicas"}, 1) : 0;
            if (int_at(rs->object(), {"spec", "replicas"}, 1) != target) {
                auto object = rs->object();
                object.at("spec").as_object()["replicas"] = target;
                c.update(stand_in_request(c, "apps", "ReplicaSet", ns, rs->name(), agent), std::move(object));
            }
            replicas += int_at(rs->object(), {"status", "replicas"}, 0);
            if (current)
                ready = int_at(rs->object(), {"status", "readyReplicas"}, 0);
        }
        if (!found) {
            json::object set_spec;
            set_spec["replicas"] = int_at(spec, {"replicas"}, 1);
            set_spec["selector"] = std::move(selector);
            set_spec["template"] = wanted_template;
            json::object metadata;
            metadata["name"] = set_name;
            metadata["labels"] = labels;
            metadata["ownerReferences"] =
                json::array({json::value(owner_reference(*d, "apps/v1", "Deployment"))});
            json::object object;
            object["metadata"] = std::move(metadata);
            object["spec"] = std::move(set_spec);
            c.create(stand_in_request(c, "apps", "ReplicaSet", ns, "", agent), std::move(object));
        }
        json::object status;
        status["observedGeneration"] = int_at(d->object(), {"metadata", "generation"}, 1);
        if (replicas)
            status["replicas"] = replicas;
        if (ready)
            for (const char* key : {"readyReplicas", "availableReplicas", "updatedReplicas"})
                status[key] = ready;
        if (ready >= int_at(spec, {"replicas"}, 1)) {
            const auto& had = array_at(d->object(), {"status", "conditions"});
            status["conditions"] = had.empty()
                                       ? json::array({condition(c, "Available", "MinimumReplicasAvailable"),
                                                      condition(c, "Progressing", "NewReplicaSetAvailable")})
                                       : had;
        } else if (const auto& had = array_at(d->object(), {"status", "conditions"}); !had.empty()) {
            status["conditions"] = had;
        }
        const auto now = c.objects().find("deployments.apps", ns, name);
        set_status(c, stand_in_request(c, "apps", "Deployment", ns, name, agent), now, std::move(status));
    }

    void replica_set(cluster& c, const std::string& ns, const std::string& name) {
        const auto rs = c.objects().find("replicasets.apps", ns, name);
        if (!rs || rs->terminating())
            return;
        const auto wanted = std::min(int_at(rs->object(), {"spec", "replicas"}, 1), most_replicas);
        std::int64_t ready = 0, have = 0;
        std::vector<std::string> surplus;
        for (const auto& p : c.objects().list("pods", ns)) {
            if (!owned_by(*p, rs->uid()) || p->terminating())
                continue;
            if (++have > wanted)
                surplus.push_back(p->name());
            ready += !array_at(p->object(), {"status", "podIPs"}).empty();
        }
        for (const auto& p : surplus) {
            c.remove(stand_in_request(c, "", "Pod", ns, p, agent), {});
            --have;
            --ready;
        }
        for (; have < wanted; ++have) {
            auto object = object_at(rs->object(), {"spec", "template"});
            auto& metadata = make_object(object, "metadata");
            metadata["generateName"] = name + "-";
            metadata["ownerReferences"] =
                json::array({json::value(owner_reference(*rs, "apps/v1", "ReplicaSet"))});
            make_object(object, "spec")["nodeName"] = node;
            c.create(stand_in_request(c, "", "Pod", ns, "", agent), std::move(object));
        }
        json::object status;
        status["replicas"] = have;
        status["fullyLabeledReplicas"] = have;
        // One at a time: the second member may move the first, so `a = b = ready` would read freed memory.
        if (ready > 0)
            for (const char* key : {"readyReplicas", "availableReplicas"})
                status[key] = ready;
        status["observedGeneration"] = int_at(rs->object(), {"metadata", "generation"}, 1);
        set_status(c, stand_in_request(c, "apps", "ReplicaSet", ns, name, agent), rs, std::move(status));
    }

    // What kubelet reports once the containers run.
    void pod(cluster& c, const std::string& ns, const std::string& name) {
        const auto p = c.objects().find("pods", ns, name);
        if (!p || p->terminating() || string_at(p->object(), {"status", "phase"}) != "Pending")
            return;
        const auto ip = fmt::format("10.244.{}.{}", next_pod_ / 250, next_pod_ % 250 + 2);
        ++next_pod_;
        json::object status;
        status["phase"] = "Running";
        status["hostIP"] = "10.0.0.1";
        status["podIP"] = ip;
        json::object pod_ip;
        pod_ip["ip"] = ip;
        status["podIPs"] = json::array({json::value(std::move(pod_ip))});
        status["startTime"] = c.now_text();
        status["qosClass"] = "BestEffort";
        json::array conditions;
        for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"})
            conditions.push_back(condition(c, type, ""));
        status["conditions"] = std::move(conditions);
        json::array containers;
        for (const auto& container : array_at(p->object(), {"spec", "containers"})) {
            json::object one;
            one["name"] = string_at(container, {"name"});
            one["image"] = string_at(container, {"image"});
            one["imageID"] = "";
            one["ready"] = true;
            one["started"] = true;
            one["restartCount"] = 0;
            make_object(make_object(one, "state"), "running")["startedAt"] = c.now_text();
            containers.push_back(std::move(one));
        }
        status["containerStatuses"] = std::move(containers);
        set_status(c, stand_in_request(c, "", "Pod", ns, name, kubelet), p, std::move(status));
    }

    // A named target port is looked up in the pod's containers; 0 when there is none.
    static std::int64_t target_port(const json::object& service_port, const json::object& pod) {
        std::int64_t n = 0;
        const auto* target = find(service_port, {"targetPort"});
        if (target == nullptr)
            return int_at(service_port, {"port"}, 0);
        if (to_int(*target, n))
            return n;
        const auto name = string_at(service_port, {"targetPort"});
        for (const auto& container : array_at(pod, {"spec", "containers"}))
            if (container.is_object())
                for (const auto& port : array_at(container.get_object(), {"ports"})) {
                    const auto protocol = string_at(port, {"protocol"});
                    if (string_at(port, {"name"}) == name &&
                        (protocol.empty() ? "TCP" : protocol) == string_at(service_port, {"protocol"}))
                        return int_at(port.as_object(), {"containerPort"}, 0);
                }
        return 0;
    }

    // One slice per distinct set of resolved ports, as pods may name the same port differently.
    static void service(cluster& c, const std::string& ns, const std::string& name) {
        const auto s = c.objects().find("services", ns, name);
        if (!s || s->terminating())
            return;
        const auto& selector = object_at(s->object(), {"spec", "selector"});
        std::map<std::string, json::object> wanted;
        if (!selector.empty() && string_at(s->object(), {"spec", "type"}) != "ExternalName") {
            json::object match;
            match["matchLabels"] = selector;
            const auto labels = label_selector::from_json(match);
            for (const auto& p : c.objects().list("pods", ns)) {
                const auto ip = string_at(p->object(), {"status", "podIP"});
                if (!labels.matches(p->labels()) || ip.empty() || p->terminating())
                    continue;
                json::array ports;
                for (const auto& port : array_at(s->object(), {"spec", "ports"})) {
                    const auto number = target_port(port.as_object(), p->object());
                    if (number == 0)
                        continue;
                    json::object one;
                    one["name"] = string_at(port, {"name"});
                    one["port"] = number;
                    one["protocol"] = string_at(port, {"protocol"});
                    ports.push_back(std::move(one));
                }
                auto& slice = wanted[canonical(ports)];
                slice["ports"] = std::move(ports);
                make_array(slice, "endpoints").push_back(endpoint(*p, ip));
            }
            if (wanted.empty())
                wanted[""]["endpoints"] = json::array();
        }
        write_slices(c, *s, std::move(wanted));
    }

    static json::object endpoint(const stored& p, const std::string& ip) {
        json::object conditions;
        for (const char* key : {"ready", "serving"})
            conditions[key] = true;
        conditions["terminating"] = false;
        json::object target;
        target["kind"] = "Pod";
        target["name"] = p.name();
        target["namespace"] = p.namespace_name();
        target["uid"] = p.uid();
        json::object out;
        out["addresses"] = json::array({json::value(ip)});
        out["conditions"] = std::move(conditions);
        if (auto on = string_at(p.object(), {"spec", "nodeName"}); !on.empty())
            out["nodeName"] = on;
        out["targetRef"] = std::move(target);
        return out;
    }

    // Those of the Service, and what ties the slice to it.
    static json::object slice_labels(const stored& s) {
        json::object labels = object_at(s.object(), {"metadata", "labels"});
        labels.erase("service.kubernetes.io/headless");
        if (string_at(s.object(), {"spec", "clusterIP"}) == "None")
            labels["service.kubernetes.io/headless"] = "";
        labels["endpointslice.kubernetes.io/managed-by"] = slice_manager;
        labels["kubernetes.io/service-name"] = s.name();
        return labels;
    }

    // Slices that are there already are reused in order, so that endpoints move without slices being made
    // anew.
    static void write_slices(cluster& c, const stored& s, std::map<std::string, json::object> wanted) {
        const auto& ns = s.namespace_name();
        std::vector<stored_ptr> have;
        // Generated names start with the Service's, shortened where it is too long.
        const auto prefix = (s.name() + "-").substr(0, 58);
        for (const auto& slice : c.objects().list("endpointslices.discovery.k8s.io", ns, prefix))
            if (owned_by(*slice, s.uid()) &&
                string_at(slice->object(),
                          {"metadata", "labels", "endpointslice.kubernetes.io/managed-by"}) == slice_manager)
                have.push_back(slice);
        std::size_t used = 0;
        for (auto& [ports, content] : wanted) {
            if (used < have.size()) {
                auto object = have[used]->object();
                object["endpoints"] = content["endpoints"];
                object["metadata"].as_object()["labels"] = slice_labels(s);
                if (content.contains("ports"))
                    object["ports"] = content["ports"];
                else
                    object.erase("ports");
                c.update(
                    stand_in_request(c, "discovery.k8s.io", "EndpointSlice", ns, have[used]->name(), agent),
                    std::move(object));
                ++used;
                continue;
            }
            json::object metadata;
            metadata["generateName"] = s.name() + "-";
            metadata["labels"] = slice_labels(s);
            metadata["ownerReferences"] = json::array({json::value(owner_reference(s, "v1", "Service"))});
            json::object object = content;
            object["metadata"] = std::move(metadata);
            object["addressType"] = "IPv4";
            c.create(stand_in_request(c, "discovery.k8s.io", "EndpointSlice", ns, "", agent),
                     std::move(object));
        }
        for (; used < have.size(); ++used)
            c.remove(stand_in_request(c, "discovery.k8s.io", "EndpointSlice", ns, have[used]->name(), agent),
                     {});
    }

    std::set<name_pair> deployments_, sets_, pods_, services_;
    std::set<std::string> namespaces_;
    unsigned next_pod_ = 0;
};

} // namespace

std::unique_ptr<stand_in> make_workloads() { return std::make_unique<workloads>(); }

} // namespace gwctl::testing::detail
