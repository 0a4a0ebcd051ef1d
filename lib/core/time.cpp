#include <gwctl/core/time.hpp>

#include <fmt/format.h>

#include <array>

namespace gwctl {
namespace {

using namespace std::chrono;

std::string format_seconds(wall_time t) {
    const auto day = floor<days>(t);
    const year_month_day date{day};
    const hh_mm_ss time{floor<seconds>(t - day)};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

/// Reads exactly `digits` decimal digits off the front of `text`; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits)
        return -1;
    int n = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        n = n * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return n;
}

bool take(std::string_view& text, char lower, char upper) {
    if (text.empty() || (text.front() != lower && text.front() != upper))
        return false;
    text.remove_prefix(1);
    return true;
}
bool take(std::string_view& text, char c) { return take(text, c, c); }

microseconds take_fraction(std::string_view& text) {
    int micros = 0;
    int scale = 100000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        micros += (text.front() - '0') * scale;
        scale /= 10;
        text.remove_prefix(1);
    }
    return microseconds{micros};
}

/// RFC 3339 has years of four digits. An offset, or a leap second, can lead beyond them.
bool is_writable(wall_time t) {
    return t >= sys_days{year{0} / January / 1} && t < sys_days{year{10000} / January / 1};
}

} // namespace

std::string format_time(wall_time t) { return format_seconds(t) + "Z"; }

std::string format_micro_time(wall_time t) {
    return fmt::format("{}.{:06}Z", format_seconds(t), (t - floor<seconds>(t)).count());
}

result<wall_time> parse_time(std::string_view text) {
    const auto bad = [whole = std::string(text)] {
        return error{errc::decode,
                     fmt::format("expected an RFC 3339 time like 2026-01-31T08:15:00Z, got \"{}\"", whole)};
    };
    std::array<int, 6> part{};
    constexpr std::string_view separators = "--T::";
    for (std::size_t i = 0; i < part.size(); ++i) {
        part[i] = take_number(text, i == 0 ? 4 : 2);
        if (part[i] < 0)
            return bad();
        if (i < separators.size() && !take(text, separators[i], separators[i] == 'T' ? 't' : separators[i]))
            return bad();
    }
    const year_month_day date{year{part[0]}, month{static_cast<unsigned>(part[1])},
                              day{static_cast<unsigned>(part[2])}};
    if (!date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 60)
        return bad();
    wall_time t = sys_days{date} + hours{part[3]} + minutes{part[4]} + seconds{part[5]};
    if (take(text, '.')) {
        if (text.empty() || text.front() < '0' || text.front() > '9')
            return bad();
        t += take_fraction(text);
    }
    if (take(text, 'Z', 'z'))
        return text.empty() && is_writable(t) ? result<wall_time>(t) : bad();
    const int sign = take(text, '+') ? -1 : take(text, '-') ? 1 : 0;
    const int offset_hours = take_number(text, 2);
    if (sign == 0 || offset_hours < 0 || !take(text, ':'))
        return bad();
    const int offset_minutes = take_number(text, 2);
    t += sign * (hours{offset_hours} + minutes{offset_minutes});
    if (offset_minutes < 0 || !text.empty() || !is_writable(t))
        return bad();
    return t;
}

} // namespace gwctl
