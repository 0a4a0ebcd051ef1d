#include <fmt/format.h>
#include <fmt/ranges.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <future>
#include <support/scale.hpp>

namespace gwctl::tests {

std::string show(const std::map<std::string, std::size_t>& counts) {
    std::vector<std::string> all;
    for (const auto& [what, count] : counts)
        all.push_back(fmt::format("{} {}", count, what));
    return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

scaled_cluster::scaled_cluster(const cluster_size& size) : steps_(scale_steps(size)) {
    log::configure({.minimum = log::level::error});
    for (const json::value& object : objects_of(size))
        add(object);
    api_->begins = [this] { pauses(); };
    api_->ends = [this] { resumes(); };
}

scaled_cluster::~scaled_cluster() {
    if (thread_)
        thread_->stop();
}

void scaled_cluster::add(const json::value& object) { api_->apply(object); }

template <class F>
auto scaled_cluster::on_loop(F f) {
    auto work = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
    auto result = work->get_future();
    manager_->post([work] { (*work)(); });
    return result.get();
}

void scaled_cluster::start() {
    manager_options m;
    m.name = "gateway-api-controller";
    m.handle_signals = false;
    m.time = &time_;
    manager_ = std::make_unique<manager>(m, api_);
    gateway::options o;
    o.ipam_config = {"default", "ipam"};
    gateway::install<gateway::tcp, gateway::udp>(*manager_, o);
    manager_->post([this] { begins(); });
    thread_ = std::make_unique<testing::manager_thread>(*manager_);
    settle();
    on_loop([this] { return ends(), 0; });
}

void scaled_cluster::restart() {
    thread_->stop();
    thread_.reset();
    seen_reconciles_.clear();
    start();
}

void scaled_cluster::settle() {
    std::uint64_t before = 0;
    std::uint64_t now = version();
    do {
        before = now;
        on_loop([this] { return api_->send_bookmarks(), 0; });
        const settled_report report =
            manager_->wait_settled(std::to_string(before), std::chrono::minutes(30));
        if (!report.settled || !report.failing.empty())
            throw api_error(errc::timeout,
                            fmt::format("the controller does not settle: {}; {} keys fail",
                                        fmt::join(report.waiting_for, "; "), report.failing.size()));
        now = version();
    } while (now != before);
}

void scaled_cluster::drain(std::function<void()> then, std::uint64_t requests, int quiet_turns) {
    constexpr int longest_step = 64;
    if (api_->requests() != requests)
        quiet_turns = 0;
    if (quiet_turns == longest_step)
        return then();
    manager_->post([this, then = std::move(then), now = api_->requests(), quiet_turns] {
        drain(then, now, quiet_turns + 1);
    });
}

void scaled_cluster::make(std::string_view name) {
    make(*std::find_if(steps_.begin(), steps_.end(), [&](const scale_step& s) { return s.name == name; }));
}

void scaled_cluster::make(const scale_step& step) {
    std::promise<void> done;
    manager_->post([&] {
        begins();
        try {
            step.make(*api_);
        } catch (const api_error&) {
            return done.set_exception(std::current_exception());
        }
        drain(
            [&] {
                ends();
                done.set_value();
            },
            api_->requests(), 0);
    });
    done.get_future().get();
    const std::uint64_t drained = version();
    settle();
    if (version() != drained)
        throw api_error(errc::internal_error, step.name + ": there was work left when all seemed done");
}

std::uint64_t scaled_cluster::version() {
    return on_loop([this] { return api_->version(); });
}

std::map<std::string, std::size_t> scaled_cluster::take_writes() {
    return on_loop([this] {
        std::map<std::string, std::size_t> counts;
        std::uint64_t idle = api_->writes_asked() - std::exchange(seen_asked_, api_->writes_asked());
        const auto& all = api_->writes();
        for (; seen_writes_ < all.size(); ++seen_writes_) {
            const testing::write_record& w = all[seen_writes_];
            if (w.user_agent != "controller")
                continue;
            --idle;
            if (w.resource != "events")
                ++counts[w.verb + " " + w.resource + (w.subresource.empty() ? "" : "/" + w.subresource)];
        }
        if (idle > 0)
            counts["refused or no change"] = idle;
        return counts;
    });
}

std::map<std::string, std::size_t> scaled_cluster::take_reconciles() {
    std::map<std::string, std::size_t> all;
    for (const prometheus::MetricFamily& family : manager_->metrics().registry().Collect())
        if (family.name == "controller_runtime_reconcile_total")
            for (const prometheus::ClientMetric& m : family.metric)
                for (const auto& label : m.label)
                    if (label.name == "controller")
                        all[label.value] += static_cast<std::size_t>(m.counter.value);
    std::map<std::string, std::size_t> counts;
    for (const auto& [controller, count] : all)
        if (count > seen_reconciles_[controller])
            counts[controller] = count - seen_reconciles_[controller];
    seen_reconciles_ = std::move(all);
    return counts;
}

} // namespace gwctl::tests
