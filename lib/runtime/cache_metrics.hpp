/// Metrics of a manager's caches.
#pragma once

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

namespace gwctl::detail {

struct cache_metrics {
    /// So many unreadable objects of a cache are named; whoever makes more does not fill the registry.
    static constexpr std::size_t most_named = 100;

    explicit cache_metrics(prometheus::Registry& r)
        : silence(prometheus::BuildGauge()
                      .Name("gwctl_watch_silence_seconds")
                      .Help("How long ago the API server last said something about the objects of a cache: a "
                            "list, an event, a bookmark, or that a watch is open.")
                      .Register(r)),
          unreadable(prometheus::BuildGauge()
                         .Name("gwctl_unreadable_objects")
                         .Help("How many objects of a cache are set aside, since a field does not fit.")
                         .Register(r)),
          unreadable_object(prometheus::BuildGauge()
                                .Name("gwctl_unreadable_object_info")
                                .Help("1 for each object that is set aside, since a field does not fit; at "
                                      "most 100 of each cache.")
                                .Register(r)) {}

    prometheus::Family<prometheus::Gauge>& silence;
    prometheus::Family<prometheus::Gauge>& unreadable;
    prometheus::Family<prometheus::Gauge>& unreadable_object;
};

} // namespace gwctl::detail
