#include "work_queue.hpp"

#include <algorithm>
#include <utility>

namespace gwctl {

std::size_t work_queue::key_hash::operator()(const object_key& k) const noexcept {
    const std::size_t h = std::hash<std::string>()(k.name);
    return std::hash<std::string>()(k.namespace_) + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
}

void work_queue::make_ready(node& n, steady_time since) {
    entry& e = n.second;
    e.ready = true;
    e.added = since;
    e.sequence = ++sequence_;
    turns& its = turns_[e.priority];
    std::uint64_t& last = its.of_namespace[n.first.namespace_];
    e.turn = last = std::max(last, its.out) + 1;
    ready_.emplace(-e.priority, e.turn, e.sequence, &n);
    ready_since_.emplace(e.added, &n);
    ++depth_[e.priority];
    ++adds_;
}

void work_queue::unready(node& n) {
    // The sets are ordered by what is in the entry, so the entry may change only afterwards.
    entry& e = n.second;
    ready_.erase({-e.priority, e.turn, e.sequence, &n});
    ready_since_.erase({e.added, &n});
    --depth_[e.priority];
    e.ready = false;
}

void work_queue::set_due(node& n, std::optional<steady_time> due) {
    entry& e = n.second;
    if (e.due && !e.out)
        delayed_.erase({*e.due, &n});
    e.due = due;
    if (e.due && !e.out)
        delayed_.emplace(*e.due, &n);
}

void work_queue::drop_if_idle(const object_key& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end())
        return;
    const entry& e = found->second;
    if (!e.ready && !e.out && !e.due && !e.backlog && e.failures == 0)
        entries_.erase(found);
}

void work_queue::add(const object_key& key, steady_time now, int priority) {
    if (shut_down_)
        return;
    node& n = *entries_.try_emplace(key).first;
    entry& e = n.second;
    const bool pending = e.ready || e.again || e.due.has_value();
    const int highest = pending ? std::max(e.priority, priority) : priority;
    set_due(n, std::nullopt);
    if (e.out) {
        if (!e.again)
            e.added = now;
        e.again = true;
        e.priority = highest;
    } else if (!e.ready) {
        e.priority = highest;
        make_ready(n, now);
    } else if (highest != e.priority) {
        const steady_time since = e.added;
        unready(n);
        e.priority = highest;
        make_ready(n, since);
        --adds_; // it only moved
    }
}

void work_queue::add_to_backlog(const object_key& key, steady_time now) {
    if (shut_down_)
        return;
    add(key, now, low_priority);
    if (!std::exchange(entries_.find(key)->second.backlog, true))
        ++backlog_;
}

void work_queue::leave_backlog(const object_key& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || !std::exchange(found->second.backlog, false))
        return;
    --backlog_;
    drop_if_idle(key);
}

void work_queue::add_after(const object_key& key, std::chrono::nanoseconds delay, steady_time now,
                           int priority) {
    if (delay <= delay.zero())
        return add(key, now, priority);
    if (shut_down_)
        return;
    node& n = *entries_.try_emplace(key).first;
    entry& e = n.second;
    if (e.ready || e.again)
        return; // sooner already
    steady_time due = steady_time::max();
    if (delay < steady_time::max() - now)
        due = now + std::chrono::duration_cast<steady_time::duration>(delay);
    e.priority = e.due ? std::max(e.priority, priority) : priority;
    set_due(n, e.due ? std::min(*e.due, due) : due);
}

void work_queue::make_due_ready(steady_time now) {
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
        node& n = *delayed_.begin()->second;
        const steady_time due = *n.second.due;
        set_due(n, std::nullopt);
        make_ready(n, due);
    }
}

std::optional<work_queue::item> work_queue::pop(steady_time now) {
    if (shut_down_)
        return std::nullopt;
    make_due_ready(now);
    if (ready_.empty())
        return std::nullopt;
    node* highest = std::get<node*>(*ready_.begin());
    node* const oldest = ready_since_.begin()->second;
    const bool overtaken =
        now - oldest->second.added >= patience && oldest->second.priority < highest->second.priority;
    overtaken_last_ = overtaken && !overtaken_last_;
    node& n = overtaken_last_ ? *oldest : *highest;
    unready(n);
    entry& e = n.second;
    if (!overtaken_last_)
        turns_[e.priority].out = e.turn;
    if (ready_.empty())
        turns_.clear();
    e.out = true;
    e.run_priority = e.priority;
    ++running_;
    return item{n.first, e.priority, now - e.added};
}

void work_queue::done(const object_key& key, steady_time) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || !found->second.out)
        return;
    node& n = *found;
    entry& e = n.second;
    --running_;
    e.out = false;
    if (std::exchange(e.again, false))
        make_ready(n, e.added);
    else if (e.due)
        delayed_.emplace(*e.due, &n);
    drop_if_idle(key);
}

void work_queue::retry(const object_key& key, steady_time now, std::optional<int> priority) {
    const auto found = entries_.find(key);
    if (found == entries_.end())
        return;
    entry& e = found->second;
    if (e.failures == 0 || now >= e.retry_at) {
        ++e.failures;
        failed_.insert(&*found);
        const auto delay = retry_.delay(e.failures - 1);
        e.retry_at = now + std::chrono::duration_cast<steady_time::duration>(delay);
    }
    add_after(key, e.retry_at - now, now, priority.value_or(e.run_priority));
}

void work_queue::forget(const object_key& key) {
    if (const auto found = entries_.find(key); found != entries_.end()) {
        found->second.failures = 0;
        failed_.erase(&*found);
        drop_if_idle(key);
    }
}

unsigned work_queue::failures(const object_key& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? 0 : found->second.failures;
}

std::optional<steady_time> work_queue::next_due() const {
    if (delayed_.empty() || shut_down_)
        return std::nullopt;
    return delayed_.begin()->first;
}

bool work_queue::settled(unsigned given_up, steady_time now) const {
    const bool is_due = !delayed_.empty() && delayed_.begin()->first <= now;
    if (!ready_.empty() || running_ != 0 || is_due)
        return false;
    return std::none_of(failed_.begin(), failed_.end(), [&](const node* n) {
        return n->second.due.has_value() && n->second.failures < given_up;
    });
}

std::vector<std::pair<object_key, unsigned>> work_queue::failing(unsigned at_least) const {
    std::vector<std::pair<object_key, unsigned>> out;
    for (const node* n : failed_)
        if (n->second.failures >= at_least)
            out.emplace_back(n->first, n->second.failures);
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace gwctl
