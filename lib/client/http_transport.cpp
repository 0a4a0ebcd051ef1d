#include "credentials.hpp"
#include "pool.hpp"
#include "proxy.hpp"
#include "request_writer.hpp"
#include "response_parser.hpp"

#include <gwctl/client/config.hpp>
#include <gwctl/client/transport.hpp>
#include <gwctl/core/log.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <mutex>
#include <set>

namespace gwctl {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using detail::connection;
using detail::connection_pool;
using detail::endpoint;
using detail::response_parser;

steady_time now() { return std::chrono::steady_clock::now(); }

/// Throws what a failed read or write of `c` means. `so_far` is what had come by then, "" for nothing worth saying.
[[noreturn]] void throw_failure(const connection& c, const error_code& ec, const std::string& url,
                                std::chrono::milliseconds timeout, bool is_write, std::string_view so_far) {
    const std::string_view doubt = is_write ? "; the request may have taken effect" : "";
    if (c.timed_out())
        throw api_error(errc::timeout, fmt::format("{} was silent for {}{}{}", url,
                                                   std::chrono::duration<double>(timeout), so_far, doubt));
    if (ec == asio::error::operation_aborted)
        throw boost::system::system_error(ec);
    const bool ended = ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
    throw api_error(errc::connection_lost,
                    fmt::format("lost the connection to {}: {}{}{}", url,
                                ended ? "the server closed it" : ec.message(), so_far, doubt));
}

/// Once for each server and process, since a manager has more than one transport. On loopback too: what listens
/// there may be a forwarder, and whoever shares the host or the pod can listen in.
void warn_of_plain_text(const std::string& url) {
    static std::mutex guard;
    static std::set<std::string> told;
    const std::lock_guard lock(guard);
    if (told.insert(url).second)
        log::warn(
            "the bearer token is sent without encryption, so whoever is on the way can use it; name a server "
            "with https://, or give no token",
            {{"server", url}});
}

class response final : public http_response {
public:
    response(std::shared_ptr<connection_pool> pool, std::string url)
        : pool_(std::move(pool)), url_(std::move(url)) {}

    int status() const noexcept override { return parser_->status(); }
    std::string_view header(std::string_view name) const noexcept override { return parser_->header(name); }
    task<std::string_view> read_some() override;

private:
    friend class http_transport;
    /// How much of the body has come, where its length is known.
    std::string so_far() const {
        const auto said = parser_->content_length();
        return said ? fmt::format(", after {} of the {} bytes that its Content-Length says", taken_, *said)
                    : std::string();
    }
    /// Takes the next element of what was received; false when more must be received first.
    bool parse() {
        if (connection_->received().empty())
            return false;
        const auto used = parser_->put(connection_->received());
        if (used.has_error())
            throw api_error(used.error().code, fmt::format("{}: {}", url_, used.error().message));
        connection_->consume(*used);
        taken_ += parser_->piece().size();
        return *used > 0;
    }

    std::shared_ptr<connection_pool> pool_;
    std::string url_;
    std::unique_ptr<connection> connection_; // null after the end of the body
    std::unique_ptr<response_parser> parser_;
    std::chrono::milliseconds idle_timeout_{};
    std::chrono::milliseconds limit_{}; ///< for the head to arrive
    bool is_write_ = false;
    std::uint64_t taken_ = 0; ///< bytes of the body
};

task<std::string_view> response::read_some() {
    while (connection_ && !parser_->done()) {
        if (parse()) {
            if (!parser_->piece().empty())
                co_return parser_->piece();
            continue;
        }
        connection_->set_deadline(now() + idle_timeout_);
        const error_code ec = co_await connection_->receive();
        connection_->pause_deadline();
        if (ec == asio::error::eof && parser_->end())
            break;
        if (ec) {
            // Whatever is asked of a broken response again fails again, instead of looking like its end.
            throw_failure(*connection_, ec, url_, idle_timeout_, is_write_, so_far());
        }
    }
    if (connection_ && parser_->keep_alive() && connection_->received().empty())
        pool_->put(std::move(connection_), now());
    connection_.reset();
    co_return std::string_view();
}

class http_transport final : public transport {
public:
    http_transport(const cluster_config& config, endpoint server)
        : server_(std::move(server)), url_(server_.url()), host_(server_.authority()),
          server_name_(config.tls_server_name), credentials_(config, server_.tls),
          unused_proxy_(detail::unused_proxy(server_, detail::process_environment())),
          pool_(std::make_shared<connection_pool>()) {
        detail::tell_of_proxy(unused_proxy_, host_);
    }

    task<std::unique_ptr<http_response>> send(http_request request) override;
    std::string_view host() const noexcept override { return host_; }

private:
    task<std::unique_ptr<response>> exchange(const http_request& request, const detail::identity& who);
    task<std::unique_ptr<connection>> open(const detail::identity& who, steady_time deadline);
    task<error_code> converse(response& r, const http_request& request, const std::string& bytes,
                              steady_time deadline);
    task<void> ask(response& r, send_permit& permit, steady_time deadline);

