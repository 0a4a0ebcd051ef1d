// An object whose writes are refused for days, as when two controllers fight over it.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <gwctl/core/log.hpp>

#include <atomic>
#include <malloc.h>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

class refusal final : public http_response {
public:
    int status() const noexcept override { return 409; }
    std::string_view header(std::string_view) const noexcept override { return {}; }
    task<std::string_view> read_some() override { co_return std::exchange(rest_, std::string_view()); }

private:
    std::string_view rest_ = R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict",)"
                             R"("message":"the object has been modified","code":409})";
};

/// Refuses writes to the ConfigMap "busy", and keeps no record of them, so that what grows is the manager.
class contested final : public transport {
public:
    explicit contested(std::shared_ptr<fake_api> a) : api_(std::move(a)) {}

    task<std::unique_ptr<http_response>> send(http_request request) override {
        if (refusing && request.method == "PATCH" &&
            request.target.find("/configmaps/busy") != std::string::npos) {
            const std::lock_guard lock(mutex_);
            ++refused_;
            changed_.notify_all();
            std::unique_ptr<http_response> answer = std::make_unique<refusal>();
            co_return answer;
        }
        co_return co_await api_->send(std::move(request));
    }
    std::string_view host() const noexcept override { return api_->host(); }

    bool await(std::size_t refused, std::chrono::milliseconds at_most) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, at_most, [&] { return refused_ >= refused; });
    }
    std::atomic<bool> refusing{true};

private:
    std::shared_ptr<fake_api> api_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t refused_ = 0;
};

/// Bytes on the heap; 0 under a sanitizer, which has one of its own.
std::size_t heap() { return ::mallinfo2().uordblks; }

} // namespace

TEST_CASE("10,000 conflicts in a row: the object stays in the queue, nothing grows, and others are served") {
    constexpr unsigned conflicts = 10'000;
    std::atomic<int> complaints{0};
    log::redirect([&](const log::record& r) { complaints += r.severity >= log::level::warn ? 1 : 0; });
    {
        const auto api = std::make_shared<fake_api>();
        const auto link = std::make_shared<contested>(api);
        const auto j = std::make_shared<journal>();
        manual_clock clock;
        auto options = quiet_options();
        options.time = &clock;
        running_manager m(link, options);
        backoff_policy retry;
        retry.maximum = 1s; // the same a thousand times sooner: no watch has to be opened anew for years
        m.mgr.control<ConfigMap>().retry(retry).reconcile_with(
            [j](context& c, const ConfigMap& o) -> task<action> {
                class patch change = patch::merge_patch(R"({"data":{"done":"yes"}})");
                co_await c.api.patch<ConfigMap>(c.key(), std::move(change));
                j->note(o.metadata.name + "=" + o.data.at("v"));
                co_return await_change();
            });
        api->put("configmaps", config_map("busy"));
        m.start();
        std::size_t before = 0;
        for (unsigned n = 1; n <= conflicts; ++n) {
            while (!link->await(n, 0ms)) {
                REQUIRE(clock.await_sleeper(1ms, 1s));
                clock.advance(1s);
                link->await(n, 20ms);
            }
            if (n % (conflicts / 10) == 0) {
                api->put("configmaps", config_map("calm", std::to_string(n)));
                REQUIRE(j->await("calm=" + std::to_string(n)));
            }
            if (n == conflicts / 5)
                before = heap();
        }
        CHECK(heap() < before + (std::size_t{256} << 10)); // 32 bytes for each would be as much
        REQUIRE(clock.await_sleeper(1ms, 1s));             // the last of them is over
        settled_report r = m.mgr.wait_settled("", 0ms);
        REQUIRE(r.failing.size() == 1);
        CHECK(r.failing[0].key.name == "busy");
        CHECK(r.failing[0].failures == conflicts);
        CHECK(complaints == 0); // a conflict is routine

        link->refusing = false;
        clock.advance(1s);
        REQUIRE(j->await("busy=1"));
        r = m.settle(api->version());
        CHECK(r.settled);
        CHECK(r.failing.empty());
    }
    log::redirect({});
}
