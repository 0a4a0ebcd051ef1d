/// Keys that wait to be reconciled: deduplicated, delayed, prioritised. No I/O; time is passed in.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/core/backoff.hpp>
#include <gwctl/core/clock.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace gwctl {

/// A key is in the queue at most once, and never handed out again before it is `done`. What is added while it
/// is out leads to one more run.
///
/// Higher priorities come first. Within one, namespaces take turns, so that whoever adds thousands of keys keeps only
/// himself waiting; the keys of one namespace are first in, first out. A key that has been ready for `patience` goes
/// before higher ones, but never two such in a row: a backlog that takes longer than that would otherwise hold
/// up what changes. Not thread safe.
class work_queue {
public:
    /// For what a first list brings: it yields to everything that changes meanwhile (as controller-runtime).
    static constexpr int low_priority = -100;
    /// How long a ready key may be overtaken: longer than a burst of changes, shorter than people wait.
    static constexpr std::chrono::seconds patience{60};

    explicit work_queue(backoff_policy retry = {}) : retry_(retry) {}

    struct item {
        object_key key{};
        int priority = 0;
        std::chrono::nanoseconds waited{};
    };

    /// Ready now, whatever delay was pending. Of two priorities the higher counts.
    void add(const object_key& key, steady_time now, int priority = 0);
    /// As `add` at `low_priority`, for what a first list brings: the key belongs to the backlog until it has
    /// left it.
    void add_to_backlog(const object_key& key, steady_time now);
    /// The first run of the key is over, however it ended.
    void leave_backlog(const object_key& key);
    /// Keys that a first list brought and whose first run is not over.
    std::size_t backlog() const noexcept { return backlog_; }
    /// Ready after `delay`, unless it is sooner already.
    void add_after(const object_key& key, std::chrono::nanoseconds delay, steady_time now, int priority = 0);

    /// The next key whose time has come; call `done` for it afterwards, always.
    std::optional<item> pop(steady_time now);
    void done(const object_key& key, steady_time now);

    /// The run under way failed, or asks to run again at once: counts a failure and comes back after the
    /// backoff, at its priority or the one given. A run that something else triggered before the last backoff
    /// was over does not count, and comes back then.
    void retry(const object_key& key, steady_time now, std::optional<int> priority = {});
    /// The run under way succeeded, or must not be repeated: the next failure is the first.
    void forget(const object_key& key);
    unsigned failures(const object_key& key) const;

    /// Counts delays that are over as ready; `pop` does it too.
    void make_due_ready(steady_time now);

    /// When `pop` will next have something because of time alone.
    std::optional<steady_time> next_due() const;

    /// Nothing comes out or in any more.
    void shut_down() noexcept { shut_down_ = true; }

    /// Keys that are ready, not those delayed or out.
    std::size_t depth() const noexcept { return ready_.size(); }
    const std::map<int, std::size_t>& depth_by_priority() const noexcept { return depth_; }
    /// How often a key became ready.
    std::uint64_t adds() const noexcept { return adds_; }
    std::size_t running() const noexcept { return running_; }

    /// Whether all that is left are delays that a reconciler asked for, and retries of keys that failed at
    /// least `given_up` times.
    bool settled(unsigned given_up, steady_time now) const;
    std::vector<std::pair<object_key, unsigned>> failing(unsigned at_least) const;

private:
    struct key_hash {
        std::size_t operator()(const object_key& k) const noexcept;
    };
    struct entry {
        bool ready = false;
        bool out = false;
        bool again = false;   ///< added while out
        bool backlog = false; ///< brought by a first list, and not run since
        int priority = 0;     ///< of what is pending
        int run_priority = 0;
        std::uint64_t turn = 0;
        std::uint64_t sequence = 0;
        steady_time added{};
        std::optional<steady_time> due{};
        unsigned failures = 0;
        steady_time retry_at{}; ///< end of the last backoff
    };
    using node = std::pair<const object_key, entry>;

    void make_ready(node& n, steady_time since);
    void unready(node& n);
    void set_due(node& n, std::optional<steady_time> due);
    void drop_if_idle(const object_key& key);

    backoff_policy retry_;
    std::unordered_map<object_key, entry, key_hash> entries_;
    /// By descending priority, then turn, then age.
    std::set<std::tuple<int, std::uint64_t, std::uint64_t, node*>> ready_;
    /// The turns of one priority. A namespace's next key has the turn after its last one, or after that which came out
    /// last if that is later.
    struct turns {
        std::uint64_t out = 0;                                         ///< of what came out last
        std::unordered_map<std::string, std::uint64_t> of_namespace{}; ///< of what each added last
    };
    std::map<int, turns> turns_; ///< by priority; forgotten whenever nothing is ready
    std::set<std::pair<steady_time, node*>> ready_since_; ///< the same keys, by the time when they became so
    std::set<std::pair<steady_time, node*>> delayed_;
    std::set<const node*> failed_; ///< those with failures
    std::map<int, std::size_t> depth_;
    std::uint64_t sequence_ = 0;
    std::uint64_t adds_ = 0;
    std::size_t running_ = 0;
    std::size_t backlog_ = 0;
    bool overtaken_last_ = false; ///< what came out last went before higher priorities
    bool shut_down_ = false;
};

} // namespace gwctl
