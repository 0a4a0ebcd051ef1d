// Reads what the checks need over HTTP.
#include "doctor.hpp"

#include <gwctl/client/client.hpp>
#include <gwctl/gateway/names.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

namespace gwctl::tools {
namespace {

/// Reads what the checks need, and keeps account of what it may not read.
class examiner {
public:
    examiner(std::shared_ptr<transport> network, const gateway::options& flags, std::string own_namespace,
             bool elects_leader)
        : api_(std::move(network)), flags_(flags), own_namespace_(std::move(own_namespace)),
          elects_leader_(elects_leader) {}

    task<void> examine() {
        co_await read_served();
        co_await read_permissions();
        co_await read_namespaces();
        co_await read_classes();
        co_await read_workloads();
        co_await read_addresses();
    }

    cluster_facts facts{};

private:
    using objects = std::optional<std::vector<json::value>>;

    /// Nothing when there is no such thing, or we may not read it. The latter is noted under what is not
    /// checked then.
    task<std::optional<json::value>> get(std::string target, std::string check) {
        http_request request;
        request.target = target;
        try {
            const std::string body = co_await api_.raw(std::move(request));
            co_return boost::json::parse(body);
        } catch (const api_error& e) {
            if (e.code() != errc::not_found && e.code() != errc::forbidden)
                throw;
            if (e.code() == errc::forbidden)
                facts.unreadable[check].insert(resource_of(target));
        }
        co_return std::nullopt;
    }

    /// "pods in namespace kube-system" of "/api/v1/namespaces/kube-system/pods?limit=500"; of paths for
    /// discovery the path itself.
    static std::string resource_of(std::string_view target) {
        const std::string_view path = target.substr(0, target.find('?'));
        std::vector<std::string_view> parts;
        for (std::size_t at = 1; at <= path.size();) {
            const std::size_t slash = std::min(path.find('/', at), path.size());
            parts.push_back(path.substr(at, slash - at));
            at = slash + 1;
        }
        const bool has_group = parts.front() == "apis";
        if (parts.size() < (has_group ? 4u : 3u))
            return std::string(path);
        std::string text(parts.back());
        if (has_group)
            text.append(".").append(parts[1]);
        if (const std::string_view scope = parts[parts.size() - 3]; scope == "namespaces")
            text.append(" in namespace ").append(parts[parts.size() - 2]);
        return text;
    }

    task<objects> list(std::string path, std::string check) {
        const std::string first = path + (path.find('?') == path.npos ? "?" : "&") + "limit=500";
        std::vector<json::value> all;
        std::string target = first;
        while (!target.empty()) {
            std::optional<json::value> page = co_await get(target, check);
            if (!page)
                co_return std::nullopt;
            target = take_items(*page, all);
            if (!target.empty())
                target = first + "&continue=" + target;
        }
        co_return all;
    }

    /// Where the controller reads this resource: everywhere, or in the namespaces that it is limited to.
    /// `path` is "configmaps?labelSelector=...".
    task<objects> list_served(std::string path, std::string check) {
        if (flags_.namespaces.empty()) {
            objects everywhere = co_await list("/api/v1/" + path, check);
            co_return everywhere;
        }
        std::vector<json::value> all;
        for (const std::string& namespace_ : flags_.namespaces) {
            objects some = co_await list(fmt::format("/api/v1/namespaces/{}/{}", namespace_, path), check);
            if (!some)
                co_return std::nullopt;
            std::move(some->begin(), some->end(), std::back_inserter(all));
        }
        co_return all;
    }

    /// Moves the items of a page; returns where the next one starts, empty at the end.
    static std::string take_items(json::value& page, std::vector<json::value>& all) {
        auto& list = page.as_object();
        // Items of a list do not say their kind: "DaemonSetList".
        std::string kind = list.contains("kind") ? std::string(list["kind"].as_string()) : std::string();
        if (kind.ends_with("List"))
            kind.resize(kind.size() - 4);
        if (auto* items = list.if_contains("items"); items != nullptr && items->is_array())
            for (json::value& item : items->get_array())
                if (item.is_object()) {
                    item.get_object()["kind"] = kind;
                    all.push_back(std::move(item));
                }
        const auto* metadata = list.if_contains("metadata");
        const auto* more = metadata != nullptr && metadata->is_object()
                               ? metadata->get_object().if_contains("continue")
                               : nullptr;
        return more != nullptr && more->is_string() ? std::string(more->get_string()) : std::string();
    }

