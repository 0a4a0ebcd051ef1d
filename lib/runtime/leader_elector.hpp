/// Holds a Lease: `lease_fsm` with a client and a clock.
#pragma once

#include "lease_fsm.hpp"
#include "notifier.hpp"
#include "write_fence.hpp"

#include <gwctl/client/client.hpp>

#include <functional>
#include <set>

namespace gwctl::detail {

/// Use from one thread, except where noted.
class leader_elector {
public:
    struct callbacks {
        std::function<void()> elected{}; ///< once at most
        std::function<void()> lost{};    ///< once at most
        /// Why the process neither leads nor can see who does; empty when that is mended.
        std::function<void(std::string problem)> blind{};
    };
    /// `tell` is called on the elector's thread. `user_agent` as in client_options.
    leader_elector(leader_election_options options, std::shared_ptr<transport> network, clock& time,
                   std::shared_ptr<write_fence> fence, callbacks tell, std::string user_agent = {});

    /// Competes for the lease and renews it, until it is lost, released, or the task is cancelled.
    task<void> run();
    /// Makes `run` hand the lease over and return.
    void release();
    class client& api() noexcept {
        return api_;
    }

private:
    void publish();
    task<void> attempt(lease_fsm::todo todo);
    task<coordination_v1::Lease> ask(lease_fsm::todo todo);
    void failed(const api_error& e);
    void succeeded(lease_fsm::step what);
    task<void> hand_over();
    void say(const std::string& what);

    lease_fsm fsm_;
    class client api_;
    clock& time_;
    std::shared_ptr<write_fence> fence_;
    callbacks tell_;
    notifier releasing_changed_;
    bool releasing_ = false;
    bool elected_ = false;
    bool told_of_waiting_ = false;
    std::string known_holder_;
    std::set<errc> told_; ///< failures that the log has, since the last success
};

} // namespace gwctl::detail
