#include "pace.hpp"

#include <gwctl/core/backoff.hpp>

#include <algorithm>
#include <ctime>

namespace gwctl::gateway::detail {
namespace {

using namespace std::chrono_literals;

constexpr auto counted_cost = 100ms;
constexpr int rest_per_cost = 4;

constexpr unsigned free_repairs = 10;
constexpr auto row_end = 10min;
constexpr backoff_policy rests{.initial = 1s, .maximum = 60s};

std::optional<std::chrono::nanoseconds> from(steady_time now, steady_time until) {
    if (until <= now)
        return std::nullopt;
    return until - now;
}

} // namespace

std::chrono::nanoseconds stopwatch::now() {
    std::timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

void cost_limit::worked(const std::string& id, std::chrono::nanoseconds cost, steady_time now) {
    if (cost < counted_cost)
        return;
    std::erase_if(until_, [&](const auto& entry) { return entry.second <= now; });
    steady_time& until = until_.try_emplace(id, now).first->second;
    until += rest_per_cost * cost;
}

std::optional<std::chrono::nanoseconds> cost_limit::rest_of(const std::string& id, steady_time now) const {
    const auto found = until_.find(id);
    return found == until_.end() ? std::nullopt : from(now, found->second);
}

std::optional<std::chrono::nanoseconds> repair_limit::repaired(const std::string& id, steady_time now) {
    std::erase_if(rows_, [&](const auto& entry) { return now - entry.second.last >= row_end; });
    row& r = rows_[id];
    r.last = now;
    if (++r.repairs >= free_repairs)
        r.until =
            now + std::chrono::duration_cast<steady_time::duration>(rests.delay(r.repairs - free_repairs));
    return from(now, r.until);
}

std::optional<std::chrono::nanoseconds> repair_limit::rest_of(const std::string& id, steady_time now) const {
    const auto found = rows_.find(id);
    return found == rows_.end() ? std::nullopt : from(now, found->second.until);
}

} // namespace gwctl::gateway::detail
