// A list of Services as an API server sends it, managedFields and all.
#pragma once

#include <cstddef>
#include <string>

namespace gwctl::benchmarks {

/// A ServiceList of `count` Services, about 1.6 kB each; half of that is managedFields.
std::string service_list(std::size_t count);

} // namespace gwctl::benchmarks
