/// Everything a controller process needs, started and stopped in the right order.
///
///     gwctl::manager manager;
///     manager.control<Widget>().owns<Deployment>().reconcile_with(reconcile);
///     return manager.run();
#pragma once

#include <gwctl/api/apiextensions_v1.hpp>
#include <gwctl/client/client.hpp>
#include <gwctl/client/config.hpp>
#include <gwctl/runtime/controller.hpp>
#include <gwctl/runtime/events.hpp>
#include <gwctl/runtime/health.hpp>
#include <gwctl/runtime/leader_election.hpp>
#include <gwctl/runtime/metrics.hpp>
#include <gwctl/runtime/store.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gwctl {

namespace detail {
class manager_steps;
}

/// Set it member by member, `manager_options o; o.name = "x";`: braces do not compile, since g++ 12 destroys
/// braced aggregates beside `co_await` twice, and options are no exception.
struct manager_options {
    manager_options() = default;
    /// The owner of applied fields and the source of Events. Precondition: not empty.
    std::string name = "gwctl";
    /// Who asks, for the API server: `client_options::user_agent`. Empty: the name of the executable.
    std::string user_agent{};
    /// Where `/metrics` is served: ":8080" (all addresses) or "host:port"; "0" or "": nowhere.
    std::string metrics_bind_address{};
    /// The same for `/healthz`, `/livez` and `/readyz`; see `health`. May equal `metrics_bind_address`.
    std::string health_probe_bind_address{};
    /// Without it, controllers start as soon as their caches are synced.
    std::optional<leader_election_options> leader_election{};
    /// How long reconciles may go on after stop was asked for, before they are cancelled. Zero: they are cancelled at
    /// once. Below zero: there is no limit, as in controller-runtime, and `run` returns when the last one has ended; a
    /// second signal and the loss of leadership still end the wait.
    std::chrono::milliseconds drain_timeout = std::chrono::seconds(30);
    /// Largest object, and largest string in one, that caches hold; larger ones are unreadable, as those that do not
    /// fit their struct are. See `client_options`.
    std::size_t max_object_bytes = client_options().max_object_bytes;
    std::size_t max_string_bytes = client_options().max_string_bytes;
    std::size_t max_value_depth = client_options().max_value_depth;
    /// Whether an object that cannot be read gets an Event that says so. Needs the permission to create and patch
    /// Events.
    bool record_unreadable = true;
    /// SIGTERM and SIGINT drain and exit; a second one exits with 1 at once.
    bool handle_signals = true;
    /// Null: the real clock. Must outlive the manager.
    clock* time = nullptr;
    /// What random delays (jitter of retries and watches) are drawn from; none: from the machine's random source. With
    /// a seed, the same events at the same times have the same delays.
    std::optional<std::uint64_t> random_seed{};
};

/// A key whose reconciles keep failing.
struct failing_key {
    std::string controller{};
    object_key key{};
    unsigned failures = 0;
    std::string last_error{};
};

/// Whether there is nothing left to do; see `manager::wait_settled`.
struct settled_report {
    bool settled = false;
    /// What there is left to do, one line each, when not settled.
    std::vector<std::string> waiting_for{};
    /// Keys that failed three times in a row; they count as done with. Those of which the last error is that
    /// they ask to run again at once do not, and are in `waiting_for`, too.
    std::vector<failing_key> failing{};
    /// How many reconciles have begun since the start.
    std::uint64_t reconciles = 0;
};

