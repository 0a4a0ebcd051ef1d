/// A controller at work: sources fill its queue, workers empty it.
#pragma once

#include "controller_metrics.hpp"
#include "notifier.hpp"
#include "own_writes.hpp"
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
    bool must_wait(const work_queue::item& item);
    void queue_changed();

    task<void> worker();
    task<void> alarm();
    task<void> process(work_queue::item item);
    task<action> run_once(context& c, const object_key& key);
    task<void> set_finalizer(const any_object& object, bool present);
    void finish(const object_key& key, const object_log& log, const action& next,
                const std::exception_ptr& failure);

    void wrote(const object_key& reconciled, const resource_type& type, const ObjectMeta& written) override;
    event_recorder& events() override { return environment_.events; }

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
    std::map<object_key, steady_time> running_since_;
    own_writes unseen_;
    std::set<object_key> held_; ///< of those in `unseen_` the ones that a callback will enqueue
    std::map<object_key, std::string> last_errors_;
    /// Callbacks in tables hold a copy, and do nothing once we are gone.
    std::shared_ptr<controller_loop*> alive_ = std::make_shared<controller_loop*>(this);
};

} // namespace gwctl::detail
