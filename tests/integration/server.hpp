// Where the API server under test comes from.
#pragma once

#include <gwctl/client/config.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace gwctl::tests {

/// An API server with everything around it that the suite needs: Deployments get pods, Services slices, and
/// Services of type LoadBalancer their addresses.
class server_under_test {
public:
    virtual ~server_under_test() = default;
    /// May do everything.
    virtual cluster_config admin() const = 0;
    /// What the controller runs with.
    virtual cluster_config controller() const = 0;
    /// The writes so far, but for those to Leases, one line each: "patch gateways/status default/web" and
    /// more. The embedded server tells of everybody's that changed something, a real one of all that the
    /// controller asked for, whatever became of them.
    virtual std::vector<std::string> writes() = 0;
};

/// The cluster of $GWCTL_TEST_KUBECONFIG, else an embedded API server. Throws `api_error` (`errc::config`).
std::unique_ptr<server_under_test> make_server();

} // namespace gwctl::tests
