// A process of a simulated controller: it starts, runs a handler at a time, and ends.
#pragma once

#include "simulation_checks.hpp"

#include <gwctl/testing/simulation.hpp>

#include <memory>
#include <optional>

namespace gwctl::testing::detail {

class replica {
public:
    replica(unsigned number, const simulation_options& options, const simulation::set_up& controllers,
            virtual_clock& time, simulated_network& network, std::function<void(std::string)> violated);

    ~replica() { end_process(); }
    replica(const replica&) = delete;
    replica& operator=(const replica&) = delete;

    /// Starts the next process. What `controllers` throws passes through.
    void start();
    /// Runs one handler of its main loop, or its second one; false when none is ready.
    bool step(bool side);
    /// Ends the process when it has crashed or come to its end, and has the next one start in `pause`.
    void look_after(std::chrono::nanoseconds pause);
    /// Asks the process to end in good order.
    void stop();
    void stand_still_until(steady_time t) { still_until_ = t; }

    bool runs() const { return manager_ != nullptr; }
    bool stands_still() const { return time_.now() < still_until_; }
    bool is_to_start() const { return !runs() && time_.now() >= starts_at_; }
    steady_time starts_at() const { return starts_at_; }
    /// "b-2"; of the last one when none runs.
    const std::string& name() const { return process_->name; }

    /// What it has left to do; settled: nothing. Precondition: `runs`.
    settled_report report(std::uint64_t version) const { return steps_->report(std::to_string(version)); }
    /// What only a leader that is at rest fulfils. Precondition: `runs`.
    void check_at_rest(const simulated_api& api) const;
    run_checks& checks() { return *checks_; }

private:
    void end_process();
    void check_cache(const simulated_api& api, const gwctl::detail::object_table& table) const;

    unsigned number_;
    const simulation_options& options_;
    const simulation::set_up& controllers_;
    virtual_clock& time_;
    simulated_network& network_;
    std::function<void(std::string)> violated_;
    unsigned started_ = 0;
    steady_time starts_at_{};
    steady_time still_until_{};
    std::shared_ptr<process> process_ = std::make_shared<process>();
    std::unique_ptr<run_checks> checks_;
    std::unique_ptr<manager> manager_;
    std::optional<gwctl::detail::manager_steps> steps_;
};

} // namespace gwctl::testing::detail
