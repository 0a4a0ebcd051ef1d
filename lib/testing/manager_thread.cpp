#include <gwctl/testing/manager_thread.hpp>

namespace gwctl::testing {

cluster_config config_for(const api_server& server) {
    cluster_config config;
    config.server = server.url();
    config.origin = "the embedded API server";
    return config;
}

settled_report wait_until_quiet(api_server& server, manager& m, std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const auto left = [&] {
        return std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(
                                                          deadline - std::chrono::steady_clock::now()));
    };
    settled_report report;
    std::uint64_t version = 0;
    do {
        version = server.resource_version();
        server.wait_until([&] { return server.settled(); }, left());
        report = m.wait_settled(std::to_string(server.resource_version()), left());
    } while (report.settled && (version != server.resource_version() || !server.settled()));
    return report;
}

} // namespace gwctl::testing
