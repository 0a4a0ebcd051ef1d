#include "names.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace gwctl::testing::detail {

namespace {

bool lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool alnum(char c) { return lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

constexpr const char* label_rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* subdomain_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* qualified_rule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr const char* value_rule = "a valid label must be an empty string or consist of alphanumeric "
                                   "characters, '-', '_' or '.', and must start and "
                                   "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
                                   "'12345', regex used for validation is "
                                   "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr const char* config_key_rule = "a valid config key must consist of alphanumeric characters, '-', "
                                        "'_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
                                        "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

std::string too_long(std::size_t most) { return fmt::format("must be no more than {} characters", most); }

const std::string too_many_bytes = "must be no more than 63 bytes";

bool has_label_form(std::string_view s) {
    return !s.empty() && lower_alnum(s.front()) && lower_alnum(s.back()) &&
           std::all_of(s.begin(), s.end(), [](char c) { return lower_alnum(c) || c == '-'; });
}

bool has_subdomain_form(std::string_view s) {
    while (true) {
        const auto dot = s.find('.');
        if (!has_label_form(s.substr(0, dot)))
            return false;
        if (dot == std::string_view::npos)
            return true;
        s.remove_prefix(dot + 1);
    }
}

bool has_qualified_form(std::string_view s) {
    return !s.empty() && alnum(s.front()) && alnum(s.back()) && std::all_of(s.begin(), s.end(), [](char c) {
        return alnum(c) || c == '-' || c == '_' || c == '.';
    });
}

// Octets may have leading zeros, for the sake of old objects.
std::string without_leading_zeros(const std::string& s) {
    std::string out;
    for (std::size_t i = 0; i < s.size(); ++i) {
        const bool first = i == 0 || s[i - 1] == '.';
        if (first && s.find(':') == std::string::npos)
            while (i + 1 < s.size() && s[i] == '0' && s[i + 1] != '.')
                ++i;
        out += s[i];
    }
    return out;
}

bool is_mapped(const unsigned char* v6) {
    static constexpr unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::equal(prefix, prefix + 12, v6);
}

std::string canonical_address(const std::string& s) {
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN] = {};
    if (inet_pton(AF_INET6, s.c_str(), bytes) == 1 &&
        inet_ntop(AF_INET6, bytes, text, sizeof text) != nullptr)
        return text;
    return without_leading_zeros(s);
}

} // namespace

problems check_dns_label(std::string_view s) {
    problems out;
    if (s.size() > 63)
        out.push_back(too_long(63));
    if (!has_label_form(s))
        out.push_back(has_subdomain_form(s) ? "must not contain dots" : label_rule);
    return out;
}

problems check_dns_subdomain(std::string_view s) {
    problems out;
    if (s.size() > 253)
        out.push_back(too_long(253));
    if (!has_subdomain_form(s))
        out.push_back(subdomain_rule);
    return out;
}

problems check_path_segment(std::string_view s) {
    if (s == "." || s == "..")
        return {fmt::format("may not be '{}'", s)};
    problems out;
    for (const char* c : {"/", "%"})
        if (s.find(*c) != std::string_view::npos)
            out.push_back(fmt::format("may not contain '{}'", c));
    return out;
}

problems check_qualified_name(std::string_view s) {
    problems out;
    if (std::count(s.begin(), s.end(), '/') > 1)
        return {fmt::format("a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. "
                            "'example.com/MyName')",
                            qualified_rule)};
    auto name = s;
    if (const auto slash = s.find('/'); slash != std::string_view::npos) {
        const auto prefix = s.substr(0, slash);
        name = s.substr(slash + 1);
        if (prefix.empty())
            out.push_back("prefix part must be non-empty");
        else
            for (const auto& p : check_dns_subdomain(prefix))
                out.push_back("prefix part " + p);
    }
    if (name.empty())
        out.push_back("name part must be non-empty");
    else if (name.size() > 63)
        out.push_back("name part " + too_many_bytes);
    if (!has_qualified_form(name))
        out.push_back(fmt::format("name part {}", qualified_rule));
    return out;
}

problems check_label_value(std::string_view s) {
    problems out;
    if (s.size() > 63)
        out.push_back(too_many_bytes);
    if (!s.empty() && !has_qualified_form(s))
        out.push_back(value_rule);
    return out;
}

problems check_config_key(std::string_view s) {
    problems out;
    if (s.size() > 253)
        out.push_back(too_long(253));
    if (s.empty() ||
        !std::all_of(s.begin(), s.end(), [](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; }))
        out.push_back(config_key_rule);
    if (s == "." || s == "..")
        out.push_back(fmt::format("must not be '{}'", s));
    else if (s.substr(0, 2) == "..")
        out.push_back("must not start with '..'");
    return out;
}

