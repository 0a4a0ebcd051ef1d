// What is said about a Gateway's objects and status that somebody else changed and we put back.
#pragma once

#include "writer.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gwctl::gateway::detail {

/// Of one reconcile. Looks before each write, after which nobody can tell any more who made the changes, and
/// says so after it: by an Event on the Gateway, the log, and a count. Observing, it says nothing.
///
/// What was put back many times in a row is left as it is for a while: see `repair_limit`.
class repairs {
public:
    /// All must outlive it.
    repairs(cluster& c, context& ctx, const writer& writes) : c_(c), ctx_(ctx), writes_(writes) {}

    /// Takes the slices that rest out of `desired`.
    task<void> look_at(object_key gateway, desired_state& desired);
    /// Services that must not be written now, with what to say of it.
    const std::map<object_key, std::string>& left_alone() const { return left_alone_; }
    void objects_written(const Gateway& gateway, const std::vector<applied_object>& objects);

    /// When to come back for what rests; nothing when nothing does.
    std::optional<std::chrono::nanoseconds> rest() const { return rest_; }

private:
    struct repair {
        resource_type type{};
        std::string id{};
        std::string message{};
    };

    bool rests(const std::string& id);
    void leave_alone(const drift& d, desired_state& desired);
    task<bool> is_owner_there(drift d);
    task<void> describe(drift d);
    void tell(const Gateway& gateway);

    cluster& c_;
    context& ctx_;
    const writer& writes_;
    std::vector<repair> found_{};
    std::map<object_key, std::string> left_alone_{};
    std::optional<std::chrono::nanoseconds> rest_{};
    std::map<std::string, bool> owners_{}; ///< by uid: whether they are there
};

} // namespace gwctl::gateway::detail
