/// The gateway controller on clusters of any size, to see what a change costs.
#pragma once

#include <gwctl/gateway/gateway.hpp>
#include <gwctl/testing/manager_thread.hpp>

#include <map>
#include <memory>
#include <string>
#include <support/in_process_api.hpp>

namespace gwctl::tests {

/// Ten Gateways in each namespace, and two routes at least. Each has a listener, a route and a backend
/// Service with one EndpointSlice per `routes`.
struct cluster_size {
    std::size_t gateways = 30;
    std::size_t routes = 3;    ///< of one Gateway
    std::size_t endpoints = 4; ///< of one backend
    /// All routes of a Gateway want its one listener, which goes to the first.
    bool one_listener = false;
};

/// One cluster and the controller.
class scaled_cluster {
public:
    /// What users have made is there.
    explicit scaled_cluster(cluster_size size);
    ~scaled_cluster();

    /// Starts the controller, which runs as long as this lives. Returns when it has nothing left to do;
    /// throws `api_error` when that does not come.
    void start();

    /// What can change, each about the last Gateway: the endpoints of its first backend, its first route, a
    /// listener more or less, the port that its second route needs, and the labels of its namespace.
    static const std::vector<std::string>& changes();
    /// Makes such a change, another one each time, and returns when nothing is left to do. Precondition: it
    /// has started.
    void make(const std::string& change);

    /// The controller's writes since the last call: "apply services" or "patch gateways/status", how often.
    /// Events are left out: those that are too many in a short time are dropped.
    std::map<std::string, std::size_t> take_writes();
    /// How often the controller's reconcilers have run.
    std::uint64_t reconciles() const { return reconciles_; }

    /// For measurements: called on the controller's thread, `begins` before it starts or the change is made
    /// and `ends` when nothing is left to do; of what a server does `pauses` and `resumes` tell.
    std::function<void()> begins = [] {};
    std::function<void()> ends = [] {};
    std::function<void()> pauses = [] {};
    std::function<void()> resumes = [] {};

private:
    json::value changed(const std::string& change);
    void settle();
    /// Until no one has asked the server anything for as many turns of the loop as any step takes.
    void drain(std::function<void()> then, std::uint64_t requests, int quiet_turns);
    template <class F>
    auto on_loop(F f);

    cluster_size size_;
    std::shared_ptr<in_process_api> api_ = std::make_shared<in_process_api>();
    std::unique_ptr<manager> manager_;
    std::unique_ptr<testing::manager_thread> thread_;
    std::size_t seen_writes_ = 0;
    std::uint64_t reconciles_ = 0;
    std::map<std::string, int> made_;
};

} // namespace gwctl::tests
