/// Which Events are written, and as what. No I/O.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/runtime/events.hpp>

#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

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
    bool combined = false;  ///< it stands for several messages, and the latest is in `event`
    core_v1::Event event{}; ///< complete in either case, for an Event that expired on the server
    wall_time first{};      ///< when the first of its series was recorded
    wall_time last{};       ///< when this one was
};

/// Counts repetitions, combines what is similar, and stops floods, per object; numbers as client-go's.
///
/// What it remembers is bounded, whatever is recorded: of each message a hash.
class event_correlator {
public:
    explicit event_correlator(std::string component);

    static constexpr std::size_t remembered = 4096;
    static constexpr double burst = 25;
    static constexpr std::chrono::seconds refill = std::chrono::seconds(300);
    /// So many messages of one object, type and reason have Events of their own; further ones share one.
    static constexpr std::size_t messages_apart = 9;
    /// Until none was recorded for so long.
    static constexpr std::chrono::seconds similar_for = std::chrono::seconds(600);

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
        wall_time first{};
        std::int32_t count = 0;
    };
    /// Of one object, type and reason.
    struct family {
        std::vector<std::size_t> messages{}; ///< hashes of those that have Events of their own
        std::optional<steady_time> last{};
    };
    bool is_one_of_many(const std::string& similar, std::size_t message, steady_time now);

    std::string component_;
    std::string instance_;
    lru_map<bucket> buckets_{remembered};
    lru_map<repetition> series_{remembered};
    lru_map<family> families_{remembered};
    std::uint64_t made_ = 0;
};

} // namespace gwctl::detail
