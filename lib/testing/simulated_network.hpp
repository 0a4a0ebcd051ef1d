// What lies between simulated processes and the API server: delays, and what goes wrong on the way.
#pragma once

#include "simulated_api.hpp"

#include <gwctl/client/transport.hpp>
#include <gwctl/testing/simulation.hpp>
#include <gwctl/testing/virtual_clock.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <list>
#include <memory>
#include <random>
#include <string>

namespace gwctl::testing::detail {

/// One run of a replica, from its start to its end.
struct process {
    std::string name; ///< "b-2"
    unsigned replica = 0;
    std::chrono::milliseconds renew_deadline{0}; ///< of its Lease; 0: it needs none
    /// Until when it may write by the last renewal that the API server accepted.
    steady_time may_write_until{};
    bool crashed = false;
};

/// Told of what passes. All are called on the thread of the simulation.
class network_observer {
public:
    virtual ~network_observer() = default;
    /// The first byte of a request leaves. `for_lease`: it comes from the second loop.
    virtual void sent(const process& by, bool for_lease, const gwctl::http_request& r) = 0;
    virtual void wrote(const process& by, const write_record& w) = 0;
    /// The answer to a write has reached the process.
    virtual void learnt(const process& by, const write_record& w) = 0;
    /// The Lease is renewed or released: `may_write_until` is another.
    virtual void renewed(const process& by) = 0;
    virtual void came_late(const late_write& w) = 0;
    /// A line for the digest.
    virtual void trace(const std::string& line) = 0;
};

/// Use from one thread. What is given must outlive it; it must outlive the links.
class simulated_network {
public:
    simulated_network(virtual_clock& time, simulated_api& api, network_observer& observer,
                      boost::asio::any_io_executor world, std::uint64_t seed);

    std::shared_ptr<transport> link(std::shared_ptr<process> of, bool for_lease);

    /// Begins a mishap of the network. Those of processes are the simulation's.
    void happen(const mishap& m);
    /// Ends all mishaps; connections that are silent break.
    void calm();
    /// Whether something is still to arrive.
    bool busy() const { return late_ > 0; }
    /// Has watches show how new they are.
    void ask_bookmarks();
    /// Below `limit`.
    std::uint64_t random(std::uint64_t limit) { return random_() % limit; }

private:
    friend class simulated_link;
    friend class simulated_watch;

    struct connection {
        unsigned replica = 0;
        std::string watched; ///< storage key; empty: no watch
        bool broken = false;
        bool silent = false;
        bool news = true;
        bool bookmark = false;
        gwctl::detail::notifier changed;
    };
    struct trick {
        mishap_kind kind = mishap_kind::server_error;
        std::uint32_t dice = 0;
        unsigned left = 1;
        bool about_lease = false; ///< else about anything but the Lease
    };

    std::shared_ptr<connection> connect(const process& by);
    std::chrono::nanoseconds latency();
    /// Waits until a message has arrived, or fails.
    task<void> travel(std::shared_ptr<connection> c, steady_time give_up);
    /// What happens to this request, if something does.
    std::optional<trick> take_trick(const gwctl::http_request& r, bool for_lease);
    http_response answer(process& by, bool for_lease, const gwctl::http_request& r, steady_time sent);
    void answered(const process& by, const gwctl::http_request& r, const http_response& answer);
    void deliver_late(const process& by, gwctl::http_request r, std::chrono::nanoseconds delay);
    void changed(const change& c);
    void break_all();
    template <class F>
    void for_each_connection(F f);

    virtual_clock& time_;
    simulated_api& api_;
    network_observer& observer_;
    boost::asio::any_io_executor world_;
    std::mt19937_64 random_;
    std::list<std::weak_ptr<connection>> connections_;
    std::list<trick> tricks_;
    steady_time slow_until_{};
    steady_time down_until_{};
    unsigned late_ = 0;
    gwctl::detail::notifier never_; ///< for processes that have ended
};

} // namespace gwctl::testing::detail
