#include "resolve.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <memory>

namespace gwctl::detail {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

// Shared with the handler, since the lookup may end after its caller is gone.
struct lookup {
    explicit lookup(const asio::any_io_executor& executor) : resolver(executor), finished(executor) {}
    tcp::resolver resolver;
    asio::steady_timer finished;
    bool done = false;
    error_code ec;
    std::vector<tcp::endpoint> found;
};

} // namespace

task<std::vector<tcp::endpoint>> resolve(std::string host, std::string port, steady_time deadline) {
    error_code ec;
    const auto literal = asio::ip::make_address(host, ec);
    std::vector<tcp::endpoint> found;
    if (!ec) {
        found.emplace_back(literal, static_cast<std::uint16_t>(std::stoul(port)));
        co_return found;
    }

    const auto executor = co_await asio::this_coro::executor;
    const auto state = std::make_shared<lookup>(executor);
    state->finished.expires_at(deadline);
    state->resolver.async_resolve(
        host, port, tcp::resolver::numeric_service,
        [state](const error_code& failed, const tcp::resolver::results_type& results) {
            state->done = true;
            state->ec = failed;
            for (const auto& entry : results)
                state->found.push_back(entry.endpoint());
            state->finished.cancel();
        });
    co_await state->finished.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (state->done && !state->ec)
        co_return std::move(state->found);
    if (!state->done)
        state->resolver.cancel();
    if (!state->done && ec) // not the deadline: the owner of this coroutine
        throw boost::system::system_error(ec);
    const std::string reason = state->done ? state->ec.message() : "no answer from DNS in time";
    throw api_error(
        errc::unreachable,
        fmt::format("cannot resolve {}: {}; is the name right, and does DNS work here?", host, reason));
}

} // namespace gwctl::detail
