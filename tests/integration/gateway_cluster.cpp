#include "gateway_cluster.hpp"

#include "../../tools/loader.hpp"
#include "under_way.hpp"

#include <gwctl/json/yaml.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <support/catch.hpp>
#include <thread>

namespace gwctl::tests {
namespace {

/// A guard against waiting for ever; nothing is expected to take so long.
constexpr std::chrono::seconds patience(120);

std::string manifests() {
    const char* folder = std::getenv("GWCTL_MANIFESTS");
    return folder == nullptr ? "manifests" : folder;
}

std::string host_of(const std::string& server) {
    return std::string(boost::urls::parse_uri(server).value().encoded_host_address());
}

std::string port_of(const std::string& server) {
    const auto url = boost::urls::parse_uri(server).value();
    return url.has_port() ? std::string(url.port()) : url.scheme() == "https" ? "443" : "80";
}

/// Of which kinds tests and controller make objects; the others belong to the cluster and its set-up.
bool is_of_interest(const served_kind& kind) {
    if (!kind.namespaced)
        return kind.plural == "namespaces" || kind.plural == "gatewayclasses";
    return kind.group != "rbac.authorization.k8s.io" &&
           kind.group != "events.k8s.io" && // the core group has them
           kind.name() != "endpoints";      // what the control plane shows in EndpointSlices, once more
}

/// What every cluster, or every namespace of it, has without anybody asking for it.
bool comes_by_itself(const listed_object& o) {
    const std::string kind = o.kind->name();
    const std::string name = o.name();
    if (kind == "namespaces")
        return name == "default" || is_system_namespace(name);
    if (is_system_namespace(o.namespace_()))
        return kind != "leases.coordination.k8s.io" || o.namespace_() != "gateway-api-controller";
    return (kind == "serviceaccounts" && name == "default") ||
           (kind == "configmaps" && name == "kube-root-ca.crt") ||
           ((kind == "services" || kind == "endpointslices.discovery.k8s.io") &&
            o.namespace_() == "default" && name == "kubernetes");
}

/// What servers and control planes write into objects at will.
void strip(json::value& object) {
    auto& o = object.as_object();
    o.erase("status");
    auto& metadata = o.at("metadata").as_object();
    for (const std::string_view key :
         {"resourceVersion", "managedFields", "generation", "uid", "creationTimestamp"})
        metadata.erase(key);
    if (auto* annotations = metadata.if_contains("annotations")) {
        annotations->as_object().erase("endpoints.kubernetes.io/last-change-trigger-time");
        if (annotations->as_object().empty())
            metadata.erase("annotations");
    }
}

/// The order of an object's members means nothing.
json::value sorted(const json::value& v) {
    if (v.is_array()) {
        json::array out;
        for (const json::value& element : v.get_array())
            out.push_back(sorted(element));
        return out;
    }
    if (!v.is_object())
        return v;
    std::map<std::string, json::value> members;
    for (const auto& [key, member] : v.get_object())
        members.emplace(key, sorted(member));
    return json::object(members.begin(), members.end());
}

} // namespace

gateway_cluster::gateway_cluster()
    : server_(make_server()),
      proxy_(host_of(server_->controller().server), port_of(server_->controller().server)),
      api_(server_->admin()) {
    clear();
    // A Lease that was released: whoever creates one waits for a lease duration before it acts.
    apply("{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {namespace: gateway-api-controller, "
          "name: gateway-api.fnnrn.me}, spec: {holderIdentity: '', leaseDurationSeconds: 1}}");
    forget_writes();
}

void gateway_cluster::load(const std::vector<std::string>& files) {
    std::vector<std::string> paths;
    for (const std::string& file : files)
        paths.push_back(manifests() + "/" + file);
    const tools::loaded_files loaded = tools::read_files(paths);
    REQUIRE(loaded.errors == std::vector<std::string>());
    REQUIRE(tools::apply_documents(server_->admin(), loaded.documents, "test") == std::vector<std::string>());
}

void gateway_cluster::apply(const std::string& yaml) {
    std::vector<tools::document> documents;
    for (json::value& object : json::parse_yaml(yaml, "test").value())
        documents.push_back({"test", std::move(object)});
    REQUIRE(tools::apply_documents(server_->admin(), documents, "fixture") == std::vector<std::string>());
}

void gateway_cluster::announce(const std::string& service, const std::string& address,
                               const std::string& namespace_) {
    patch_status(
        fmt::format("/api/v1/namespaces/{}/services/{}", namespace_, service),
        fmt::format(R"({{"status": {{"loadBalancer": {{"ingress": [{{"ip": "{}"}}]}}}}}})", address));
}

void gateway_cluster::patch_status(const std::string& path, const std::string& body) {
    api_.client().send("PATCH", path + "/status", body, "application/merge-patch+json");
}

json::value gateway_cluster::read(const std::string& path) {
    return boost::json::parse(api_.client().send("GET", path));
}

std::vector<json::value> gateway_cluster::changes(const std::string& path, const json::value& since) {
    const auto versions_in = [](const json::array& objects) {
        std::map<std::string, std::string> versions;
        for (const json::value& object : objects) {
            const json::object& metadata = object.at("metadata").as_object();
            versions[std::string(metadata.at("uid").as_string())] =
                metadata.at("resourceVersion").as_string();
        }
        return versions;
    };
    const std::string from(since.at("metadata").at("resourceVersion").as_string());
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto wanted = versions_in(read(path).at("items").as_array());
        auto shown = versions_in(since.at("items").as_array());
        // The server ends the watch; what it did not get to show by then takes another one.
        const std::string lines = api_.client().send(
            "GET", fmt::format("{}?watch=true&resourceVersion={}&timeoutSeconds=1", path, from));
        std::vector<json::value> events;
        for (std::size_t at = 0; at < lines.size();) {
            const std::size_t end = std::min(lines.find('\n', at), lines.size());
            if (end > at)
                events.push_back(boost::json::parse(std::string_view(lines).substr(at, end - at)));
            at = end + 1;
        }
        for (const json::value& event : events) {
            const auto one = versions_in({event.at("object")});
            if (event.at("type") == "DELETED")
                shown.erase(one.begin()->first);
            else
                shown[one.begin()->first] = one.begin()->second;
        }
        if (shown == wanted)
            return events;
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
}

inventory_lines gateway_cluster::inventory() {
    inventory_lines lines;
    const auto kept = [](const served_kind& kind) {
        return is_of_interest(kind) && kind.plural != "events" && kind.plural != "leases";
    };
    for (listed_object& o : api_.list(kept)) {
        if (comes_by_itself(o))
            continue;
        strip(o.object);
        lines.insert(o.describe() + " " + boost::json::serialize(sorted(o.object)));
    }
    return lines;
}

std::vector<std::string> gateway_cluster::writes() {
    std::vector<std::string> all = server_->writes();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(forgotten_));
    return all;
}

