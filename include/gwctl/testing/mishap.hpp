/// What goes wrong in a simulated cluster, and when.
///
/// A mishap is one event at one time. Some pass at once, such as broken connections; some last, such as a slow network;
/// some lie in wait for the next request that they fit, such as a crash. `draw_mishaps` draws them from a seed, and
/// `simulation::expect` has them happen. `simulation::calm` ends all that last or lie in wait. A mishap is plain data:
/// to repeat a failure with fewer of them, leave some out (`gwctl/testing/shrink.hpp`).
///
/// Each is what clusters do to controllers, and what a controller is to survive: after `calm`, everything must be as if
/// nothing had happened.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing {

enum class mishap_kind : std::uint8_t {
    slow_network,       ///< for 10 s, messages take up to 5 s each
    broken_connections, ///< every connection ends at once, watches included
    half_open,          ///< the present watches of a replica stay open and silent
    server_restart, ///< connections end, nobody listens for up to 20 s, and the history of watches is gone
    server_error,   ///< some requests are answered with 409, 410, 429, 500, 503 or 504
    strange_answer, ///< some requests are answered by something between: 200 with a login page, `{}`, another kind,
                    ///< an empty body; 404 or 502 with a page
    cut_body,       ///< some answers, and frames of watches, end in the middle
    late_write,     ///< a write seems lost, and takes effect up to a minute later
    crash,          ///< a replica ends at its next write, before or after that took effect, and starts again
    pause,          ///< a replica stands still for up to 40 s, longer than its Lease lasts
    lease_deletion, ///< somebody deletes the Lease
    compaction,     ///< the history of watches is forgotten; who has to read it gets 410
};

/// Every kind there is.
const std::vector<mishap_kind>& all_mishaps();
/// For people: "half-open watches".
std::string_view to_string(mishap_kind kind) noexcept;

struct mishap {
    mishap_kind kind = mishap_kind::crash;
    /// Since `simulation::expect` was called.
    std::chrono::milliseconds at{0};
    /// Which replica, modulo their number, where it concerns one.
    unsigned replica = 0;
    /// Decides all else about it: how long, how often, which answer.
    std::uint32_t dice = 0;
};

/// `count` mishaps at random times of `during`, the same for the same seed. Precondition: `kinds` is not empty.
std::vector<mishap> draw_mishaps(std::uint64_t seed, std::size_t count, std::chrono::milliseconds during,
                                 const std::vector<mishap_kind>& kinds = all_mishaps());

/// "at 12.250 s: pause, replica b, dice 17"
std::string describe(const mishap& m);

} // namespace gwctl::testing
