/// Why something is as it is, in the form of a condition.
#pragma once

#include <string>

namespace gwctl::gateway {

struct verdict {
    bool holds = true;
    std::string reason{};
    std::string message{};
    friend bool operator==(const verdict&, const verdict&) = default;
};

} // namespace gwctl::gateway
