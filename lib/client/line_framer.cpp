#include "line_framer.hpp"

#include <fmt/format.h>

namespace gwctl::detail {
namespace {

/// A buffer that one huge line needed is not kept for the watch's life.
constexpr std::size_t kept_capacity = 64 * 1024;

} // namespace

result<std::optional<std::string_view>> line_framer::next() {
    if (carried_is_used_) {
        carried_.clear();
        if (carried_.capacity() > kept_capacity)
            carried_ = std::string();
        carried_is_used_ = false;
    }
    while (!failed_) {
        const auto end = rest_.find('\n');
        const std::string_view part = rest_.substr(0, end);
        if (carried_.size() + part.size() > max_line_) {
            failed_ = true;
            break;
        }
        if (end == std::string_view::npos) {
            carried_.append(part);
            rest_ = {};
            return std::optional<std::string_view>();
        }
        rest_.remove_prefix(end + 1);
        std::string_view line = part;
        if (!carried_.empty()) {
            line = carried_.append(part);
            carried_is_used_ = true;
        }
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (!line.empty())
            return std::optional(line);
        carried_.clear();
        carried_is_used_ = false;
    }
    return error{errc::too_large,
                 fmt::format("expected lines of at most {} bytes, got a longer one", max_line_)};
}

} // namespace gwctl::detail
