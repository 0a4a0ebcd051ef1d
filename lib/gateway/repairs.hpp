// What is said about a Gateway's objects and status that somebody else changed and we put back.
#pragma once

#include "writer.hpp"

#include <map>
#include <string>
#include <vector>

namespace gwctl::gateway::detail {

/// Of one reconcile. Looks before each write, after which nobody can tell any more who made the changes, and
/// says so after it: by an Event on the Gateway, the log, and a count. Observing, it says nothing.
class repairs {
public:
    /// All must outlive it.
    repairs(cluster& c, context& ctx, const writer& writes) : c_(c), ctx_(ctx), writes_(writes) {}

    task<void> look_at(object_key gateway, const desired_state& desired);
    void objects_written(const Gateway& gateway, const std::vector<applied_object>& objects);

    task<void> look_at(const Gateway& gateway, Gateway::Status wanted);
    void status_written(const Gateway& gateway);

private:
    struct repair {
        resource_type type{};
        std::string message{};
    };

    task<bool> is_owner_there(drift d);
    task<void> describe(drift d, std::string version);
    void tell(const Gateway& gateway);

    cluster& c_;
    context& ctx_;
    const writer& writes_;
    std::vector<repair> found_{};
    std::map<std::string, bool> owners_{}; ///< by uid: whether they are there
    std::string status_{};                 ///< that is wanted
};

} // namespace gwctl::gateway::detail
