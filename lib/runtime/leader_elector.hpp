/// Holds a Lease: `lease_fsm` with a client and a clock.
#pragma once

#include "lease_fsm.hpp"
#include "notifier.hpp"

#include <gwctl/client/client.hpp>

#include <atomic>
#include <functional>

namespace gwctl::detail {

/// Until when writes are allowed, for all threads; see `make_fenced_transport`.
class write_fence {
public:
    /// Before the first call everything is allowed.
    void allow_until(steady_time t) noexcept { until_.store(t.time_since_epoch().count()); }
    bool allows(steady_time now) const noexcept { return now.time_since_epoch().count() < until_.load(); }

private:
    std::atomic<steady_time::rep> until_{steady_time::max().time_since_epoch().count()};
};

/// Refuses everything but reads once `fence` is closed: a write that a former leader still sends would
/// contradict its successor's.
std::shared_ptr<transport> make_fenced_transport(std::shared_ptr<transport> inner,
                                                 std::shared_ptr<write_fence> fence, clock& time);

/// Use from one thread, except where noted.
class leader_elector {
public:
    /// `on_elected` and `on_lost` are called on the elector's thread, each once at most. `user_agent` as in
    /// client_options.
    leader_elector(leader_election_options options, std::shared_ptr<transport> network, clock& time,
                   std::shared_ptr<write_fence> fence, std::function<void()> on_elected,
                   std::function<void()> on_lost, std::string user_agent = {});

    /// Competes for the lease and renews it, until it is lost, released, or the task is cancelled.
    task<void> run();
    /// Makes `run` hand the lease over and return.
    void release();
    class client& api() noexcept {
        return api_;
    }

private:
    task<void> attempt(lease_fsm::todo todo);
    task<void> hand_over();
    void say(const std::string& what);

    lease_fsm fsm_;
    class client api_;
    clock& time_;
    std::shared_ptr<write_fence> fence_;
    std::function<void()> on_elected_;
    std::function<void()> on_lost_;
    notifier releasing_changed_;
    bool releasing_ = false;
    bool elected_ = false;
    std::string known_holder_;
};

} // namespace gwctl::detail
