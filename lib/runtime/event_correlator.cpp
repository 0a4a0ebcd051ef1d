#include "event_correlator.hpp"

#include <gwctl/core/time.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unistd.h>

namespace gwctl::detail {
namespace {

/// As client-go: the program and where it runs. The API takes 128 bytes.
std::string instance_of(const std::string& component) {
    char host[256] = {};
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = 0;
    return fmt::format("{}-{}", component, host).substr(0, 128);
}

} // namespace

event_correlator::event_correlator(std::string component)
    : component_(std::move(component)), instance_(instance_of(component_)) {}

/// Whether the message shares an Event with others, because there are too many of its kind.
bool event_correlator::is_one_of_many(const std::string& similar, std::size_t message, steady_time now) {
    family& f = families_[similar];
    if (f.last && now - *f.last >= similar_for)
        f.messages.clear();
    f.last = now;
    if (std::find(f.messages.begin(), f.messages.end(), message) != f.messages.end())
        return false;
    if (f.messages.size() >= messages_apart)
        return true;
    f.messages.push_back(message);
    return false;
}

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
    const std::string similar = fmt::format("{}\n{}\n{}", object, type_name, reason);
    const std::size_t hash = std::hash<std::string>()(message);
    w.combined = is_one_of_many(similar, hash, now);
    repetition& r = series_[w.combined ? similar : fmt::format("{}\n{:x}", similar, hash)];
    w.create = r.count == 0;
    if (w.create) {
        r.first = wall;
        // Event names are the object's name and a suffix that no other process makes.
        r.name = fmt::format("{}.{:x}{:04x}", about.name.substr(0, 220), wall.time_since_epoch().count(),
                             ++made_ & 0xffff);
    }
    ++r.count;

    w.event.metadata.name = r.name;
    w.event.metadata.namespace_ = about.namespace_.empty() ? "default" : about.namespace_;
    w.event.involvedObject = about;
    w.event.reason = reason;
    w.event.message = w.combined ? "(combined from similar events): " + message : message;
    w.event.type_ = type_name;
    w.event.source.component = component_;
    w.event.reportingComponent = component_;
    w.event.reportingInstance = instance_;
    w.event.firstTimestamp = format_time(r.first);
    w.event.lastTimestamp = format_time(wall);
    w.event.count = r.count;
    w.first = r.first;
    w.last = wall;
    return w;
}

} // namespace gwctl::detail
