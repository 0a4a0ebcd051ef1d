// Long work in pieces, between which others have the event loop.
#pragma once

#include "pace.hpp"

#include <gwctl/core/task.hpp>

namespace gwctl::gateway::detail {

/// Of one piece of work, such as a plan: asked between its steps, `if (p.due()) co_await p.take();`.
class pauses {
public:
    /// How long a piece of work holds the event loop: what an event may wait without anybody noticing, and long
    /// against what a pause costs (about 10 us).
    static constexpr std::chrono::milliseconds piece{10};

    /// Work that is never interrupted: for callers that are no coroutines.
    pauses() = default;
    /// `time` must outlive this.
    explicit pauses(const clock& time) : time_(&time), began_(time.now()) {}

    bool due() const { return time_ != nullptr && time_->now() - began_ >= piece; }
    /// Returns when everything else that was ready has had its turn. What was read before may have changed.
    task<void> take();

    /// Processor time of this thread in all pieces so far, without what others did in between.
    std::chrono::nanoseconds worked() const { return worked_ + watch_.elapsed(); }
    std::size_t taken() const { return taken_; }

private:
    const clock* time_ = nullptr;
    steady_time began_{};
    stopwatch watch_{};
    std::chrono::nanoseconds worked_{};
    std::size_t taken_ = 0;
};

} // namespace gwctl::gateway::detail
