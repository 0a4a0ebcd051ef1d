#include "reflector_fsm.hpp"

#include <algorithm>

namespace gwctl {
namespace {

/// A version that is too old to list or watch from, or that the server has not reached yet.
bool is_unavailable_version(const api_error& e) {
    if (e.code() == errc::gone)
        return true;
    const auto too_large = [](const status_cause& c) { return c.reason == "ResourceVersionTooLarge"; };
    return e.code() == errc::server_timeout && std::any_of(e.causes.begin(), e.causes.end(), too_large);
}

bool is_refusal(const api_error& e) { return e.code() == errc::forbidden || e.code() == errc::unauthorized; }

/// Failures after which the watch may go on from where it was.
bool can_resume(const api_error& e) {
    switch (e.code()) {
    case errc::unreachable:
    case errc::tls:
    case errc::timeout:
    case errc::connection_lost:
    case errc::protocol:
        return true;
    default:
        return is_transient(e.code());
    }
}

} // namespace

reflector_fsm::reflector_fsm(reflector_options options, std::uint64_t seed)
    : options_(std::move(options)), backoff_(options_.retry, seed), missing_(options_.missing, seed),
      random_(seed) {}

reflector_fsm::todo reflector_fsm::next() {
    todo t;
    t.what = step_;
    switch (step_) {
    case step::list:
        t.continue_ = continue_;
        if (continue_.empty() && !version_unavailable_)
            t.resource_version = version_.empty() ? "0" : version_;
        break;
    case step::watch: {
        const std::int64_t shortest = options_.watch_timeout.count();
        t.server_timeout = std::chrono::seconds(
            std::uniform_int_distribution<std::int64_t>(shortest, 2 * shortest)(random_));
        t.resource_version = version_;
        break;
    }
    case step::wait:
        t.delay = delay_;
        break;
    }
    return t;
}

bool reflector_fsm::listed(const ListMeta& page, steady_time) {
    if (continue_.empty())
        listed_version_ = page.resourceVersion;
    continue_ = page.continue_;
    if (!continue_.empty())
        return false;
    version_ = listed_version_;
    version_unavailable_ = false;
    missing_once_ = false;
    missing_now_ = false;
    missing_.reset();
    step_ = step::watch;
    if (!watch_denied_) {
        failures_ = 0;
        in_order();
    }
    return true;
}

void reflector_fsm::list_failed(const api_error& e, steady_time now) {
    continue_.clear();
    missing_now_ = e.code() == errc::not_found;
    if (is_unavailable_version(e) && !version_unavailable_) {
        version_unavailable_ = true;
        return;
    }
    if (missing_now_) {
        // To empty a store that was full takes two answers: an API server that is starting up can lack a
        // kind.
        if (state_ == store_state::synced && !missing_once_) {
            missing_once_ = true;
            reason_ = e.what();
            back_off(now, step::list);
            return;
        }
        missing_once_ = false;
        version_.clear();
        version_unavailable_ = false;
        state_ = store_state::not_served;
        reason_ = e.what();
        step_ = step::wait;
        after_wait_ = step::list;
        delay_ = missing_.next();
        return;
    }
    fail(e, now, step::list);
}

void reflector_fsm::watch_opened(steady_time now) {
    opened_ = now;
    progress_ = false;
    unordered_ = version_.empty() || version_ == "0";
    // Resuming where it stopped, a watch of a quiet kind may say nothing for minutes; that it was opened is
    // the news.
    if (watch_denied_ || state_ == store_state::failing) {
        watch_denied_ = false;
        in_order();
    }
}

bool reflector_fsm::watch_event(watch_event_type type, const std::string& resource_version) {
    progress_ = true;
    failures_ = 0;
    in_order();
    if (type != watch_event_type::added)
        unordered_ = false;
    if (unordered_ || resource_version.empty())
        return false;
    version_ = resource_version;
    return true;
}

void reflector_fsm::watch_ended(steady_time now) {
    if (!progress_ && now - opened_ < std::chrono::seconds(1)) {
        fail(api_error(errc::protocol, "the server ended the watch within a second, without an event"), now,
             step::watch);
        return;
    }
    failures_ = 0;
    in_order();
    step_ = step::watch;
}

void reflector_fsm::watch_failed(const api_error& e, steady_time now) {
    if (is_unavailable_version(e)) {
        if (progress_) {
            progress_ = false;
            step_ = step::list;
        } else {
            back_off(now, step::list);
        }
        return;
    }
    missing_now_ = e.code() == errc::not_found;
    watch_denied_ = is_refusal(e);
    fail(e, now, can_resume(e) ? step::watch : step::list);
    progress_ = false;
}

void reflector_fsm::watch_moved() {
    step_ = step::list;
    progress_ = false;
}

void reflector_fsm::waited() { step_ = after_wait_; }

bool reflector_fsm::kinds_changed() {
    missing_.reset();
    return step_ == step::watch || (step_ == step::wait && missing_now_);
}

void reflector_fsm::fail(const api_error& e, steady_time now, step then) {
    reason_ = e.what();
    ++failures_;
    if (is_refusal(e))
        state_ = store_state::denied;
    else if (failures_ >= options_.tolerated_failures)
        state_ = store_state::failing;
    back_off(now, then, e.retry_after.value_or(std::chrono::seconds(0)));
}

void reflector_fsm::back_off(steady_time now, step then, std::chrono::nanoseconds at_least) {
    if (last_failure_ && now - *last_failure_ >= options_.healthy_after)
        backoff_.reset();
    last_failure_ = now;
    delay_ = std::max(backoff_.next(), at_least);
    step_ = step::wait;
    after_wait_ = then;
}

void reflector_fsm::in_order() {
    state_ = store_state::synced;
    reason_.clear();
}

} // namespace gwctl
