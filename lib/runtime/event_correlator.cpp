#include "event_correlator.hpp"

#include <gwctl/core/time.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::detail {

std::optional<event_write> event_correlator::decide(const core_v1::ObjectReference& about, event_type type,
                                                    const std::string& reason, const std::string& message,
                                                    steady_time now, wall_time wall) {
    // Names cannot contain a line feed, so the joined parts stay apart.
    const std::string object = fmt::format("{}\n{}\n{}\n{}\n{}", about.apiVersion, about.kind,
                                           about.namespace_, about.name, about.uid);
    bucket& b = buckets_[object];
    if (b.last) {
        const std::chrono::duration<double> passed = now - *b.last;
        b.tokens = std::min(burst, b.tokens + passed / std::chrono::duration<double>(refill));
    }
    b.last = now;
    if (b.tokens < 1)
        return std::nullopt;
    b.tokens -= 1;

    const char* type_name = type == event_type::warning ? "Warning" : "Normal";
    event_write w;
    repetition& r = series_[fmt::format("{}\n{}\n{}\n{}", object, type_name, reason, message)];
    const std::string at = format_time(wall);
    w.create = r.count == 0;
    if (w.create) {
        r.first = at;
        // Event names are the object's name and a suffix that no other process makes.
        r.name = fmt::format("{}.{:x}{:04x}", about.name.substr(0, 220), wall.time_since_epoch().count(),
                             ++made_ & 0xffff);
    }
    ++r.count;

    w.event.metadata.name = r.name;
    w.event.metadata.namespace_ = about.namespace_.empty() ? "default" : about.namespace_;
    w.event.involvedObject = about;
    w.event.reason = reason;
    w.event.message = message;
    w.event.type_ = type_name;
    w.event.source.component = component_;
    w.event.reportingComponent = component_;
    w.event.firstTimestamp = r.first;
    w.event.lastTimestamp = at;
    w.event.count = r.count;
    return w;
}

} // namespace gwctl::detail
