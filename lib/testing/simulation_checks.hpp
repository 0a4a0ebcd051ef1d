// What must never happen in a simulation, whatever the controllers do.
#pragma once

#include "../runtime/manager_steps.hpp"
#include "simulated_network.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// Sees the runs of one process.
class run_checks final : public gwctl::detail::run_observer {
public:
    /// `time` and `violated` must outlive it.
    run_checks(std::string process, const clock& time, std::function<void(std::string)> violated)
        : process_(std::move(process)), time_(time), violated_(std::move(violated)) {}

    void began(const std::string& controller, const resource_type& type, const object_key& key,
               const ObjectMeta* shown) override;
    void ended(const std::string& controller, const object_key& key) override;
    /// The process has been told that it wrote an object.
    void learnt(const write_record& w);
    /// All is calm: every object of a reconciled kind was shown to a run as it is now. `objects` are all of a kind, by
    /// "GROUP/PLURAL".
    void
    all_was_shown(const std::function<std::map<object_key, ObjectMeta>(const resource_type&)>& objects) const;

private:
    using run = std::pair<std::string, object_key>; ///< controller, key
    struct shown_object {
        resource_type type;
        bool exists = false;
        std::int64_t generation = 0;
    };
    struct own_write {
        std::string version;
        steady_time at;
    };

    std::string process_;
    const clock& time_;
    std::function<void(std::string)> violated_;
    std::map<run, resource_type> running_;
    std::map<run, shown_object> shown_; ///< to the last run
    std::map<run, own_write> own_;      ///< the last write of the key's own object by a run of it
};

/// The order in which processes write.
class writer_checks {
public:
    explicit writer_checks(std::function<void(std::string)> violated) : violated_(std::move(violated)) {}
    /// A first byte of a write leaves.
    void sent(const process& by, steady_time now, const std::string& what);

    /// The API server accepted a renewal or a release.
    void renewed(const process& by) { until_[by.name] = by.may_write_until; }

private:
    std::function<void(std::string)> violated_;
    std::map<std::string, steady_time> until_; ///< when processes may write
    std::string writer_;
    std::set<std::string> former_;
};

} // namespace gwctl::testing::detail
