/// A controller at work: sources fill its queue, workers empty it.
#pragma once

#include "controller_metrics.hpp"
#include "notifier.hpp"
#include "own_writes.hpp"
#include "run_observer.hpp"
#include "task_group.hpp"

#include <gwctl/client/client.hpp>
#include <gwctl/runtime/controller.hpp>
#include <gwctl/runtime/manager.hpp>

#include <set>
#include <unordered_map>

namespace gwctl::detail {

/// What a controller needs of its manager.
struct controller_environment {
    client& api;
    clock& time;
    event_recorder& events;
    prometheus::Registry& registry;
    /// The manager's tables that would show a write to an object.
    std::function<std::vector<object_table*>(const resource_type&, const ObjectMeta&)> tables_showing;
    /// Called when something was finished.
    std::function<void()> progress;
    /// The manager's; null for none.
    run_observer* const& observer;
};

class controller_loop final : public controller, private reconcile_hooks {
public:
    controller_loop(controller_spec spec, controller_environment environment);

    const std::string& name() const noexcept override { return spec_.name; }
    void enqueue(object_key key, int priority = 0) override;

    /// Waits for the sources, then spawns the workers into `workers`.
    task<void> run(task_group& workers);
    /// No new reconciles; workers end when their present one does.
    void shut_down();

    /// Whether something is left to do; costs the same however much it is.
    bool is_busy() const;
    /// Appends what is left to do, and what is not expected to succeed any more.
    void report(settled_report& out) const;
    /// For the metrics that change by the passing of time.
    void update_gauges();

private:
    void connect(controller_source& source);
    bool sources_ready() const;
    void changed(const resource_type& type, const any_change& c, object_key key);
    bool must_wait(const work_queue::item& item);
    void queue_changed();

    task<void> worker();
    task<void> alarm();
    task<void> process(work_queue::item item);
    task<action> run_once(context& c, object_key key);
    task<action> run_within(context& c, object_key key, std::chrono::nanoseconds limit);
    task<void> set_finalizer(const any_object& object, bool present);
    void note_own(const object_key& reconciled, const resource_type& type, const ObjectMeta& written);
    void finish(const object_key& key, const object_log& log, const action& next,
                const std::exception_ptr& failure);
    void run_again_at_once(const object_key& key, const object_log& log, int priority);
    void ended(const object_key& key);

    void wrote(const object_key& reconciled, const resource_type& type, const ObjectMeta& written) override;
    event_recorder& events() override { return environment_.events; }

    /// A run under way.
    struct run_state {
        steady_time since{};
        int priority = 0;
        bool unfinished = false; ///< it put the finalizer on, and what follows is still its first run
        /// Events for its key that came meanwhile, by kind and version, and when the first of them did. Whether
        /// the run wrote what they show is known when it has ended, since a watch may be faster than an answer.
        std::vector<std::pair<resource_type, std::string>> shown{};
        steady_time shown_since{};
    };

    controller_spec spec_;
    controller_environment environment_;
    controller_metrics metrics_;
    work_queue queue_;
    notifier sources_changed_;
    notifier work_;
    notifier due_changed_;
    std::uint64_t runs_ = 0;
    steady_time alarm_at_ = steady_time::max();
    bool started_ = false;
    bool stopping_ = false;
    std::map<object_key, run_state> running_;
    own_writes unseen_;
    own_versions own_;             ///< of low priority, while there is a backlog
    std::set<object_key> at_once_; ///< that asked to run again at once, the last time
    bool warned_at_once_ = false;
    std::set<object_key> held_; ///< of those in `unseen_` the ones that a callback will enqueue
    std::map<object_key, std::string> last_errors_;
    /// Callbacks in tables hold a copy, and do nothing once we are gone.
    std::shared_ptr<controller_loop*> alive_ = std::make_shared<controller_loop*>(this);
};

} // namespace gwctl::detail
