// What the server fills in while it reads an object: who writes it owns that, too.
#pragma once

#include "kinds.hpp"

namespace gwctl::testing::detail {

/// Fills in the defaults of a built-in kind that do not depend on anything but the object.
void set_defaults(const kind_info& kind, json::object& object);

} // namespace gwctl::testing::detail
