/// events.k8s.io/v1: Events as Kubernetes has them since 1.19. They are those of core/v1 in another form.
#pragma once

#include <gwctl/api/core_v1.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace gwctl::events_v1 {

/// Set from the second time on that an Event is observed.
struct EventSeries {
    EventSeries() = default;
    std::int32_t count = 0;
    std::string lastObservedTime; ///< MicroTime: `format_micro_time`
    friend bool operator==(const EventSeries&, const EventSeries&) = default;
};

/// Only `series` may change once it is made.
struct Event {
    Event() = default;
    static constexpr resource_type type{"events.k8s.io", "v1", "Event", "events"};
    static constexpr bool owns_all_fields = true; ///< a series has its count
    ObjectMeta metadata;
    std::string eventTime; ///< when it was first observed, MicroTime
    std::optional<EventSeries> series;
    std::string reportingController; ///< a qualified name, such as "example.com/controller"
    std::string reportingInstance;   ///< 128 bytes at most
    std::string action;
    std::string reason;
    core_v1::ObjectReference regarding;
    std::string note;  ///< 1024 bytes at most
    std::string type_; ///< "Normal" or "Warning"; `type` on the wire
    friend bool operator==(const Event&, const Event&) = default;
};
BOOST_DESCRIBE_STRUCT(EventSeries, (), (count, lastObservedTime))
BOOST_DESCRIBE_STRUCT(Event, (),
                      (metadata, eventTime, series, reportingController, reportingInstance, action, reason,
                       regarding, note, type_))

} // namespace gwctl::events_v1
