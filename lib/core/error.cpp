#include <gwctl/core/error.hpp>

namespace gwctl {

std::string_view to_string(errc code) noexcept {
    switch (code) {
    case errc::bad_request:
        return "bad_request";
    case errc::unauthorized:
        return "unauthorized";
    case errc::forbidden:
        return "forbidden";
    case errc::not_found:
        return "not_found";
    case errc::method_not_allowed:
        return "method_not_allowed";
    case errc::not_acceptable:
        return "not_acceptable";
    case errc::already_exists:
        return "already_exists";
    case errc::conflict:
        return "conflict";
    case errc::gone:
        return "gone";
    case errc::too_large:
        return "too_large";
    case errc::unsupported_media_type:
        return "unsupported_media_type";
    case errc::invalid:
        return "invalid";
    case errc::too_many_requests:
        return "too_many_requests";
    case errc::internal_error:
        return "internal_error";
    case errc::service_unavailable:
        return "service_unavailable";
    case errc::server_timeout:
        return "server_timeout";
    case errc::unreachable:
        return "unreachable";
    case errc::tls:
        return "tls";
    case errc::timeout:
        return "timeout";
    case errc::connection_lost:
        return "connection_lost";
    case errc::protocol:
        return "protocol";
    case errc::decode:
        return "decode";
    case errc::config:
        return "config";
    case errc::cancelled:
        return "cancelled";
    case errc::precondition:
        return "precondition";
    }
    return "unknown";
}

void throw_exception_from_error(const error& e, const boost::source_location&) { throw api_error(e); }

bool is_transient(errc code) noexcept {
    switch (code) {
    case errc::too_many_requests:
    case errc::internal_error:
    case errc::service_unavailable:
    case errc::server_timeout:
    case errc::unreachable:
    case errc::tls:
    case errc::timeout:
    case errc::connection_lost:
    case errc::protocol: // whatever answers in place of the API server goes again
        return true;
    default:
        return false;
    }
}

} // namespace gwctl
