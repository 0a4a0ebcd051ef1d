#include "pool.hpp"

#include <boost/asio/execution_context.hpp>

#include <algorithm>

namespace gwctl::detail {
namespace {

/// Empties the pools that hold sockets of an io_context when that is about to end.
class pool_service final : public boost::asio::execution_context::service {
public:
    static boost::asio::execution_context::id id;
    explicit pool_service(boost::asio::execution_context& owner) : service(owner) {}

    void watch(const std::shared_ptr<connection_pool>& pool) {
        const auto same = [&](const auto& known) { return known.lock() == pool; };
        if (std::any_of(pools_.begin(), pools_.end(), same))
            return;
        std::erase_if(pools_, [](const auto& known) { return known.expired(); });
        pools_.push_back(pool);
    }

private:
    void shutdown() override {
        for (const auto& known : pools_)
            if (const auto pool = known.lock())
                pool->clear();
    }

    std::vector<std::weak_ptr<connection_pool>> pools_;
};

boost::asio::execution_context::id pool_service::id;

} // namespace

std::unique_ptr<connection> connection_pool::take(boost::asio::execution_context& context, steady_time now) {
    std::unique_ptr<connection> found;
    while (!idle_.empty() && !found) {
        idle candidate = std::move(idle_.back());
        idle_.pop_back();
        if (&candidate.link->context() == &context && now - candidate.since < max_idle_time &&
            candidate.link->reusable())
            found = std::move(candidate.link);
    }
    // Those before it have been idle for longer.
    std::erase_if(idle_, [&](const idle& other) { return now - other.since >= max_idle_time; });
    return found;
}

void connection_pool::put(std::unique_ptr<connection> c, steady_time now) {
    c->stop_deadline();
    auto& context = c->context();
    if (!idle_.empty() && &idle_.front().link->context() != &context)
        idle_.clear();
    if (idle_.size() >= max_idle)
        idle_.erase(idle_.begin());
    boost::asio::use_service<pool_service>(context).watch(shared_from_this());
    idle_.push_back({std::move(c), now});
}

} // namespace gwctl::detail
