/// What can go wrong, and the two ways of saying it: tasks throw `api_error`, code without I/O returns
/// `result<T>`.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl {

/// Why an operation failed, in the terms a caller acts on.
enum class errc {
    // The API server's answer; the names follow metav1.StatusReason.
    bad_request,            ///< 400
    unauthorized,           ///< 401
    forbidden,              ///< 403
    not_found,              ///< 404
    method_not_allowed,     ///< 405
    not_acceptable,         ///< 406
    already_exists,         ///< 409, reason AlreadyExists
    conflict,               ///< 409, any other reason: read again and retry
    gone,                   ///< 410: the resourceVersion or continue token is too old; list again
    too_large,              ///< 413
    unsupported_media_type, ///< 415
    invalid,                ///< 422
    too_many_requests,      ///< 429
    internal_error,         ///< 500
    service_unavailable,    ///< 503
    server_timeout,         ///< 504
    // No answer from the API server.
    unreachable,     ///< resolving or connecting failed; the request was not sent
    tls,             ///< the handshake failed; the request was not sent
    timeout,         ///< our deadline passed; the request may have taken effect
    connection_lost, ///< the connection broke; the request may have taken effect
    protocol,        ///< the peer does not speak HTTP/1.1, or is no API server
    // Neither.
    decode,       ///< bytes that are not the JSON or YAML we expected
    config,       ///< flags, kubeconfig, mounted files
    cancelled,    ///< the operation was cancelled by its owner
    precondition, ///< a rule of gwctl's own was broken by its caller
};

/// The name of the code, as in the enumeration: "not_found".
std::string_view to_string(errc code) noexcept;

/// The error side of `result<T>`.
struct error {
    errc code = errc::internal_error;
    /// One line, complete on its own: which object or file, which field, what was expected, what to do.
    std::string message;

    friend bool operator==(const error&, const error&) = default;
};

/// One field of an object that the API server did not accept (metav1.StatusCause).
struct status_cause {
    std::string reason;
    std::string message;
    std::string field;
};

/// What tasks throw.
///
/// Carries the API server's Status where there is one, so that callers can tell a conflict from a refusal
/// without reading the message.
class api_error : public std::runtime_error {
public:
    api_error(errc code, const std::string& message) : std::runtime_error(message), code_(code) {}
    explicit api_error(const error& e) : api_error(e.code, e.message) {}

    errc code() const noexcept { return code_; }

    /// HTTP status code; 0 when no answer came.
    int http_status = 0;
    /// metav1.Status.reason as the server wrote it: "AlreadyExists", "Expired".
    std::string reason;
    /// metav1.Status.details.causes.
    std::vector<status_cause> causes;
    /// The server's wish from `Retry-After` or `details.retryAfterSeconds`.
    std::optional<std::chrono::seconds> retry_after;

private:
    errc code_;
};

/// A value, or why there is none. `value()` throws `api_error` when there is none.
template <class T>
using result = boost::system::result<T, error>;

/// Found by `result<T>::value()`.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

/// True for failures that trying again later can mend (5xx, 429, timeouts, lost connections), false for those
/// where the request itself must change.
bool is_transient(errc code) noexcept;

} // namespace gwctl
