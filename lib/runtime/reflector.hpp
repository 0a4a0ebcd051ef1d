/// Keeps a table equal to what the API server has.
#pragma once

#include "notifier.hpp"

#include <gwctl/runtime/reflector_fsm.hpp>
#include <gwctl/runtime/store.hpp>

namespace gwctl {
class client;
}

namespace gwctl::detail {

class reflector {
public:
    /// `progress` is called after every step that changed the table or its state.
    reflector(client& api, clock& time, const kind_ops& kind, object_table& table, reflector_options options,
              std::uint64_t seed, std::function<void()> progress);

    /// Until cancelled.
    task<void> run();
    /// Ends a wait for a kind that is not served.
    void recheck();

private:
    task<void> list(reflector_fsm::todo todo);
    task<void> watch(reflector_fsm::todo todo);
    void take(watch_event_type type, std::shared_ptr<void> object);
    void publish();

    client& api_;
    clock& time_;
    const kind_ops& kind_;
    object_table& table_;
    reflector_fsm fsm_;
    std::function<void()> progress_;
    std::vector<any_object> pages_;
    notifier recheck_;
};

} // namespace gwctl::detail
