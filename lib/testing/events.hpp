// events.k8s.io/v1 and core/v1 Events are one object under two sets of names.
#pragma once

#include <gwctl/json/value.hpp>

namespace gwctl::testing::detail {

json::object event_from_core(const json::object& core);
json::object event_to_core(const json::object& event);

} // namespace gwctl::testing::detail