    template <class T>
    static std::vector<T> decode(const std::vector<json::value>& objects) {
        std::vector<T> all;
        for (const json::value& object : objects)
            if (auto decoded = json::decode<T>(boost::json::serialize(object)); decoded.has_value())
                all.push_back(std::move(*decoded));
        return all;
    }

    template <class T>
    static std::vector<T> read_all(const std::vector<json::value>& objects, T (*read)(const json::value&)) {
        std::vector<T> all;
        for (const json::value& object : objects)
            all.push_back(read(object));
        return all;
    }

    task<void> read_served() {
        const std::string root = fmt::format("/apis/{}", gateway_v1::group);
        const auto found = co_await get(root, "kinds");
        if (!found && facts.unreadable.contains("kinds"))
            co_return;
        facts.served.emplace();
        if (!found)
            co_return;
        for (const json::value& version : found->at("versions").as_array()) {
            const std::string name(version.at("version").as_string());
            const auto resources = co_await get(root + "/" + name, "kinds");
            if (!resources)
                continue;
            for (const json::value& resource : resources->at("resources").as_array())
                (*facts.served)[fmt::format("{}.{}", resource.at("name").as_string().c_str(),
                                            gateway_v1::group)]
                    .insert(name);
        }
    }

    task<void> read_permissions() {
        try {
            const std::vector<permission> needed = needed_permissions(flags_, elects_leader_);
            for (const permission& p : needed) {
                const std::set<std::string> namespaces = namespaces_of(p);
                for (const std::string& namespace_ : namespaces) {
                    const bool allowed = co_await may(p, namespace_);
                    if (!allowed)
                        facts.denied.push_back({p, namespace_});
                }
            }
        } catch (const api_error& e) {
            if (e.code() != errc::forbidden)
                throw;
            facts.unreadable["permissions"].insert("selfsubjectaccessreviews.authorization.k8s.io");
        }
    }

    /// Where the controller needs it; "": everywhere. Limited to some namespaces it can do without their
    /// labels.
    std::set<std::string> namespaces_of(const permission& p) const {
        const std::set<std::string>& limits = flags_.namespaces;
        if (p.resource == "configmaps" && !p.name.empty())
            return {flags_.ipam_config.namespace_};
        if (p.own_namespace)
            return {own_namespace_};
        if (limits.empty() || p.resource.starts_with("gatewayclasses") ||
            p.resource == "customresourcedefinitions")
            return {""};
        if (p.resource == "namespaces")
            return {};
        return limits;
    }

