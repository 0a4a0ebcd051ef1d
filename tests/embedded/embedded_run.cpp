#include "embedded_run.hpp"

#include "../../tools/loader.hpp"

#include <gwctl/gateway/status.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <support/catch.hpp>
#include <support/messages.hpp>

namespace gwctl::tests {
namespace {

testing::api_server_options server_options() {
    testing::api_server_options o;
    o.workloads = true;
    o.announcer = true;
    o.bookmark_interval = std::chrono::milliseconds(20);
    return o;
}

std::string manifests() {
    const char* folder = std::getenv("GWCTL_MANIFESTS");
    return folder == nullptr ? "manifests" : folder;
}

/// What the API server changes by itself.
void strip(json::value& object) {
    auto& o = object.as_object();
    o.erase("status");
    auto& metadata = o.at("metadata").as_object();
    for (const std::string_view key :
         {"resourceVersion", "managedFields", "generation", "uid", "creationTimestamp"})
        metadata.erase(key);
}

} // namespace

gateway_cluster::gateway_cluster() : server(server_options()) {
    // A Lease that was released: whoever creates one waits for a lease duration before it acts.
    apply("{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {namespace: default, name: "
          "gateway-api.fnnrn.me}, spec: {holderIdentity: '', leaseDurationSeconds: 1}}");
}

void gateway_cluster::load(const std::vector<std::string>& files) {
    std::vector<std::string> paths;
    for (const std::string& file : files)
        paths.push_back(manifests() + "/" + file);
    const tools::loaded_files loaded = tools::read_files(paths);
    REQUIRE(loaded.errors == std::vector<std::string>());
    REQUIRE(tools::apply_documents(testing::config_for(server), loaded.documents) ==
            std::vector<std::string>());
}

void gateway_cluster::apply(const std::string& yaml) {
    for (const json::value& object : json::parse_yaml(yaml, "test").value()) {
        const auto applied = server.apply(object);
        INFO((applied.has_error() ? applied.error().message : std::string()));
        REQUIRE(applied.has_value());
    }
}

std::string gateway_cluster::serialize(const json::value& v) { return boost::json::serialize(v); }

std::vector<json::value> gateway_cluster::inventory() const {
    std::vector<json::value> kept;
    for (json::value& object : server.objects()) {
        const auto& kind = object.at("kind").as_string();
        if (kind == "Event" || kind == "Lease")
            continue;
        strip(object);
        kept.push_back(std::move(object));
    }
    return kept;
}

json::value gateway_cluster::definition(std::string_view name) const {
    json::value crd = server.get("customresourcedefinitions.apiextensions.k8s.io", "", name).value();
    strip(crd);
    return crd;
}

void gateway_cluster::refuse_patches(testing::fault_kind kind, std::string_view path, int times) {
    testing::fault f;
    f.kind = kind;
    f.method = "PATCH";
    f.path = path;
    f.times = times;
    server.inject(f);
}

bool gateway_cluster::eventually(const std::function<bool()>& done) const {
    for (int i = 0; i < 1000; ++i)
        if (server.wait_until(done, std::chrono::milliseconds(20)))
            return true;
    return false;
}

std::vector<std::string> gateway_cluster::writes_since(std::size_t since) const {
    std::vector<std::string> lines;
    const auto all = server.writes();
    for (std::size_t i = since; i < all.size(); ++i)
        if (all[i].resource != "leases")
            lines.push_back(fmt::format("{} {}/{} {} by {}", all[i].verb, all[i].resource, all[i].subresource,
                                        all[i].name, all[i].user_agent));
    return lines;
}

gateway_controller::gateway_controller(gateway_cluster& cluster, gateway::options o, log::level least_logged)
    : cluster_(cluster) {
    log::configure({.minimum = least_logged});
    manager_options m;
    m.name = "gateway-api-controller";
    m.handle_signals = false;
    if (!o.observe_only) { // as the program does
        m.leader_election.emplace();
        m.leader_election->namespace_ = "default";
        m.leader_election->name = "gateway-api.fnnrn.me";
    }
    manager_ = std::make_unique<manager>(m, testing::config_for(cluster.server));
    gateway::install<gateway::tcp, gateway::udp>(*manager_, std::move(o));
    thread_ = std::make_unique<testing::manager_thread>(*manager_);
}

namespace {

/// Of every condition, wherever in a status it is.
void check_conditions(const json::value& v) {
    if (const auto* list = v.if_array())
        for (const json::value& entry : *list)
            check_conditions(entry);
    if (const auto* object = v.if_object())
        for (const auto& member : *object) {
            if (member.key() == "conditions")
                check_messages(
                    json::decode<std::vector<Condition>>(boost::json::serialize(member.value())).value());
            else
                check_conditions(member.value());
        }
}

void check_all_messages(const gateway_cluster& cluster) {
    for (const std::string kind : {"gatewayclasses", "gateways", "listenersets", "tcproutes", "udproutes"})
        for (const json::value& object : cluster.server.objects(kind + ".gateway.networking.k8s.io"))
            check_conditions(object);
    for (const json::value& event : cluster.server.objects("events"))
        if (event.at("type") == "Warning")
            check_message(json::decode<std::string>(boost::json::serialize(event.at("message"))).value());
}

} // namespace

void gateway_controller::settle() {
    const settled_report report = testing::wait_until_quiet(cluster_.server, *manager_);
    for (const failing_key& f : report.failing)
        FAIL_CHECK(f.controller << " " << to_string(f.key) << ": " << f.last_error);
    CHECK(report.waiting_for == std::vector<std::string>());
    REQUIRE(report.settled);
    check_all_messages(cluster_);
}

gateway::options default_options() {
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    return o;
}

std::string status_of(const std::vector<Condition>& conditions, std::string_view type) {
    const Condition* c = gateway::find_condition(conditions, type);
    return c == nullptr ? std::string() : c->status;
}

} // namespace gwctl::tests
