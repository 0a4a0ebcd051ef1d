/// Waiting for something that happens on the same executor.
#pragma once

#include <gwctl/core/clock.hpp>

#include <boost/asio/steady_timer.hpp>

#include <list>

namespace gwctl::detail {

/// Wakes all coroutines that wait. One that is not waiting misses it: check the condition, then wait, without
/// a suspension in between. Use from one thread.
class notifier {
public:
    /// Throws `boost::system::system_error` (operation_aborted) when cancelled.
    task<void> wait();
    void notify_all();

private:
    struct waiter {
        boost::asio::steady_timer timer;
        bool woken = false;
    };
    std::list<waiter*> waiters_;
};

/// Returns when the time has come or `n` was notified. Throws like `notifier::wait`.
task<void> sleep_or_notified(clock& time, steady_time deadline, notifier& n);

} // namespace gwctl::detail