std::vector<std::string> gateway_cluster::under_way() { return tests::under_way(api_.client()); }

void gateway_cluster::settle() {
    std::vector<std::string> left;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!(left = under_way()).empty() && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    REQUIRE(left == std::vector<std::string>());
}

cluster_config gateway_cluster::controller_config() const {
    cluster_config config = server_->controller();
    const std::string host = host_of(config.server);
    if (config.tls_server_name.empty() && config.server.starts_with("https:") && host != "127.0.0.1")
        config.tls_server_name = host;
    const auto url = boost::urls::parse_uri(config.server).value();
    config.server = fmt::format("{}://127.0.0.1:{}{}", std::string(url.scheme()), proxy_.port(),
                                std::string(url.encoded_path()));
    return config;
}

/// Deployments go before ReplicaSets, and those before pods, so that nobody makes new ones.
void gateway_cluster::clear() {
    const auto rank = [](const listed_object& o) {
        const std::string kind = o.kind->name();
        return kind == "deployments.apps" ? 0 : kind == "replicasets.apps" ? 1 : kind == "services" ? 2 : 3;
    };
    std::vector<std::string> left;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
        std::vector<listed_object> found = api_.list(is_of_interest);
        std::erase_if(found, comes_by_itself);
        if (found.empty())
            return;
        std::stable_sort(found.begin(), found.end(),
                         [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
        left.clear();
        for (const listed_object& o : found) {
            left.push_back(o.describe());
            api_.remove(o);
        }
        INFO(fmt::format("cannot be deleted: {}", fmt::join(left, ", ")));
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

std::vector<std::string> differences(const inventory_lines& before, const inventory_lines& after) {
    std::vector<std::string> lines;
    for (const std::string& line : before)
        if (!after.contains(line))
            lines.push_back("-" + line);
    for (const std::string& line : after)
        if (!before.contains(line))
            lines.push_back("+" + line);
    return lines;
}

} // namespace gwctl::tests
