/// Keeps a table, or the part of it that is one namespace, equal to what the API server has.
#pragma once

#include "notifier.hpp"
#include "reflector_fsm.hpp"

#include <gwctl/client/watch_stream.hpp>
#include <gwctl/runtime/store.hpp>

namespace gwctl {
class client;
}

namespace gwctl::detail {

/// Whom a reflector tells.
struct reflector_hooks {
    /// After every step that changed the table or its state.
    std::function<void()> progress{};
    /// The API server answers as it should, after failures.
    std::function<void()> recovered{};
    /// An object that cannot be read was put into the table, with the reason.
    std::function<void(const ObjectMeta&, const std::string& error)> unreadable{};
};

class reflector {
public:
    reflector(client& api, clock& time, const kind_ops& kind, object_table& table, std::size_t part,
              reflector_options options, std::uint64_t seed, reflector_hooks hooks);

    /// Until cancelled.
    task<void> run();
    /// Looks whether the kind is served, and in which version, now and a few times in the next seconds: for
    /// when its CustomResourceDefinition changed. The watch goes on unless the answer is another one.
    void recheck();
    /// As `recheck`, when the kind's CustomResourceDefinition was deleted: if discovery says so as well, no second
    /// look is needed.
    void definition_deleted();
    /// Tries again within a second when this waits after a failure: another kind's API has come back.
    void retry_soon();
    /// Whether kinds are asked for once a minute, because nothing tells of CustomResourceDefinitions.
    void look_each_minute(bool wanted) noexcept { look_each_minute_ = wanted; }
    /// How long ago the API server last said something: a page, an event, a bookmark, a watch that opened.
    std::chrono::nanoseconds silent_for() const { return time_.now() - last_word_; }

private:
    task<void> list(reflector_fsm::todo todo);
    task<void> watch(reflector_fsm::todo todo);
    task<void> follow(watch_options options);
    task<void> read_events(watch_lines& lines);
    task<void> moved();
    task<void> fall_silent();
    task<void> mirror();
    task<void> mind_staleness();
    task<void> pause(std::chrono::nanoseconds delay);
    void take(const watch_line& line);
    void set_aside(const received_object& o);
    void failed(const std::exception_ptr& e, bool of_watch);
    void watched(bool now);
    void take_version();
    void publish();
    void came_back();
    std::string name() const;
    void log_state(store_state before, std::size_t objects) const;

    client& api_;
    clock& time_;
    const kind_ops& kind_;
    object_table& table_;
    std::size_t part_;
    reflector_fsm fsm_;
    reflector_hooks hooks_;
    std::vector<received_object> pages_;
    notifier recheck_;
    notifier watched_changed_;
    notifier heard_;
    std::string version_; ///< of the kind, as it was listed and is watched
    std::size_t checks_;  ///< how many of the looks that `recheck` asked for are done
    std::exception_ptr watch_failure_;
    bool definition_deleted_ = false;
    bool look_each_minute_ = false;
    bool bookmarked_ = false; ///< the watch under way has had a bookmark
    bool failed_before_ = false;
    steady_time last_word_;
    std::optional<steady_time> unwatched_since_;
    std::optional<steady_time> hurried_at_; ///< when `retry_soon` last had an effect
    std::optional<steady_time> retry_at_;   ///< for the wait under way
    std::mt19937_64 random_;
};

} // namespace gwctl::detail
