#include <gwctl/testing/virtual_clock.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace gwctl::testing {

namespace asio = boost::asio;

namespace {
using handler = asio::any_completion_handler<void(boost::system::error_code)>;

struct sleeper {
    handler wake;
    asio::any_io_executor executor;
};

using place = std::pair<steady_time, std::uint64_t>;
} // namespace

struct virtual_clock::state {
    mutable std::mutex guard;
    std::chrono::nanoseconds passed{0};
    wall_time wall;
    std::uint64_t next_id = 0;
    std::map<place, sleeper> waiting;

    steady_time now() const { return steady_time(std::chrono::duration_cast<steady_time::duration>(passed)); }

    // Posted, never called in place: neither the mover's stack nor its locks are the sleeper's business.
    static void resume(sleeper s, boost::system::error_code ec) {
        asio::post(s.executor, [wake = std::move(s.wake), ec]() mutable { std::move(wake)(ec); });
    }

    std::size_t wake_due() {
        std::size_t woken = 0;
        while (!waiting.empty() && waiting.begin()->first.first <= now()) {
            resume(std::move(waiting.extract(waiting.begin()).mapped()), {});
            ++woken;
        }
        return woken;
    }
};

virtual_clock::virtual_clock(wall_time start) : state_(std::make_shared<state>()) { state_->wall = start; }
virtual_clock::~virtual_clock() = default;

steady_time virtual_clock::now() const noexcept {
    std::lock_guard lock(state_->guard);
    return state_->now();
}

wall_time virtual_clock::wall_now() const noexcept {
    std::lock_guard lock(state_->guard);
    return state_->wall;
}

task<void> virtual_clock::sleep_until(steady_time deadline) {
    auto shared = state_;
    auto executor = co_await asio::this_coro::executor;
    auto start = [shared, executor, deadline](auto&& completion) {
        sleeper s{handler(std::forward<decltype(completion)>(completion)), executor};
        auto slot = asio::get_associated_cancellation_slot(s.wake);
        std::lock_guard lock(shared->guard);
        if (deadline <= shared->now())
            return state::resume(std::move(s), {});
        const place at{deadline, shared->next_id++};
        if (slot.is_connected())
            slot.assign([weak = std::weak_ptr(shared), at](asio::cancellation_type) {
                const auto owner = weak.lock();
                if (!owner)
                    return;
                std::lock_guard inner(owner->guard);
                auto node = owner->waiting.extract(at);
                if (!node.empty())
                    state::resume(std::move(node.mapped()), asio::error::operation_aborted);
            });
        shared->waiting.emplace(at, std::move(s));
    };
    co_await asio::async_initiate<decltype(asio::use_awaitable), void(boost::system::error_code)>(
        std::move(start), asio::use_awaitable);
}

std::size_t virtual_clock::advance(std::chrono::nanoseconds by) {
    std::lock_guard lock(state_->guard);
    state_->passed += by;
    state_->wall += std::chrono::duration_cast<wall_time::duration>(by);
    return state_->wake_due();
}

std::size_t virtual_clock::advance_to_next() {
    std::lock_guard lock(state_->guard);
    if (state_->waiting.empty())
        return 0;
    const auto by = state_->waiting.begin()->first.first - state_->now();
    state_->passed += by;
    state_->wall += std::chrono::duration_cast<wall_time::duration>(by);
    return state_->wake_due();
}

std::optional<steady_time> virtual_clock::next_deadline() const {
    std::lock_guard lock(state_->guard);
    if (state_->waiting.empty())
        return std::nullopt;
    return state_->waiting.begin()->first.first;
}

void virtual_clock::forget_sleepers_on(asio::execution_context& context) {
    std::vector<sleeper> forgotten; // destroyed after the lock: coroutine frames end with them
    const std::lock_guard lock(state_->guard);
    for (auto s = state_->waiting.begin(); s != state_->waiting.end();) {
        if (&asio::query(s->second.executor, asio::execution::context) == &context) {
            forgotten.push_back(std::move(s->second));
            s = state_->waiting.erase(s);
        } else {
            ++s;
        }
    }
}

std::size_t virtual_clock::sleepers() const {
    std::lock_guard lock(state_->guard);
    return state_->waiting.size();
}

} // namespace gwctl::testing
