/// Things that go wrong between a client and an API server, on demand.
#pragma once

#include <chrono>
#include <string>

namespace gwctl::testing {

enum class fault_kind {
    delay,             ///< answers after `latency`
    drop,              ///< closes the connection without reading the request's effect: nothing happens
    drop_after,        ///< carries the request out, then closes the connection instead of answering
    forbidden,         ///< 403, reason Forbidden
    conflict,          ///< 409, reason Conflict
    invalid,           ///< 422, reason Invalid
    gone,              ///< 410, reason Expired
    too_many_requests, ///< 429 with Retry-After
    internal_error,    ///< 500
    unavailable,       ///< 503
    stall_watch,       ///< a watch is accepted and never sends anything
};

/// What happens to the next matching requests. The first fault that matches is taken.
struct fault {
    fault_kind kind = fault_kind::internal_error;
    /// "GET"; "" for every method. "WATCH" for GETs that watch.
    std::string method;
    /// Part of the path and query: "/gateways/x/status". "" for every request.
    std::string path;
    /// How many requests it hits; negative for all until `clear_faults`.
    int times = 1;
    std::chrono::milliseconds latency{0};
    std::chrono::seconds retry_after{1};
};

} // namespace gwctl::testing
