/// The untyped JSON value, for what no struct describes.
#pragma once

#include <boost/json/value.hpp>

namespace gwctl::json {

using value = boost::json::value;
using object = boost::json::object;
using array = boost::json::array;

} // namespace gwctl::json
