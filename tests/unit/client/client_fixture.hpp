/// A client on a transport that answers from a list.
#pragma once

#include "scripted_server.hpp"

#include <gwctl/client/client.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <optional>

namespace gwctl::test {

namespace asio = boost::asio;

struct reply {
    reply(int s, std::string b, std::string retry = {})
        : status(s), body(std::move(b)), retry_after(std::move(retry)) {}
    int status;
    std::string body;
    std::string retry_after;
    std::string content_type = "application/json";
    std::string content_encoding{};
    std::string location{};
    std::string content_length{};
};

class reply_response final : public http_response {
public:
    explicit reply_response(reply r) : reply_(std::move(r)) {}
    int status() const noexcept override { return reply_.status; }
    std::string_view header(std::string_view name) const noexcept override {
        if (name == "Retry-After")
            return reply_.retry_after;
        if (name == "Content-Type")
            return reply_.content_type;
        if (name == "Content-Encoding")
            return reply_.content_encoding;
        if (name == "Content-Length")
            return reply_.content_length;
        return name == "Location" ? std::string_view(reply_.location) : std::string_view();
    }
    task<std::string_view> read_some() override {
        co_await asio::post(asio::use_awaitable);
        const std::string_view piece = std::string_view(reply_.body).substr(at_, 7);
        at_ += piece.size();
        co_return piece;
    }

private:
    reply reply_;
    std::size_t at_ = 0;
};

/// Answers from a list, and writes down what it was asked.
class scripted_transport final : public transport {
public:
    task<std::unique_ptr<http_response>> send(http_request request) override {
        co_await asio::post(asio::use_awaitable);
        log.push_back(request.method + " " + request.target);
        last = std::move(request);
        if (replies.empty())
            throw api_error(errc::connection_lost, "lost the connection");
        auto response = std::make_unique<reply_response>(std::move(replies.front()));
        replies.pop_front();
        co_return response;
    }
    std::string_view host() const noexcept override { return "api:6443"; }

    std::deque<reply> replies;
    std::vector<std::string> log;
    http_request last;
};

/// Counts what it is asked to wait, and does not.
class idle_clock final : public gwctl::clock {
public:
    steady_time now() const noexcept override { return steady_time(waited); }
    wall_time wall_now() const noexcept override { return {}; }
    task<void> sleep_until(steady_time deadline) override {
        co_await asio::post(asio::use_awaitable);
        waited = std::chrono::duration_cast<std::chrono::seconds>(deadline.time_since_epoch());
    }
    std::chrono::seconds waited{0};
};

struct fixture {
    fixture() : api(link, options()) {}
    client_options options() {
        client_options o;
        o.field_manager = "test";
        o.max_response_bytes = 10'000;
        o.time = &time;
        return o;
    }
    void will_answer(int status, std::string body, std::string retry = {}) {
        link->replies.emplace_back(status, std::move(body), std::move(retry));
    }
    void will_answer(reply r) { link->replies.push_back(std::move(r)); }
    std::string sent() const { return link->log.empty() ? "" : link->log.back(); }
    std::string header(std::string_view name) const {
        for (const auto& [key, value] : link->last.headers)
            if (key == name)
                return value;
        return {};
    }

    asio::io_context io;
    idle_clock time;
    std::shared_ptr<scripted_transport> link = std::make_shared<scripted_transport>();
    client api;
};

template <class T>
task<void> keep(task<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
}

template <class T>
T result_of(fixture& f, task<T> work) {
    std::optional<T> out;
    run(f.io, keep(std::move(work), out));
    return std::move(*out);
}

template <class T>
api_error error_of(fixture& f, task<T> work) {
    try {
        result_of(f, std::move(work));
    } catch (const api_error& e) {
        return e;
    }
    return {errc::precondition, "no error"};
}

} // namespace gwctl::test
