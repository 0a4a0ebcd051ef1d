// How soon the same is done again, so that nobody can keep the controller busy with one object.
#pragma once

#include <gwctl/core/clock.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace gwctl::gateway::detail {

/// Processor time of this thread while it lives.
class stopwatch {
public:
    stopwatch() : start_(now()) {}
    std::chrono::nanoseconds elapsed() const { return now() - start_; }

private:
    static std::chrono::nanoseconds now();
    std::chrono::nanoseconds start_;
};

/// Keeps one Gateway, of thousands of routes or listeners, from taking more than a fifth of a processor: after
/// work of at least 100 ms it rests four times as long. Who has changed it in the meantime waits, and nobody
/// else. `id`: as `gwctl::describe` has it.
class cost_limit {
public:
    void worked(const std::string& id, std::chrono::nanoseconds cost, steady_time now);
    /// How long it still rests; nothing when it does not.
    std::optional<std::chrono::nanoseconds> rest_of(const std::string& id, steady_time now) const;

private:
    std::map<std::string, steady_time> until_; ///< ends of rests, some of them over
};

/// Keeps us from writing the same object over and over against somebody who changes it each time, such as a
/// second controller of the same name: after ten repairs in a row it is left for 1 s, then twice as long each
/// time, up to a minute. Ten minutes without a repair end a row.
class repair_limit {
public:
    /// How long `id` is left now; nothing when the next repair may come at once.
    std::optional<std::chrono::nanoseconds> repaired(const std::string& id, steady_time now);
    std::optional<std::chrono::nanoseconds> rest_of(const std::string& id, steady_time now) const;

private:
    struct row {
        unsigned repairs = 0;
        steady_time last{};
        steady_time until{};
    };
    std::map<std::string, row> rows_;
};

} // namespace gwctl::gateway::detail
