// The embedded API server without sockets, threads and time of its own.
#pragma once

#include "../runtime/notifier.hpp"
#include "fixtures.hpp"
#include "rest.hpp"
#include "stand_ins.hpp"

#include <gwctl/core/clock.hpp>

#include <memory>
#include <vector>

namespace gwctl::testing::detail {

/// Answers at once, on the caller's thread. Use from one thread.
class simulated_api {
public:
    /// `time` must outlive it.
    simulated_api(const clock& time, std::vector<std::unique_ptr<stand_in>> stand_ins);

    http_response answer(const http_request& r) { return rest_.handle(r); }
    rest& frames() { return rest_; }
    cluster& objects() { return cluster_; }
    const cluster& objects() const { return cluster_; }
    fixtures& users() { return users_; }
    std::uint64_t version() const { return cluster_.objects().version(); }

    bool stand_ins_idle() const;
    /// One round of their work.
    void run_stand_ins();
    /// Forgets the history: watches and continue tokens from earlier versions get 410.
    void compact();

    /// Notified when watches may have something to send.
    gwctl::detail::notifier changed;
    /// Called after each change.
    std::function<void(const change&)> on_change = [](const change&) {};

private:
    cluster cluster_;
    rest rest_{cluster_};
    fixtures users_{cluster_};
    std::vector<std::unique_ptr<stand_in>> stand_ins_;
};

} // namespace gwctl::testing::detail
