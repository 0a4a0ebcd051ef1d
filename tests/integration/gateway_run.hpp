// The gateway controller, at work on a cluster.
#pragma once

#include "gateway_cluster.hpp"

#include <memory>
#include <string>
#include <vector>

namespace gwctl::tests {

/// Runs as long as this lives.
class gateway_controller {
public:
    gateway_controller(gateway_cluster& cluster, gateway::options o);

    /// Waits until controller and cluster have nothing left to do. Fails the test when that does not come, or
    /// when a key keeps failing.
    void settle();
    int stop() { return thread_->stop(); }

private:
    gateway_cluster& cluster_;
    std::unique_ptr<manager> manager_;
    std::unique_ptr<testing::manager_thread> thread_;
};

gateway::options default_options();

/// "True", "False", "Unknown", or "" without the condition.
std::string status_of(const std::vector<Condition>& conditions, std::string_view type);

} // namespace gwctl::tests