/// Owns the client, the stores and the controllers, and runs them on one thread, the caller's of `run`.
///
/// Reconciles of different keys run concurrently, as coroutines of that thread, so they need no lock. A
/// second thread renews the lease, answers probes and takes signals, so that a reconcile that blocks is
/// noticed.
///
/// Set up first (`cache`, `control`), then `run`, once. What the manager hands out lives as long as it does.
class manager {
public:
    /// For the cluster that `find_config` finds. When it finds none, or one whose config cannot work, `run`
    /// logs why and returns 1, and every request fails with it (`errc::config`), so a `main` needs no words
    /// for that. Throws `api_error` (`errc::config`) when the options cannot work.
    explicit manager(manager_options options = {});
    /// Throws `api_error` (`errc::config`) when the config or the options cannot work.
    manager(manager_options options, cluster_config config);
    /// `for_lease` carries leader election, whose requests come from the second thread.
    manager(manager_options options, std::shared_ptr<transport> network,
            std::shared_ptr<transport> for_lease = nullptr);
    ~manager();
    manager(const manager&) = delete;
    manager& operator=(const manager&) = delete;

    /// A controller for T. Its name, by default the kind in lower case, labels log lines and metrics and must
    /// be unique. Finish it with `controller_builder::reconcile_with`, or `run` fails.
    template <Resource T>
    [[nodiscard]] controller_builder<T> control(std::string name = {}, cache_scope scope = {}) {
        return controller_builder<T>(host(), std::move(name), std::move(scope));
    }

    /// The store of a kind and scope; one and the same for every caller.
    template <Resource T>
    store<T>& cache(cache_scope scope = {}) {
        return static_cast<store<T>&>(host().table(detail::ops_of<T>, std::move(scope)));
    }

    /// Keeps up with CustomResourceDefinitions: when the one of a kind that this manager uses comes, goes, or
    /// serves other versions than before, that kind's watch begins, ends or moves within seconds. No other
    /// kind notices. Call before `run`.
    ///
    /// Needs the permission to list and watch customresourcedefinitions.apiextensions.k8s.io. Without it, as
    /// without this call, a kind that is missing is asked for again after 250 ms, 500 ms, ... and then every
    /// 30 s, and discovery is asked once a minute in which version a kind is served.
    ///
    /// The store that is returned holds metadata only, of all definitions. Controllers do not wait for it,
    /// and `/readyz` is not failed by it.
    store<apiextensions_v1::CustomResourceDefinition>& follow_crds();

    client& api() noexcept;
    event_recorder& events() noexcept;
    class metrics& metrics() noexcept;
    class health& health() noexcept;
    clock& time() noexcept;
    /// Whether it acts only while it holds a Lease, which it writes.
    bool elects_leader() const noexcept;

    /// Runs until `stop`, a signal, or a failure. Returns 0, or 1 after logging why (no cluster, leadership
    /// lost, a controller without `reconcile_with`, ...).
    /// Throws `api_error` (`errc::config`) when it cannot start: an address in use, wrong options.
    [[nodiscard]] int run();
    /// Begins to drain. Thread safe; may be called before `run`, which then returns at once.
    void stop();
    /// As `stop`, but `run` returns 1 and logs the reason. Thread safe.
    void fail(std::string reason);

    /// Asks the API server again which kinds it serves, and in which versions, for example after a CRD was
    /// installed; `follow_crds` does so by itself. From the manager's thread.
    void recheck_kinds();

    /// Runs `work` on the manager's thread. Thread safe.
    void post(std::function<void()> work);

    /// For tests and simulations: blocks until every store is synced and has seen `resource_version`, the
    /// queues are empty, no reconcile runs and no Event waits to be written, or until `timeout` of real time
    /// is over. Reconciles that asked to run again later are not waited for; retries are, until their third
    /// failure. Thread safe, but not from the manager's thread.
    [[nodiscard]] settled_report wait_settled(std::string resource_version,
                                              std::chrono::milliseconds timeout);
    /// The same where no one knows the version to wait for, as with any API server that others use too: every
    /// store must show what the manager sees in a list of its own, made now. What others do meanwhile, and
    /// what the manager does about it, may make it unsettled at once; see `testing::wait_until_quiet`.
    [[nodiscard]] settled_report wait_settled(std::chrono::milliseconds timeout);

private:
    friend class detail::manager_steps;
    detail::controller_host& host() noexcept;
    struct core;
    std::unique_ptr<core> core_;
};

} // namespace gwctl
