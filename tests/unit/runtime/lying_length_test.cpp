// Lists whose Content-Length is not that of their body: a store, a real transport, and a server of raw bytes.

#include "../client/scripted_server.hpp"
#include "running_manager.hpp"

#include <gwctl/core/log.hpp>
#include <gwctl/testing/virtual_clock.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>

using namespace gwctl;
using namespace gwctl::tests;
using core_v1::ConfigMap;
namespace asio = boost::asio;

namespace {

constexpr const char* both =
    R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5"},)"
    R"("items":[{"metadata":{"namespace":"default","name":"a"}},)"
    R"({"metadata":{"namespace":"default","name":"b"}}]})";
constexpr const char* one = R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"},)"
                            R"("items":[{"metadata":{"namespace":"default","name":"a"}}]})";
/// A sign of life, and then the end of what can be watched, which leads to a list at once.
constexpr const char* expired =
    R"({"type":"MODIFIED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"namespace":"default",)"
    R"("name":"a","resourceVersion":"6"}}})"
    "\n"
    R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}})"
    "\n";

bool names_the_length(const std::string& error) {
    return error.find("Content-Length") != std::string::npos ||
           error.find("the body is empty") != std::string::npos;
}

/// Answers the first list well, ends the first watch, and answers further lists as it is told.
class raw_api {
public:
    explicit raw_api(std::string content_length)
        : server_(io_, [this, content_length](test::peer& p, int) { return talk(p, content_length); }),
          thread_([this] { io_.run(); }) {}
    ~raw_api() {
        io_.stop();
        thread_.join();
    }
    std::shared_ptr<transport> connect() const {
        cluster_config config;
        config.server = server_.url();
        return make_http_transport(config);
    }
    std::atomic<bool> lying{true};
    std::atomic<int> lies{0};

private:
    task<void> talk(test::peer& p, std::string content_length) {
        while (true) {
            const std::string request = co_await p.request();
            if (request.empty())
                co_return;
            if (request.find("watch=") != std::string::npos) {
                if (++watches_ > 1)
                    co_return co_await p.until_closed();
                co_await p.write(test::answer(200, expired));
            } else if (lists_++ == 0) {
                co_await p.write(test::answer(200, both));
            } else if (lying) {
                ++lies;
                std::string answer =
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + content_length +
                    "\r\n\r\n" + one;
                co_await p.write(std::move(answer));
                co_return;
            } else {
                co_await p.write(test::answer(200, one));
            }
        }
    }

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
    int watches_ = 0;
    int lists_ = 0;
    test::scripted_server server_;
    std::thread thread_;
};

} // namespace

TEST_CASE("a list whose Content-Length lies is an error that names it, and the store keeps what it had") {
    const std::string length = GENERATE(as<std::string>(), "0", "60", "150", "200", "100000", "-5",
                                        "999999999999999999999999", "18446744073709551615");
    INFO("Content-Length: " << length << ", and " << std::string(one).size() << " bytes of body");
    journal errors;
    log::redirect([&](const log::record& r) {
        if (r.message == "a list failed; trying again")
            for (const log::field& f : r.fields)
                if (f.key == "error")
                    errors.note(names_the_length(f.value) ? "named" : f.value);
    });
    {
        raw_api api(length);
        journal told;
        testing::virtual_clock clock;
        manager_options options = quiet_options();
        options.time = &clock;
        running_manager m(api.connect(), options);
        auto& maps = m.mgr.cache<ConfigMap>();
        maps.on_change([&](const change<ConfigMap>& c) {
            told.note((c.now ? c.now : c.old)->metadata.name + (c.now ? "" : " gone"));
        });
        m.start();
        REQUIRE(told.await("b"));
        REQUIRE(errors.await("named"));
        CHECK(m.on_loop([&] { return maps.size(); }) == 2);
        CHECK(told.count("b gone") == 0);

        api.lying = false;
        while (!told.await("b gone", 1, std::chrono::milliseconds(10)))
            clock.advance_to_next();
        CHECK(m.on_loop([&] { return maps.size(); }) == 1);
    }
    log::redirect({});
}