problems check_port_name(std::string_view s) {
    problems out;
    if (s.size() > 15)
        out.push_back(too_long(15));
    if (s.empty() || !std::all_of(s.begin(), s.end(), [](char c) { return lower_alnum(c) || c == '-'; }))
        out.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    if (!std::any_of(s.begin(), s.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        out.push_back("must contain at least one letter (a-z)");
    if (s.find("--") != std::string_view::npos)
        out.push_back("must not contain consecutive hyphens");
    if (!s.empty() && (s.front() == '-' || s.back() == '-'))
        out.push_back("must not begin or end with a hyphen");
    return out;
}

problems check_address(const std::string& s) {
    unsigned char bytes[16];
    if (ip_family(s) == 0)
        return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
    if (inet_pton(AF_INET6, s.c_str(), bytes) == 1)
        return is_mapped(bytes) ? problems{"must not be an IPv4-mapped IPv6 address"} : problems();
    return without_leading_zeros(s) == s ? problems() : problems{"must not have leading 0s"};
}

problems check_canonical_address(const std::string& s) {
    auto found = check_address(s);
    if (const auto text = canonical_address(s); found.empty() && text != s)
        found.push_back(fmt::format("must be in canonical form (\"{}\")", text));
    return found;
}

problems check_address_range(const std::string& s) {
    const auto slash = s.find('/');
    const auto ip = s.substr(0, slash);
    const int family = ip_family(ip);
    const auto text = slash == std::string::npos ? std::string() : s.substr(slash + 1);
    int length = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    unsigned char bytes[16] = {};
    const bool v6 = inet_pton(AF_INET6, ip.c_str(), bytes) == 1;
    if (family == 0 || error != std::errc() || end != text.data() + text.size() || length < 0 ||
        length > (v6 ? 128 : 32))
        return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
    if (text != std::to_string(length) || (!v6 && without_leading_zeros(ip) != ip))
        return {"must not have leading 0s in IP or prefix length"};
    if (v6 && is_mapped(bytes))
        return {"must not have an IPv4-mapped IPv6 address"};
    if (!v6)
        inet_pton(AF_INET, ip.c_str(), bytes);
    for (int bit = length; bit < (v6 ? 128 : 32); ++bit)
        if (bytes[bit / 8] >> (7 - bit % 8) & 1)
            return {"must not have bits set beyond the prefix length"};
    return {};
}

problems check_endpoint_address(const std::string& s) {
    unsigned char a[16] = {};
    const auto text = without_leading_zeros(s);
    const int family = ip_family(s);
    inet_pton(family == 4 ? AF_INET : AF_INET6, text.c_str(), a);
    const bool v4 = family == 4;
    auto zero_until = [&](int n) { return std::all_of(a, a + n, [](unsigned char c) { return c == 0; }); };
    if (v4 ? zero_until(4) : zero_until(16))
        return {fmt::format("may not be unspecified ({})", s)};
    if (v4 ? a[0] == 127 : zero_until(15) && a[15] == 1)
        return {"may not be in the loopback range (127.0.0.0/8, ::1/128)"};
    if (v4 ? a[0] == 169 && a[1] == 254 : a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
        return {"may not be in the link-local range (169.254.0.0/16, fe80::/10)"};
    if (v4 ? a[0] == 224 && a[1] == 0 && a[2] == 0 : a[0] == 0xff && (a[1] & 0x0f) == 2)
        return {"may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"};
    return {};
}

std::vector<std::string> address_warnings(const std::string& s) {
    if (ip_family(s) != 6 || canonical_address(s) == s)
        return {};
    return {fmt::format("IPv6 address \"{}\" should be in RFC 5952 canonical format (\"{}\")", s,
                        canonical_address(s))};
}

bool is_standard_finalizer(std::string_view s) {
    return s == "kubernetes" || s == "orphan" || s == "foregroundDeletion";
}

bool is_dns_label(std::string_view s) { return check_dns_label(s).empty(); }
bool is_dns_subdomain(std::string_view s) { return check_dns_subdomain(s).empty(); }

int ip_family(const std::string& s) {
    unsigned char out[16];
    if (inet_pton(AF_INET, without_leading_zeros(s).c_str(), out) == 1)
        return 4;
    if (inet_pton(AF_INET6, s.c_str(), out) != 1)
        return 0;
    return is_mapped(out) ? 4 : 6;
}

} // namespace gwctl::testing::detail
