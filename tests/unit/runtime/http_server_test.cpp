// The server of probes and metrics under clients that hold their connections.

#include "running_manager.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <deque>
#include <fcntl.h>
#include <runtime/http_server.hpp>
#include <sys/resource.h>
#include <unistd.h>

using namespace gwctl;
using namespace gwctl::tests;
using detail::http_answer;
using detail::http_limits;
using detail::http_server;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr const char* probe_text = "GET /healthz HTTP/1.1\r\nHost: pod\r\n\r\n";

/// A client whose reads never wait, so that the server can be run in between.
class client_socket {
public:
    client_socket(asio::io_context& io, unsigned short port) : socket_(io) {
        socket_.open(tcp::v4());
        connect(port);
    }
    /// Connects later, by a file descriptor that it has already.
    explicit client_socket(asio::io_context& io) : socket_(io) { socket_.open(tcp::v4()); }
    void connect(unsigned short port) {
        socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
        socket_.non_blocking(true);
    }
    void send(std::string_view bytes) {
        boost::system::error_code ignored; // the server may have had enough
        asio::write(socket_, asio::buffer(bytes), ignored);
    }
    /// All that has come so far; `ended` when there will be no more.
    const std::string& received() {
        std::array<char, 65536> piece{};
        while (!ended_) {
            boost::system::error_code failed;
            const std::size_t n = socket_.read_some(asio::buffer(piece), failed);
            if (failed == asio::error::would_block)
                break;
            ended_ = static_cast<bool>(failed);
            received_.append(piece.data(), n);
        }
        return received_;
    }
    bool ended() {
        received();
        return ended_;
    }
    bool answered() { return received().starts_with("HTTP/1.1 200 OK\r\n"); }

private:
    tcp::socket socket_;
    std::string received_{};
    bool ended_ = false;
};

/// A server that is run by the test, a step at a time.
struct stepped_server {
    explicit stepped_server(http_limits limits, std::string body = "ok")
        : server(
              io, "-flag", "127.0.0.1:0",
              [body = std::move(body)](std::string_view, std::string_view) {
                  http_answer a;
                  a.body = body;
                  return a;
              },
              limits) {
        asio::co_spawn(io, server.run(), asio::detached);
    }
    ~stepped_server() {
        server.close();
        io.poll();
    }
    client_socket& connect(std::string_view bytes = {}) {
        client_socket& c = clients.emplace_back(io, server.port());
        c.send(bytes);
        return c;
    }
    /// Lets the server go on until the condition holds; loopback has no loss, so it holds some time.
    template <class F>
    void until(F holds) {
        while (!holds())
            io.run_one_for(std::chrono::milliseconds(10));
    }
    /// A client that connects now is the last to be accepted; when it has its answer all others were.
    void accept_all() {
        client_socket& last = connect(probe_text);
        until([&] { return last.ended(); });
        REQUIRE(last.answered());
    }

    asio::io_context io{1};
    http_server server;
    std::deque<client_socket> clients{};
};

/// Limits in which nothing ever is late.
http_limits patient(std::size_t connections) {
    http_limits l;
    l.connections = connections;
    l.request_time = l.answer_time = std::chrono::hours(1);
    return l;
}

/// The file descriptors that this process may have.
class descriptor_limit {
public:
    descriptor_limit() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        now_ = before_;
    }
    ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    descriptor_limit(const descriptor_limit&) = delete;
    descriptor_limit& operator=(const descriptor_limit&) = delete;
    rlim_t raise() { return set(before_.rlim_max); }
    rlim_t set(rlim_t limit) {
        now_.rlim_cur = limit;
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &now_) == 0);
        return limit;
    }

private:
    rlimit before_{};
    rlimit now_{};
};

/// Every file descriptor that the process may still have.
class all_descriptors {
public:
    all_descriptors() {
        for (int fd = ::open("/dev/null", O_RDONLY); fd >= 0; fd = ::open("/dev/null", O_RDONLY))
            taken_.push_back(fd);
    }
    ~all_descriptors() {
        for (const int fd : taken_)
            ::close(fd);
    }
    all_descriptors(const all_descriptors&) = delete;
    all_descriptors& operator=(const all_descriptors&) = delete;

private:
    std::vector<int> taken_{};
};

