#include "request_writer.hpp"

#include "user_agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace gwctl::detail {
namespace {

bool visible(char c) { return c > 0x20 && c < 0x7f; }
/// RFC 9110 section 5.5, without the obsolete folding.
bool fit_for_header(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

bool all(std::string_view text, bool (*fits)(char)) { return std::all_of(text.begin(), text.end(), fits); }

} // namespace

result<std::string> write_request(const http_request& request, const endpoint& server,
                                  std::string_view token) {
    if (request.method.empty() || !all(request.method, visible))
        return error{errc::precondition, "http_request.method: expected a word like GET"};
    if (!request.target.starts_with('/') || !all(request.target, visible))
        return error{
            errc::precondition,
            fmt::format("http_request.target: expected a percent-encoded path, got \"{}\"", request.target)};
    if (!all(token, visible))
        return error{errc::config, "the bearer token contains blanks or control characters"};

    std::string out;
    out.reserve(512 + request.target.size() + token.size() + request.body.size());
    // Without Accept-Encoding any encoding would be welcome (RFC 9110, section 12.5.3).
    fmt::format_to(std::back_inserter(out), "{} {}{} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\n",
                   request.method, server.prefix, request.target, server.host_header());
    const auto names_program = [](const auto& header) { return header.first == "User-Agent"; };
    if (std::none_of(request.headers.begin(), request.headers.end(), names_program))
        out.append("User-Agent: ").append(user_agent({})).append("\r\n");
    if (!token.empty())
        out.append("Authorization: Bearer ").append(token).append("\r\n");
    for (const auto& [name, value] : request.headers) {
        if (name.empty() || !all(name, visible) || !all(value, fit_for_header))
            return error{errc::precondition,
                         fmt::format("http_request.headers: \"{}\" contains a control character", name)};
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
        request.method == "PATCH")
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", request.body.size());
    out.append("\r\n").append(request.body);
    return out;
}

} // namespace gwctl::detail
