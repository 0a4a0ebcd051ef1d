/// Which Events are written, and as what. No I/O.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/runtime/events.hpp>

#include <list>
#include <optional>
#include <unordered_map>

namespace gwctl::detail {

/// A map that forgets what was not used for longest.
template <class V>
class lru_map {
public:
    explicit lru_map(std::size_t capacity) : capacity_(capacity) {}

    V& operator[](const std::string& key) {
        if (auto found = index_.find(key); found != index_.end()) {
            order_.splice(order_.begin(), order_, found->second);
            return order_.front().second;
        }
        order_.emplace_front(key, V{});
        index_[key] = order_.begin();
        if (order_.size() > capacity_) {
            index_.erase(order_.back().first);
            order_.pop_back();
        }
        return order_.front().second;
    }
    void erase(const std::string& key) {
        if (auto found = index_.find(key); found != index_.end()) {
            order_.erase(found->second);
            index_.erase(found);
        }
    }
    std::size_t size() const noexcept { return order_.size(); }

private:
    std::size_t capacity_;
    std::list<std::pair<std::string, V>> order_;
    std::unordered_map<std::string, typename std::list<std::pair<std::string, V>>::iterator> index_;
};

/// What to write for one recorded event.
struct event_write {
    bool create = true;     ///< else count up the one that exists
    core_v1::Event event{}; ///< complete in either case, for an Event that expired on the server
};

/// Counts repetitions and stops floods, per object; numbers as client-go's.
class event_correlator {
public:
    explicit event_correlator(std::string component) : component_(std::move(component)) {}

    static constexpr std::size_t remembered = 4096;
    static constexpr double burst = 25;
    static constexpr std::chrono::seconds refill = std::chrono::seconds(300);

    /// Nothing: the object has had too many.
    std::optional<event_write> decide(const core_v1::ObjectReference& about, event_type type,
                                      const std::string& reason, const std::string& message, steady_time now,
                                      wall_time wall);

private:
    struct bucket {
        double tokens = burst;
        std::optional<steady_time> last{};
    };
    struct repetition {
        std::string name{};
        std::string first{};
        std::int32_t count = 0;
    };
    std::string component_;
    lru_map<bucket> buckets_{remembered};
    lru_map<repetition> series_{remembered};
    std::uint64_t made_ = 0;
};

} // namespace gwctl::detail
