/// The real clock.
#pragma once

#include <gwctl/core/clock.hpp>

namespace gwctl {

/// The machine's monotonic and calendar clocks; sleeps on the executor of the awaiting coroutine. Lives
/// forever.
clock& system_clock();

} // namespace gwctl
