// A manager on a thread of its own, for tests.
#pragma once

#include "fake_api.hpp"

#include <gwctl/api/core_v1.hpp>
#include <gwctl/runtime/manager.hpp>

#include <fmt/format.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <support/catch.hpp>
#include <thread>

namespace gwctl::tests {

inline manager_options quiet_options() {
    manager_options o;
    o.name = "test";
    o.handle_signals = false;
    return o;
}

class running_manager {
public:
    explicit running_manager(std::shared_ptr<transport> network, manager_options o = quiet_options(),
                             std::shared_ptr<transport> for_lease = nullptr)
        : mgr(std::move(o), std::move(network), std::move(for_lease)) {}
    ~running_manager() {
        if (thread_.joinable()) {
            mgr.stop();
            thread_.join();
        }
    }

    manager mgr;

    void start() {
        code_ = done_.get_future();
        thread_ = std::thread([this] { done_.set_value(mgr.run()); });
    }
    // Waits for the end by itself.
    int join() {
        thread_.join();
        return code_.get();
    }
    int stop() {
        mgr.stop();
        return join();
    }
    settled_report settle(const std::string& version = {}) {
        return mgr.wait_settled(version, std::chrono::seconds(20));
    }
    // Runs on the manager's thread and waits for it.
    template <class F>
    auto on_loop(F f) {
        auto task = std::make_shared<std::packaged_task<decltype(f())()>>(std::move(f));
        auto result = task->get_future();
        mgr.post([task] { (*task)(); });
        return result.get();
    }

private:
    std::thread thread_;
    std::promise<int> done_;
    std::future<int> code_;
};

// What reconcilers did, seen from the test's thread.
class journal {
public:
    void note(std::string entry) {
        const std::lock_guard lock(mutex_);
        entries_.push_back(std::move(entry));
        changed_.notify_all();
    }
    std::vector<std::string> entries() const {
        const std::lock_guard lock(mutex_);
        return entries_;
    }
    std::size_t count(const std::string& entry) const {
        const std::lock_guard lock(mutex_);
        return count_locked(entry);
    }
    bool await(const std::string& entry, std::size_t times = 1,
               std::chrono::milliseconds at_most = std::chrono::seconds(20)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, at_most, [&] { return count_locked(entry) >= times; });
    }

private:
    std::size_t count_locked(const std::string& entry) const {
        return static_cast<std::size_t>(std::count(entries_.begin(), entries_.end(), entry));
    }
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> entries_;
};

inline std::string config_map(const std::string& name, const std::string& value = "1",
                              const std::string& more_metadata = {}) {
    return fmt::format(R"({{"metadata":{{"namespace":"default","name":"{}"{}}},"data":{{"v":"{}"}}}})", name,
                       more_metadata, value);
}

} // namespace gwctl::tests
