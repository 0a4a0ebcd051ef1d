#include "controller_metrics.hpp"

namespace gwctl::detail {
namespace {

using prometheus::Registry;
using labels = std::map<std::string, std::string>;

prometheus::Counter& counter(Registry& r, const char* name, const char* help, const labels& l) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(r).Add(l);
}

prometheus::Gauge& gauge(Registry& r, const char* name, const char* help, const labels& l) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(r).Add(l);
}

prometheus::Histogram& histogram(Registry& r, const char* name, const char* help, const labels& l,
                                 const prometheus::Histogram::BucketBoundaries& buckets) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(r).Add(l, buckets);
}

/// Those of controller_runtime_reconcile_time_seconds.
const prometheus::Histogram::BucketBoundaries reconcile_buckets = {
    0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
    0.7,   0.8,  0.9,   1.0,  1.25, 1.5,  1.75, 2.0,  2.5, 3.0,  3.5, 4.0,  4.5, 5,
    6,     7,    8,     9,    10,   15,   20,   25,   30,  40,   50,  60};

/// 10e-9 times 10 to the 0 ... 11, as all workqueue_* durations, multiplied as client-go does it: the bounds are labels,
/// and the last digit of a double is one of theirs.
prometheus::Histogram::BucketBoundaries queue_buckets() {
    prometheus::Histogram::BucketBoundaries b;
    double bound = 10e-9;
    for (int i = 0; i < 12; ++i, bound *= 10)
        b.push_back(bound);
    return b;
}

prometheus::Counter& result(Registry& r, const std::string& controller, const char* which) {
    return counter(r, "controller_runtime_reconcile_total", "Total number of reconciliations per controller",
                   {{"controller", controller}, {"result", which}});
}

labels queue_of(const std::string& controller) { return {{"name", controller}, {"controller", controller}}; }

} // namespace

controller_metrics::controller_metrics(Registry& r, const std::string& c)
    : success(result(r, c, "success")), failure(result(r, c, "error")), requeue(result(r, c, "requeue")),
      requeue_after(result(r, c, "requeue_after")),
      errors(counter(r, "controller_runtime_reconcile_errors_total",
                     "Total number of reconciliation errors per controller", {{"controller", c}})),
      terminal_errors(counter(r, "controller_runtime_terminal_reconcile_errors_total",
                              "Total number of terminal reconciliation errors per controller",
                              {{"controller", c}})),
      panics(counter(r, "controller_runtime_reconcile_panics_total",
                     "Total number of reconciliation panics per controller", {{"controller", c}})),
      timeouts(counter(r, "controller_runtime_reconcile_timeouts_total",
                       "Total number of reconciliation timeouts per controller", {{"controller", c}})),
      reconcile_time(histogram(r, "controller_runtime_reconcile_time_seconds",
                               "Length of time per reconciliation per controller", {{"controller", c}},
                               reconcile_buckets)),
      max_concurrent(gauge(r, "controller_runtime_max_concurrent_reconciles",
                           "Maximum number of concurrent reconciles per controller", {{"controller", c}})),
      active_workers(gauge(r, "controller_runtime_active_workers",
                           "Number of currently used workers per controller", {{"controller", c}})),
      adds(counter(r, "workqueue_adds_total", "Total number of adds handled by workqueue", queue_of(c))),
      retries(
          counter(r, "workqueue_retries_total", "Total number of retries handled by workqueue", queue_of(c))),
      queue_time(histogram(r, "workqueue_queue_duration_seconds",
                           "How long in seconds an item stays in workqueue before being requested",
                           queue_of(c), queue_buckets())),
      work_time(histogram(r, "workqueue_work_duration_seconds",
                          "How long in seconds processing an item from workqueue takes", queue_of(c),
                          queue_buckets())),
      unfinished_work(gauge(r, "workqueue_unfinished_work_seconds",
                            "How many seconds of work has been done that is in progress and hasn't been "
                            "observed by work_duration. Large values indicate stuck threads",
                            queue_of(c))),
      longest_running(gauge(r, "workqueue_longest_running_processor_seconds",
                            "How many seconds has the longest running processor for workqueue been running",
                            queue_of(c))),
      depth_(prometheus::BuildGauge()
                 .Name("workqueue_depth")
                 .Help("Current depth of workqueue by workqueue and priority")
                 .Register(r)),
      queue_labels_(queue_of(c)) {}

void controller_metrics::queue_changed(const work_queue& queue) {
    adds.Increment(static_cast<double>(queue.adds() - counted_adds_));
    counted_adds_ = queue.adds();
    // As controller-runtime: beyond 25 priorities they share one label.
    double others = 0;
    for (const auto& [priority, n] : queue.depth_by_priority()) {
        auto found = depth_by_priority_.find(priority);
        if (found == depth_by_priority_.end() && depth_by_priority_.size() < 25) {
            labels l = queue_labels_;
            l["priority"] = std::to_string(priority);
            found = depth_by_priority_.emplace(priority, &depth_.Add(l)).first;
        }
        if (found != depth_by_priority_.end())
            found->second->Set(static_cast<double>(n));
        else
            others += static_cast<double>(n);
    }
    if (queue.depth_by_priority().size() > depth_by_priority_.size()) {
        labels l = queue_labels_;
        l["priority"] = "exceeded_cardinality_limit";
        depth_.Add(l).Set(others);
    }
}

} // namespace gwctl::detail
