/// Writes Events to the API server, in the form that it takes.
#pragma once

#include "event_correlator.hpp"

#include <gwctl/api/events_v1.hpp>
#include <gwctl/client/client.hpp>

#include <optional>

namespace gwctl::detail {

/// The form of events.k8s.io/v1. A message that is too long for it ends in "...".
events_v1::Event modern_form(const event_write& w);

/// Writes to events.k8s.io/v1, and to core/v1 what that refuses. Where events.k8s.io is not served, or is denied, it is
/// tried again ten minutes later.
///
/// Use from the thread of the client.
class event_writer {
public:
    event_writer(client& api, clock& time) : api_(api), time_(time) {}

    /// Throws `api_error`. Whoever calls again after a failure writes nothing twice.
    task<void> write(event_write w);

private:
    task<void> write_modern(event_write w);
    task<void> write_legacy(event_write w);

    client& api_;
    clock& time_;
    std::optional<steady_time> legacy_until_{};
};

} // namespace gwctl::detail
