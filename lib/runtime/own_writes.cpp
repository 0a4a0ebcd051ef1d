#include "own_writes.hpp"

#include "resource_version.hpp"

#include <algorithm>

namespace gwctl::detail {

void own_writes::note(const object_key& key, object_table& table, const ObjectMeta& written,
                      steady_time now) {
    if (table.has_seen(written.resourceVersion, written.namespace_))
        return;
    forget_overdue(now);
    unseen& u = by_key_[key];
    u.give_up = now + limit;
    const auto before = std::find_if(u.writes.begin(), u.writes.end(), [&](const unseen_write& w) {
        return w.table == &table && w.namespace_ == written.namespace_;
    });
    if (before == u.writes.end())
        u.writes.push_back({&table, written.resourceVersion, written.namespace_});
    else if (at_least(written.resourceVersion, before->version))
        before->version = written.resourceVersion; // whoever has seen the newer one has seen both
}

const own_writes::unseen* own_writes::find(const object_key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end())
        return nullptr;
    std::erase_if(found->second.writes,
                  [](const unseen_write& w) { return w.table->has_seen(w.version, w.namespace_); });
    if (!found->second.writes.empty())
        return &found->second;
    by_key_.erase(found);
    return nullptr;
}

/// Keys that never run again would stay. Looks at all of them each time they have doubled.
void own_writes::forget_overdue(steady_time now) {
    if (by_key_.size() < look_at_)
        return;
    std::erase_if(by_key_, [&](const auto& u) { return now >= u.second.give_up; });
    look_at_ = std::max<std::size_t>(64, 2 * by_key_.size());
}

} // namespace gwctl::detail
