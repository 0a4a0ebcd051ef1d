/// Answers of the API server that are errors.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/client/transport.hpp>
#include <gwctl/core/error.hpp>

#include <string>
#include <string_view>

namespace gwctl::detail {

/// The error that a Status says. `subject` is what the request was about: "Gateway default/web"; `remedy` is
/// put behind the server's words.
api_error status_error(int http_status, const Status& status, std::string_view subject,
                       std::string_view remedy = {});

/// What a request is about.
struct request_subject {
    request_subject() = default;
    std::string text{};        ///< "Gateway default/web"
    resource_type type{};      ///< empty kind: none in particular
    std::string subresource{}; ///< "status"
};

/// Discovery says that the server does not serve a kind in any version asked for: `errc::not_found`.
class not_served_error : public api_error {
public:
    explicit not_served_error(const resource_type& type);
};

/// A 404 that names no object: the path is unknown to whatever answered, the API server or something before it. So
/// it says nothing about any object: `errc::protocol`, and never `errc::not_found`. Only discovery can say whether the
/// kind is not served.
class unknown_path_error : public api_error {
public:
    explicit unknown_path_error(const std::string& message) : api_error(errc::protocol, message) {
        http_status = 404;
    }
};

/// Whether a kind belongs to Kubernetes itself, which serves it without a CustomResourceDefinition.
bool is_built_in(const resource_type& type);
/// "Kubernetes 1.21 and newer serve it", for a built-in kind; "" when the release is not known.
std::string served_since(const resource_type& type);

/// Throws the error of a response that is not 2xx. A body that is no Status is quoted in part.
[[noreturn]] void throw_response_error(const http_response& response, std::string_view body,
                                       const request_subject& about, std::string_view host);

/// What a kind's served version is remembered under.
std::string version_key(const resource_type& type);

/// The seconds of a Retry-After header; none where there is none or it is a date.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view header);

/// One line of at most 200 bytes from the beginning of `body`, without control characters, and UTF-8
/// whatever the body is.
std::string excerpt(std::string_view body);

} // namespace gwctl::detail
