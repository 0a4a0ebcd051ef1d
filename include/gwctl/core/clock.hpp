/// The seam through which all of gwctl learns what time it is.
#pragma once

#include <gwctl/core/task.hpp>

#include <chrono>

namespace gwctl {

/// Monotonic: for deadlines, delays, and anything that must not notice a clock being set.
using steady_time = std::chrono::steady_clock::time_point;
/// Calendar time in UTC: for what other programs read (Lease, conditions, events), never for deadlines.
using wall_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// CLOCK_BOOTTIME: monotonic, and goes on while the machine is suspended. For what must run out although
/// nobody was awake to see it, such as a Lease. Only for comparing: what sleeps, sleeps by `steady_time`.
struct boot_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<boot_clock>;
    static constexpr bool is_steady = true;
};
using boot_time = boot_clock::time_point;

/// Time, injected. Production code gets `system_clock()` of `client/timer.hpp`; tests hand in a clock they
/// move.
///
/// Thread safety: `now`, `boot_now` and `wall_now` may be called from any thread; `sleep_until` from a
/// coroutine of any executor.
class clock {
public:
    virtual ~clock() = default;

    virtual steady_time now() const noexcept = 0;
    virtual wall_time wall_now() const noexcept = 0;

    /// Returns when `now() >= deadline`. Throws `boost::system::system_error` (operation_aborted) when
    /// cancelled.
    virtual task<void> sleep_until(steady_time deadline) = 0;

    /// By default `now`: a clock that a test moves is never suspended unless it says so.
    virtual boot_time boot_now() const noexcept { return boot_time(now().time_since_epoch()); }

    task<void> sleep_for(std::chrono::nanoseconds delay) {
        return sleep_until(now() + std::chrono::duration_cast<steady_time::duration>(delay));
    }
};

} // namespace gwctl
