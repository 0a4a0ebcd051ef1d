#include <gwctl/client/timer.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <ctime>

namespace gwctl {
namespace {

class machine_clock final : public clock {
public:
    steady_time now() const noexcept override { return std::chrono::steady_clock::now(); }

    wall_time wall_now() const noexcept override {
        return std::chrono::time_point_cast<wall_time::duration>(std::chrono::system_clock::now());
    }

    boot_time boot_now() const noexcept override {
        timespec t{};
        ::clock_gettime(CLOCK_BOOTTIME, &t); // Linux has had it since 2.6.39, and it cannot fail
        return boot_time(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
    }

    task<void> sleep_until(steady_time deadline) override {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, deadline);
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
};

} // namespace

clock& system_clock() {
    // Never destroyed, so that objects with static storage may still ask for the time.
    static clock& the_clock = *new machine_clock;
    return the_clock;
}

} // namespace gwctl
