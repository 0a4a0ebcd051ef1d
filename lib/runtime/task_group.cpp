#include "task_group.hpp"

#include <gwctl/core/error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>

namespace gwctl::detail {

namespace asio = boost::asio;

bool is_cancellation(const std::exception_ptr& e) noexcept {
    try {
        std::rethrow_exception(e);
    } catch (const boost::system::system_error& s) {
        return s.code() == asio::error::operation_aborted;
    } catch (const api_error& a) {
        return a.code() == errc::cancelled;
    } catch (const asio::multiple_exceptions& m) {
        return is_cancellation(m.first_exception());
    } catch (...) {
        return false;
    }
}

std::string what_of(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::exception& s) {
        return s.what();
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}

void task_group::spawn(std::string name, task<void> body) {
    auto m = std::make_shared<member>();
    m->name = std::move(name);
    const auto position = members_.insert(members_.end(), m);
    asio::co_spawn(executor_, std::move(body),
                   asio::bind_cancellation_slot(m->cancel.slot(), [this, m, position](std::exception_ptr e) {
                       members_.erase(position);
                       if (e && !is_cancellation(e))
                           on_failure_(m->name, what_of(e));
                       ended_.notify_all();
                   }));
}

void task_group::cancel() {
    const auto now = members_;
    for (const auto& m : now)
        m->cancel.emit(asio::cancellation_type::all);
}

task<void> task_group::join() {
    while (!members_.empty())
        co_await ended_.wait();
}

task<bool> task_group::join_until(clock& time, steady_time deadline) {
    while (!members_.empty()) {
        if (time.now() >= deadline)
            co_return false;
        co_await sleep_or_notified(time, deadline, ended_);
    }
    co_return true;
}

} // namespace gwctl::detail
