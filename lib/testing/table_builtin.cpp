#include "json_util.hpp"
#include "table.hpp"

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {

using object = json::object;

std::string text_of(const json::value& v) { return v.is_string() ? str(v.get_string()) : canonical(v); }
std::string or_none(std::string s) { return s.empty() ? "<none>" : s; }

// At most three entries and how many more there are.
std::string shortened(const std::vector<std::string>& all) {
    std::string out;
    for (std::size_t i = 0; i < all.size() && i < 3; ++i)
        out += (i ? "," : "") + all[i];
    if (all.size() > 3)
        out += fmt::format(" + {} more...", all.size() - 3);
    return or_none(out);
}

std::string selector_text(const object& labels) {
    std::string out;
    for (const auto& m : labels)
        out += (out.empty() ? "" : ",") + std::string(m.key()) + "=" + text_of(m.value());
    return or_none(out);
}

std::string service_ports(const object& o) {
    std::string out;
    for (const auto& p : array_at(o, {"spec", "ports"})) {
        if (!p.is_object())
            continue;
        const auto node = int_at(p.get_object(), {"nodePort"}, 0);
        out += (out.empty() ? "" : ",") + std::to_string(int_at(p.get_object(), {"port"}, 0)) +
               (node ? ":" + std::to_string(node) : "") + "/" + string_at(p, {"protocol"});
    }
    return or_none(out);
}

std::string service_external(const object& o) {
    const auto type = string_at(o, {"spec", "type"});
    if (type == "ExternalName")
        return string_at(o, {"spec", "externalName"});
    std::string out;
    if (type == "LoadBalancer")
        for (const auto& i : array_at(o, {"status", "loadBalancer", "ingress"})) {
            const auto ip = string_at(i, {"ip"});
            out += (out.empty() ? "" : ",") + (ip.empty() ? string_at(i, {"hostname"}) : ip);
        }
    for (const auto& ip : array_at(o, {"spec", "externalIPs"}))
        out += (out.empty() ? "" : ",") + text_of(ip);
    return out.empty() ? type == "LoadBalancer" ? "<pending>" : "<none>" : out;
}

std::vector<std::string> slice_ports(const object& o) {
    std::vector<std::string> out;
    for (const auto& p : array_at(o, {"ports"}))
        if (p.is_object())
            out.push_back(p.get_object().contains("port") ? text_of(p.get_object().at("port")) : "*");
    return out;
}

std::vector<std::string> slice_addresses(const object& o) {
    std::vector<std::string> out;
    for (const auto& e : array_at(o, {"endpoints"}))
        if (e.is_object())
            for (const auto& a : array_at(e.get_object(), {"addresses"}))
                out.push_back(text_of(a));
    return out;
}

std::vector<std::string> endpoint_addresses(const object& o) {
    std::vector<std::string> out;
    for (const auto& s : array_at(o, {"subsets"}))
        if (s.is_object())
            for (const auto& p : array_at(s.get_object(), {"ports"}))
                for (const auto& a : array_at(s.get_object(), {"addresses"}))
                    out.push_back(
                        fmt::format("{}:{}", string_at(a, {"ip"}), int_at(p.as_object(), {"port"}, 0)));
    return out;
}

std::string joined(const object& o, path list, std::string_view key) {
    std::string out;
    for (const auto& c : array_at(o, list))
        out += (out.empty() ? "" : ",") + string_at(c, {key});
    return or_none(out);
}

std::string node_status(const object& o) {
    for (const auto& c : array_at(o, {"status", "conditions"}))
        if (string_at(c, {"type"}) == "Ready")
            return string_at(c, {"status"}) == "True" ? "Ready" : "NotReady";
    return "Unknown";
}

std::string ready_containers(const object& o) {
    std::size_t ready = 0;
    for (const auto& s : array_at(o, {"status", "containerStatuses"}))
        ready += s.is_object() && s.get_object().contains("ready") &&
                 s.get_object().at("ready") == json::value(true);
    return fmt::format("{}/{}", ready, array_at(o, {"spec", "containers"}).size());
}

std::string pod_status(const object& o) {
    return find(o, {"metadata", "deletionTimestamp"}) ? "Terminating" : string_at(o, {"status", "phase"});
}

} // namespace

