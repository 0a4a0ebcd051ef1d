#include <gwctl/runtime/metrics.hpp>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace gwctl {

metrics::metrics() : registry_(std::make_unique<prometheus::Registry>()) {}
metrics::~metrics() = default;

std::string metrics::text() const { return prometheus::TextSerializer().Serialize(registry_->Collect()); }

} // namespace gwctl
