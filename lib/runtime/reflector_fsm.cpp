#include "reflector_fsm.hpp"

#include <algorithm>

namespace gwctl {
namespace {

const std::string not_watched = "not watched for a minute: ";

/// A version that is too old to list or watch from, or that the server has not reached yet.
bool is_unavailable_version(const api_error& e) {
    if (e.code() == errc::gone)
        return true;
    const auto too_large = [](const status_cause& c) { return c.reason == "ResourceVersionTooLarge"; };
    return e.code() == errc::server_timeout && std::any_of(e.causes.begin(), e.causes.end(), too_large);
}

/// As client-go, which watches again after a refused connection and after 429 only: nothing was wrong with the
/// version.
bool says_nothing_of_version(const api_error& e) {
    return e.code() == errc::unreachable || e.code() == errc::too_many_requests;
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
        t.limit = whole_list_ ? 0 : options_.page_size;
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

void reflector_fsm::listed(const ListMeta& page, steady_time) {
    listed_version_ = version_of(page);
    continue_ = page.continue_;
    if (!is_last(page))
        return;
    version_ = listed_version_;
    version_unavailable_ = false;
    whole_list_ = false;
    absent_since_.reset();
    missing_now_ = false;
    missing_.reset();
    watch_failures_ = 0;
    step_ = step::watch;
    if (!watch_denied_) {
        failures_ = 0;
        in_order();
    }
}

void reflector_fsm::list_failed(const api_error& e, steady_time now) {
    const bool later_page = !continue_.empty();
    continue_.clear();
    missing_now_ = false;
    absent_since_.reset();
    // A list that outlived the server's history page by page would do so again; as client-go.
    if (later_page && e.code() == errc::gone && !whole_list_) {
        whole_list_ = true;
        version_unavailable_ = true;
        return;
    }
    if (is_unavailable_version(e) && !version_unavailable_) {
        version_unavailable_ = true;
        return;
    }
    fail(e, now, step::list);
}

void reflector_fsm::absent(const std::string& reason, bool certain, steady_time now) {
    continue_.clear();
    watching_ = false;
    if (!options_.may_go && state_ != store_state::starting && state_ != store_state::not_served) {
        fail(api_error(errc::protocol, reason + ", but it did before, and Kubernetes always has it"), now,
             step::list);
        return;
    }
    missing_now_ = true;
    step_ = step::wait;
    after_wait_ = step::list;
    if (!absent_since_)
        absent_since_ = now;
    if (state_ != store_state::not_served && !certain && now - *absent_since_ < options_.second_look) {
        reason_ = reason;
        delay_ = std::min(missing_.next(),
                          std::chrono::nanoseconds(options_.second_look - (now - *absent_since_)));
        return;
    }
    version_.clear();
    version_unavailable_ = false;
    watch_denied_ = false;
    state_ = store_state::not_served;
    reason_ = reason;
    failures_ = 0;
    delay_ = missing_.next();
}

void reflector_fsm::watch_opened(steady_time now) {
    opened_ = now;
    watching_ = true;
    unwatched_ = false;
    progress_ = false;
    unordered_ = version_.empty() || version_ == "0";
    // Resuming where it stopped, a watch of a quiet kind may say nothing for minutes; that it was opened is
    // the news.
    if (watch_denied_ || state_ == store_state::failing) {
        watch_denied_ = false;
        in_order();
    }
}

bool reflector_fsm::moves_version(watch_event_type type, const std::string& resource_version) const noexcept {
    const bool unordered = unordered_ && type == watch_event_type::added;
    return !unordered && !resource_version.empty();
}

void reflector_fsm::watch_event(watch_event_type type, const std::string& resource_version) {
    progress_ = true;
    listing_for_version_ = false;
    failures_ = 0;
    watch_failures_ = 0;
    in_order();
    if (moves_version(type, resource_version))
        version_ = resource_version;
    if (type != watch_event_type::added)
        unordered_ = false;
}

void reflector_fsm::watch_ended(steady_time now) {
    if (!progress_ && now - opened_ < std::chrono::seconds(1)) {
        watch_failed(
            api_error(errc::protocol, "the server ended the watch within a second, without an event"), now);
        return;
    }
    watching_ = false;
    failures_ = 0;
    watch_failures_ = 0;
    in_order();
    step_ = step::watch;
}

void reflector_fsm::watch_failed(const api_error& e, steady_time now) {
    const bool by_event = std::exchange(watching_, false);
    const bool progress = std::exchange(progress_, false);
    missing_now_ = false;
    if (is_unavailable_version(e)) {
        // After an outage the version is too old, once: the list must not wait for a backoff that the outage has made
        // long. A list whose version is too old for its watch at once would repeat itself without a pause.
        const bool again = std::exchange(listing_for_version_, true);
        if (progress || !again)
            step_ = step::list;
        else
            back_off(now, step::list);
        return;
    }
    watch_denied_ = is_refusal(e);
    if (!says_nothing_of_version(e))
        ++watch_failures_;
    // An event that the server cannot send gives the same error at the same version until that version is too old.
    const bool unsendable = by_event && e.http_status == 500;
    const bool resume = can_resume(e) && !unsendable && watch_failures_ < options_.tolerated_watch_failures;
    fail(e, now, resume ? step::watch : step::list);
}

void reflector_fsm::watch_moved() {
    watching_ = false;
    step_ = step::list;
    progress_ = false;
}

void reflector_fsm::unwatched() {
    unwatched_ = true;
    if (state_ == store_state::synced || state_ == store_state::failing)
        in_order();
}

void reflector_fsm::waited() { step_ = after_wait_; }

bool reflector_fsm::kinds_changed() {
    missing_.reset();
    return step_ == step::watch || (step_ == step::wait && missing_now_);
}

void reflector_fsm::fail(const api_error& e, steady_time now, step then) {
    reason_ = unwatched_ ? not_watched + e.what() : e.what();
    ++failures_;
    if (is_refusal(e))
        state_ = store_state::denied;
    else if (failures_ >= options_.tolerated_failures)
        state_ = store_state::failing;
    back_off(now, then,
             std::min(e.retry_after.value_or(std::chrono::seconds(0)), options_.longest_retry_after));
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
    if (!unwatched_) {
        state_ = store_state::synced;
        reason_.clear();
        return;
    }
    state_ = store_state::failing;
    if (!reason_.starts_with(not_watched))
        reason_ = not_watched + (reason_.empty() ? "no watch was opened" : reason_);
}

} // namespace gwctl
