#include "request.hpp"

#include <fmt/core.h>

#include <cctype>
#include <charconv>

namespace gwctl::testing::detail {

namespace {

int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

std::string without_spaces(std::string_view s) {
    std::string out;
    for (char c : s)
        if (c != ' ')
            out += c;
    return out;
}

std::vector<std::string> split(std::string_view s, char at) {
    std::vector<std::string> out(1);
    for (char c : s) {
        if (c == at)
            out.emplace_back();
        else
            out.back() += c;
    }
    return out;
}

} // namespace

std::string url_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    return out;
}

query::query(std::string_view text) {
    for (const auto& part : split(text, '&')) {
        if (part.empty())
            continue;
        const auto at = part.find('=');
        values_.emplace(url_decode(part.substr(0, at), true),
                        at == std::string::npos ? ""
                                                : url_decode(std::string_view(part).substr(at + 1), true));
    }
}

std::string query::get(std::string_view key) const {
    const auto it = values_.find(key);
    return it == values_.end() ? std::string() : it->second;
}

std::vector<std::string> query::all(std::string_view key) const {
    std::vector<std::string> out;
    const auto [first, last] = values_.equal_range(key);
    for (auto it = first; it != last; ++it)
        out.push_back(it->second);
    return out;
}

// Anything but false and 0 is true, even nothing, as in the conversion of the real server's options.
bool query::flag(std::string_view key) const {
    if (!has(key))
        return false;
    auto v = get(key);
    for (auto& c : v)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return v != "false" && v != "0";
}

std::optional<std::int64_t> query::number(std::string_view key) const {
    const auto v = get(key);
    if (v.empty())
        return std::nullopt;
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(v.data(), v.data() + v.size(), n);
    if (error != std::errc() || end != v.data() + v.size())
        throw bad_request(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", v));
    return n;
}

std::vector<std::string> path_segments(std::string_view path) {
    std::vector<std::string> out;
    for (const auto& part : split(path, '/'))
        if (!part.empty())
            out.push_back(url_decode(part, false));
    return out;
}

std::optional<resource_path> parse_resource_path(const std::vector<std::string>& segments) {
    resource_path p;
    std::size_t i = 0;
    if (segments.size() >= 3 && segments[0] == "api") {
        p.version = segments[1];
        i = 2;
    } else if (segments.size() >= 4 && segments[0] == "apis") {
        p.group = segments[1];
        p.version = segments[2];
        i = 3;
    } else {
        return std::nullopt;
    }
    if (segments[i] == "watch" && segments.size() > i + 1) {
        p.watch = true;
        ++i;
    }
    // namespaces/NS/PLURAL, but namespaces/NS and namespaces/NS/status are about the namespace itself.
    if (segments[i] == "namespaces" && segments.size() > i + 2 && segments[i + 2] != "status" &&
        segments[i + 2] != "finalize") {
        p.ns = segments[i + 1];
        i += 2;
    }
    p.plural = segments[i++];
    if (i < segments.size())
        p.name = segments[i++];
    if (i < segments.size())
        p.subresource = segments[i++];
    if (i != segments.size())
        return std::nullopt;
    return p;
}

form accepted_form(std::string_view accept, bool custom) {
    bool known = custom, protobuf = false;
    if (accept.empty())
        return form::object;
    for (const auto& range : split(without_spaces(accept), ',')) {
        const auto parts = split(range, ';');
        const auto& type = parts[0];
        if (type.empty())
            continue;
        if (type != "application/json" && type != "*/*" && type != "application/*" &&
            type != "application/yaml") {
            protobuf = protobuf || type == "application/vnd.kubernetes.protobuf";
            continue;
        }
        known = true;
        std::string as, version, group;
        for (std::size_t i = 1; i < parts.size(); ++i) {
            if (parts[i].compare(0, 3, "as=") == 0)
                as = parts[i].substr(3);
            if (parts[i].compare(0, 2, "v=") == 0)
                version = parts[i].substr(2);
            if (parts[i].compare(0, 2, "g=") == 0)
                group = parts[i].substr(2);
        }
        if (as.empty())
            return form::object;
        if (group == "meta.k8s.io" && version == "v1") {
            if (as == "Table")
                return form::table;
            if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList")
                return form::partial;
        }
    }
    if (protobuf)
        throw status_error(406, "NotAcceptable",
                           "the embedded API server for tests answers in JSON and YAML and not in protobuf; "
                           "accept application/json, too");
    // Where built-in kinds are served, types of no API at all do not get as far as the kind.
    if (!known)
        throw status_error(
            406, "NotAcceptable",
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
            "application/vnd.kubernetes.protobuf")
            .with_empty_details();
    throw status_error(406, "NotAcceptable",
                       "only the following media types are accepted: application/json, application/yaml, "
                       "application/vnd.kubernetes.protobuf");
}

} // namespace gwctl::testing::detail
