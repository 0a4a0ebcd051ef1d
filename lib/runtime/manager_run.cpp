// How a manager starts, and in which order it stops.

#include "manager_core.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <utility>

namespace gwctl {

namespace asio = boost::asio;

namespace {

/// For Events still to be written, and for the lease to be handed over, each.
constexpr std::chrono::seconds farewell(5);

} // namespace

bool manager::core::may_run() {
    if (std::exchange(ran_, true))
        throw api_error(errc::precondition, "a manager runs only once");
    if (!why_not_.empty()) {
        log::error("cannot start", {{"reason", why_not_}});
        return false;
    }
    for (const auto& [draft, name] : drafts_)
        log::error("cannot start",
                   {{"reason", "controller " + name +
                                   ": control<T>() began it, and nothing finished it; call reconcile_with on "
                                   "what control<T>() returned"}});
    return drafts_.empty();
}

void manager::core::spawn_live() {
    asio::co_spawn(main_, live(), [this](std::exception_ptr e) {
        failure_ = e;
        ended_ = true;
        main_.stop();
    });
}

int manager::core::run() {
    if (!may_run())
        return 1;
    open_servers();
    start_side_tasks();
    side_thread_ = std::thread([this] { side_.run(); });
    spawn_live();
    while (!ended_)
        main_.run();
    stop_side_tasks();
    side_thread_.join();
    return finish();
}

int manager::core::finish() {
    signals_.reset();
    if (failure_)
        std::rethrow_exception(failure_);
    log::info("stopped", {{"exit_code", exit_code_}});
    return exit_code_;
}

task<void> manager::core::live() {
    co_await start();
    while (!draining_)
        co_await changed_.wait();
    co_await drain();
}

bool manager::core::caches_started() const {
    return std::none_of(caches_.begin(), caches_.end(),
                        [](const auto& k) { return k->table->state() == store_state::starting; });
}

task<void> manager::core::start() {
    if (draining_)
        co_return;
    reflecting_ = true;
    for (const auto& k : caches_)
        start_reflectors(*k);
    publish_readiness();
    recorder_.spawn("events", events_.run([this] { progress(); }));

    if (elector_) {
        // Whoever takes the lease should be able to act; a cache that cannot be filled keeps no one waiting.
        while (!draining_ && !caches_started())
            co_await changed_.wait();
        if (draining_)
            co_return;
        asio::post(side_, [this] { side_tasks_.spawn("leader election", compete()); });
        while (!draining_ && !leading_)
            co_await changed_.wait();
        if (draining_)
            co_return;
    }
    controlling_ = true;
    for (const auto& c : controllers_)
        start_controller(*c);
    progress();
}

void manager::core::prepare_election(std::shared_ptr<transport> for_lease, request_observer count) {
    const leader_election_options& o = *options_.leader_election;
    if (auto valid = validate(o); valid.has_error())
        throw api_error(valid.error());
    if (!for_lease)
        throw api_error(errc::config, "leader election needs a transport of its own, for the second thread");
    auto& master = prometheus::BuildGauge()
                       .Name("leader_election_master_status")
                       .Help("Gauge of if the reporting system is master of the relevant lease, 0 indicates "
                             "backup, 1 indicates master. 'name' is the string used to identify the lease. "
                             "Please make sure to group by name.")
                       .Register(metrics_.registry())
                       .Add({{"name", o.name}});
    fence_->on_decided = [this] { asio::post(main_, [this] { fence_decided_.notify_all(); }); };
    const std::string check = "leader-election";
    health_.set_ready(check, fmt::format("Lease {}/{}: not seen yet", o.namespace_, o.name));
    detail::leader_elector::callbacks tell;
    tell.elected = [this, &master] {
        master.Set(1);
        asio::post(main_, [this] {
            leading_ = true;
            changed_.notify_all();
        });
    };
    tell.lost = [this, &master] {
        master.Set(0);
        asio::post(main_, [this] {
            patient_ = false; // what still runs could only be refused its writes
            if (draining_)
                workers_.cancel();
            stop(1, "leadership was lost");
        });
    };
    tell.blind = [this, check](std::string problem) { health_.set_ready(check, std::move(problem)); };
    elector_.emplace(o, std::move(for_lease), time_, fence_, std::move(tell), options_.user_agent);
    elector_->api().observe_requests(std::move(count));
}

/// On the second thread.
task<void> manager::core::compete() {
    co_await elector_->run();
    asio::post(main_, [this] {
        lease_done_ = true;
        changed_.notify_all();
    });
}

/// Returns whether all reconciles have ended within the drain timeout.
task<bool> manager::core::wait_for_workers() {
    std::chrono::nanoseconds limit = patient_ ? options_.drain_timeout : options_.drain_timeout.zero();
    if (limit < limit.zero()) {
        co_await workers_.join();
        co_return true;
    }
    const steady_time deadline = time_.now() + limit;
    co_return co_await workers_.join_until(time_, deadline);
}

task<void> manager::core::drain() {
    log::info("draining", {{"running", workers_.size()}});
    controlling_ = false;
    for (const auto& c : controllers_)
        c->shut_down();
    gates_.cancel();
    co_await gates_.join();
    bool all_ended = co_await wait_for_workers();
    if (!all_ended) {
        log::warn("cancelling reconciles that did not end in time", {{"running", workers_.size()}});
        workers_.cancel();
        all_ended = co_await workers_.join_until(time_, time_.now() + farewell);
        if (!all_ended)
            stop(1, "a reconcile does not react to its cancellation");
    }

    events_.drain();
    if (!co_await recorder_.join_until(time_, time_.now() + farewell)) {
        recorder_.cancel();
        co_await recorder_.join();
    }
    // Only now may another process begin.
    if (elector_ && leading_ && all_ended) {
        asio::post(side_, [this] { elector_->release(); });
        const steady_time at_latest = time_.now() + farewell;
        while (!lease_done_ && time_.now() < at_latest)
            co_await detail::sleep_or_notified(time_, at_latest, changed_);
    }
    listings_.cancel();
    co_await listings_.join();
    reflectors_.cancel();
    co_await reflectors_.join();
    for (const auto& s : settle_requests_)
        s->done.set_value(report(s->goal));
    settle_requests_.clear();
}

} // namespace gwctl