std::vector<column> builtin_columns(const kind_info& kind) {
    auto make = [](std::vector<std::pair<const char*, int>> names) {
        std::vector<column> out{{"Name", "", "string", 0}};
        for (const auto& [name, priority] : names)
            out.push_back({name, "", "string", priority});
        return out;
    };
    const auto& k = kind.kind;
    if (k == "Namespace")
        return make({{"Status", 0}, {"Age", 0}});
    if (k == "ConfigMap")
        return make({{"Data", 0}, {"Age", 0}});
    if (k == "Secret")
        return make({{"Type", 0}, {"Data", 0}, {"Age", 0}});
    if (k == "Service")
        return make({{"Type", 0},
                     {"Cluster-IP", 0},
                     {"External-IP", 0},
                     {"Port(s)", 0},
                     {"Age", 0},
                     {"Selector", 1}});
    if (k == "Endpoints")
        return make({{"Endpoints", 0}, {"Age", 0}});
    if (k == "Pod")
        return make({{"Ready", 0},
                     {"Status", 0},
                     {"Restarts", 0},
                     {"Age", 0},
                     {"IP", 1},
                     {"Node", 1},
                     {"Nominated Node", 1},
                     {"Readiness Gates", 1}});
    if (k == "Node")
        return make({{"Status", 0},
                     {"Roles", 0},
                     {"Age", 0},
                     {"Version", 0},
                     {"Internal-IP", 1},
                     {"External-IP", 1},
                     {"OS-Image", 1},
                     {"Kernel-Version", 1},
                     {"Container-Runtime", 1}});
    if (k == "ServiceAccount")
        return make({{"Age", 0}});
    if (k == "Event") {
        std::vector<column> out;
        for (const auto& [name, priority] : std::vector<std::pair<const char*, int>>{{"Last Seen", 0},
                                                                                     {"Type", 0},
                                                                                     {"Reason", 0},
                                                                                     {"Object", 0},
                                                                                     {"Subobject", 1},
                                                                                     {"Source", 1},
                                                                                     {"Message", 0},
                                                                                     {"First Seen", 1},
                                                                                     {"Count", 1},
                                                                                     {"Name", 1}})
            out.push_back({name, "", "string", priority});
        return out;
    }
    if (k == "Deployment")
        return make({{"Ready", 0},
                     {"Up-to-date", 0},
                     {"Available", 0},
                     {"Age", 0},
                     {"Containers", 1},
                     {"Images", 1},
                     {"Selector", 1}});
    if (k == "ReplicaSet") {
        auto out = make({{"Desired", 0},
                         {"Current", 0},
                         {"Ready", 0},
                         {"Age", 0},
                         {"Containers", 1},
                         {"Images", 1},
                         {"Selector", 1}});
        for (std::size_t i = 1; i < 4; ++i)
            out[i].type = "integer";
        return out;
    }
    if (k == "EndpointSlice")
        return make({{"AddressType", 0}, {"Ports", 0}, {"Endpoints", 0}, {"Age", 0}});
    if (k == "Lease")
        return make({{"Holder", 0}, {"Age", 0}});
    if (k == "Role" || k == "ClusterRole" || k == "CustomResourceDefinition")
        return {{"Name", "", "string", 0}, {"Created At", "", "date", 0}};
    if (k == "RoleBinding" || k == "ClusterRoleBinding")
        return make({{"Role", 0}, {"Age", 0}, {"Users", 1}, {"Groups", 1}, {"ServiceAccounts", 1}});
    return make({{"Age", 0}});
}

