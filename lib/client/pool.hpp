/// Idle keep-alive connections to one server.
#pragma once

#include "connection.hpp"

#include <memory>
#include <vector>

namespace gwctl::detail {

/// Lends the connection that was used last, so that a quiet client ends up with few.
///
/// Age is checked when one is wanted; no timer keeps an io_context running for idle connections. They are
/// closed with the io_context they belong to, so a transport may outlive it.
class connection_pool : public std::enable_shared_from_this<connection_pool> {
public:
    static constexpr std::size_t max_idle = 16;
    /// kube-apiserver closes idle connections after 90 s; we do before that, so that a request rarely meets
    /// one that is being closed.
    static constexpr std::chrono::seconds max_idle_time{60};

    /// An idle connection of that io_context; null when there is none.
    std::unique_ptr<connection> take(boost::asio::execution_context& context, steady_time now);
    void put(std::unique_ptr<connection> c, steady_time now);
    void clear() noexcept { idle_.clear(); }

private:
    struct idle {
        std::unique_ptr<connection> link{};
        steady_time since{};
    };
    std::vector<idle> idle_; ///< the longest idle first; all of one io_context
};

} // namespace gwctl::detail
