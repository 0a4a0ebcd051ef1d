// The second thread: probes, metrics, signals, leader election. It goes on when a reconcile blocks the first.

#include "manager_core.hpp"
#include "probes.hpp"

#include <gwctl/core/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>

namespace gwctl {

namespace asio = boost::asio;

namespace {

bool is_off(const std::string& address) { return address.empty() || address == "0"; }

} // namespace

void manager::core::open_servers() {
    const std::string& metrics_at = options_.metrics_bind_address;
    const std::string& health_at = options_.health_probe_bind_address;
    const auto open = [this](std::string_view flag, const std::string& address, bool m, bool h) {
        servers_.push_back(std::make_unique<detail::http_server>(
            side_, flag, address, [this, m, h](std::string_view path, std::string_view query) {
                return answer(path, query, m, h);
            }));
    };
    if (!is_off(metrics_at))
        open("-metrics-bind-address", metrics_at, true, metrics_at == health_at);
    if (!is_off(health_at) && health_at != metrics_at)
        open("-health-probe-bind-address", health_at, false, true);
}

detail::http_answer manager::core::answer(std::string_view path, std::string_view query, bool metrics_here,
                                          bool health_here) {
    detail::http_answer a;
    if (metrics_here && path == "/metrics") {
        try {
            a.body = metrics_.text();
        } catch (...) { // a metric of the user's own
            log::error("the metrics cannot be collected",
                       {{"error", detail::what_of(std::current_exception())}});
            a.status = 500;
            a.body = "the metrics cannot be collected; the log says why\n";
            return a;
        }
        a.content_type = "text/plain; version=0.0.4; charset=utf-8";
        return a;
    }
    if (health_here)
        if (auto probe = detail::answer_probe(health_, path, query))
            return *std::move(probe);
    a.status = 404;
    a.body = "not found\n";
    return a;
}

void manager::core::start_side_tasks() {
    side_work_.emplace(side_.get_executor());
    for (const auto& s : servers_)
        side_tasks_.spawn("probes", s->run());
    if (options_.handle_signals) {
        signals_.emplace(side_, SIGINT, SIGTERM);
        side_tasks_.spawn("signals", take_signals());
    }
    if (!servers_.empty())
        side_tasks_.spawn("loop lag", measure_lag());
}

void manager::core::stop_side_tasks() {
    asio::post(side_, [this] {
        for (const auto& s : servers_)
            s->close();
        side_tasks_.cancel();
        side_work_.reset();
    });
}

task<void> manager::core::take_signals() {
    const int first = co_await signals_->async_wait(asio::use_awaitable);
    log::info("signal received; a second one exits at once", {{"signal", first}});
    asio::post(main_, [this] { stop(0, {}); });
    const int second = co_await signals_->async_wait(asio::use_awaitable);
    log::warn("second signal received; exiting", {{"signal", second}});
    std::_Exit(1);
}

/// How long the main thread takes to get to something new; a reconcile that blocks shows here. Real time,
/// also under a virtual clock.
task<void> manager::core::measure_lag() {
    using real = std::chrono::steady_clock;
    prometheus::Gauge& lag = prometheus::BuildGauge()
                                 .Name("gwctl_event_loop_lag_seconds")
                                 .Help("How long the manager's thread took to get to new work, last measured")
                                 .Register(metrics_.registry())
                                 .Add({});
    asio::steady_timer pause(side_);
    while (true) {
        const real::time_point sent = real::now();
        const auto waited = [sent] { return std::chrono::duration<double>(real::now() - sent); };
        const auto reached = std::make_shared<std::atomic<bool>>(false);
        asio::post(main_, [this, reached, waited, &lag] {
            lag.Set(waited().count());
            measure_silence();
            for (const auto& c : controllers_)
                c->update_gauges();
            reached->store(true);
        });
        while (true) {
            pause.expires_after(std::chrono::milliseconds(500));
            co_await pause.async_wait(asio::use_awaitable);
            if (reached->load())
                break;
            lag.Set(waited().count());
            // As long as a thread may be stuck before the process is better restarted.
            if (waited() > std::chrono::minutes(1))
                health_.set_live("event-loop", fmt::format("blocked for {:.0f} s", waited().count()));
        }
        health_.set_live("event-loop", {});
    }
}

} // namespace gwctl
