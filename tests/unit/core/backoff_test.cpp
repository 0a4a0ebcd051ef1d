#include <gwctl/core/backoff.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace std::chrono_literals;

TEST_CASE("the delay doubles from 5 ms to 1000 s") {
    const backoff_policy p;
    CHECK(p.delay(0) == 5ms);
    CHECK(p.delay(1) == 10ms);
    CHECK(p.delay(17) == 655360ms);
    CHECK(p.delay(18) == 1000s);
}

TEST_CASE("pitfall 28: the delay is clamped before it overflows") {
    const backoff_policy p;
    for (const unsigned failures : {63u, 64u, 1000u, ~0u})
        CHECK(p.delay(failures) == 1000s);
    backoff_policy endless;
    endless.maximum = std::chrono::nanoseconds::max();
    endless.jitter = 1.0;
    CHECK(endless.delay(~0u, 0.999) > 0s);
}

TEST_CASE("jitter adds up to its share") {
    backoff_policy p;
    p.jitter = 1.0;
    CHECK(p.delay(0, 0.0) == 5ms);
    CHECK(p.delay(0, 0.5) == 7500us);
    backoff b(p, 42);
    for (int i = 0; i < 8; ++i) {
        const auto plain = backoff_policy().delay(static_cast<unsigned>(i));
        const auto drawn = b.next();
        CHECK(drawn >= plain);
        CHECK(drawn <= 2 * plain);
    }
    CHECK(b.failures() == 8);
    b.reset();
    CHECK(b.failures() == 0);
}
