#include "status_error.hpp"

#include <gwctl/client/watch_stream.hpp>

#include <fmt/format.h>

namespace gwctl::detail {
namespace {

/// Steps over JSON without looking into it: enough to find the members of an event, whatever their order.
/// What it steps over is checked when it is decoded.
class scanner {
public:
    explicit scanner(std::string_view text) : text_(text) {}

    bool take(char c) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != c)
            return false;
        ++at_;
        return true;
    }

    /// The text of a string between its quotes, escapes left as they are.
    std::optional<std::string_view> string() {
        if (!take('"'))
            return std::nullopt;
        const std::size_t start = at_;
        if (!skip_string())
            return std::nullopt;
        return text_.substr(start, at_ - 1 - start);
    }

    /// The text of any value; none if it has no end.
    std::optional<std::string_view> value() {
        skip_blanks();
        const std::size_t start = at_;
        if (!skip_value() || at_ == start)
            return std::nullopt;
        return text_.substr(start, at_ - start);
    }

    bool at_end() {
        skip_blanks();
        return at_ == text_.size();
    }

private:
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r'))
            ++at_;
    }

    /// From behind the opening quote to behind the closing one.
    bool skip_string() {
        while (true) {
            at_ = text_.find('"', at_);
            if (at_ == std::string_view::npos)
                return at_ = text_.size(), false;
            std::size_t escapes = 0;
            while (text_[at_ - 1 - escapes] == '\\')
                ++escapes;
            ++at_;
            if (escapes % 2 == 0)
                return true;
        }
    }

    bool skip_value() {
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (depth == 0 && (c == ',' || c == '}' || c == ']'))
                return true;
            ++at_;
            if (c == '"') {
                if (!skip_string())
                    return false;
                if (depth == 0)
                    return true;
            }
            if (c == '{' || c == '[')
                ++depth;
            if ((c == '}' || c == ']') && --depth == 0)
                return true;
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

struct members {
    std::string_view type{};
    std::string_view object{};
};

std::optional<members> members_of(std::string_view line) {
    scanner s(line);
    members found;
    if (!s.take('{'))
        return std::nullopt;
    do {
        const auto key = s.string();
        if (!key || !s.take(':'))
            return std::nullopt;
        const auto value = s.value();
        if (!value)
            return std::nullopt;
        if (*key == "type")
            found.type = *value;
        else if (*key == "object")
            found.object = *value;
    } while (s.take(','));
    if (!s.take('}') || !s.at_end())
        return std::nullopt;
    return found;
}

std::string subject_of(const resource_type& type) { return "watch of " + type.qualified_name(); }

[[noreturn]] void throw_undecodable_line(const resource_type& type, std::string_view expected,
                                         std::string_view got) {
    throw api_error(errc::decode,
                    fmt::format("{}: expected {}, got {}", subject_of(type), expected, excerpt(got)));
}

} // namespace

watch_line parse_watch_line(std::string_view line, const resource_type& type) {
    const auto found = members_of(line);
    if (!found)
        throw_undecodable_line(type, "an event as JSON", line);
    watch_line parsed;
    parsed.object = found->object;
    if (found->type == "\"ADDED\"") {
        parsed.type = watch_event_type::added;
    } else if (found->type == "\"MODIFIED\"") {
        parsed.type = watch_event_type::modified;
    } else if (found->type == "\"DELETED\"") {
        parsed.type = watch_event_type::deleted;
    } else if (found->type == "\"BOOKMARK\"") {
        parsed.type = watch_event_type::bookmark;
    } else if (found->type == "\"ERROR\"") {
        const auto status = json::decode<Status>(found->object);
        if (status.has_error())
            throw_undecodable_line(type, "a Status in an ERROR event", found->object);
        throw status_error(500, *status, subject_of(type));
    } else {
        throw_undecodable_line(type, "the type ADDED, MODIFIED, DELETED, BOOKMARK or ERROR", found->type);
    }
    if (parsed.object.empty())
        throw_undecodable_line(type, "an event with an object", line);
    return parsed;
}

result<void> watch_line::decode_object(const json::detail::type_info& type, void* target) const {
    return json::detail::decode_into(type, target, object, json::limits());
}

void throw_undecodable_event(const resource_type& type, const error& e) {
    throw api_error(e.code, fmt::format("{}: the event's object: {}", subject_of(type), e.message));
}

} // namespace gwctl::detail
