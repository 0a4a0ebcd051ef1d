/// An owner for spawned tasks: it can cancel them and wait for their end.
#pragma once

#include "notifier.hpp"

#include <gwctl/core/clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>

namespace gwctl::detail {

/// Whether an exception is how a cancelled task ends.
bool is_cancellation(const std::exception_ptr& e) noexcept;

/// What an exception says, for log lines.
std::string what_of(const std::exception_ptr& e);

/// Use from the thread of its executor.
class task_group {
public:
    /// `on_failure` gets what a task threw, unless it was cancelled.
    using failure_handler = std::function<void(const std::string& name, const std::string& what)>;
    task_group(boost::asio::any_io_executor executor, failure_handler on_failure)
        : executor_(std::move(executor)), on_failure_(std::move(on_failure)) {}

    void spawn(std::string name, task<void> body);
    void cancel();
    bool empty() const noexcept { return members_.empty(); }
    std::size_t size() const noexcept { return members_.size(); }

    /// Waits until all tasks ended.
    task<void> join();
    /// The same, but for no longer than until `deadline`. Returns whether all ended.
    task<bool> join_until(clock& time, steady_time deadline);

private:
    struct member {
        std::string name;
        boost::asio::cancellation_signal cancel{};
    };
    boost::asio::any_io_executor executor_;
    failure_handler on_failure_;
    std::list<std::shared_ptr<member>> members_;
    notifier ended_;
};

} // namespace gwctl::detail
