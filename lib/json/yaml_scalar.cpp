#include "yaml_scalar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace gwctl::json::detail {
namespace {

template <std::size_t N>
bool one_of(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 5> null_words{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 11> true_words{"y",    "Y",    "yes", "Yes", "YES", "true",
                                                      "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> false_words{"n",     "N",     "no",  "No",  "NO", "false",
                                                       "False", "FALSE", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 12> non_finite_words{
    ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// [-+]? ( . digits | digits [. digits*] ) ( [eE] [-+]? digits )?
bool has_float_form(std::string_view s) {
    const auto skip_digits = [&s] {
        const auto end = std::find_if_not(s.begin(), s.end(), is_digit);
        const auto count = static_cast<std::size_t>(end - s.begin());
        s.remove_prefix(count);
        return count;
    };
    if (!s.empty() && (s.front() == '-' || s.front() == '+')) {
        s.remove_prefix(1);
    }
    const bool whole = skip_digits() > 0;
    if (!s.empty() && s.front() == '.') {
        s.remove_prefix(1);
        if (skip_digits() == 0 && !whole) {
            return false;
        }
    } else if (!whole) {
        return false;
    }
    if (!s.empty() && (s.front() == 'e' || s.front() == 'E')) {
        s.remove_prefix(1);
        if (!s.empty() && (s.front() == '-' || s.front() == '+')) {
            s.remove_prefix(1);
        }
        if (skip_digits() == 0) {
            return false;
        }
    }
    return s.empty();
}

result<value> finite(double d, std::string_view text) {
    if (!std::isfinite(d)) {
        return error{errc::decode, fmt::format("{} is not a number that JSON can express", text)};
    }
    return number_value(d);
}

result<value> parse_double(std::string_view text) {
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
    }
    double d = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), d);
    if (ec == std::errc::result_out_of_range) {
        // from_chars does not say which way. A negative exponent means it was too small to tell from nothing.
        const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
        return finite(tiny ? 0.0 : std::numeric_limits<double>::infinity(), text);
    }
    return finite(d, text);
}

// Go's strconv.ParseInt with base 0: 0x, 0o, 0b, and a leading 0 for octal. Empty when `text` is no integer.
std::optional<result<value>> parse_integer(std::string_view text) {
    const std::string_view whole = text;
    bool negative = false;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    int base = 10;
    if (text.size() > 1 && text[0] == '0') {
        const char mark = text[1];
        base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
        const bool has_mark = base != 8 || mark == 'o' || mark == 'O';
        text.remove_prefix(has_mark ? 2 : 1);
    }
    if (text.empty() || text.front() == '-' || text.front() == '+') {
        return std::nullopt;
    }
    std::uint64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n, base);
    if (end != text.data() + text.size()) {
        return std::nullopt;
    }
    constexpr std::uint64_t two_to_63 = std::uint64_t{1} << 63U;
    const bool fits = ec == std::errc{} && (!negative || n <= two_to_63);
    if (!fits) {
        if (base == 10) {
            return std::nullopt; // reads as a float, as it does in Go
        }
        return error{errc::decode, fmt::format("{} does not fit 64 bits", whole)};
    }
    if (negative) {
        return value(static_cast<std::int64_t>(std::uint64_t{0} - n));
    }
    return n < two_to_63 ? value(static_cast<std::int64_t>(n)) : value(n);
}

} // namespace

value number_value(double d) {
    constexpr double two_to_63 = 9223372036854775808.0;
    if (d >= -two_to_63 && d < two_to_63 && std::trunc(d) == d) {
        return value(static_cast<std::int64_t>(d));
    }
    if (d >= two_to_63 && d < 2 * two_to_63) {
        return value(static_cast<std::uint64_t>(d));
    }
    return value(d);
}

bool looks_like_timestamp(std::string_view text) {
    if (text.size() < 8 || !std::all_of(text.begin(), text.begin() + 4, is_digit) || text[4] != '-') {
        return false;
    }
    const std::size_t dash = text.find('-', 5);
    return dash != text.npos && dash > 5 && dash <= 7 && dash + 1 < text.size() &&
           std::all_of(text.begin() + 5, text.begin() + static_cast<std::ptrdiff_t>(dash), is_digit) &&
           is_digit(text[dash + 1]);
}

result<value> resolve_plain(std::string_view text) {
    if (one_of(text, null_words)) {
        return value(nullptr);
    }
    if (one_of(text, true_words)) {
        return value(true);
    }
    if (one_of(text, false_words)) {
        return value(false);
    }
    if (one_of(text, non_finite_words)) {
        return error{
            errc::decode,
            fmt::format("{} is not a number that JSON can express; write \"{}\" for the string", text, text)};
    }
    const char first = text.front();
    if (is_digit(first) || first == '-' || first == '+') {
        std::string digits(text);
        std::erase(digits, '_');
        if (auto integer = parse_integer(digits)) {
            return *integer;
        }
        if (has_float_form(digits)) {
            return parse_double(digits);
        }
    } else if (first == '.' && has_float_form(text)) {
        return parse_double(text);
    }
    return value(text);
}

result<value> resolve_tagged(std::string_view tag, std::string_view text) {
    result<value> plain = resolve_plain(text);
    if (plain.has_error()) {
        return plain;
    }
    const bool fits = tag == "int"     ? plain->is_int64() || plain->is_uint64()
                      : tag == "float" ? plain->is_number()
                      : tag == "bool"  ? plain->is_bool()
                                       : plain->is_null();
    if (!fits) {
        return error{errc::decode, fmt::format("\"{}\" cannot be read as !!{}", text, tag)};
    }
    return plain;
}

} // namespace gwctl::json::detail
