#include "pauses.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gwctl::gateway::detail {

task<void> pauses::take() {
    worked_ += watch_.elapsed();
    ++taken_;
    co_await boost::asio::post(boost::asio::use_awaitable);
    watch_ = stopwatch();
    began_ = time_->now();
}

} // namespace gwctl::gateway::detail
