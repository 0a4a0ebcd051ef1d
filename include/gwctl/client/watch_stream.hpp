/// An open watch, read event by event.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/client/options.hpp>
#include <gwctl/core/task.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace gwctl {

/// The lines of a watch's body, one event each. Implemented by the client; tests may script one.
class watch_lines {
public:
    virtual ~watch_lines() = default;
    /// The next line, valid until the next call; nothing when the server ended the watch. A line that the end
    /// cut off is dropped. Errors: as `http_response::read_some`; `errc::too_large` for a line beyond the
    /// object size limit.
    virtual task<std::optional<std::string_view>> next() = 0;
};

namespace detail {

struct watch_line {
    watch_event_type type = watch_event_type::bookmark;
    std::string_view object{}; ///< its JSON, a part of the line
    result<void> decode_object(const json::detail::type_info& type, void* target) const;
};

/// Reads the event type of a line, whatever the order of its members. An ERROR event becomes the error it
/// carries: 410 is `errc::gone`. Throws `api_error`.
watch_line parse_watch_line(std::string_view line, const resource_type& type);
[[noreturn]] void throw_undecodable_event(const resource_type& type, const error& e);

} // namespace detail

/// Move-only; destroying it ends the watch.
template <Resource T>
class watch_stream {
public:
    explicit watch_stream(std::unique_ptr<watch_lines> lines) : lines_(std::move(lines)) {}

    /// The next event; nothing when the server ended the watch in good order. Throws `api_error`:
    /// `errc::gone` when the resourceVersion is too old, `errc::decode` for an object that is not a T, and
    /// all of `watch_lines::next`.
    task<std::optional<watch_event<T>>> next() {
        const std::optional<std::string_view> line = co_await lines_->next();
        if (!line)
            co_return std::nullopt;
        const detail::watch_line parsed = detail::parse_watch_line(*line, T::type);
        auto object = std::make_shared<T>();
        if (auto done = parsed.decode_object(json::detail::type_of<T>(), object.get()); done.has_error())
            detail::throw_undecodable_event(T::type, done.error());
        watch_event<T> event;
        event.type = parsed.type;
        event.object = std::move(object);
        co_return event;
    }

private:
    std::unique_ptr<watch_lines> lines_;
};

} // namespace gwctl
