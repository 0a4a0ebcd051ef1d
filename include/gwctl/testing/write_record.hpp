/// One entry of the embedded API server's log of writes.
#pragma once

#include <cstdint>
#include <string>

namespace gwctl::testing {

/// A write that changed something. Requests that were refused, dry runs and no-ops are not recorded.
struct write_record {
    /// create, update, patch, apply, delete. Garbage collection and the stand-ins appear with their own user
    /// agents.
    std::string verb;
    std::string group;
    /// "services".
    std::string resource;
    /// "" or "status".
    std::string subresource;
    std::string namespace_;
    std::string name;
    std::string user_agent;
    std::string field_manager;
    /// The version that the write made.
    std::uint64_t resource_version = 0;

    friend bool operator==(const write_record&, const write_record&) = default;
};

} // namespace gwctl::testing