/// Holds connections to ports until it is destroyed, and opens those again that the server closes; of those that do not
/// read, it does not notice.
class holder {
public:
    holder(std::vector<unsigned short> ports, std::size_t each, std::string bytes, bool reads)
        : each_(each), bytes_(std::move(bytes)), reads_(reads) {
        for (const unsigned short port : ports)
            held_.emplace_back().port = port;
        top_up();
        thread_ = std::thread([this] {
            while (!halt_) {
                top_up();
                std::this_thread::yield();
            }
        });
    }
    ~holder() {
        halt_ = true;
        thread_.join();
    }
    holder(const holder&) = delete;
    holder& operator=(const holder&) = delete;

private:
    struct port_held {
        unsigned short port = 0;
        std::deque<client_socket> clients{};
    };
    void top_up() {
        for (auto& [port, clients] : held_) {
            for (std::size_t n = clients.size(); n > 0; --n) {
                if (!reads_ || !clients.front().ended())
                    clients.push_back(std::move(clients.front()));
                clients.pop_front();
            }
            while (clients.size() < each_)
                clients.emplace_back(io_, port).send(bytes_);
        }
    }

    asio::io_context io_;
    std::size_t each_;
    std::string bytes_;
    bool reads_;
    std::deque<port_held> held_{};
    std::atomic<bool> halt_{false};
    std::thread thread_{};
};

std::string get(unsigned short port, const std::string& target) {
    asio::io_context io;
    tcp::socket socket(io);
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer("GET " + target + " HTTP/1.1\r\nHost: pod\r\n\r\n"), ignored);
    std::string all;
    asio::read(socket, asio::dynamic_buffer(all), ignored);
    return all;
}

unsigned short free_port() {
    asio::io_context io;
    return tcp::acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)).local_endpoint().port();
}

} // namespace

TEST_CASE("with a thousand held connections 20 of 20 probes and scrapes are answered") {
    const bool one_port = GENERATE(false, true);
    struct way {
        const char* what;
        const char* bytes;
        bool reads;
    };
    const std::array<way, 3> ways{{{"half a request", "GET /healthz HTTP/1.1\r\nX: ", true},
                                   {"silence", "", true},
                                   {"an answer that is not taken", "GET /metrics HTTP/1.1\r\n\r\n", false}}};
    const auto [what, bytes, reads] = ways[GENERATE(0u, 1u, 2u)];
    INFO(what << (one_port ? ", one port" : ", two ports"));
    descriptor_limit descriptors;
    const rlim_t most = descriptors.raise();
    const std::size_t held = std::min<rlim_t>(1000, (most - 400) / (one_port ? 1 : 2));
    auto o = quiet_options();
    const unsigned short health_port = free_port();
    const unsigned short metrics_port = one_port ? health_port : free_port();
    o.health_probe_bind_address = ":" + std::to_string(health_port);
    o.metrics_bind_address = ":" + std::to_string(metrics_port);
    running_manager m(std::make_shared<fake_api>(), std::move(o));
    m.start();
    REQUIRE(m.settle().settled);

    std::vector<unsigned short> ports{health_port};
    if (!one_port)
        ports.push_back(metrics_port);
    const holder attack(ports, held, bytes, reads);
    for (int i = 0; i < 20; ++i) {
        CHECK(get(health_port, "/healthz").ends_with("\r\n\r\nok"));
        CHECK(get(metrics_port, "/metrics").find("\ngwctl_event_loop_lag_seconds ") != std::string::npos);
    }
}

TEST_CASE("when the server is full the oldest incomplete request makes room, the newest never") {
    stepped_server s(patient(3));
    std::vector<client_socket*> half;
    for (int i = 0; i < 3; ++i) {
        half.push_back(&s.connect("GET /healthz HT"));
        s.accept_all(); // a connection of its own, for which one makes room when three wait already
    }
    // The third probe found three halves waiting.
    CHECK(half[0]->ended());
    CHECK(half[0]->received().empty());
    CHECK_FALSE(half[1]->ended());
    CHECK_FALSE(half[2]->ended());
    half[1]->send("TP/1.1\r\n\r\n");
    half[2]->send("TP/1.1\r\n\r\n");
    s.until([&] { return half[1]->ended() && half[2]->ended(); });
    CHECK(half[1]->answered());
    CHECK(half[2]->answered());
}