json::array builtin_cells(const kind_info& kind, const json::object& o, wall_time now) {
    const auto name = string_at(o, {"metadata", "name"});
    const auto age = age_of(find(o, {"metadata", "creationTimestamp"}), now);
    const auto& k = kind.kind;
    if (k == "Namespace")
        return {name, string_at(o, {"status", "phase"}), age};
    if (k == "ConfigMap" || k == "Secret") {
        const auto n =
            static_cast<std::int64_t>(object_at(o, {"data"}).size() + object_at(o, {"binaryData"}).size());
        if (k == "ConfigMap")
            return {name, n, age};
        return {name, string_at(o, {"type"}), n, age};
    }
    if (k == "Service")
        return {name,
                string_at(o, {"spec", "type"}),
                or_none(string_at(o, {"spec", "clusterIP"})),
                service_external(o),
                service_ports(o),
                age,
                selector_text(object_at(o, {"spec", "selector"}))};
    if (k == "Endpoints")
        return {name, shortened(endpoint_addresses(o)), age};
    if (k == "Pod")
        return {name,
                ready_containers(o),
                pod_status(o),
                "0",
                age,
                or_none(string_at(o, {"status", "podIP"})),
                or_none(string_at(o, {"spec", "nodeName"})),
                "<none>",
                "<none>"};
    if (k == "Node") {
        std::string ip;
        for (const auto& a : array_at(o, {"status", "addresses"}))
            if (string_at(a, {"type"}) == "InternalIP" && ip.empty())
                ip = string_at(a, {"address"});
        return {name,
                node_status(o),
                "<none>",
                age,
                string_at(o, {"status", "nodeInfo", "kubeletVersion"}),
                or_none(ip),
                "<none>",
                "<unknown>",
                "<unknown>",
                "<unknown>"};
    }
    if (k == "ServiceAccount")
        return {name, age};
    if (k == "Event") {
        const auto* first = find(o, {"firstTimestamp"});
        if (first == nullptr || !first->is_string())
            first = find(o, {"eventTime"});
        const auto* series = find(o, {"series"});
        const auto* last = series ? find(*series, {"lastObservedTime"}) : find(o, {"lastTimestamp"});
        if (series == nullptr && (last == nullptr || !last->is_string()))
            last = first;
        const auto count = series ? int_at(series->as_object(), {"count"}, 0)
                                  : std::max<std::int64_t>(1, int_at(o, {"count"}, 1));
        auto regarding = string_at(o, {"involvedObject", "kind"});
        for (auto& c : regarding)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (const auto named = string_at(o, {"involvedObject", "name"}); !named.empty())
            regarding += "/" + named;
        auto source = string_at(o, {"source", "component"});
        if (source.empty())
            source = string_at(o, {"reportingComponent"});
        auto instance = string_at(o, {"source", "host"});
        if (instance.empty())
            instance = string_at(o, {"reportingInstance"});
        if (!instance.empty())
            source += ", " + instance;
        return {age_of(last, now),
                string_at(o, {"type"}),
                string_at(o, {"reason"}),
                regarding,
                string_at(o, {"involvedObject", "fieldPath"}),
                source,
                string_at(o, {"message"}),
                age_of(first, now),
                count,
                name};
    }
    const auto containers = joined(o, {"spec", "template", "spec", "containers"}, "name");
    const auto images = joined(o, {"spec", "template", "spec", "containers"}, "image");
    const auto selector = selector_text(object_at(o, {"spec", "selector", "matchLabels"}));
    const auto wanted = int_at(o, {"spec", "replicas"}, 1);
    const auto ready = int_at(o, {"status", "readyReplicas"}, 0);
    if (k == "Deployment")
        return {name,
                fmt::format("{}/{}", ready, wanted),
                int_at(o, {"status", "updatedReplicas"}, 0),
                int_at(o, {"status", "availableReplicas"}, 0),
                age,
                containers,
                images,
                selector};
    if (k == "ReplicaSet")
        return {name, wanted, int_at(o, {"status", "replicas"}, 0), ready, age, containers, images, selector};
    if (k == "EndpointSlice") {
        auto ports = slice_ports(o);
        return {name, string_at(o, {"addressType"}), ports.empty() ? "<unset>" : shortened(ports),
                slice_addresses(o).empty() ? "<unset>" : shortened(slice_addresses(o)), age};
    }
    if (k == "Lease")
        return {name, string_at(o, {"spec", "holderIdentity"}), age};
    if (k == "Role" || k == "ClusterRole" || k == "CustomResourceDefinition")
        return {name, string_at(o, {"metadata", "creationTimestamp"})};
    if (k == "RoleBinding" || k == "ClusterRoleBinding") {
        std::string users, groups, accounts;
        for (const auto& s : array_at(o, {"subjects"})) {
            const auto subject = string_at(s, {"kind"});
            auto& list = subject == "User" ? users : subject == "Group" ? groups : accounts;
            if (!list.empty())
                list += ", ";
            list += subject == "ServiceAccount" ? string_at(s, {"namespace"}) + "/" + string_at(s, {"name"})
                                                : string_at(s, {"name"});
        }
        return {name,   string_at(o, {"roleRef", "kind"}) + "/" + string_at(o, {"roleRef", "name"}),
                age,    users,
                groups, accounts};
    }
    return {name, age};
}

} // namespace gwctl::testing::detail
