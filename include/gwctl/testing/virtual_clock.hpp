/// Time that stands still until a test moves it.
#pragma once

#include <gwctl/core/clock.hpp>

#include <boost/asio/execution_context.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace gwctl::testing {

/// A clock for tests: `sleep_until` waits for `advance`, never for real time.
///
/// Thread safe. Sleepers resume on the executors of the coroutines that sleep, so a test whose executor runs
/// in the same thread sees them move when that executor runs next. Sleepers may outlive the clock object.
///
/// A manager on this clock also waits on it before it connects or tries again. After an outage, such as
/// `api_server::drop_connections`, its stores stay where they are until the test moves the clock: call
/// `advance_to_next` and a `wait_until_quiet` with a short timeout in turn, until the latter has settled.
class virtual_clock : public clock {
public:
    /// Starts at `start`, by default 2026-01-01T00:00:00Z.
    explicit virtual_clock(wall_time start = wall_time(std::chrono::seconds(1767225600)));
    ~virtual_clock() override;

    steady_time now() const noexcept override;
    wall_time wall_now() const noexcept override;
    task<void> sleep_until(steady_time deadline) override;

    /// Moves both times on and wakes the sleepers that are due, in the order of their deadlines, equal ones
    /// in the order in which they went to sleep. Returns how many.
    std::size_t advance(std::chrono::nanoseconds by);
    /// Moves to the next deadline, if there is one, and wakes its sleepers.
    std::size_t advance_to_next();

    std::size_t sleepers() const;
    /// When the next sleeper wants to wake; none: nobody sleeps.
    std::optional<steady_time> next_deadline() const;
    /// Ends the sleepers on this context without waking them: what they would do is never done. Call it before the
    /// context is destroyed while coroutines on it still sleep.
    void forget_sleepers_on(boost::asio::execution_context& context);

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace gwctl::testing
