// Beast over the REST interface: connections, keep-alive, watch streams, faults.
#pragma once

#include "read_log.hpp"
#include "rest.hpp"

#include <gwctl/testing/fault.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace gwctl::testing::detail {

/// What connections, stand-ins and the owner share. `guard` guards everything here.
struct shared_state {
    shared_state(cluster_options o, std::size_t read_history)
        : objects(std::move(o)), api(objects), reads(read_history) {}

    std::mutex guard;
    cluster objects;
    rest api;
    read_log reads;
    std::list<fault> faults;
    std::uint64_t requests = 0;
    std::size_t open_watches = 0;
    /// Counts whatever a waiting test may want to look at.
    std::uint64_t ticks = 0;
    std::condition_variable changed;

    void tick() {
        ++ticks;
        changed.notify_all();
    }
};

class connection;

/// All members but `start`, `stop` and `post` belong to the server's thread.
class http_server {
public:
    http_server(shared_state& state, std::chrono::milliseconds bookmark_interval)
        : state_(state), bookmark_interval_(bookmark_interval) {}
    ~http_server() { stop(); }

    /// Throws `api_error` (config).
    void listen(const std::string& address, std::uint16_t port);
    void start();
    void stop();
    void post(std::function<void()> f);

    std::uint16_t port() const { return port_; }
    /// Wakes all watches, once per turn of the loop however often it is called.
    void wake_watches();
    void drop_connections();

    shared_state& state() { return state_; }
    std::chrono::milliseconds bookmark_interval() const { return bookmark_interval_; }
    void joined(connection* c) { connections_.insert(c); }
    void left(connection* c) { connections_.erase(c); }

private:
    void accept();

    shared_state& state_;
    std::chrono::milliseconds bookmark_interval_;
    boost::asio::io_context context_{1};
    boost::asio::ip::tcp::acceptor acceptor_{context_};
    std::uint16_t port_ = 0;
    std::set<connection*> connections_;
    std::atomic<bool> waking_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace gwctl::testing::detail