    task<bool> may(permission p, std::string namespace_) {
        const std::size_t slash = std::min(p.resource.find('/'), p.resource.size());
        json::object attributes{
            {"group", p.group}, {"verb", p.verb}, {"resource", p.resource.substr(0, slash)}};
        if (slash < p.resource.size())
            attributes["subresource"] = p.resource.substr(slash + 1);
        if (!namespace_.empty())
            attributes["namespace"] = namespace_;
        if (!p.name.empty())
            attributes["name"] = p.name;
        json::object spec;
        spec["resourceAttributes"] = std::move(attributes);
        json::object review{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SelfSubjectAccessReview"}};
        review["spec"] = std::move(spec);
        http_request request;
        request.method = "POST";
        request.target = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = boost::json::serialize(review);
        const std::string body = co_await api_.raw(std::move(request));
        const json::value answer = boost::json::parse(body);
        co_return answer.at("status").at("allowed").as_bool();
    }

    /// A list of what is in a namespace that does not exist is empty, and no error.
    task<void> read_namespaces() {
        for (const std::string& name : flags_.namespaces) {
            const objects found =
                co_await list(fmt::format("/api/v1/namespaces?fieldSelector=metadata.name%3D{}", name),
                              "namespaces that do not exist");
            if (found && found->empty())
                facts.missing_namespaces.insert(name);
        }
    }

    task<void> read_classes() {
        if (!facts.served)
            co_return;
        const auto versions = facts.served->find(fmt::format("gatewayclasses.{}", gateway_v1::group));
        if (versions == facts.served->end())
            co_return;
        const std::string version = versions->second.contains("v1") ? "v1" : *versions->second.begin();
        const objects classes =
            co_await list(fmt::format("/apis/{}/{}/gatewayclasses", gateway_v1::group, version), "classes");
        if (!classes)
            co_return;
        facts.classes = decode<gateway_v1::GatewayClass>(*classes);
        // The permission to read parameters may be left out where nobody has any.
        const bool has_parameters =
            std::any_of(facts.classes->begin(), facts.classes->end(), [&](const gateway_v1::GatewayClass& c) {
                return c.spec.controllerName == flags_.controller_name && c.spec.parametersRef;
            });
        if (!has_parameters)
            co_return;
        const std::string label = gateway::names(flags_.controller_name).parameters();
        const objects maps = co_await list_served(
            fmt::format("configmaps?labelSelector={}%3Dtrue", encoded(label)), "parameters of classes");
        if (maps)
            facts.parameter_maps = decode<core_v1::ConfigMap>(*maps);
    }

    static std::string encoded(std::string_view label) {
        std::string out;
        for (const char c : label)
            out += c == '/' ? std::string("%2F") : std::string(1, c);
        return out;
    }

    task<void> read_workloads() {
        const std::string check = "announcers and other controllers";
        std::vector<workload> all;
        for (const std::string_view path :
             {"/apis/apps/v1/daemonsets", "/apis/apps/v1/deployments",
              "/api/v1/namespaces/kube-system/pods"}) { // static pods, of kube-vip
            const objects found = co_await list(std::string(path), check);
            if (!found)
                continue; // denied, or not served
            for (workload& w : read_all(*found, &read_workload))
                all.push_back(std::move(w));
        }
        if (!facts.unreadable.contains(check))
            facts.workloads = std::move(all);
        const objects leases = co_await list("/apis/coordination.k8s.io/v1/leases?fieldSelector="
                                             "metadata.name%3Dgateway-api.fnnrn.me",
                                             "Leases of other controllers");
        if (leases)
            facts.leases = decode<coordination_v1::Lease>(*leases);
    }

    /// Of announcers that are not installed there is nothing to read, nor to be denied.
    task<bool> serves(std::string group, std::string check) {
        const auto found = co_await get("/apis/" + group, check);
        co_return found.has_value();
    }

    task<void> read_announcer_pools() {
        const bool has_metallb = co_await serves("metallb.io", "pools of MetalLB");
        if (has_metallb) {
            const objects pools =
                co_await list("/apis/metallb.io/v1beta1/ipaddresspools", "pools of MetalLB");
            if (pools)
                facts.metallb_pools = read_all(*pools, &read_metallb_pool);
        }
        const bool has_cilium = co_await serves("cilium.io", "pools of Cilium");
        for (const std::string_view version : {"v2", "v2alpha1"}) {
            if (!has_cilium || facts.cilium_pools)
                break;
            const objects pools = co_await list(
                fmt::format("/apis/cilium.io/{}/ciliumloadbalancerippools", version), "pools of Cilium");
            if (pools)
                facts.cilium_pools = read_all(*pools, &read_cilium_pool);
        }
    }

    task<void> read_addresses() {
        const objects services = co_await list_served("services", "Services that two announcers serve");
        if (services)
            facts.services = read_all(*services, &read_service);
        const objects nodes = co_await list("/api/v1/nodes", "addresses of nodes in pools");
        if (nodes)
            facts.nodes = read_all(*nodes, &read_node);
        co_await read_announcer_pools();
        facts.cloud_provider_pools =
            co_await read_map(object_key("kube-system", "kubevip"), "pools of kube-vip-cloud-provider");
        if (flags_.ipam_config.name.empty())
            co_return;
        facts.pools = co_await read_map(flags_.ipam_config, "address pools");
        facts.pools_read = !facts.unreadable.contains("address pools");
    }

    /// By a list, as the controller does: its account may list and not get.
    task<std::optional<core_v1::ConfigMap>> read_map(object_key key, std::string check) {
        const objects found =
            co_await list(fmt::format("/api/v1/namespaces/{}/configmaps?fieldSelector=metadata.name%3D{}",
                                      key.namespace_, key.name),
                          check);
        if (!found || found->empty())
            co_return std::nullopt;
        auto decoded = json::decode<core_v1::ConfigMap>(boost::json::serialize(found->front()));
        if (decoded.has_error())
            co_return std::nullopt;
        co_return std::move(*decoded);
    }

    client api_;
    const gateway::options& flags_;
    std::string own_namespace_;
    bool elects_leader_;
};

} // namespace

task<cluster_facts> read_facts(std::shared_ptr<transport> network, const gateway::options& flags,
                               std::string own_namespace, bool elects_leader) {
    examiner e(std::move(network), flags, std::move(own_namespace), elects_leader);
    co_await e.examine();
    co_return std::move(e.facts);
}

} // namespace gwctl::tools
