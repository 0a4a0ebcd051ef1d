// The parts of a plan as coroutines that pause. Without pauses (`pauses()`) they end without having waited, and give
// what the functions of the same name give.
//
// While such work pauses, stores go on changing. What it has read of a cluster must then stay as it was read: see
// one_answer.hpp.
#pragma once

#include "pauses.hpp"

#include <gwctl/gateway/plan.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>

namespace gwctl::gateway::detail {

// All of their parameters must live until the task ends.
task<judged_listeners> judge_listeners_in_pieces(const snapshot& s, pauses& p);
task<attachments> attach_in_pieces(const snapshot& s, behaviour fallback, pauses& p);
task<desired_state> plan_in_pieces(const snapshot& s, const addressing& addresses, const options& settings,
                                   wall_time now, pauses& p);

/// Runs work to its end, here and now: that of callers that are no coroutines, with `pauses()`.
template <class T>
T finish(task<T> work) {
    boost::asio::io_context loop(1);
    std::exception_ptr failure;
    std::optional<T> made;
    boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr failed, T value) {
        failure = std::move(failed);
        made.emplace(std::move(value));
    });
    loop.run();
    if (failure)
        std::rethrow_exception(failure);
    return std::move(*made);
}

} // namespace gwctl::gateway::detail
