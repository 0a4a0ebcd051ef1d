#include "status_error.hpp"

#include "answer.hpp"

#include <gwctl/core/secrets.hpp>
#include <gwctl/core/utf8.hpp>
#include <gwctl/json/codec.hpp>

#include <fmt/format.h>

#include <charconv>

namespace gwctl::detail {
namespace {

errc code_of(int http_status, std::string_view reason) {
    switch (http_status) {
    case 400:
        return errc::bad_request;
    case 401:
        return errc::unauthorized;
    case 403:
        return errc::forbidden;
    case 404:
        return errc::not_found;
    case 405:
        return errc::method_not_allowed;
    case 406:
        return errc::not_acceptable;
    case 408:
        return errc::server_timeout;
    case 409:
        return reason == "AlreadyExists" ? errc::already_exists : errc::conflict;
    case 410:
        return errc::gone;
    case 413:
        return errc::too_large;
    case 415:
        return errc::unsupported_media_type;
    case 422:
        return errc::invalid;
    case 429:
        return errc::too_many_requests;
    case 500:
        // kube-apiserver's ServerTimeout is a 500: "try again later" (apimachinery, NewServerTimeout).
        return reason == "ServerTimeout" ? errc::server_timeout : errc::internal_error;
    case 502:
    case 503:
        return errc::service_unavailable;
    case 504:
        return errc::server_timeout;
    default:
        if (http_status >= 500)
            return errc::internal_error;
        return http_status >= 400 ? errc::bad_request : errc::protocol;
    }
}

/// Bytes that cannot be part of a terminal's or a log's line become blanks; whole UTF-8 sequences stay.
char printable(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c; }

} // namespace

std::string excerpt(std::string_view all) {
    constexpr std::size_t shown = 200;
    // A page may show the request that led to it. What is hidden must be whole, so that it can be found.
    const std::string body = without_secrets(all.substr(0, 20 * shown));
    std::size_t size = std::min(shown, body.size());
    while (size > 0 && size < body.size() && (static_cast<unsigned char>(body[size]) & 0xc0) == 0x80)
        --size; // not in the middle of a UTF-8 sequence
    std::string out;
    for (const char c : valid_utf8(std::string_view(body).substr(0, size)))
        if (const char p = printable(c); p != ' ' || !out.ends_with(' '))
            out += p;
    while (out.ends_with(' '))
        out.pop_back();
    return size < body.size() ? out + "..." : out;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view header) {
    std::int32_t seconds = 0;
    const auto [end, failed] = std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (failed != std::errc() || end != header.data() + header.size() || seconds < 0)
        return std::nullopt;
    return std::chrono::seconds(seconds);
}

api_error status_error(int http_status, const Status& status, std::string_view subject,
                       std::string_view remedy) {
    const int code = status.code != 0 ? status.code : http_status;
    std::string_view text = "the API server gives no reason";
    if (!status.message.empty())
        text = status.message;
    else if (!status.reason.empty())
        text = status.reason;
    api_error e(code_of(code, status.reason),
                fmt::format("{}: {}{}", subject, without_secrets(text), remedy));
    e.http_status = code;
    e.reason = status.reason;
    for (const StatusCause& cause : status.details.causes)
        e.causes.push_back({cause.reason, cause.message, cause.field});
    if (status.details.retryAfterSeconds.value_or(0) > 0)
        e.retry_after = std::chrono::seconds(*status.details.retryAfterSeconds);
    return e;
}

namespace {

std::string not_served_text(const resource_type& type) {
    std::string versions(type.version);
    if (!type.fallback_version.empty())
        versions.append(", ").append(type.fallback_version);
    std::string remedy = "install its CRD";
    if (type.group == "gateway.networking.k8s.io")
        remedy = "install the Gateway API CRDs";
    else if (is_built_in(type))
        remedy = served_since(type);
    if (remedy.empty())
        remedy = "compare with `kubectl api-resources`";
    return fmt::format("the API server does not serve {} ({}); {}", type.qualified_name(), versions, remedy);
}

std::string_view status_remedy(const resource_type& type) {
    return type.group.find('.') == std::string_view::npos
               ? "; does the object exist, and does its kind have a status?"
               : "; if the object exists, its status cannot be written: does its CRD have "
                 "subresources.status?";
}

/// What to do about an answer that is no Status, and so perhaps not of an API server.
std::string_view remedy_of(int code) {
    if (code == 429)
        return "ask less often";
    if (code >= 500)
        return "is the API server up, or does a proxy in front of it say so?";
    return "this is no Status of the Kubernetes API, so something else may have answered: check the server's "
           "address with its path";
}

bool is_encoded(const http_response& response) {
    const std::string_view encoding = response.header("Content-Encoding");
    return encoding == "gzip" || encoding == "deflate" || encoding == "br" || encoding == "zstd";
}

/// Codes that the API server itself gives with a Status only: without one, whoever stands in front of it
/// refuses, and that says nothing about what the API server would allow.
bool is_strangers(int code) {
    return code / 100 == 4 && code != 404 && code != 408 && code != 409 && code != 410 && code != 413 &&
           code != 429;
}

api_error response_error(const http_response& response, std::string_view body, const request_subject& about,
                         std::string_view host) {
    const std::string& subject = about.text;
    const auto header = parse_retry_after(response.header("Retry-After"));
    const auto status = json::decode<Status>(body);
    const bool is_status = status.has_value() && !status->status.empty();
    if (is_status) {
        api_error e = status_error(response.status(), *status, subject);
        // The API server's words for a path that is not there are those for an object that is not.
        if (e.code() == errc::not_found && about.subresource == "status")
            e = status_error(response.status(), *status, subject, status_remedy(about.type));
        if (header)
            e.retry_after = header;
        return e;
    }
    const int code = response.status();
    std::string message;
    if (code >= 300 && code < 400)
        message =
            fmt::format("{}: {} redirects to \"{}\", which is not followed; give the server's own address",
                        subject, host, excerpt(shown_url(response.header("Location"))));
    else if (body.empty())
        message = fmt::format("{}: {} answered HTTP {}; {}", subject, host, code, remedy_of(code));
    else
        message = fmt::format("{}{}; {}", answer_source(response, subject, host).text(),
                              is_encoded(response) ? std::string(" with an encoding that was not asked for")
                                                   : ": " + excerpt(body),
                              remedy_of(code));
    api_error e(is_strangers(code) ? errc::protocol : code_of(code, {}), message);
    e.http_status = code;
    e.retry_after = header;
    return e;
}

} // namespace

not_served_error::not_served_error(const resource_type& type)
    : api_error(errc::not_found, not_served_text(type)) {
    http_status = 404;
}

void throw_response_error(const http_response& response, std::string_view body, const request_subject& about,
                          std::string_view host) {
    api_error e = response_error(response, body, about, host);
    // An object that is not there is named in the details; a path that is not there is not.
    if (response.status() == 404 && !about.type.kind.empty()) {
        const auto status = json::decode<Status>(body);
        if (status.has_error() || status->status.empty() || status->details.kind.empty())
            throw unknown_path_error(
                fmt::format("{}; this answer names no object, so it says nothing about one", e.what()));
        if (status->details.kind == about.type.plural && !status->details.name.empty())
            throw object_missing_error(e, status->details.name);
    }
    throw e;
}

std::string version_key(const resource_type& type) {
    return type.qualified_name().append(" ").append(type.version);
}

} // namespace gwctl::detail
