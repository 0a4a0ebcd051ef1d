/// What reconciles wrote and the stores do not show yet, by the key that was reconciled. No I/O.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/runtime/object_table.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace gwctl::detail {

/// Tables that are named must outlive it.
class own_writes {
public:
    /// How long a key waits for a write, at most.
    static constexpr std::chrono::seconds limit{10};

    struct unseen_write {
        object_table* table = nullptr;
        std::string version{}; ///< of the last one, by table and namespace
        std::string namespace_{};
    };
    struct unseen {
        std::vector<unseen_write> writes{};
        steady_time give_up{};
    };

    /// A reconcile of `key` has written what `table` is to show.
    void note(const object_key& key, object_table& table, const ObjectMeta& written, steady_time now);
    /// What there is to wait for; null when everything is shown.
    const unseen* find(const object_key& key);
    void forget(const object_key& key) { by_key_.erase(key); }
    /// Of keys; those that nobody asks for any more are forgotten in time.
    std::size_t size() const noexcept { return by_key_.size(); }

private:
    void forget_overdue(steady_time now);

    std::map<object_key, unseen> by_key_;
    std::size_t look_at_ = 64;
};

/// What runs of low priority wrote, so that the events which show no more than that keep the priority.
///
/// An apply that changes nothing names the version that was there; the event of that version, if it is still
/// to come, counts as the run's own, too.
class own_versions {
public:
    /// A run of this priority wrote an object of that kind, which has this version since.
    void note(const resource_type& type, const std::string& version, int priority) {
        written_[{type.group, type.plural, version}] = priority;
    }
    /// The priority of the run that wrote it; nothing when none did.
    std::optional<int> find(const resource_type& type, const std::string& version) const {
        const auto found = written_.find({type.group, type.plural, version});
        return found == written_.end() ? std::nullopt : std::optional<int>(found->second);
    }
    void clear() { written_.clear(); }

private:
    std::map<std::tuple<std::string_view, std::string_view, std::string>, int> written_;
};

} // namespace gwctl::detail
