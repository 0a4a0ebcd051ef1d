#include "event_writer.hpp"
#include "notifier.hpp"
#include "task_group.hpp"

#include <gwctl/client/client.hpp>
#include <gwctl/core/log.hpp>

#include <deque>
#include <random>

namespace gwctl {
namespace {

// As client-go.
constexpr int most_tries = 12;
constexpr std::chrono::seconds between_tries(10);

/// Failures that say nothing of the Event: another try may go well. What the API server answers counts only where it
/// says that it is busy, so that one Event that it cannot take does not keep the others waiting.
bool may_pass(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const api_error& e) {
        switch (e.code()) {
        case errc::unreachable:
        case errc::tls:
        case errc::timeout:
        case errc::connection_lost:
        case errc::protocol:
        case errc::too_many_requests:
        case errc::service_unavailable:
            return true;
        default:
            return false;
        }
    } catch (...) {
        return false;
    }
}

} // namespace

struct event_recorder::state {
    static constexpr std::size_t capacity = 1000;

    state(client& a, clock& t, std::string component)
        : api(a), time(t), correlator(std::move(component)), writer(a, t) {}

    client& api;
    clock& time;
    detail::event_correlator correlator;
    detail::event_writer writer;
    std::deque<detail::event_write> waiting{};
    detail::notifier changed{}; ///< something is recorded
    detail::notifier ending{};  ///< nobody waits any more for an API server that does not answer
    std::minstd_rand random{std::random_device()()};
    bool writing = false;
    bool draining = false;

    task<void> deliver(detail::event_write w);
    task<void> pause(bool first);
};

/// Not in step with everybody else who lost the same API server.
task<void> event_recorder::state::pause(bool first) {
    std::chrono::nanoseconds delay = between_tries;
    if (first)
        delay = std::chrono::nanoseconds(std::uniform_int_distribution<std::int64_t>(
            0, std::chrono::nanoseconds(between_tries).count())(random));
    const steady_time until = time.now() + std::chrono::duration_cast<steady_time::duration>(delay);
    while (!draining && time.now() < until)
        co_await detail::sleep_or_notified(time, until, ending);
}

/// Writes it, or says that it is lost.
task<void> event_recorder::state::deliver(detail::event_write w) {
    for (int tries = 1;; ++tries) {
        std::exception_ptr failure;
        try {
            co_await writer.write(w);
        } catch (...) {
            failure = std::current_exception();
        }
        if (!failure)
            co_return;
        if (detail::is_cancellation(failure))
            std::rethrow_exception(failure);
        const bool again = may_pass(failure) && tries < most_tries && !draining;
        if (again) {
            if (tries == 1)
                log::debug("an event could not be written; trying again",
                           {{"error", detail::what_of(failure)}});
            co_await pause(tries == 1);
            continue;
        }
        log::warn("an event could not be written",
                  {{"object", w.event.involvedObject.kind + " " + w.event.involvedObject.name},
                   {"reason", w.event.reason},
                   {"message", w.event.message},
                   {"error", detail::what_of(failure)}});
        co_return;
    }
}

event_recorder::event_recorder(client& api, clock& time, std::string component)
    : state_(std::make_unique<state>(api, time, std::move(component))) {}
event_recorder::~event_recorder() = default;

void event_recorder::record(core_v1::ObjectReference about, event_type type, std::string reason,
                            std::string message) {
    state& s = *state_;
    if (s.waiting.size() >= state::capacity) {
        log::warn("an event is lost: too many wait to be written",
                  {{"reason", reason}, {"message", message}});
        return;
    }
    auto w = s.correlator.decide(about, type, reason, message, s.time.now(), s.time.wall_now());
    if (!w) {
        log::debug("an event is dropped: the object has had too many",
                   {{"object", about.kind + " " + about.name}, {"reason", reason}, {"message", message}});
        return;
    }
    s.waiting.push_back(std::move(*w));
    s.changed.notify_all();
}

std::string event_recorder::known_version(const resource_type& type) const {
    return state_->api.known_version(type);
}

bool event_recorder::idle() const noexcept { return state_->waiting.empty() && !state_->writing; }

task<void> event_recorder::run(std::function<void()> when_idle) {
    state& s = *state_;
    while (true) {
        if (s.waiting.empty()) {
            if (std::exchange(s.writing, false) && when_idle)
                when_idle();
            if (s.draining)
                co_return;
            co_await s.changed.wait();
            continue;
        }
        detail::event_write w = std::move(s.waiting.front());
        s.waiting.pop_front();
        s.writing = true;
        co_await s.deliver(std::move(w));
    }
}

void event_recorder::drain() {
    state_->draining = true;
    state_->changed.notify_all();
    state_->ending.notify_all();
}

} // namespace gwctl
