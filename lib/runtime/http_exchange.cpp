#include "http_exchange.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/buffer.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::detail {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

bool must_wait(const error_code& e) {
    return e == asio::error::would_block || e == asio::error::try_again || e == asio::error::interrupted;
}

std::string_view reason_of(int status) { return http::obsolete_reason(static_cast<http::status>(status)); }

} // namespace

http_exchange::http_exchange(tcp::socket s) : socket(std::move(s)), deadline(socket.get_executor()) {
    parser_.header_limit(most_header_bytes);
    parser_.eager(false);
    error_code failed;
    socket.non_blocking(true, failed);
    if (failed)
        stage_ = stage::done;
}

bool http_exchange::advance(const handler& handle) {
    const bool has_read = stage_ == stage::reading && read(handle);
    const bool has_written = stage_ == stage::writing && write();
    return has_read || has_written;
}

void http_exchange::close() {
    stage_ = stage::done;
    deadline.cancel();
    error_code ignored;
    socket.close(ignored);
}

bool http_exchange::read(const handler& handle) {
    bool some = false;
    while (stage_ == stage::reading) {
        error_code failed;
        const std::size_t n =
            socket.read_some(asio::buffer(received_.data() + filled_, received_.size() - filled_), failed);
        if (must_wait(failed))
            break;
        if (failed) {
            stage_ = stage::done;
            break;
        }
        some = true;
        filled_ += n;
        if (parse(handle))
            stage_ = stage::writing;
    }
    return some;
}

bool http_exchange::parse(const handler& handle) {
    error_code malformed;
    const std::size_t used = parser_.put(asio::buffer(received_.data(), filled_), malformed);
    if (malformed && malformed != http::error::need_more && malformed != http::error::header_limit) {
        answer_plainly(400, "not an HTTP request\n");
        return true;
    }
    std::copy(received_.begin() + static_cast<std::ptrdiff_t>(used),
              received_.begin() + static_cast<std::ptrdiff_t>(filled_), received_.begin());
    filled_ -= used;
    if (!parser_.is_header_done()) {
        const bool is_full = malformed == http::error::header_limit || filled_ == received_.size();
        if (is_full)
            answer_plainly(431, "the request's headers are too long\n");
        return is_full;
    }
    const auto& request = parser_.get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        answer_plainly(405, "only GET and HEAD\n");
        return true;
    }
    const std::string target(request.target());
    const std::size_t question = std::min(target.find('?'), target.size());
    const std::string_view path = std::string_view(target).substr(0, question);
    const std::string_view query =
        question == target.size() ? std::string_view() : std::string_view(target).substr(question + 1);
    try {
        answer_with(handle(path, query), request.method() == http::verb::get);
    } catch (const std::exception& e) {
        // What went wrong is for the log; anybody can ask here.
        log::error("a probe or scrape cannot be answered", {{"path", path}, {"error", e.what()}});
        answer_plainly(500, "failed; the log says why\n");
    }
    return true;
}

void http_exchange::answer_plainly(int status, std::string text) {
    http_answer a;
    a.status = status;
    a.body = std::move(text);
    answer_with(a, true);
}

void http_exchange::answer_with(const http_answer& a, bool with_body) {
    answer_ = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                          "{}Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                          a.status, reason_of(a.status), a.content_type, a.body.size(),
                          a.status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (with_body)
        answer_ += a.body;
}

bool http_exchange::write() {
    bool some = false;
    while (written_ < answer_.size()) {
        error_code failed;
        const std::size_t n =
            socket.write_some(asio::buffer(answer_.data() + written_, answer_.size() - written_), failed);
        if (must_wait(failed))
            return some;
        if (failed)
            break;
        some = true;
        written_ += n;
    }
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    stage_ = stage::done;
    return some;
}

} // namespace gwctl::detail
