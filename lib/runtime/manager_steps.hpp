/// A manager without threads of its own: a simulation runs its two event loops, one handler at a time.
#pragma once

#include "run_observer.hpp"

#include <gwctl/runtime/manager.hpp>

#include <boost/asio/execution_context.hpp>

#include <array>

namespace gwctl::detail {

/// Takes the place of `manager::run`. Use from one thread.
///
/// To end a manager as a crash would, destroy it without `end`: nothing of it runs any more.
class manager_steps {
public:
    /// `m` must outlive this. `m` needs options without addresses to serve at and without signals, which a
    /// simulation has not.
    explicit manager_steps(manager& m) : manager_(m) {}

    /// As the first half of `run`. False, with the reason in the log, when the manager cannot run.
    bool begin();
    /// Runs one ready handler of the manager's loop; false when none is ready.
    bool step();
    /// The same of the second loop, which renews the Lease.
    bool step_side();
    /// Whether it has come to its end: by `manager::stop`, a failure, or a lost Lease.
    bool ended() const;
    /// As the second half of `run`: returns the exit code, or rethrows. Precondition: `ended`.
    int end();

    /// What its coroutines run on: of the manager's loop and of the second one.
    std::array<boost::asio::execution_context*, 2> contexts();
    /// Whether nothing is left to do and every store has seen `resource_version`; see `manager::wait_settled`.
    settled_report report(const std::string& resource_version) const;
    std::vector<const object_table*> tables() const;
    /// `observer` must outlive the manager.
    void observe(run_observer& observer);

private:
    manager& manager_;
};

} // namespace gwctl::detail
