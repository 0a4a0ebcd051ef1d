#include "client_state.hpp"

#include "user_agent.hpp"

#include <gwctl/client/timer.hpp>
#include <gwctl/core/log.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl {
namespace {

/// As client-go: a server that asks for more patience than this is not obeyed any longer.
constexpr int max_retries = 10;
/// Status objects are small; of anything else only the beginning is shown.
constexpr std::size_t max_error_body = 256 * 1024;

bool asks_to_retry(int status) { return status == 429 || status >= 500; }

/// Reads up to `limit` bytes; reading to the end gives the connection back.
task<std::string> read_body(http_response& response, std::size_t limit) {
    std::string body;
    while (body.size() <= limit) {
        const std::string_view piece = co_await response.read_some();
        if (piece.empty())
            break;
        body += piece;
    }
    co_return body;
}

} // namespace

client::state::state(std::shared_ptr<transport> t, client_options o)
    : link(std::move(t)), options(std::move(o)), time(options.time ? *options.time : system_clock()) {
    if (options.field_manager.empty())
        throw api_error(errc::precondition, "client_options.field_manager: expected a name, got \"\"");
    if (!detail::is_user_agent(options.user_agent))
        throw api_error(
            errc::precondition,
            "client_options.user_agent: expected one line of printable ASCII, such as my-operator/1.2");
}

http_request client::state::make_read(const resource_type& type, bool list, std::string target) const {
    http_request r = make_request("GET", std::move(target));
    // What cannot give metadata alone gives whole objects, of which the rest is skipped.
    if (type.metadata_only)
        r.headers.front().second =
            fmt::format("application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json",
                        list ? "List" : "");
    return r;
}

http_request client::state::make_request(std::string method, std::string target) const {
    http_request r;
    r.method = std::move(method);
    r.target = std::move(target);
    r.headers.emplace_back("Accept", "application/json");
    r.timeout = options.timeout;
    return r;
}

task<std::unique_ptr<http_response>> client::state::send(const http_request& request) {
    try {
        auto response = co_await link->send(request);
        observe(request.method, response->status());
        co_return response;
    } catch (const api_error&) {
        observe(request.method, 0);
        throw;
    }
}

/// An observer that throws fails no request.
void client::state::observe(std::string_view method, int status) {
    if (!observer)
        return;
    try {
        observer(method, status, link->host());
    } catch (const std::exception& e) {
        log::error("an observer of requests threw", {{"method", method}, {"error", e.what()}});
    } catch (...) {
        log::error("an observer of requests threw", {{"method", method}, {"error", "no std::exception"}});
    }
}

task<std::unique_ptr<http_response>> client::state::open(http_request request,
                                                         detail::request_subject about) {
    const auto names_program = [](const auto& header) { return header.first == "User-Agent"; };
    if (std::none_of(request.headers.begin(), request.headers.end(), names_program))
        request.headers.emplace_back("User-Agent", detail::user_agent(options.user_agent));
    for (int retries = 0;; ++retries) {
        auto response = co_await send(request);
        const int status = response->status();
        if (status / 100 == 2)
            co_return response;
        const std::string body = co_await read_body(*response, max_error_body);
        const auto wait = detail::parse_retry_after(response->header("Retry-After"));
        // A longer wait than the caller grants a request is the caller's to decide on:
        // api_error::retry_after.
        if (asks_to_retry(status) && wait && *wait <= options.timeout && retries < max_retries) {
            response.reset();
            co_await time.sleep_for(*wait);
            continue;
        }
        detail::throw_response_error(*response, body, about, link->host());
    }
}

task<std::unique_ptr<http_response>> client::state::open(request_maker make, detail::request_subject about) {
    const resource_type type = about.type;
    for (bool again = false;; again = true) {
        const std::string version = co_await served_version(type);
        http_request request = make(version);
        std::optional<detail::unknown_path_error> unknown_path;
        try {
            co_return co_await open(std::move(request), about);
        } catch (const detail::unknown_path_error& e) {
            unknown_path = e;
        }
        co_await ask_whether_served(type, *unknown_path);
        // Nothing was carried out, so another version is safe for writes, too.
        if (again || remembered_version(type) == version)
            throw *unknown_path;
    }
}

task<std::string> client::state::body(http_request request, detail::request_subject about) {
    const std::string subject = about.text;
    auto response = co_await open(std::move(request), std::move(about));
    co_return co_await read_all(std::move(response), subject);
}

task<std::string> client::state::body(request_maker make, detail::request_subject about,
                                      detail::expected_answer expected) {
    const resource_type type = about.type;
    const std::string subject = about.text;
    auto response = co_await open(std::move(make), std::move(about));
    const detail::answer_source source(*response, subject, link->host());
    std::string body = co_await read_all(std::move(response), subject);
    detail::check_answer(source, body, type, expected);
    co_return body;
}

task<std::string> client::state::read_all(std::unique_ptr<http_response> response, std::string subject) {
    std::string body = co_await read_body(*response, options.max_response_bytes);
    if (body.size() > options.max_response_bytes)
        throw api_error(errc::too_large,
                        fmt::format("{}: expected an answer of at most {} bytes, got a longer one", subject,
                                    options.max_response_bytes));
    co_return body;
}

} // namespace gwctl
