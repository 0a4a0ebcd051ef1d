/// Keeps a table, or the part of it that is one namespace, equal to what the API server has.
#pragma once

#include "notifier.hpp"
#include "reflector_fsm.hpp"

#include <gwctl/runtime/store.hpp>

namespace gwctl {
class client;
}

namespace gwctl::detail {

class reflector {
public:
    /// `progress` is called after every step that changed the table or its state.
    reflector(client& api, clock& time, const kind_ops& kind, object_table& table, std::size_t part,
              reflector_options options, std::uint64_t seed, std::function<void()> progress);

    /// Until cancelled.
    task<void> run();
    /// Looks whether the kind is served, and in which version, now and a few times in the next seconds: for
    /// when its CustomResourceDefinition changed. The watch goes on unless the answer is another one.
    void recheck();
    /// What kind of failure was the last one; none until there is one.
    std::optional<errc> failure() const noexcept { return failure_; }

private:
    task<void> list(reflector_fsm::todo todo);
    task<void> watch(reflector_fsm::todo todo);
    task<void> follow(watch_options options);
    void watch_failed(const api_error& failure);
    task<void> moved();
    void take(watch_event_type type, std::shared_ptr<void> object);
    void take_version();
    void publish();
    void log_state(store_state before, std::size_t objects) const;

    client& api_;
    clock& time_;
    const kind_ops& kind_;
    object_table& table_;
    std::size_t part_;
    reflector_fsm fsm_;
    std::function<void()> progress_;
    std::vector<any_object> pages_;
    notifier recheck_;
    std::string version_; ///< of the kind, as it was listed and is watched
    std::size_t checks_;  ///< how many of the looks that `recheck` asked for are done
    std::exception_ptr watch_failure_;
    std::optional<errc> failure_{};
};

} // namespace gwctl::detail
