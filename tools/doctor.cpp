#include "doctor.hpp"

#include "flags.hpp"

#include <gwctl/client/client.hpp>
#include <gwctl/client/config.hpp>
#include <gwctl/client/timer.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/gateway/names.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

namespace gwctl::tools {
namespace {

/// Reads what the checks need, and keeps account of what it may not read.
class examiner {
public:
    examiner(std::shared_ptr<transport> network, const flags& f, std::string own_namespace)
        : api_(std::move(network)), flags_(f), own_namespace_(std::move(own_namespace)) {}

    task<void> examine() {
        co_await read_served();
        co_await read_permissions();
        co_await read_classes();
        co_await read_workloads();
        co_await read_addresses();
    }

    cluster_facts facts{};
    std::vector<std::string> skipped{}; ///< "GET /api/v1/nodes: ..."

private:
    using objects = std::optional<std::vector<json::value>>;

    /// Nothing when there is no such thing, or we may not read it. The latter is noted.
    task<std::optional<json::value>> get(std::string target) {
        http_request request;
        request.target = target;
        try {
            const std::string body = co_await api_.raw(std::move(request));
            co_return boost::json::parse(body);
        } catch (const api_error& e) {
            if (e.code() != errc::not_found && e.code() != errc::forbidden)
                throw;
            if (e.code() == errc::forbidden)
                skipped.emplace_back(e.what());
        }
        co_return std::nullopt;
    }

