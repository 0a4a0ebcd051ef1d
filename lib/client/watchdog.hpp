/// Deadlines for socket operations.
#pragma once

#include <gwctl/core/clock.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace gwctl::detail {

/// Closes a socket when its time is up; what waits for the socket then ends with operation_aborted.
///
/// Moving the deadline further away, which every piece of a watch does, costs no timer operation.
class watchdog {
public:
    explicit watchdog(boost::asio::ip::tcp::socket& target);
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

    void arm(steady_time deadline);
    /// Nothing is being waited for; the timer may stay set, since more is expected soon.
    void pause() noexcept;
    /// As `pause`, and leaves nothing behind that keeps an io_context running.
    void stop();
    /// Whether the socket was closed because of the last deadline.
    bool expired() const noexcept;

private:
    struct state;
    static void wait(std::shared_ptr<state> s);
    std::shared_ptr<state> state_;
};

} // namespace gwctl::detail
