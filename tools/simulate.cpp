#include "simulate.hpp"

#include "loader.hpp"
#include "report.hpp"

#include <gwctl/gateway/gateway.hpp>
#include <gwctl/json/yaml.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace gwctl::tools {
namespace {

using testing::api_server;

/// The one ConfigMap of the files that holds pools, when the command line names none.
object_key find_pools(const std::vector<document>& documents) {
    std::vector<object_key> found;
    for (const document& d : documents) {
        const auto map = json::decode<core_v1::ConfigMap>(boost::json::serialize(d.object));
        const auto* kind = d.object.as_object().if_contains("kind");
        if (map.has_error() || kind == nullptr || *kind != "ConfigMap")
            continue;
        const auto is_pool = [](const auto& entry) {
            return entry.first.starts_with("range-") || entry.first.starts_with("cidr-");
        };
        if (std::any_of(map->data.begin(), map->data.end(), is_pool))
            found.emplace_back(map->metadata.namespace_.empty() ? "default" : map->metadata.namespace_,
                               map->metadata.name);
    }
    return found.size() == 1 ? found.front() : object_key();
}

std::vector<std::string> controller_failures(const settled_report& report) {
    std::vector<std::string> lines;
    for (const std::string& reason : report.waiting_for)
        lines.push_back("the controller did not become quiet: " + reason);
    for (const failing_key& f : report.failing)
        lines.push_back(fmt::format("{} {}: {}", f.controller, to_string(f.key), f.last_error));
    return lines;
}

void print(const std::vector<json::value>& objects, const flags& f) {
    if (f.format == output::tree) {
        const bool colour = ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
        fmt::print("{}", render_tree(objects, f.gateway.controller_name, colour));
        return;
    }
    if (f.format == output::json) {
        const json::object list{
            {"apiVersion", "v1"}, {"kind", "List"}, {"items", json::array(objects.begin(), objects.end())}};
        fmt::print("{}\n", boost::json::serialize(list));
        return;
    }
    for (const json::value& object : objects)
        fmt::print("---\n{}", json::to_yaml(object));
}

} // namespace

int simulate(flags f) {
    const loaded_files files = read_files(f.files);
    std::vector<std::string> failures = files.errors;
    if (!f.pools_given)
        f.gateway.ipam_config = find_pools(files.documents);

    testing::api_server_options server_options;
    server_options.workloads = true;
    server_options.announcer = true;
    if (f.gateway.announced_by == gateway::announcer::servicelb)
        server_options.node_addresses = {"203.0.113.1"}; // RFC 5737: stands for a node's
    server_options.bookmark_interval =
        std::chrono::milliseconds(50); // stores without changes learn the version by it
    api_server server(server_options);
    const std::vector<std::string> refused = apply_documents(testing::config_for(server), files.documents);
    failures.insert(failures.end(), refused.begin(), refused.end());

    f.manager.metrics_bind_address.clear();
    f.manager.health_probe_bind_address.clear();
    f.manager.leader_election.reset();
    log::configure({.minimum = log::level::error});
    std::vector<json::value> objects;
    {
        manager m(f.manager, testing::config_for(server));
        gateway::install<gateway::tcp, gateway::udp>(m, f.gateway);
        const testing::manager_thread running(m);
        const settled_report report = testing::wait_until_quiet(server, m);
        objects = server.objects();
        const std::vector<std::string> more = controller_failures(report);
        failures.insert(failures.end(), more.begin(), more.end());
    }
    print(objects, f);
    const std::vector<std::string> not_well = find_failures(objects, f.gateway.controller_name);
    failures.insert(failures.end(), not_well.begin(), not_well.end());
    if (std::fflush(stdout) != 0)
        failures.push_back(fmt::format("standard output: {}", std::strerror(errno)));
    for (const std::string& failure : failures)
        fmt::print(stderr, "gateway-api-controller: {}\n", failure);
    return failures.empty() ? 0 : 1;
}

} // namespace gwctl::tools
