/// Sees each run of a reconciler begin and end: for simulations, which check what the queue promises.
#pragma once

#include <gwctl/api/resource.hpp>

#include <string>

namespace gwctl::detail {

/// Called on the manager's thread. Must not throw.
class run_observer {
public:
    virtual ~run_observer() = default;
    /// `shown`: the object as the store shows it; null when the store has none.
    virtual void began(const std::string& controller, const resource_type& type, const object_key& key,
                       const ObjectMeta* shown) = 0;
    virtual void ended(const std::string& controller, const object_key& key) = 0;
};

/// One run, for as long as this lives. What it is made of must outlive it.
class observed_run {
public:
    observed_run(run_observer* observer, const std::string& controller, const resource_type& type,
                 const object_key& key, const ObjectMeta* shown)
        : observer_(observer), controller_(controller), key_(key) {
        if (observer_ != nullptr)
            observer_->began(controller_, type, key_, shown);
    }
    ~observed_run() {
        if (observer_ != nullptr)
            observer_->ended(controller_, key_);
    }
    observed_run(const observed_run&) = delete;
    observed_run& operator=(const observed_run&) = delete;

private:
    run_observer* observer_;
    const std::string& controller_;
    const object_key& key_;
};

} // namespace gwctl::detail
