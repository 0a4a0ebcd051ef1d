// An API server in memory behind the transport seam: enough of one for the loops of the runtime, with faults.
#pragma once

#include <gwctl/client/transport.hpp>
#include <gwctl/json/value.hpp>

#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace gwctl::tests {

struct fault {
    std::string method{};
    std::string target{}; // a part of it
    int status = 500;
    std::string reason{};
    int times = 1;      // -1: until cleared
    std::string body{}; // instead of a Status
    // Called before the answer is made, for what happens in the meantime.
    std::function<void()> meanwhile{};
};

// Thread safe. Every test that waits gives up after 20 s of real time.
class fake_api final : public transport, public std::enable_shared_from_this<fake_api> {
public:
    task<std::unique_ptr<http_response>> send(http_request request) override;
    std::string_view host() const noexcept override { return "fake:6443"; }

    // Creates or replaces; returns the resourceVersion. `object` is JSON with metadata.name.
    std::string put(const std::string& plural, const std::string& object);
    void remove(const std::string& plural, const std::string& namespace_, const std::string& name);
    json::value get(const std::string& plural, const std::string& namespace_, const std::string& name);
    std::vector<json::value> all(const std::string& plural);

    // From now on the server does not have a kind: its paths are unknown, and discovery does not list it.
    void set_absent(const std::string& plural, bool absent);
    // From now on this part of requests' targets gets the 404 page of a proxy; "" ends that.
    void set_page(const std::string& target);
    // Ends every watch with an ERROR event of this code.
    void end_watches_with(int code);

    void add_fault(fault f);
    void clear_faults();
    // Watches deliver nothing until released.
    void hold_watches(bool held);
    // Ends every watch: in good order, or as a broken connection.
    void end_watches(bool broken);
    // Forgets history: a watch from before now gets 410.
    void compact();

    // "GET /api/v1/configmaps?limit=500"
    std::vector<std::string> requests();
    bool await_request(const std::string& part, std::size_t times = 1);
    // The last request whose line has this part.
    http_request last_request(const std::string& part);
    std::string version();

private:
    friend class watch_response;
    struct change {
        std::uint64_t version = 0;
        std::string plural;
        std::string line;
    };
    struct parsed_target {
        std::string plural, namespace_, name, subresource;
        std::map<std::string, std::string> query;
    };
    struct sleeper {
        boost::asio::steady_timer timer;
    };

    fault* fault_of(const http_request& r);
    static parsed_target parse(const std::string& target);
    std::unique_ptr<http_response> answer(const http_request& r);
    std::unique_ptr<http_response> list(const http_request& r, const parsed_target& t);
    std::unique_ptr<http_response> discovery(const std::string& target);
    std::unique_ptr<http_response> write(const http_request& r, const parsed_target& t);
    json::object store(const std::string& plural, json::object object);
    void erase(const std::string& plural, const std::string& key);
    void wake();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t version_ = 100;
    std::uint64_t compacted_ = 0;
    std::uint64_t watch_epoch_ = 0;
    bool epoch_broken_ = false;
    int epoch_error_ = 0;
    std::set<std::string> absent_;
    std::string page_;
    bool held_ = false;
    std::map<std::string, std::map<std::string, json::object>> objects_;
    std::vector<change> history_;
    std::vector<fault> faults_;
    std::vector<std::string> requests_;
    std::vector<http_request> full_requests_;
    std::list<std::shared_ptr<sleeper>> sleepers_;
};

} // namespace gwctl::tests
