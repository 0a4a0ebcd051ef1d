#include "formats.hpp"

#include "encoding.hpp"
#include "names.hpp"

#include <gwctl/core/time.hpp>

#include <boost/url/parse.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>

namespace gwctl::testing::detail {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_date(const std::string& s) {
    return s.size() == 10 && s[4] == '-' && s[7] == '-' && gwctl::parse_time(s + "T00:00:00Z").has_value();
}

bool is_ip(const std::string& s, int family) {
    unsigned char out[16];
    return inet_pton(family, s.c_str(), out) == 1;
}

bool is_cidr(const std::string& s) {
    const auto slash = s.find('/');
    if (slash == std::string::npos)
        return false;
    const auto address = s.substr(0, slash), length = s.substr(slash + 1);
    int n = -1;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), n);
    return error == std::errc() && end == length.data() + length.size() && n >= 0 &&
           ((is_ip(address, AF_INET) && n <= 32) || (is_ip(address, AF_INET6) && n <= 128));
}

// Dashes are optional.
bool is_uuid(const std::string& s) {
    std::string digits;
    for (std::size_t i = 0, part = 0; i < s.size(); ++i) {
        static constexpr std::size_t places[] = {8, 12, 16, 20};
        if (s[i] == '-') {
            if (std::find(std::begin(places), std::end(places), digits.size()) == std::end(places) ||
                part == digits.size())
                return false;
            part = digits.size();
        } else {
            digits += s[i];
        }
    }
    return digits.size() == 32 && std::all_of(digits.begin(), digits.end(), hex);
}

bool is_mac(const std::string& s) {
    const char mark = s.size() > 2 ? s[2] : ':';
    if (s.size() != 17 || (mark != ':' && mark != '-'))
        return false;
    for (std::size_t i = 0; i < s.size(); ++i)
        if (i % 3 == 2 ? s[i] != mark : !hex(s[i]))
            return false;
    return true;
}

// Go's durations, "1h30m", and "5 minutes" with units in words.
bool is_duration(std::string s) {
    if (!s.empty() && (s[0] == '-' || s[0] == '+'))
        s.erase(0, 1);
    if (s == "0")
        return true;
    static constexpr const char* units[] = {"nanoseconds",
                                            "nanosecond",
                                            "ns",
                                            "microseconds",
                                            "microsecond",
                                            "us",
                                            "milliseconds",
                                            "millisecond",
                                            "ms",
                                            "seconds",
                                            "second",
                                            "secs",
                                            "sec",
                                            "s",
                                            "minutes",
                                            "minute",
                                            "mins",
                                            "min",
                                            "m",
                                            "hours",
                                            "hour",
                                            "hrs",
                                            "hr",
                                            "h",
                                            "days",
                                            "day",
                                            "d",
                                            "weeks",
                                            "week",
                                            "wks",
                                            "wk",
                                            "w"};
    bool any = false;
    for (std::size_t i = 0; i < s.size(); any = true) {
        const auto from = i;
        while (i < s.size() && (digit(s[i]) || s[i] == '.'))
            ++i;
        if (i == from)
            return false;
        while (i < s.size() && s[i] == ' ')
            ++i;
        const auto unit = std::find_if(std::begin(units), std::end(units),
                                       [&](const char* u) { return s.compare(i, std::strlen(u), u) == 0; });
        if (unit == std::end(units))
            return false;
        i += std::strlen(*unit);
    }
    return any;
}

bool is_email(const std::string& s) {
    const auto at = s.rfind('@');
    return at != std::string::npos && at > 0 && at + 1 < s.size() && s.find(' ') == std::string::npos;
}

// As a request line would have it: absolute, or a path.
bool is_uri(const std::string& s) {
    if (s.empty())
        return false;
    return s[0] == '/' ? boost::urls::parse_origin_form(s).has_value()
                       : boost::urls::parse_uri(s).has_value();
}

} // namespace

bool has_format(const std::string& text, const std::string& format) {
    if (format == "date-time")
        return gwctl::parse_time(text).has_value();
    if (format == "date")
        return is_date(text);
    if (format == "duration")
        return is_duration(text);
    if (format == "ipv4")
        return is_ip(text, AF_INET);
    if (format == "ipv6")
        return is_ip(text, AF_INET6);
    if (format == "cidr")
        return is_cidr(text);
    if (format == "mac")
        return is_mac(text);
    if (format == "uuid")
        return is_uuid(text);
    if (format == "uri")
        return is_uri(text);
    if (format == "email")
        return is_email(text);
    if (format == "hostname")
        return is_dns_subdomain(text);
    if (format == "byte")
        return is_base64(text);
    return true;
}

} // namespace gwctl::testing::detail
