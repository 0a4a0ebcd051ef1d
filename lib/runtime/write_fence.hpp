/// What keeps a process that does not hold the Lease from writing.
#pragma once

#include "notifier.hpp"

#include <gwctl/client/transport.hpp>
#include <gwctl/core/clock.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace gwctl::detail {

/// Until when writes are allowed. Thread safe: the thread that renews the Lease moves it, that of the
/// reconciles asks.
///
/// By `boot_time`: a machine that slept for hours finds it closed, whatever its timers think.
class write_fence {
public:
    /// Before the first call everything is allowed: what `main` sets up, before anyone was elected.
    void open_until(boot_time t);
    /// Writes wait, for no longer than until `t`: whether the Lease is still ours is being asked.
    void hold_until(boot_time t);
    void close(boot_time now) { open_until(now); }

    struct state {
        bool held = false;
        /// Not positive: closed.
        std::chrono::nanoseconds left{};
    };
    state at(boot_time now) const noexcept;

    /// Called, on the thread that moves the fence, when what waited can go on or will never. Set it before
    /// anything else happens.
    std::function<void()> on_decided = [] {};

private:
    std::atomic<bool> held_{false};
    std::atomic<boot_time::rep> until_{boot_time::max().time_since_epoch().count()};
};

/// Sends writes only while `fence` is open, which is asked for every attempt, just before its first byte: a
/// write that a former leader still sends would contradict its successor's. Held, they wait; closed, they fail
/// with `errc::precondition`. Reads always pass.
///
/// `decided` is notified, on the thread of the requests, after `write_fence::on_decided` was called. It and
/// `time` must outlive the transport.
std::shared_ptr<transport> make_fenced_transport(std::shared_ptr<transport> inner,
                                                 std::shared_ptr<write_fence> fence, clock& time,
                                                 notifier& decided);

} // namespace gwctl::detail
