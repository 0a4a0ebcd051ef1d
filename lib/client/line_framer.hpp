/// Lines from a stream of bytes, without I/O.
#pragma once

#include <gwctl/core/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace gwctl::detail {

/// Cuts a stream into lines. A line that lies within one piece is not copied.
///
///     framer.feed(piece);
///     while (auto line = framer.next().value()) use(*line);
///
/// What follows the last newline when the stream ends is dropped: the peer did not finish it.
class line_framer {
public:
    explicit line_framer(std::size_t max_line) : max_line_(max_line) {}

    /// Precondition: `next` has returned nothing since the last `feed`, and `piece` stays valid until it
    /// does.
    void feed(std::string_view piece) noexcept { rest_ = piece; }

    /// The next line without its end (LF or CRLF), valid until the next call; nothing when more bytes are
    /// needed. Empty lines are left out. Errors: `errc::too_large`, from then on for ever.
    result<std::optional<std::string_view>> next();

private:
    std::size_t max_line_;
    std::string_view rest_{};
    std::string carried_{}; ///< the beginning of a line whose end has not arrived
    bool carried_is_used_ = false;
    bool failed_ = false;
};

} // namespace gwctl::detail
