/// The rules of mirroring a kind: list, watch, resume, list again. No I/O.
#pragma once

#include <gwctl/api/meta.hpp>
#include <gwctl/client/options.hpp>
#include <gwctl/core/backoff.hpp>
#include <gwctl/core/clock.hpp>
#include <gwctl/runtime/object_table.hpp>

#include <chrono>
#include <random>
#include <string>

namespace gwctl {

/// The numbers are those of client-go's reflector, except where noted.
struct reflector_options {
    reflector_options() = default;
    std::int64_t page_size = 500;
    /// The server ends a watch after a random time between this and its double.
    std::chrono::seconds watch_timeout = std::chrono::minutes(5);
    /// At most 24 s with the jitter (ours; client-go's 30 s are up to a minute): a cache that is behind keeps
    /// decisions waiting, and all is to be right 35 s after an outage.
    backoff_policy retry{std::chrono::milliseconds(800), std::chrono::seconds(12), 2.0, 1.0};
    /// After so long without a failure the next one counts as the first.
    std::chrono::seconds healthy_after = std::chrono::minutes(2);
    /// When to ask again for a kind that is not served (ours): soon, since CRDs are often installed along
    /// with the controller, and then now and then.
    backoff_policy missing{std::chrono::milliseconds(250), std::chrono::seconds(30), 2.0, 0.0};
    /// Discovery has to say twice that a kind is not served, so long apart (ours): an API server that starts can
    /// answer with groups missing.
    std::chrono::seconds second_look = std::chrono::seconds(10);
    /// Built-in kinds do not go away while a cluster lives, whatever discovery says.
    bool may_go = true;
    /// So many failures in a row make a store `failing` (ours).
    unsigned tolerated_failures = 3;
    /// So many failures of watches in a row at one resourceVersion lead to a list (ours; client-go lists at once).
    unsigned tolerated_watch_failures = 3;
    /// A server's Retry-After counts up to here (ours).
    std::chrono::seconds longest_retry_after = std::chrono::minutes(1);
};

/// Decides what to ask the API server next. The owner does what `next` says and reports the outcome; it keeps
/// the pages of a list until the last one, and throws them away when any page fails.
class reflector_fsm {
public:
    reflector_fsm(reflector_options options, std::uint64_t seed);

    enum class step {
        list,  ///< one page; then `listed` or `list_failed`
        watch, ///< then `watch_opened`, `watch_event`... and `watch_ended`; or `watch_failed` at any time
        wait   ///< then `waited`; `waited` may come early to try at once
    };
    struct todo {
        step what = step::list;
        std::string resource_version{}; ///< list, watch
        std::string continue_{};        ///< list
        std::int64_t limit = 0;         ///< list: objects a page; 0: all
        std::chrono::seconds server_timeout{};
        std::chrono::nanoseconds delay{}; ///< wait
    };
    todo next();

    /// Whether a page is the last of its list. The pages together are the store's new content then, as of
    /// `version_of(page)`. Call `listed` when the store holds them.
    static bool is_last(const ListMeta& page) noexcept { return page.continue_.empty(); }
    /// The resourceVersion of the list that `page` belongs to: that of its first page.
    const std::string& version_of(const ListMeta& page) const noexcept {
        return continue_.empty() ? page.resourceVersion : listed_version_;
    }
    void listed(const ListMeta& page, steady_time now);
    void list_failed(const api_error& e, steady_time now);
    /// Discovery says that the kind is not served. `certain`: the deletion of its definition was seen, too.
    void absent(const std::string& reason, bool certain, steady_time now);

    void watch_opened(steady_time now);
    /// Whether an event moves the store's resourceVersion.
    bool moves_version(watch_event_type type, const std::string& resource_version) const noexcept;
    /// An event has come, and the store holds it.
    void watch_event(watch_event_type type, const std::string& resource_version);
    /// The server ended the watch in good order.
    void watch_ended(steady_time now);
    void watch_failed(const api_error& e, steady_time now);
    /// The owner ended the watch: the kind is served in another version now, or perhaps not at all.
    void watch_moved();

    void waited();
    /// There was no watch for a minute: the store may be old, until a watch is open again.
    void unwatched();
    /// The last answer was that the kind is not served.
    bool missing() const noexcept { return missing_now_; }
    /// How many failures there were since something went well.
    unsigned failures() const noexcept { return failures_; }
    /// Which kinds are served may have changed: a missing one is asked for again from the shortest delay on.
    /// Returns whether what is under way, a watch or the wait for a missing kind, is concerned; a wait after
    /// another failure is not.
    bool kinds_changed();

    /// Where the next watch starts, or the store's version after a complete list.
    const std::string& resource_version() const noexcept { return version_; }
    store_state state() const noexcept { return state_; }
    const std::string& reason() const noexcept { return reason_; }

private:
    void fail(const api_error& e, steady_time now, step then);
    void back_off(steady_time now, step then, std::chrono::nanoseconds at_least = {});
    void in_order();

    reflector_options options_;
    backoff backoff_;
    backoff missing_;
    std::mt19937_64 random_;
    step step_ = step::list;
    step after_wait_ = step::list;
    std::chrono::nanoseconds delay_{};
    std::optional<steady_time> last_failure_{};

    std::string version_{};        ///< the last one we may resume from; "" before the first list
    std::string listed_version_{}; ///< of the first page of the list under way
    std::string continue_{};
    bool version_unavailable_ = false; ///< the server refused to list at `version_`: ask for the newest
    bool unordered_ = false;           ///< a watch from "" or "0" starts with what exists, in any order
    bool progress_ = false;            ///< the watch under way showed life
    bool listing_for_version_ =
        false;              ///< a watch said that the version is too old, and none has gone on since
    bool watching_ = false; ///< a watch is open
    bool watch_denied_ = false;
    bool unwatched_ = false;
    bool whole_list_ = false; ///< the next list is to come in one page
    bool missing_now_ = false;
    unsigned watch_failures_ = 0;               ///< in a row, at `version_`
    std::optional<steady_time> absent_since_{}; ///< when discovery first said so
    steady_time opened_{};
    unsigned failures_ = 0;
    store_state state_ = store_state::starting;
    std::string reason_{};
};

} // namespace gwctl
