#include "event_correlator.hpp"
#include "notifier.hpp"
#include "task_group.hpp"

#include <gwctl/client/client.hpp>
#include <gwctl/core/log.hpp>

#include <deque>

namespace gwctl {

struct event_recorder::state {
    static constexpr std::size_t capacity = 1000;

    client& api;
    clock& time;
    detail::event_correlator correlator;
    std::deque<detail::event_write> waiting{};
    detail::notifier changed{};
    bool writing = false;
    bool draining = false;

    task<void> write(const detail::event_write& w) {
        using core_v1::Event;
        const object_key key = key_of(w.event);
        if (!w.create) {
            class patch count = patch::merge_patch(fmt::format(
                R"({{"count":{},"lastTimestamp":"{}"}})", w.event.count.value_or(1), w.event.lastTimestamp));
            bool expired = false;
            try {
                co_await api.patch<Event>(key, std::move(count));
            } catch (const api_error& e) {
                if (e.code() != errc::not_found)
                    throw;
                expired = true;
            }
            if (!expired)
                co_return;
        }
        co_await api.create<Event>(w.event);
    }
};

event_recorder::event_recorder(client& api, clock& time, std::string component)
    : state_(new state{api, time, detail::event_correlator(std::move(component))}) {}
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
        const detail::event_write w = std::move(s.waiting.front());
        s.waiting.pop_front();
        s.writing = true;
        std::exception_ptr failure;
        try {
            co_await s.write(w);
        } catch (...) {
            failure = std::current_exception();
        }
        if (!failure)
            continue;
        if (detail::is_cancellation(failure))
            std::rethrow_exception(failure);
        log::warn("an event could not be written",
                  {{"object", w.event.involvedObject.kind + " " + w.event.involvedObject.name},
                   {"reason", w.event.reason},
                   {"message", w.event.message},
                   {"error", detail::what_of(failure)}});
    }
}

void event_recorder::drain() {
    state_->draining = true;
    state_->changed.notify_all();
}

} // namespace gwctl
