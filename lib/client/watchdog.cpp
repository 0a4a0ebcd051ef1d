#include "watchdog.hpp"

namespace gwctl::detail {

// Shared with the handler of the timer, which may run after the watchdog is gone.
struct watchdog::state {
    explicit state(boost::asio::ip::tcp::socket& s) : timer(s.get_executor()), target(&s) {}
    boost::asio::steady_timer timer;
    boost::asio::ip::tcp::socket* target;
    steady_time deadline = steady_time::max();
    bool waiting = false;
    bool expired = false;
};

watchdog::watchdog(boost::asio::ip::tcp::socket& target) : state_(std::make_shared<state>(target)) {}

watchdog::~watchdog() {
    state_->target = nullptr;
    stop();
}

void watchdog::wait(std::shared_ptr<state> s) {
    s->waiting = true;
    s->timer.expires_at(s->deadline);
    s->timer.async_wait([s](const boost::system::error_code&) {
        s->waiting = false;
        if (s->target == nullptr || s->deadline == steady_time::max())
            return;
        if (std::chrono::steady_clock::now() < s->deadline)
            return wait(s); // the deadline was moved meanwhile
        s->deadline = steady_time::max();
        s->expired = true;
        boost::system::error_code ignored;
        s->target->close(ignored);
    });
}

void watchdog::arm(steady_time deadline) {
    state_->expired = false;
    state_->deadline = deadline;
    if (!state_->waiting)
        wait(state_);
    else if (deadline < state_->timer.expiry())
        state_->timer.cancel(); // its handler waits for the earlier deadline
}

void watchdog::pause() noexcept { state_->deadline = steady_time::max(); }

void watchdog::stop() {
    pause();
    state_->timer.cancel();
}

bool watchdog::expired() const noexcept { return state_->expired; }

} // namespace gwctl::detail
