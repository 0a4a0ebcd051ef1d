// A clock that stands still until a test moves it.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/core/time.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>

namespace gwctl::tests {

class manual_clock final : public clock {
public:
    steady_time now() const noexcept override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    wall_time wall_now() const noexcept override {
        const std::lock_guard lock(mutex_);
        return wall_;
    }

    task<void> sleep_until(steady_time deadline) override {
        namespace asio = boost::asio;
        const auto executor = co_await asio::this_coro::executor;
        const auto self = std::make_shared<sleeper>(executor, deadline);
        {
            const std::lock_guard lock(mutex_);
            if (deadline <= now_)
                co_return;
            sleepers_.push_back(self);
            changed_.notify_all();
        }
        const registration registered{*this, self};
        boost::system::error_code aborted;
        co_await self->timer.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
        if (now() < deadline)
            throw boost::system::system_error(asio::error::operation_aborted);
    }

    void advance(std::chrono::milliseconds by) {
        const std::lock_guard lock(mutex_);
        now_ += by;
        wall_ += by;
        for (const auto& s : sleepers_)
            if (s->deadline <= now_)
                boost::asio::post(s->timer.get_executor(), [s] { s->timer.cancel(); });
    }

    // Waits until `count` sleeps end within `from`..`to` from now, for 20 s of real time at most.
    bool await_sleeper(std::chrono::milliseconds from, std::chrono::milliseconds to, int count = 1) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
            int found = 0;
            for (const auto& s : sleepers_)
                found += s->deadline >= now_ + from && s->deadline <= now_ + to ? 1 : 0;
            return found >= count;
        });
    }

private:
    struct sleeper {
        sleeper(const boost::asio::any_io_executor& e, steady_time d)
            : timer(e, boost::asio::steady_timer::time_point::max()), deadline(d) {}
        boost::asio::steady_timer timer;
        steady_time deadline;
    };
    struct registration {
        manual_clock& owner;
        std::shared_ptr<sleeper> self;
        ~registration() {
            const std::lock_guard lock(owner.mutex_);
            owner.sleepers_.remove(self);
        }
    };
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    steady_time now_ = steady_time() + std::chrono::hours(1);
    wall_time wall_ = parse_time("2026-01-31T08:15:00Z").value();
    std::list<std::shared_ptr<sleeper>> sleepers_;
};

} // namespace gwctl::tests