    task<objects> list(std::string path) {
        const std::string first = path + (path.find('?') == path.npos ? "?" : "&") + "limit=500";
        std::vector<json::value> all;
        std::string target = first;
        while (!target.empty()) {
            std::optional<json::value> page = co_await get(target);
            if (!page)
                co_return std::nullopt;
            target = take_items(*page, all);
            if (!target.empty())
                target = first + "&continue=" + target;
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
        facts.served.emplace();
        const std::string root = fmt::format("/apis/{}", gateway_v1::group);
        const auto found = co_await get(root);
        if (!found)
            co_return;
        for (const json::value& version : found->at("versions").as_array()) {
            const std::string name(version.at("version").as_string());
            const auto resources = co_await get(root + "/" + name);
            if (!resources)
                continue;
            for (const json::value& resource : resources->at("resources").as_array())
                (*facts.served)[fmt::format("{}.{}", resource.at("name").as_string().c_str(),
                                            gateway_v1::group)]
                    .insert(name);
        }
    }

    task<void> read_permissions() {
        for (const permission& p : needed_permissions()) {
            bool allowed = true;
            const std::vector<std::string> namespaces = namespaces_of(p);
            for (const std::string& namespace_ : namespaces) {
                const bool here = co_await may(p, namespace_);
                allowed = allowed && here;
            }
            if (!allowed)
                facts.denied.push_back(p);
        }
    }

    /// Where the controller needs it; "": everywhere. Limited to some namespaces it can do without their
    /// labels.
    std::vector<std::string> namespaces_of(const permission& p) const {
        const std::set<std::string>& limits = flags_.gateway.namespaces;
        if (p.own_namespace)
            return {own_namespace_};
        if (limits.empty() || p.resource.starts_with("gatewayclasses") ||
            p.resource == "customresourcedefinitions")
            return {""};
        if (p.resource == "namespaces")
            return {};
        return {limits.begin(), limits.end()};
    }

    task<bool> may(permission p, std::string namespace_) {
        const std::size_t slash = std::min(p.resource.find('/'), p.resource.size());
        json::object attributes{
            {"group", p.group}, {"verb", p.verb}, {"resource", p.resource.substr(0, slash)}};
        if (slash < p.resource.size())
            attributes["subresource"] = p.resource.substr(slash + 1);
        if (!namespace_.empty())
            attributes["namespace"] = namespace_;
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

    task<void> read_classes() {
        const auto& served = *facts.served;
        const auto versions = served.find(fmt::format("gatewayclasses.{}", gateway_v1::group));
        if (versions == served.end())
            co_return;
        const std::string version = versions->second.contains("v1") ? "v1" : *versions->second.begin();
        const objects classes =
            co_await list(fmt::format("/apis/{}/{}/gatewayclasses", gateway_v1::group, version));
        if (classes)
            facts.classes = decode<gateway_v1::GatewayClass>(*classes);
        const std::string label = gateway::names(flags_.gateway.controller_name).parameters();
        const objects maps =
            co_await list(fmt::format("/api/v1/configmaps?labelSelector={}%3Dtrue", encoded(label)));
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
        std::vector<workload> all;
        const std::size_t before = skipped.size();
        for (const std::string_view path :
             {"/apis/apps/v1/daemonsets", "/apis/apps/v1/deployments",
              "/api/v1/namespaces/kube-system/pods"}) { // static pods, of kube-vip
            const objects found = co_await list(std::string(path));
            if (!found)
                continue; // denied, or not served
            for (workload& w : read_all(*found, &read_workload))
                all.push_back(std::move(w));
        }
        if (skipped.size() == before)
            facts.workloads = std::move(all);
        const objects leases = co_await list("/apis/coordination.k8s.io/v1/leases?fieldSelector="
                                             "metadata.name%3Dgateway-api.fnnrn.me");
        if (leases)
            facts.leases = decode<coordination_v1::Lease>(*leases);
    }

    /// Of announcers that are not installed there is nothing to read, nor to be denied.
    task<bool> serves(std::string group) {
        const auto found = co_await get("/apis/" + group);
        co_return found.has_value();
    }

    task<void> read_announcer_pools() {
        const bool has_metallb = co_await serves("metallb.io");
        if (has_metallb) {
            const objects pools = co_await list("/apis/metallb.io/v1beta1/ipaddresspools");
            if (pools)
                facts.metallb_pools = read_all(*pools, &read_metallb_pool);
        }
        const bool has_cilium = co_await serves("cilium.io");
        for (const std::string_view version : {"v2", "v2alpha1"}) {
            if (!has_cilium || facts.cilium_pools)
                break;
            const objects pools =
                co_await list(fmt::format("/apis/cilium.io/{}/ciliumloadbalancerippools", version));
            if (pools)
                facts.cilium_pools = read_all(*pools, &read_cilium_pool);
        }
    }

    task<void> read_addresses() {
        const objects services = co_await list("/api/v1/services");
        if (services)
            facts.services = read_all(*services, &read_service);
        const objects nodes = co_await list("/api/v1/nodes");
        if (nodes)
            facts.nodes = read_all(*nodes, &read_node);
        co_await read_announcer_pools();
        facts.cloud_provider_pools = co_await read_map(object_key("kube-system", "kubevip"));
        if (flags_.gateway.ipam_config.name.empty())
            co_return;
        const std::size_t before = skipped.size();
        facts.pools = co_await read_map(flags_.gateway.ipam_config);
        facts.pools_read = skipped.size() == before;
    }

    /// By a list, as the controller does: its account may list and not get.
    task<std::optional<core_v1::ConfigMap>> read_map(object_key key) {
        const objects found = co_await list(fmt::format(
            "/api/v1/namespaces/{}/configmaps?fieldSelector=metadata.name%3D{}", key.namespace_, key.name));
        if (!found || found->empty())
            co_return std::nullopt;
        auto decoded = json::decode<core_v1::ConfigMap>(boost::json::serialize(found->front()));
        if (decoded.has_error())
            co_return std::nullopt;
        co_return std::move(*decoded);
    }

    client api_;
    const flags& flags_;
    std::string own_namespace_;
};

} // namespace

int doctor(const flags& f) {
    cluster_config config = find_config(f.kubeconfig).value();
    const std::string own_namespace = config.namespace_;
    examiner e(make_http_transport(std::move(config)), f, own_namespace);
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, e.examine(), [](std::exception_ptr failed) {
        if (failed)
            std::rethrow_exception(failed);
    });
    loop.run();
    const findings found = diagnose(e.facts, f.gateway, system_clock().wall_now());
    for (const std::string& line : e.skipped)
        fmt::print(stderr, "gateway-api-controller: not looked at: {}\n", line);
    for (const finding& one : found)
        fmt::print("{}: {}\n", one.is_error ? "error" : "warning", one.text);
    if (found.empty())
        fmt::print("no findings{}\n", e.skipped.empty() ? "" : " in what this account may look at");
    return found.empty() ? 0 : 1;
}

} // namespace gwctl::tools
