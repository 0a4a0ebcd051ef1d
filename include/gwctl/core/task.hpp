/// `task<T>`: what every asynchronous function of gwctl returns.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace gwctl {

/// A coroutine that runs on its manager's executor and is cancelled with its owner.
///
/// A task starts when it is awaited. Its failures are thrown as `api_error`;
/// cancellation as `boost::system::system_error` (operation_aborted). A reference parameter is safe
/// because the awaiting caller owns the object; what must outlive the caller is passed by value.
///
/// With g++ 12, a braced aggregate or a by-value capturing lambda in the same full expression as `co_await`
/// is destroyed twice. Name it first: `auto x = ...; co_await f(x);`.
template <class T = void>
using task = boost::asio::awaitable<T>;

} // namespace gwctl
