// A virtual clock for managers on a thread of their own: the test waits until someone sleeps, then moves it.
#pragma once

#include <gwctl/testing/virtual_clock.hpp>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>

namespace gwctl::tests {

class manual_clock final : public testing::virtual_clock {
public:
    task<void> sleep_until(steady_time deadline) override {
        const registration sleeping(*this, deadline);
        co_await virtual_clock::sleep_until(deadline);
    }

    boot_time boot_now() const noexcept override {
        return boot_time(now().time_since_epoch()) + std::chrono::nanoseconds(suspended_.load());
    }
    wall_time wall_now() const noexcept override {
        return virtual_clock::wall_now() + std::chrono::microseconds(wall_ahead_.load());
    }
    // Somebody sets the clock, and no timer notices.
    void set_wall(wall_time to) { wall_ahead_ += (to - wall_now()).count(); }
    // The machine sleeps, and no timer notices.
    void suspend(std::chrono::nanoseconds t) { suspended_ += t.count(); }

    // Waits until `count` sleeps end within `from`..`to` from now, for 20 s of real time at most.
    bool await_sleeper(std::chrono::milliseconds from, std::chrono::milliseconds to, int count = 1) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
            int found = 0;
            for (const steady_time deadline : deadlines_)
                found += deadline >= now() + from && deadline <= now() + to ? 1 : 0;
            return found >= count;
        });
    }

private:
    struct registration {
        registration(manual_clock& c, steady_time deadline) : clock(c) {
            const std::lock_guard lock(clock.mutex_);
            position = clock.deadlines_.insert(clock.deadlines_.end(), deadline);
            clock.changed_.notify_all();
        }
        ~registration() {
            const std::lock_guard lock(clock.mutex_);
            clock.deadlines_.erase(position);
        }
        manual_clock& clock;
        std::list<steady_time>::iterator position;
    };
    std::atomic<std::int64_t> suspended_{0};
    std::atomic<std::int64_t> wall_ahead_{0}; ///< microseconds
    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<steady_time> deadlines_;
};

} // namespace gwctl::tests
