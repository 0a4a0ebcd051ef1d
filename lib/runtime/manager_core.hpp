/// What a manager owns.
#pragma once

#include "cache_metrics.hpp"
#include "controller_loop.hpp"
#include "http_server.hpp"
#include "leader_elector.hpp"
#include "reflector.hpp"
#include "task_group.hpp"

#include <gwctl/runtime/manager.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <future>
#include <thread>

namespace gwctl {

struct manager::core final : detail::controller_host {
    core(manager_options o, std::shared_ptr<transport> network, std::shared_ptr<transport> for_lease);
    ~core() override;

    // controller_host
    detail::object_table& table(const detail::kind_ops& kind, cache_scope scope) override;
    std::uint64_t begin(const std::string& name) override;
    controller& add(detail::controller_spec spec) override;

    int run();
    void stop(int code, const std::string& reason);

private:
    friend class manager;
    friend class detail::manager_steps;

    /// An io_context whose suspended coroutines can be ended while what they use still exists.
    struct event_loop : boost::asio::io_context {
        event_loop() : io_context(1) {}
        void abandon() { shutdown(); }
    };
    struct cached_kind {
        const detail::kind_ops* kind = nullptr;
        std::unique_ptr<detail::object_table> table{};
        std::vector<std::unique_ptr<detail::reflector>> reflectors{}; ///< one for each part of the table
        bool optional = false;                                        ///< nothing waits for it
        /// By key; at most so many as the metric has room for.
        std::map<object_key, prometheus::Gauge*> unreadable_gauges{};
        prometheus::Gauge* unreadable_total = nullptr;
        prometheus::Gauge* silence = nullptr;
    };
    /// What a cache must still show before it counts as settled; "" when it shows it.
    using cache_goal = std::function<std::string(const cached_kind&)>;
    struct settle_request {
        cache_goal goal{};
        std::promise<settled_report> done{};
    };
    struct fresh_list {
        const cached_kind* kind = nullptr;
        std::vector<detail::received_object> objects{};
        std::string resource_version{};
        std::string failure{};
    };

    detail::object_table& follow_crds();
    void definition_changed(const detail::any_change& c);
    bool follows_crds() const;
    void recovered(const detail::reflector* by);
    void found_unreadable(const cached_kind& k, const ObjectMeta& object, const std::string& error);
    void count_unreadable(cached_kind& k);
    void measure_silence();
    static std::string cache_name(const cached_kind& k);
    static std::string unreadable_text(const cached_kind& k);

    /// Whether it can run; logs why not.
    bool may_run();
    /// Starts `live` on the main loop, which stops when that has ended.
    void spawn_live();
    /// The last of a run. Returns the exit code; rethrows what `live` threw.
    int finish();
    task<void> live();
    task<void> start();
    task<void> drain();
    task<bool> wait_for_workers();
    task<void> compete();
    void prepare_election(std::shared_ptr<transport> for_lease, request_observer count);
    void start_reflectors(cached_kind& k);
    void start_controller(detail::controller_loop& c);
    settled_report report(const cache_goal& goal) const;
    static cache_goal has_seen(std::string resource_version);
    /// Blocks another thread than the manager's.
    settled_report wait_settled(cache_goal goal, std::chrono::milliseconds timeout);
    task<void> list_caches(std::shared_ptr<std::promise<std::vector<fresh_list>>> done);
    task<void> list_cache(fresh_list& into);
    void progress();
    void publish_readiness();
    std::string state_of(const cached_kind& k) const;
    std::string readiness_of(const cached_kind& k) const;
    bool caches_started() const;

    void open_servers();
    detail::http_answer answer(std::string_view path, std::string_view query, bool metrics_here,
                               bool health_here);
    void start_side_tasks();
    void stop_side_tasks();
    task<void> take_signals();
    task<void> measure_lag();

    manager_options options_;
    clock& time_;
    // The loops come before whatever lives on them, and go after it.
    event_loop main_;
    event_loop side_;
    std::shared_ptr<detail::write_fence> fence_ = std::make_shared<detail::write_fence>();
    detail::notifier fence_decided_; ///< for writes that wait at the fence
    class metrics metrics_;
    class health health_;
    client api_;
    event_recorder events_;
    detail::cache_metrics cache_metrics_;
    std::optional<detail::leader_elector> elector_;

    std::vector<std::unique_ptr<cached_kind>> caches_;
    std::vector<std::unique_ptr<detail::controller_loop>> controllers_;
    std::map<std::uint64_t, std::string> drafts_; ///< names of controllers that were begun and not finished
    std::uint64_t last_draft_ = 0;
    detail::task_group reflectors_;
    detail::task_group gates_;
    detail::task_group workers_;
    detail::task_group recorder_;
    detail::task_group listings_;   ///< for `wait_settled`
    detail::task_group side_tasks_; ///< on the second thread
    std::vector<std::unique_ptr<detail::http_server>> servers_;
    std::optional<boost::asio::signal_set> signals_;
    std::thread side_thread_;
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> side_work_;

    detail::notifier changed_;
    std::vector<std::shared_ptr<settle_request>> settle_requests_;
    std::map<const cached_kind*, std::string> readiness_; ///< what was published last
    detail::run_observer* observer_ = nullptr;
    bool following_crds_ = false;
    bool reflecting_ = false;
    bool leading_ = false;
    bool controlling_ = false;
    bool draining_ = false;
    bool lease_done_ = false;
    bool patient_ = true; ///< reconciles get the drain timeout
    int exit_code_ = 0;
    bool ran_ = false;
    std::string why_not_{};        ///< why it cannot run, when it cannot
    std::exception_ptr failure_{}; ///< what ended `live`
    std::atomic<bool> ended_{false};
    std::uint64_t seed_ = 0;
};

} // namespace gwctl
