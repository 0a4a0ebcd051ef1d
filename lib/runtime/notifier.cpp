#include "notifier.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gwctl::detail {

task<void> notifier::wait() {
    namespace asio = boost::asio;
    const auto executor = co_await asio::this_coro::executor;
    waiter self{asio::steady_timer(executor, asio::steady_timer::time_point::max())};
    struct registration {
        std::list<waiter*>& list;
        std::list<waiter*>::iterator position;
        ~registration() { list.erase(position); }
    };
    const registration r{waiters_, waiters_.insert(waiters_.end(), &self)};
    boost::system::error_code aborted;
    co_await self.timer.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
    if (!self.woken)
        throw boost::system::system_error(aborted);
}

void notifier::notify_all() {
    for (waiter* w : waiters_) {
        w->woken = true;
        w->timer.cancel();
    }
}

task<void> sleep_or_notified(clock& time, steady_time deadline, notifier& n) {
    using namespace boost::asio::experimental::awaitable_operators;
    try {
        co_await (time.sleep_until(deadline) || n.wait());
    } catch (const boost::asio::multiple_exceptions&) {
        // Both ended by our own cancellation.
        throw boost::system::system_error(boost::asio::error::operation_aborted);
    }
}

} // namespace gwctl::detail
