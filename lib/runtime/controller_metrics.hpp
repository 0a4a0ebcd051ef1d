/// controller-runtime's metrics of one controller and its queue, under the same names.
#pragma once

#include "work_queue.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>

namespace gwctl::detail {

struct controller_metrics {
    controller_metrics(prometheus::Registry& registry, const std::string& controller);

    /// Brings the queue's counter and gauges up to date.
    void queue_changed(const work_queue& queue);

    prometheus::Counter& success;
    prometheus::Counter& failure;
    prometheus::Counter& requeue;
    prometheus::Counter& requeue_after;
    prometheus::Counter& errors;
    prometheus::Counter& terminal_errors;
    prometheus::Counter& panics;
    prometheus::Counter& timeouts;
    prometheus::Histogram& reconcile_time;
    prometheus::Gauge& max_concurrent;
    prometheus::Gauge& active_workers;

    prometheus::Counter& adds;
    prometheus::Counter& retries;
    prometheus::Histogram& queue_time;
    prometheus::Histogram& work_time;
    prometheus::Gauge& unfinished_work;
    prometheus::Gauge& longest_running;

private:
    prometheus::Family<prometheus::Gauge>& depth_;
    std::map<std::string, std::string> queue_labels_;
    std::map<int, prometheus::Gauge*> depth_by_priority_;
    std::uint64_t counted_adds_ = 0;
};

} // namespace gwctl::detail
