#include "event_writer.hpp"

#include "../client/status_error.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/core/utf8.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::detail {
namespace {

constexpr std::size_t longest_note = 1024;
constexpr std::chrono::minutes until_next_look(10);

/// The beginning of a text, in whole characters.
std::string shortened(const std::string& text, std::size_t limit) {
    if (text.size() <= limit)
        return text;
    const std::string_view end = "...";
    std::string_view rest = text;
    std::size_t kept = 0;
    while (true) {
        const std::size_t length = std::max<std::size_t>(utf8_length(rest), 1);
        if (kept + length > limit - end.size())
            break;
        kept += length;
        rest.remove_prefix(length);
    }
    return text.substr(0, kept).append(end);
}

/// Creates an Event. One that is there already is ours: no other process makes its name.
template <Resource T>
task<void> create(client& api, T event) {
    bool exists = false;
    try {
        co_await api.create<T>(std::move(event));
    } catch (const api_error& e) {
        if (e.code() != errc::already_exists)
            throw;
        exists = true;
    }
    if (exists)
        log::debug("an event was written before, although the answer was lost");
}

/// Whether there was the Event to change.
template <Resource T>
task<bool> change(client& api, object_key key, class patch count) {
    bool expired = false;
    try {
        co_await api.patch<T>(std::move(key), std::move(count));
    } catch (const api_error& e) {
        if (e.code() != errc::not_found)
            throw;
        expired = true;
    }
    co_return !expired;
}

/// What another form of the API may take.
bool is_refusal_of_form(const api_error& e) {
    switch (e.code()) {
    case errc::bad_request:
    case errc::forbidden:
    case errc::not_found:
    case errc::method_not_allowed:
    case errc::invalid:
        return true;
    default:
        return false;
    }
}

/// The API server takes no new objects into a namespace that is being deleted, and answers 403.
bool is_namespace_ending(const api_error& e) {
    return std::any_of(e.causes.begin(), e.causes.end(),
                       [](const status_cause& c) { return c.reason == "NamespaceTerminating"; });
}

} // namespace

events_v1::Event modern_form(const event_write& w) {
    events_v1::Event e;
    e.metadata = w.event.metadata;
    e.eventTime = format_micro_time(w.first);
    if (w.event.count.value_or(1) > 1) {
        e.series.emplace();
        e.series->count = *w.event.count;
        e.series->lastObservedTime = format_micro_time(w.last);
    }
    e.reportingController = w.event.reportingComponent;
    e.reportingInstance = w.event.reportingInstance;
    e.action = w.event.reason;
    e.reason = w.event.reason;
    e.regarding = w.event.involvedObject;
    e.note = shortened(w.event.message, longest_note);
    e.type_ = w.event.type_;
    return e;
}

task<void> event_writer::write(event_write w) {
    if (legacy_until_ && time_.now() < *legacy_until_)
        co_return co_await write_legacy(std::move(w));
    legacy_until_.reset();
    bool refused = false;
    bool is_denied = false;
    bool is_absent = false;
    try {
        co_await write_modern(w);
    } catch (const not_served_error&) {
        is_absent = true;
    } catch (const api_error& e) {
        if (!is_refusal_of_form(e))
            throw;
        refused = true;
        is_denied = e.code() == errc::forbidden && !is_namespace_ending(e);
    }
    if (is_absent || is_denied) {
        log::debug("events are written to core/v1", {{"events.k8s.io", is_absent ? "not served" : "denied"}});
        legacy_until_ = time_.now() + until_next_look;
    }
    if (refused || is_absent)
        co_await write_legacy(std::move(w));
}

task<void> event_writer::write_modern(event_write w) {
    events_v1::Event event = modern_form(w);
    if (!w.create && event.series) {
        const object_key key = key_of(event);
        class patch count = patch::merge_patch(R"({"series":)" + json::encode(*event.series) + "}");
        const bool done = co_await change<events_v1::Event>(api_, key, std::move(count));
        if (done)
            co_return;
    }
    co_await create(api_, std::move(event));
}

task<void> event_writer::write_legacy(event_write w) {
    if (!w.create) {
        const object_key key = key_of(w.event);
        std::string body = fmt::format(R"({{"count":{},"lastTimestamp":"{}")", w.event.count.value_or(1),
                                       w.event.lastTimestamp);
        if (w.combined) {
            body += R"(,"message":)";
            json::append_quoted(w.event.message, body);
        }
        class patch count = patch::merge_patch(body + "}");
        const bool done = co_await change<core_v1::Event>(api_, key, std::move(count));
        if (done)
            co_return;
    }
    co_await create(api_, std::move(w.event));
}

} // namespace gwctl::detail
