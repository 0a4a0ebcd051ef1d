// The gateway controller on the embedded API server, with the files of manifests/.
#pragma once

#include <gwctl/core/log.hpp>
#include <gwctl/gateway/gateway.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gwctl::tests {

/// A server with stand-ins for kubelet, the endpoint controllers and kube-vip.
struct gateway_cluster {
    gateway_cluster();

    /// Applies every document of the named files of manifests/, over HTTP. Fails the test on any error.
    void load(const std::vector<std::string>& files);
    void apply(const std::string& yaml);
    /// Everything that a user or the controller made, without what changes by itself (versions, times,
    /// statuses, Events and Leases), sorted: two of these are equal when nothing is left behind.
    std::vector<json::value> inventory() const;
    /// A CustomResourceDefinition as it would be applied again.
    json::value definition(std::string_view name) const;
    /// Waits for what the server does not see happen, for 20 s at most.
    bool eventually(const std::function<bool()>& done) const;
    /// Writes since `since` (an index into writes()) other than the Lease's, one line each.
    std::vector<std::string> writes_since(std::size_t since) const;
    /// Answers PATCH requests whose target has this part so, `times` times; -1 is always.
    void refuse_patches(testing::fault_kind kind, std::string_view path, int times = -1);

    template <class T>
    T get(const std::string& name, const std::string& namespace_ = "default") const {
        const auto found = server.get(T::type.qualified_name(), T::type.namespaced ? namespace_ : "", name);
        if (!found)
            throw api_error(errc::not_found, T::type.qualified_name() + " " + name + " does not exist");
        return json::decode<T>(serialize(*found)).value();
    }
    bool exists(std::string_view kind, std::string_view namespace_, std::string_view name) const {
        return server.get(kind, namespace_, name).has_value();
    }

    mutable testing::api_server server;

private:
    static std::string serialize(const json::value& v);
};

/// The controller, running as long as this lives.
class gateway_controller {
public:
    gateway_controller(gateway_cluster& cluster, gateway::options o,
                       log::level least_logged = log::level::error);

    /// Fails the test when the controller does not become quiet or a key keeps failing.
    void settle();
    class health::answer readiness() const {
        return manager_->health().ready();
    }
    /// What /metrics would show.
    std::string metrics_text() const { return manager_->metrics().text(); }
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