TEST_CASE("a request that is complete and not read yet is answered, not given up") {
    stepped_server s(patient(1));
    client_socket& first = s.connect("GET /healthz HT");
    s.until([&] { return s.io.poll() == 0; });
    // The server sees both at once; the newcomer may come first.
    client_socket& second = s.connect("GET /heal");
    first.send("TP/1.1\r\n\r\n");
    s.until([&] { return first.ended(); });
    CHECK(first.answered());
    second.send("thz HTTP/1.1\r\n\r\n");
    s.until([&] { return second.ended(); });
    CHECK(second.answered());
}

TEST_CASE("clients that do not take their answers keep nobody out") {
    // No socket takes that much at once.
    const std::string body(32u << 20u, 'x');
    stepped_server s(patient(4), body);
    std::vector<client_socket*> idle;
    for (int i = 0; i < 4; ++i)
        idle.push_back(&s.connect(probe_text));
    client_socket& taker = s.connect(probe_text);
    s.until([&] { return taker.ended(); });
    CHECK(taker.received().ends_with(body));
    // The one that had stood still for the longest made room. What had been written to it arrives.
    std::size_t cut = 0;
    for (client_socket* c : idle) {
        s.until([&] { return c->ended(); });
        cut += c->received().size() < body.size();
    }
    CHECK(cut == 1);
}

TEST_CASE("without a file descriptor left the oldest incomplete request makes room") {
    stepped_server s(patient(8));
    client_socket& oldest = s.connect("GET /heal");
    client_socket& newest = s.connect("GET /heal");
    s.accept_all();
    client_socket probe(s.io);
    {
        descriptor_limit descriptors;
        const int next = ::dup(0);
        REQUIRE(next >= 0);
        ::close(next);
        descriptors.set(static_cast<rlim_t>(next) + 50);
        const all_descriptors taken;
        probe.connect(s.server.port());
        probe.send(probe_text);
        s.until([&] { return probe.ended(); });
    }
    CHECK(probe.answered());
    CHECK(oldest.ended());
    CHECK(oldest.received().empty());
    newest.send("thz HTTP/1.1\r\n\r\n");
    s.until([&] { return newest.ended(); });
    CHECK(newest.answered());
}

TEST_CASE("a request that does not end and an answer that is not taken are given up in time") {
    http_limits l = patient(8);
    l.request_time = l.answer_time = std::chrono::milliseconds(1);
    const std::string body(32u << 20u, 'x');
    stepped_server s(l, body);
    client_socket& silent = s.connect();
    client_socket& slow = s.connect("GET /healthz HTTP/1.1\r\nX: ");
    s.until([&] { return silent.ended() && slow.ended(); });
    CHECK(silent.received().empty());
    CHECK(slow.received().empty());
    CHECK(http_limits().request_time == std::chrono::seconds(1));
}

TEST_CASE("a process with few file descriptors keeps most of them from probes and scrapes") {
    descriptor_limit descriptors;
    descriptors.set(256);
    CHECK(http_limits().connections == 16);
    descriptors.set(64);
    CHECK(http_limits().connections == 8);
    descriptors.set(1024);
    CHECK(http_limits().connections == 64);
}

TEST_CASE("a failure to answer says no more than that") {
    asio::io_context io(1);
    http_server server(io, "-flag", "127.0.0.1:0", [](std::string_view, std::string_view) -> http_answer {
        throw std::runtime_error("password");
    });
    asio::co_spawn(io, server.run(), asio::detached);
    client_socket c(io, server.port());
    c.send(probe_text);
    while (!c.ended())
        io.run_one_for(std::chrono::milliseconds(10));
    CHECK(c.received().starts_with("HTTP/1.1 500 "));
    CHECK(c.received().find("password") == std::string::npos);
    server.close();
    io.poll();
}
