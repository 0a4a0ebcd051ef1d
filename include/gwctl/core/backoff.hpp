/// How long to wait before the next try.
#pragma once

#include <chrono>
#include <random>

namespace gwctl {

/// Exponential growth from `initial` to `maximum`.
///
/// The defaults are those of controller-runtime's per-item limiter: 5 ms doubling to 1000 s, without jitter.
struct backoff_policy {
    std::chrono::nanoseconds initial = std::chrono::milliseconds(5);
    std::chrono::nanoseconds maximum = std::chrono::seconds(1000);
    double factor = 2.0;
    /// Adds up to this share of the delay, drawn evenly; 1.0 can double it. client-go's reflector uses 1.0.
    double jitter = 0.0;

    /// The delay after `failures` failures in a row; never overflows. `unit` is a number drawn from [0, 1).
    std::chrono::nanoseconds delay(unsigned failures, double unit = 0.0) const noexcept;
};

/// A `backoff_policy` with its count of failures and its own random numbers. Not thread safe.
class backoff {
public:
    explicit backoff(backoff_policy policy, std::uint64_t seed = std::random_device{}())
        : policy_(policy), random_(seed) {}

    /// Counts one failure and returns how long to wait after it.
    std::chrono::nanoseconds next();
    void reset() noexcept { failures_ = 0; }
    unsigned failures() const noexcept { return failures_; }

private:
    backoff_policy policy_;
    std::mt19937_64 random_;
    unsigned failures_ = 0;
};

} // namespace gwctl