    endpoint server_;
    std::string url_;
    std::string host_;
    std::string server_name_;
    detail::credentials credentials_;
    std::string unused_proxy_;
    std::shared_ptr<connection_pool> pool_;
    std::weak_ptr<asio::ssl::context> used_context_;
};

task<std::unique_ptr<http_response>> http_transport::send(http_request request) {
    detail::identity who = co_await credentials_.current();
    std::unique_ptr<response> answer = co_await exchange(request, who);
    // A refused request had no effect, so this is safe for writes too.
    if (answer->status() != 401)
        co_return answer;
    const bool another = co_await credentials_.replaced(who);
    if (another) {
        who = co_await credentials_.current();
        answer = co_await exchange(request, who);
    }
    co_return answer;
}

task<std::unique_ptr<response>> http_transport::exchange(const http_request& request,
                                                         const detail::identity& who) {
    const auto bytes = detail::write_request(request, server_, who.token);
    if (bytes.has_error())
        throw api_error(bytes.error());
    if (!server_.tls && !who.token.empty())
        warn_of_plain_text(url_);
    const bool is_read = request.method == "GET" || request.method == "HEAD";
    const steady_time deadline = now() + request.timeout;
    const auto executor = co_await asio::this_coro::executor;

    auto answer = std::make_unique<response>(pool_, url_);
    answer->is_write_ = !is_read;
    answer->idle_timeout_ = request.idle_timeout.value_or(request.timeout);
    answer->limit_ = request.timeout;
    if (used_context_.lock() != who.tls)
        pool_->clear(); // they prove an identity that has been replaced
    used_context_ = who.tls;
    auto link = pool_->take(asio::query(executor, asio::execution::context), now());
    bool reused = link != nullptr;
    while (true) {
        if (!reused)
            link = co_await open(who, deadline);
        link->set_deadline(deadline);
        answer->connection_ = std::move(link);
        answer->parser_ = std::make_unique<response_parser>(request.method == "HEAD");
        const error_code ec = co_await converse(*answer, request, *bytes, deadline);
        if (!ec)
            break;
        // The server may have closed an idle connection just as we took it. Only a read may be sent twice.
        const connection& c = *answer->connection_;
        const bool stale = reused && is_read && !c.timed_out() && ec != asio::error::operation_aborted &&
                           !answer->parser_->got_some();
        if (!stale)
            throw_failure(c, ec, url_, answer->limit_, !is_read, {});
        reused = false;
    }
    answer->connection_->pause_deadline();
    if (request.permit)
        answer->connection_->keep_unsent();
    co_return answer;
}

task<std::unique_ptr<connection>> http_transport::open(const detail::identity& who, steady_time deadline) {
    const auto executor = co_await asio::this_coro::executor;
    detail::tls_use tls;
    tls.context = who.tls;
    tls.server_name = server_name_;
    auto link = std::make_unique<connection>(executor);
    std::optional<error> failed;
    try {
        co_await link->open(server_, std::move(tls), deadline);
    } catch (const api_error& e) {
        if (unused_proxy_.empty())
            throw;
        failed = error{e.code(), e.what()};
    }
    if (failed)
        throw api_error(failed->code,
                        fmt::format("{}; the proxy that {} names is not used, since proxies are not "
                                    "supported",
                                    failed->message, unused_proxy_));
    co_return link;
}

/// Waits for leave to send what comes next; what is not through by its end never gets there.
task<void> http_transport::ask(response& r, send_permit& permit, steady_time deadline) {
    r.connection_->pause_deadline(); // the permit has one of its own
    const std::chrono::milliseconds left = co_await permit.wait();
    r.limit_ = std::min(r.limit_, left);
    r.connection_->set_deadline(std::min(deadline, now() + r.limit_));
    r.connection_->drop_unsent(r.limit_);
}

task<error_code> http_transport::converse(response& r, const http_request& request, const std::string& bytes,
                                          steady_time deadline) {
    error_code ec;
    std::string_view rest = bytes;
    while (!rest.empty() && !ec && !r.connection_->timed_out()) {
        if (request.permit)
            co_await ask(r, *request.permit, deadline);
        ec = co_await r.connection_->write_some(rest);
    }
    if (!rest.empty() && !ec)
        ec = asio::error::timed_out;
    // A server that refuses a large body answers and closes before it has read all of it.
    const error_code write_failure = ec;
    if (ec && (r.connection_->timed_out() || ec == asio::error::operation_aborted))
        co_return ec;
    while (!r.parser_->head_done()) {
        if (r.parse())
            continue;
        ec = co_await r.connection_->receive();
        if (ec)
            co_return write_failure ? write_failure : ec;
    }
    co_return error_code();
}

} // namespace

std::shared_ptr<transport> make_http_transport(cluster_config config) {
    auto server = detail::endpoint_of(config);
    if (server.has_error())
        throw api_error(
            server.error().code,
            fmt::format("{}{}{}", config.origin, config.origin.empty() ? "" : ": ", server.error().message));
    return std::make_shared<http_transport>(config, std::move(*server));
}

} // namespace gwctl
