#include "connection.hpp"

#include "json_util.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

// The limits of a real API server: 3 MiB for bodies; Go's http.Server takes 1 MiB of headers.
constexpr std::uint64_t largest_body = 3 * 1024 * 1024;
constexpr std::uint32_t largest_header = 1024 * 1024;

auto checked(boost::system::error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

std::string head_of(const http_response& r, bool chunked, bool keep_alive) {
    auto out = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nCache-Control: no-cache, private\r\n",
                           r.code, std::string_view(http::obsolete_reason(static_cast<http::status>(r.code))),
                           r.content_type);
    for (const auto& [name, value] : r.headers)
        out += fmt::format("{}: {}\r\n", name, value);
    if (!keep_alive)
        out += "Connection: close\r\n";
    out += chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                   : fmt::format("Content-Length: {}\r\n\r\n", r.body.size());
    return out;
}

std::string chunk(const std::string& body) { return fmt::format("{:x}\r\n{}\r\n", body.size(), body); }

http_response refusal_of(boost::system::error_code ec) {
    if (ec == http::error::body_limit)
        return answer(status_error(413, "RequestEntityTooLarge",
                                   fmt::format("Request entity too large: limit is {}", largest_body)));
    if (ec == http::error::header_limit)
        return answer(status_error(431, "RequestHeaderFieldsTooLarge", "request header fields too large"));
    return answer(bad_request(fmt::format("the request is not HTTP/1.1: {}", ec.message())));
}

bool watches(const http_request& r) {
    return r.method == "GET" &&
           (r.target.find("watch=true") != std::string::npos ||
            r.target.find("watch=1") != std::string::npos || r.target.find("/watch/") != std::string::npos);
}

std::optional<fault> take_fault(std::list<fault>& faults, const http_request& r) {
    for (auto it = faults.begin(); it != faults.end(); ++it) {
        const bool watch = watches(r);
        if (it->kind == fault_kind::stall_watch && !watch)
            continue;
        if (!it->method.empty() && it->method != r.method && !(it->method == "WATCH" && watch))
            continue;
        if (r.target.find(it->path) == std::string::npos)
            continue;
        fault found = *it;
        if (it->times > 0 && --it->times == 0)
            faults.erase(it);
        return found;
    }
    return std::nullopt;
}

std::optional<http_response> answer_of(const fault& f, const http_request& r) {
    const auto seconds = static_cast<int>(f.retry_after.count());
    switch (f.kind) {
    case fault_kind::forbidden:
        return answer(
            status_error(403, "Forbidden", "forbidden: " + r.method + " " + r.target + " (injected)"));
    case fault_kind::conflict:
        return answer(status_error(409, "Conflict",
                                   "Operation cannot be fulfilled: the object has been modified; please "
                                   "apply your changes to the latest version and try again"));
    case fault_kind::invalid:
        return answer(status_error(422, "Invalid", r.method + " " + r.target + " is invalid (injected)"));
    case fault_kind::gone:
        return answer(expired("too old resource version (injected)"));
    case fault_kind::too_many_requests:
    case fault_kind::unavailable: {
        json::object details;
        details["retryAfterSeconds"] = seconds;
        const bool busy = f.kind == fault_kind::too_many_requests;
        status_error e(busy ? 429 : 503, busy ? "TooManyRequests" : "ServiceUnavailable",
                       busy ? "the server has received too many requests and has asked us to try again later"
                            : "the server is currently unable to handle the request",
                       std::move(details));
        e.retry_after = seconds;
        return answer(e);
    }
    case fault_kind::internal_error:
        return answer(status_error(500, "InternalError", "Internal error occurred: injected"));
    default:
        return std::nullopt;
    }
}

} // namespace

void connection::start(http_server& server, asio::ip::tcp::socket socket) {
    auto executor = socket.get_executor();
    auto self = std::make_shared<connection>(server, std::move(socket));
    asio::co_spawn(executor, run(self), asio::detached);
}

connection::connection(http_server& server, asio::ip::tcp::socket socket)
    : server_(server), socket_(std::move(socket)), timer_(socket_.get_executor()) {
    server_.joined(this);
}
connection::~connection() { server_.left(this); }

void connection::wake() {
    woken_ = true;
    timer_.cancel();
}

void connection::close() {
    closed_ = true;
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    wake();
}

task<void> connection::run(std::shared_ptr<connection> self) {
    // Nothing a client does may end more than its own connection.
    try {
        while (!self->closed_) {
            const bool again = co_await self->serve_one();
            if (!again)
                break;
        }
    } catch (const std::exception&) {
    }
    self->close();
}

task<bool> connection::read(parser& p) {
    p.body_limit(largest_body);
    p.header_limit(largest_header);
    boost::system::error_code ec;
    co_await http::async_read_header(socket_, buffer_, p, checked(ec));
    if (!ec && p.get()[http::field::expect] == "100-continue") {
        std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await send_bytes(std::move(go_on));
    }
    if (!ec && !p.is_done())
        co_await http::async_read(socket_, buffer_, p, checked(ec));
    if (!ec)
        co_return true;
    // Whoever hung up or broke off in mid-request is not answered; whoever sent nonsense is.
    const bool answerable = ec.category() == make_error_code(http::error::bad_method).category() &&
                            ec != http::error::end_of_stream && ec != http::error::partial_message;
    if (answerable) {
        const auto refused = refusal_of(ec);
        co_await send(refused, false, false);
        boost::system::error_code ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        // Read on for a moment, or the reset would overtake the answer.
        std::string rest(64 * 1024, '\0');
        for (int i = 0; i < 256 && !ignored; ++i)
            co_await socket_.async_read_some(asio::buffer(rest), checked(ignored));
    }
    co_return false;
}

