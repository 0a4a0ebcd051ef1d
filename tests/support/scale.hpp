/// The gateway controller on clusters of any size, to see what a change costs.
#pragma once

#include <gwctl/gateway/gateway.hpp>
#include <gwctl/testing/manager_thread.hpp>
#include <gwctl/testing/virtual_clock.hpp>

#include <map>
#include <memory>
#include <string>
#include <support/scale_steps.hpp>

namespace gwctl::tests {

/// "2 apply services, 1 patch gateways/status"
std::string show(const std::map<std::string, std::size_t>& counts);

/// One cluster and the controller.
class scaled_cluster {
public:
    /// What users have made is there.
    explicit scaled_cluster(const cluster_size& size);
    ~scaled_cluster();

    /// One object more. Precondition: it has not started.
    void add(const json::value& object);
    /// Starts the controller, which runs as long as this lives. Returns when it has nothing left to do;
    /// throws `api_error` when that does not come.
    void start();
    /// Ends the controller and starts another one. Precondition: it has started.
    void restart();

    /// Every kind of change, in an order in which each can be made. The cluster needs a corner for most.
    const std::vector<scale_step>& steps() const { return steps_; }
    /// Makes a step and returns when nothing is left to do. Precondition: it has started.
    void make(const scale_step& step);
    void make(std::string_view name);

    /// The controller's writes since the last call: "apply services" or "patch gateways/status", how often.
    /// Events are left out: those that are too many in a short time are dropped. "refused or no change" are
    /// those that changed nothing.
    std::map<std::string, std::size_t> take_writes();
    /// That of the last write, whoever wrote.
    std::uint64_t version();
    /// The reconciles since the last call, by controller.
    std::map<std::string, std::size_t> take_reconciles();

    /// For measurements: called on the controller's thread, `begins` before it starts or the change is made
    /// and `ends` when nothing is left to do; of what a server does `pauses` and `resumes` tell.
    std::function<void()> begins = [] {};
    std::function<void()> ends = [] {};
    std::function<void()> pauses = [] {};
    std::function<void()> resumes = [] {};

private:
    void settle();
    /// Until no one has asked the server anything for as many turns of the loop as any step takes.
    void drain(std::function<void()> then, std::uint64_t requests, int quiet_turns);
    template <class F>
    auto on_loop(F f);

    std::shared_ptr<in_process_api> api_ = std::make_shared<in_process_api>();
    /// Stands still: a plan that takes long does not pause, so that what runs does not depend on the machine.
    testing::virtual_clock time_;
    std::unique_ptr<manager> manager_;
    std::unique_ptr<testing::manager_thread> thread_;
    std::vector<scale_step> steps_;
    std::size_t seen_writes_ = 0;
    std::uint64_t seen_asked_ = 0;
    std::map<std::string, std::size_t> seen_reconciles_;
};

} // namespace gwctl::tests
