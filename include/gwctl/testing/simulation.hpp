/// A whole cluster in one thread and in no time: an API server, replicas of a controller, and what goes wrong between
/// them, all decided by one seed.
///
///     testing::simulation_options o;
///     o.seed = 7;
///     o.replicas = 2;
///     testing::simulation world(o, [](manager& m) { m.control<Widget>().reconcile_with(reconcile_widget); });
///     world.apply_yaml(widget_crd);
///     world.expect(testing::draw_mishaps(7, 10, std::chrono::minutes(2)));
///     world.apply_yaml(widget);
///     world.run_for(std::chrono::minutes(2));   // requests fail, connections break, replicas crash and pause
///     world.calm();                             // trouble ends; nothing is left to do
///     CHECK(world.get("deployments.apps", "default", "a"));
///     world.restart_to_no_effect();
///     CHECK(world.violations().empty());
///
/// What happens. Time stands still until you move it. Each replica is a manager as it ships, with its second thread as
/// a second event loop. While anything is ready, the seed chooses an event loop, and one handler of it runs. When
/// nothing is ready, time jumps to the next moment at which somebody wants to wake. Messages take as long as the seed
/// says, so they overtake each other. A minute with two replicas costs some hundredths of a second.
///
/// In what order. You set the scene with `apply`, announce trouble with `expect`, let time pass with `run_for`, and
/// change your mind in between. Then `calm` ends the trouble, and you look whether all is as it should be.
/// `gwctl/testing/scenario.hpp` has this as data; `seeds.hpp` runs it under many seeds and makes failures smaller.
///
/// What is checked is listed at `violations`. What your controller promises, only you can check: at rest by `objects`,
/// at each change by `on_change`.
///
/// What is not modelled: bytes, TLS and credentials, so requests arrive whole; what the embedded API server does not
/// model (`api_server`); two API servers that differ in what they show; skewed clocks, since all replicas share one;
/// the time that code takes to run, which is none.
///
/// The same seed, program and calls give the same run, to the last log line. For that a controller must not
/// - read a clock of the machine, or sleep by one: `context::time` has the simulation's;
/// - start threads, block, or wait for something outside of the simulation;
/// - draw from `std::random_device`, or hash or order by addresses: an unordered container with pointers as keys, or a
///   `std::set` of them, has another order in each run;
/// - keep state in globals, which would outlive a crash.
/// `difference_between_runs` in `seeds.hpp` finds out whether it does.
#pragma once

#include <gwctl/json/value.hpp>
#include <gwctl/runtime/manager.hpp>
#include <gwctl/testing/mishap.hpp>
#include <gwctl/testing/write_record.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing {

struct simulation_options {
    simulation_options() = default;
    std::uint64_t seed = 1;
    /// How many processes of the controller there are. More than one compete for a Lease.
    unsigned replicas = 1;
    /// `calm` waits until no process has written anything for so long. Longer than what your controllers rest between
    /// runs (`requeue_after`), or those runs are never seen; shorter is faster, since replicas renew their Lease meanwhile.
    std::chrono::nanoseconds quiet_for = std::chrono::minutes(2);
    /// As in `api_server_options`.
    bool workloads = false;
    bool announcer = false;
    /// Changes the options of each process's manager; what the simulation needs (time, seed, Lease, no signals, nothing
    /// served) it sets afterwards.
    std::function<void(manager_options&)> adjust{};
    /// Gets every line of the log, with the time since the start and the process, "12.250 s b-1 info ...", and a line for
    /// each mishap and each answer: "12.260 s b-1 GET /api/v1/pods -> 200". Null: nobody.
    std::function<void(const std::string&)> log{};
};

/// A write that took effect after its sender had given it up.
struct late_write {
    std::string method{};
    std::string target{};
    std::string process{}; ///< "b-2": the second process of replica b
    /// What it changed, as the API server stores it; null before creations and after deletions.
    json::value before{};
    json::value after{};
};

/// Use from one thread. One at a time in a process: it takes over the log (`log::redirect`).
class simulation {
public:
    /// Called for each process that starts, also after a crash: sets up its controllers.
    using set_up = std::function<void(manager&)>;

    /// Time starts at 2026-01-01T00:00:00Z; processes start with the first `run_for` or `calm`.
    simulation(simulation_options options, set_up controllers);
    ~simulation();
    simulation(const simulation&) = delete;
    simulation& operator=(const simulation&) = delete;

    // What users of the cluster do, past the network. Refusals are thrown as `api_error`.

    /// As `api_server::apply`.
    void apply(const json::value& object);
    /// Every document of it, in order.
    void apply_yaml(std::string_view yaml);
    /// False when there is no such object. `kind` as in `api_server::objects`.
    bool remove(std::string_view kind, std::string_view ns, std::string_view name);
    std::vector<json::value> objects(std::string_view kind = {}) const;
    std::optional<json::value> get(std::string_view kind, std::string_view ns, std::string_view name) const;

    // Time.

    /// Has these happen, counted from now.
    void expect(std::vector<mishap> mishaps);
    void run_for(std::chrono::nanoseconds duration);
    /// Runs until `condition` holds, which is asked whenever nothing is ready at the present time, and no longer than
    /// `limit`. Whether it holds.
    bool run_until(const std::function<bool()>& condition,
                   std::chrono::nanoseconds limit = std::chrono::minutes(10));
    /// Ends all trouble and runs until one process leads and nothing has been left to do for `quiet_for`. When that does
    /// not come within `limit`, that is a violation.
    void calm(std::chrono::minutes limit = std::chrono::minutes(60));
    /// All processes end in good order, as in a rollout, and new ones start.
    void restart();
    /// What a controller that is done has to survive: `restart` and `calm`, and each write of a process meanwhile is a
    /// violation. Leases and Events do not count. Does nothing when there are violations already.
    void restart_to_no_effect();
    /// Since the start.
    std::chrono::nanoseconds now() const;

    // What happened.

    /// What must never happen, and did: one line each, at most 20. The simulation itself looks for
    /// - a write whose first byte leaves when the Lease may be another's, or after another process's first one;
    /// - two runs of one reconciler for one key at once;
    /// - a run that was shown an older version of its object than the run before wrote;
    /// - and, when all is calm: a cache that differs from the API server, an object whose newest generation, or whose
    ///   deletion, no run was shown.
    const std::vector<std::string>& violations() const;
    /// For rules of the controller's own, of which `on_change` and tests know.
    void violated(std::string what);
    /// Called after each change of an object: before and after, null for none. Do not write from it.
    void on_change(std::function<void(const json::value* before, const json::value* after)> f);
    /// Called for each write that took effect late.
    void on_late_write(std::function<void(const late_write&)> f);
    /// Every write that changed something, in order; `user_agent` is the process: "b-2", or "fixture".
    const std::vector<write_record>& writes() const;
    /// Those of the controller's processes, without Leases and Events.
    std::vector<write_record> writes_of_controllers() const;
    std::uint64_t requests() const;
    /// Of all requests, answers and log lines with their times: equal for equal programs, seeds and calls.
    std::uint64_t digest() const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace gwctl::testing
