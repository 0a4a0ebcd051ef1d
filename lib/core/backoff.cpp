#include <gwctl/core/backoff.hpp>

#include <algorithm>
#include <cmath>

namespace gwctl {

std::chrono::nanoseconds backoff_policy::delay(unsigned failures, double unit) const noexcept {
    const double limit = static_cast<double>(maximum.count());
    const double grown = static_cast<double>(initial.count()) * std::pow(factor, failures);
    const double spread = std::min(grown, limit) * (1.0 + jitter * unit);
    // 2^63 as a double; a delay beyond it is clamped before the conversion, which would be undefined.
    constexpr double representable = 9.2e18;
    return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(spread, representable)));
}

std::chrono::nanoseconds backoff::next() {
    const double unit = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
    return policy_.delay(failures_++, unit);
}

} // namespace gwctl
