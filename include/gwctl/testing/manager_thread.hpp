/// A manager beside a test: on a thread of its own, and watched until it is quiet.
#pragma once

#include <gwctl/runtime/manager.hpp>
#include <gwctl/testing/api_server.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace gwctl::testing {

/// Runs a manager for as long as this lives. The manager must outlive it.
class manager_thread {
public:
    explicit manager_thread(manager& m) : manager_(m), thread_([this] { exit_code_ = manager_.run(); }) {}
    ~manager_thread() {
        if (thread_.joinable())
            stop();
    }
    manager_thread(const manager_thread&) = delete;
    manager_thread& operator=(const manager_thread&) = delete;

    /// Drains, joins, and returns what `manager::run` returned. Call at most once.
    int stop() {
        manager_.stop();
        thread_.join();
        return exit_code_;
    }

private:
    manager& manager_;
    int exit_code_ = 0;
    std::thread thread_;
};

/// A config for a client of this server.
cluster_config config_for(const api_server& server);

/// Blocks until the server's stand-ins and the manager have nothing left to do at one and the same
/// resourceVersion. A key that failed three times in a row counts as done with and is listed. Give the server
/// a short `bookmark_interval`: a store without changes learns the version only by bookmarks.
settled_report wait_until_quiet(api_server& server, manager& m,
                                std::chrono::milliseconds timeout = std::chrono::seconds(60));

/// The same for any API server, kube-apiserver included. `others` says, one line each, what others have yet
/// to do in the cluster, judged by its objects alone: a Deployment whose pods are not ready, a Service that
/// no one has announced. Nothing is left to do when it says nothing and the manager, before and after it was
/// asked, had seen all that there is, without a reconcile in between. Needs no bookmarks.
///
/// Calls `others` on the caller's thread, again and again with short pauses; null: nobody else acts. A
/// manager that reconciles by the clock every few milliseconds never is quiet.
settled_report wait_until_quiet(manager& m, const std::function<std::vector<std::string>()>& others = {},
                                std::chrono::milliseconds timeout = std::chrono::seconds(60));

} // namespace gwctl::testing
