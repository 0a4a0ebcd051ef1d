// What keeps one Gateway, or one object that is changed over and over, from taking all of the processor.
#include <gateway/pace.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::gateway::detail;
using namespace std::chrono_literals;

namespace {
constexpr steady_time start{1h};
}

TEST_CASE(
    "cost limit: work of 100 ms and more is followed by a rest of four times as long, of that Gateway only") {
    cost_limit limit;
    limit.worked("Gateway default/small", 99ms, start);
    limit.worked("Gateway default/large", 100ms, start);
    CHECK_FALSE(limit.rest_of("Gateway default/small", start));
    CHECK(limit.rest_of("Gateway default/large", start) == 400ms);
    CHECK(limit.rest_of("Gateway default/large", start + 300ms) == 100ms);
    CHECK_FALSE(limit.rest_of("Gateway default/large", start + 400ms));
}

TEST_CASE("cost limit: several pieces of work add up, and a rest that is over leaves nothing") {
    cost_limit limit;
    limit.worked("Gateway default/large", 100ms, start);
    limit.worked("Gateway default/large", 200ms, start);
    CHECK(limit.rest_of("Gateway default/large", start) == 1200ms);
    limit.worked("Gateway default/large", 100ms, start + 2s);
    CHECK(limit.rest_of("Gateway default/large", start + 2s) == 400ms);
}

TEST_CASE("stopwatch: counts what this thread computes") {
    const stopwatch watch;
    volatile unsigned spun = 0;
    while (watch.elapsed() == 0ns)
        spun = spun + 1;
    CHECK(watch.elapsed() > 0ns);
}

TEST_CASE("repair limit: ten in a row are free of rest, then 1 s, doubled up to a minute") {
    repair_limit limit;
    for (int i = 0; i < 9; ++i)
        CHECK_FALSE(limit.repaired("Service default/web", start));
    CHECK(limit.repaired("Service default/web", start) == 1s);
    CHECK(limit.repaired("Service default/web", start + 1s) == 2s);
    CHECK(limit.rest_of("Service default/web", start + 2s) == 1s);
    CHECK_FALSE(limit.rest_of("Service default/web", start + 3s));
    CHECK_FALSE(limit.rest_of("Service default/api", start + 2s));
    for (int i = 0; i < 10; ++i)
        limit.repaired("Service default/web", start + 3s);
    CHECK(limit.repaired("Service default/web", start + 3s) == 60s);
}

TEST_CASE("repair limit: ten minutes without a repair end a row") {
    repair_limit limit;
    for (int i = 0; i < 9; ++i)
        limit.repaired("Service default/web", start);
    CHECK(limit.repaired("Service default/web", start + 9min) == 1s);
    for (int i = 0; i < 9; ++i)
        CHECK_FALSE(limit.repaired("Service default/web", start + 19min));
}