task<bool> connection::serve_one() {
    parser p;
    const bool complete = co_await read(p);
    if (!complete)
        co_return false;

    const auto& message = p.get();
    http_request r;
    r.method = std::string(message.method_string());
    r.target = std::string(message.target());
    r.content_type = std::string(message[http::field::content_type]);
    r.accept = std::string(message[http::field::accept]);
    r.user_agent = std::string(message[http::field::user_agent]);
    const bool keep_alive = message.keep_alive();
    r.body = std::move(p.get().body());

    std::optional<fault> fault;
    {
        std::lock_guard lock(server_.state().guard);
        ++server_.state().requests;
        server_.state().reads.note(r);
        fault = take_fault(server_.state().faults, r);
    }
    if (fault && fault->latency.count() > 0) {
        const auto until = std::chrono::steady_clock::now() + fault->latency;
        while (!closed_ && std::chrono::steady_clock::now() < until)
            co_await pause(until);
    }
    if (closed_ || (fault && fault->kind == fault_kind::drop))
        co_return false;

    http_response response;
    std::optional<http_response> injected;
    if (fault)
        injected = answer_of(*fault, r);
    if (injected) {
        response = std::move(*injected);
    } else {
        std::lock_guard lock(server_.state().guard);
        response = server_.state().api.handle(r);
    }
    if (fault && fault->kind == fault_kind::drop_after)
        co_return false;
    if (response.watch) {
        const auto head = head_of(response, true, keep_alive);
        co_await send_bytes(head);
        watch_start w = std::move(*response.watch);
        const bool stalled = fault && fault->kind == fault_kind::stall_watch;
        const bool again = co_await stream(std::move(w), stalled);
        co_return again&& keep_alive;
    }
    co_await send(response, r.method == "HEAD", keep_alive);
    co_return keep_alive;
}

task<void> connection::send(const http_response& r, bool head, bool keep_alive) {
    const auto start = head_of(r, false, keep_alive);
    std::array<asio::const_buffer, 2> parts{asio::buffer(start), asio::buffer(r.body)};
    if (head)
        parts[1] = asio::const_buffer();
    boost::system::error_code ec;
    co_await asio::async_write(socket_, parts, checked(ec));
    if (ec)
        closed_ = true;
}

task<void> connection::send_bytes(std::string bytes) {
    boost::system::error_code ec;
    const auto buffer = asio::buffer(bytes);
    co_await asio::async_write(socket_, buffer, checked(ec));
    if (ec)
        closed_ = true;
}

task<void> connection::pause(std::chrono::steady_clock::time_point until) {
    if (woken_) {
        woken_ = false;
        co_return;
    }
    boost::system::error_code ec;
    timer_.expires_at(until);
    co_await timer_.async_wait(checked(ec));
    woken_ = false;
}

// A client that goes away while a watch is silent is noticed by its end of stream.
void connection::notice_hang_up() {
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](boost::system::error_code ec) {
                           if (ec)
                               return;
                           boost::system::error_code failed;
                           if (self->socket_.available(failed) == 0 || failed)
                               self->close();
                       });
}

std::string connection::next_frames(watch_start& w, bool& end) {
    std::lock_guard lock(server_.state().guard);
    return server_.state().api.next_frames(w, end);
}

task<bool> connection::stream(watch_start w, bool stalled) {
    struct counted {
        shared_state& state;
        explicit counted(shared_state& s) : state(s) {
            std::lock_guard lock(state.guard);
            ++state.open_watches;
            state.tick();
        }
        ~counted() {
            std::lock_guard lock(state.guard);
            --state.open_watches;
            state.tick();
        }
    } count(server_.state());

    notice_hang_up();
    const auto start = std::chrono::steady_clock::now();
    // The real server ends watches after 30 to 60 minutes when the client does not say.
    const auto deadline = start + w.timeout.value_or(std::chrono::seconds(3600));
    auto next_bookmark = start + server_.bookmark_interval();
    std::uint64_t told = w.from;
    bool end = false;
    while (!closed_ && !end) {
        std::string frames;
        if (!stalled)
            frames = next_frames(w, end);
        const auto now = std::chrono::steady_clock::now();
        const bool last = !end && now >= deadline;
        if (frames.empty() && !end && !stalled && w.bookmarks && w.initial.empty() &&
            (now >= next_bookmark || last) && w.from > told) {
            std::lock_guard lock(server_.state().guard);
            frames = server_.state().api.bookmark(w, w.from, false);
            told = w.from;
        }
        if (now >= next_bookmark)
            next_bookmark = now + server_.bookmark_interval();
        if (!frames.empty()) {
            auto bytes = chunk(frames);
            co_await send_bytes(std::move(bytes));
            if (!last)
                continue;
        }
        if (last)
            break;
        if (!end)
            co_await pause(std::min(deadline, next_bookmark));
    }
    if (closed_)
        co_return false;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
    std::string trailer = "0\r\n\r\n";
    co_await send_bytes(std::move(trailer));
    co_return !closed_;
}

} // namespace gwctl::testing::detail
