/// Prometheus metrics of one manager. There is no global registry.
#pragma once

#include <memory>
#include <string>

namespace prometheus {
class Registry;
}

namespace gwctl {

/// Thread safe.
class metrics {
public:
    metrics();
    ~metrics();
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;

    /// For metrics of your own; include <prometheus/...> to use it.
    prometheus::Registry& registry() noexcept { return *registry_; }

    /// Everything in Prometheus' text format, version 0.0.4.
    std::string text() const;

private:
    std::unique_ptr<prometheus::Registry> registry_;
};

} // namespace gwctl
