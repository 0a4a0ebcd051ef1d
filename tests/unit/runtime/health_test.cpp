// Probes and metrics over real sockets.

#include "running_manager.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <iterator>
#include <sstream>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::ConfigMap;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// A port that was free a moment ago.
unsigned short free_port() {
    asio::io_context io;
    return tcp::acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)).local_endpoint().port();
}

class peer {
public:
    explicit peer(unsigned short port) : socket_(io_) {
        socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    }
    void send(const std::string& bytes) {
        boost::system::error_code ignored; // the server may have had enough
        asio::write(socket_, asio::buffer(bytes), ignored);
    }
    std::string receive() {
        std::string all;
        boost::system::error_code end;
        asio::read(socket_, asio::dynamic_buffer(all), end);
        return all;
    }

private:
    asio::io_context io_;
    tcp::socket socket_;
};

std::string ask(unsigned short port, const std::string& bytes) {
    peer p(port);
    p.send(bytes);
    return p.receive();
}

std::string get(unsigned short port, const std::string& target) {
    return ask(port, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

bool begins(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

struct fixture {
    std::shared_ptr<fake_api> api = std::make_shared<fake_api>();
    unsigned short port = free_port();
    running_manager m{api, [this] {
                          auto o = quiet_options();
                          o.metrics_bind_address = ":" + std::to_string(port);
                          o.health_probe_bind_address = o.metrics_bind_address;
                          return o;
                      }()};
};

} // namespace

TEST_CASE("probes tell what is not ready") {
    fixture f;
    f.api->add_fault({"GET", "/services", 403, "Forbidden", -1});
    f.m.mgr.cache<ConfigMap>();
    f.m.mgr.cache<core_v1::Service>();
    f.m.start();
    REQUIRE(f.api->await_request("GET /api/v1/services", 2)); // the answer to the first one has been seen
    CHECK(begins(get(f.port, "/healthz"), "HTTP/1.1 200 OK\r\n"));
    std::string r = get(f.port, "/readyz?verbose");
    CHECK(begins(r, "HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(contains(r, "[-]cache-services failed: services: denied: forbidden; the log says more\n"));
    f.api->clear_faults();
    REQUIRE(f.m.settle(f.api->version()).settled);
    CHECK(contains(get(f.port, "/readyz"), "\r\n\r\nok"));
    r = get(f.port, "/readyz?verbose");
    CHECK(contains(r, "[+]cache-configmaps ok\n"));
    CHECK(contains(r, "[+]cache-services ok\n"));
    CHECK(begins(get(f.port, "/readyz/cache-services"), "HTTP/1.1 200 OK\r\n"));
    CHECK(begins(get(f.port, "/readyz/nothing"), "HTTP/1.1 404 Not Found\r\n"));
    f.m.mgr.health().set_live("mine", "out of order");
    CHECK(contains(get(f.port, "/healthz"), "[-]mine failed: out of order"));
    CHECK(begins(get(f.port, "/livez"), "HTTP/1.1 503 Service Unavailable\r\n"));
    CHECK(begins(get(f.port, "/livez?exclude=mine"), "HTTP/1.1 200 OK\r\n"));
    CHECK(begins(get(f.port, "/livez/mine"), "HTTP/1.1 500 Internal Server Error\r\n"));
    CHECK(f.m.stop() == 0);
}

TEST_CASE("metrics have controller-runtime's names, from the start") {
    fixture f;
    f.m.mgr.control<ConfigMap>("maps").reconcile_with(
        [](context&, object_key) -> task<action> { co_return await_change(); });
    f.api->put("configmaps", config_map("a"));
    f.m.start();
    REQUIRE(f.m.settle(f.api->version()).settled);
    const std::string r = get(f.port, "/metrics");
    CHECK(contains(r, "Content-Type: text/plain; version=0.0.4"));
    for (const char* line :
         {"controller_runtime_reconcile_total{controller=\"maps\",result=\"success\"} 1",
          "controller_runtime_reconcile_total{controller=\"maps\",result=\"error\"} 0",
          "controller_runtime_reconcile_total{controller=\"maps\",result=\"requeue\"} 0",
          "controller_runtime_reconcile_total{controller=\"maps\",result=\"requeue_after\"} 0",
          "controller_runtime_reconcile_errors_total{controller=\"maps\"} 0",
          "controller_runtime_terminal_reconcile_errors_total{controller=\"maps\"} 0",
          "controller_runtime_reconcile_panics_total{controller=\"maps\"} 0",
          "controller_runtime_reconcile_timeouts_total{controller=\"maps\"} 0",
          "controller_runtime_reconcile_time_seconds_count{controller=\"maps\"} 1",
          "controller_runtime_max_concurrent_reconciles{controller=\"maps\"} 1",
          "controller_runtime_active_workers{controller=\"maps\"} 0",
          "workqueue_depth{controller=\"maps\",name=\"maps\",priority=\"-100\"} 0",
          "workqueue_adds_total{controller=\"maps\",name=\"maps\"} 1",
          "workqueue_queue_duration_seconds_count{controller=\"maps\",name=\"maps\"} 1",
          "workqueue_work_duration_seconds_count{controller=\"maps\",name=\"maps\"} 1",
          "workqueue_unfinished_work_seconds{controller=\"maps\",name=\"maps\"} 0",
          "workqueue_longest_running_processor_seconds{controller=\"maps\",name=\"maps\"} 0",
          "workqueue_retries_total{controller=\"maps\",name=\"maps\"} 0",
          "rest_client_requests_total{code=\"200\",host=\"fake:6443\",method=\"GET\"} ",
          "gwctl_event_loop_lag_seconds "}) {
        INFO(line);
        CHECK(contains(r, line));
    }
}

TEST_CASE("the bounds of the histograms are controller-runtime's and client-go's") {
    fixture f;
    f.m.mgr.control<ConfigMap>("maps").reconcile_with(
        [](context&, object_key) -> task<action> { co_return await_change(); });
    const std::string text = f.m.mgr.metrics().text();
    const auto bounds = [&](const std::string& name) {
        std::vector<std::string> all;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);)
            if (begins(line, name + "_bucket{")) {
                const std::size_t at = line.find("le=\"") + 4;
                all.push_back(line.substr(at, line.find('"', at) - at));
            }
        return all;
    };
    const auto numbers = [](const std::string& words) {
        std::istringstream in(words);
        return std::vector<std::string>(std::istream_iterator<std::string>(in), {});
    };
    CHECK(bounds("controller_runtime_reconcile_time_seconds") ==
          numbers("0.005 0.01 0.025 0.05 0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.45 0.5 0.6 0.7 0.8 0.9 1 1.25 1.5 "
                  "1.75 2 2.5 3 "
                  "3.5 4 4.5 5 6 7 8 9 10 15 20 25 30 40 50 60 +Inf"));
    const auto queue =
        numbers("1e-08 1e-07 1e-06 9.999999999999999e-06 9.999999999999999e-05 0.001 0.01 0.1 1 10 100 "
                "1000 +Inf");
    CHECK(bounds("workqueue_queue_duration_seconds") == queue);
    CHECK(bounds("workqueue_work_duration_seconds") == queue);
}

TEST_CASE("probes survive clients that are rude") {
    fixture f;
    f.m.start();
    REQUIRE(f.m.settle().settled);
    CHECK(begins(ask(f.port, "\x16\x03\x01\x02\x00garbage\r\n\r\n"), "HTTP/1.1 400 "));
    CHECK(begins(ask(f.port, "POST /healthz HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), "HTTP/1.1 405 "));
    CHECK(begins(get(f.port, "/nothing"), "HTTP/1.1 404 "));
    CHECK(begins(ask(f.port, "GET / HTTP/1.1\r\nX: " + std::string(8200, 'x')), "HTTP/1.1 431 "));
    const std::string head = ask(f.port, "HEAD /healthz HTTP/1.1\r\n\r\n");
    CHECK(begins(head, "HTTP/1.1 200 "));
    CHECK(head.substr(head.size() - 4) == "\r\n\r\n");

    // Half a request each, and then silence: 64 may wait, and the newest is never given up.
    std::vector<std::unique_ptr<peer>> silent;
    for (int i = 0; i < 80; ++i) {
        silent.push_back(std::make_unique<peer>(f.port));
        silent.back()->send("GET /heal");
    }
    CHECK(begins(get(f.port, "/healthz"), "HTTP/1.1 200 "));
    silent.back()->send("thz HTTP/1.1\r\n\r\n");
    CHECK(begins(silent.back()->receive(), "HTTP/1.1 200 "));
    CHECK(f.m.stop() == 0); // closes the others
    CHECK(silent.front()->receive().empty());
}

TEST_CASE("an address that cannot be bound is a configuration error that names its flag") {
    fixture f;
    f.m.start();
    REQUIRE(f.m.settle().settled);
    const auto message_of = [](manager_options o) {
        const auto api = std::make_shared<fake_api>();
        manager m(std::move(o), api);
        try {
            (void)m.run();
        } catch (const api_error& e) {
            CHECK(e.code() == errc::config);
            return std::string(e.what());
        }
        return std::string("it ran");
    };
    auto o = quiet_options();
    o.metrics_bind_address = "127.0.0.1:" + std::to_string(f.port);
    CHECK(message_of(o) == "-metrics-bind-address " + o.metrics_bind_address + ": Address already in use");
    o = quiet_options();
    o.health_probe_bind_address = "8081";
    CHECK(message_of(o) == "-health-probe-bind-address 8081: expected \":port\" or \"host:port\"");
    o.health_probe_bind_address = ":http";
    CHECK(begins(message_of(o), "-health-probe-bind-address :http: expected"));
}
