// What a controller says of itself: to tests that wait for the end of its work, and to metrics.

#include "controller_loop.hpp"

#include <fmt/format.h>

namespace gwctl::detail {
namespace {

/// From so many failures on a key does not count as unsettled any more.
constexpr unsigned given_up = 3;
/// So many of the keys that ask to run again at once a report names: enough to find the cause.
constexpr std::size_t named_at_once = 5;

double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

} // namespace

bool controller_loop::is_busy() const {
    return !started_ || !held_.empty() || !at_once_.empty() ||
           !queue_.settled(given_up, environment_.time.now());
}

void controller_loop::report(settled_report& out) const {
    out.reconciles += runs_;
    if (!started_)
        out.waiting_for.push_back("controller " + spec_.name + ": workers have not started");
    else if (is_busy())
        out.waiting_for.push_back(fmt::format(
            "controller {}: {} keys ready, {} running, {} waiting for their own writes, others to be retried",
            spec_.name, queue_.depth(), queue_.running(), held_.size()));
    std::size_t named = 0;
    for (const object_key& key : at_once_) {
        if (++named > named_at_once) {
            out.waiting_for.push_back(fmt::format("controller {}: and {} more like it", spec_.name,
                                                  at_once_.size() - named_at_once));
            break;
        }
        out.waiting_for.push_back(fmt::format(
            "controller {}: {} asks to run again at once (requeue_after of zero or less), {} times so far",
            spec_.name, describe(spec_.type, key), queue_.failures(key)));
    }
    for (const auto& [key, failures] : queue_.failing(given_up)) {
        failing_key f;
        f.controller = spec_.name;
        f.key = key;
        f.failures = failures;
        if (const auto e = last_errors_.find(key); e != last_errors_.end())
            f.last_error = e->second;
        out.failing.push_back(std::move(f));
    }
}

void controller_loop::update_gauges() {
    double sum = 0;
    double longest = 0;
    for (const auto& [key, run] : running_) {
        const double s = seconds(environment_.time.now() - run.since);
        sum += s;
        longest = std::max(longest, s);
    }
    metrics_.unfinished_work.Set(sum);
    metrics_.longest_running.Set(longest);
}

} // namespace gwctl::detail
