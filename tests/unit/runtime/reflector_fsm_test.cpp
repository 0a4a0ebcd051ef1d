#include "fsm_driver.hpp"

#include <random>

using namespace gwctl;
using namespace std::chrono_literals;
using gwctl::tests::driver;
using step = reflector_fsm::step;

namespace {

api_error too_large_version() {
    api_error e(errc::server_timeout, "Too large resource version: 12, current: 5");
    status_cause cause;
    cause.reason = "ResourceVersionTooLarge";
    e.causes.push_back(cause);
    return e;
}

} // namespace

TEST_CASE("pitfall 01: the first list asks for version 0; a refused version makes it ask for the newest") {
    driver d;
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().resource_version == "0");
    d.list_fails(errc::gone);
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().resource_version == "");
    d.reach_watch("10");
    d.fsm.watch_event(watch_event_type::modified, "12");
    d.watch_fails(errc::gone);
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().resource_version == "12"); // the flag was cleared by success; never back in time
    d.list_fails(errc::gone);
    CHECK(d.fsm.next().resource_version == "");
    d.list_fails(errc::gone); // the newest is refused too: not a reason to spin
    CHECK(d.fsm.next().what == step::wait);
}

TEST_CASE("pitfall 02: further pages carry the token only, and the first page's version counts") {
    driver d;
    CHECK_FALSE(d.list("10", "token-1"));
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().continue_ == "token-1");
    CHECK(d.fsm.next().resource_version == "");
    CHECK_FALSE(d.list("11", "token-2"));
    CHECK(d.fsm.next().continue_ == "token-2");
    CHECK(d.list("12"));
    CHECK(d.fsm.resource_version() == "10");
    CHECK(d.fsm.next().what == step::watch);
    CHECK(d.fsm.next().resource_version == "10");
}

TEST_CASE("pitfall 03: 410 on a later page starts the list over") {
    driver d;
    CHECK_FALSE(d.list("10", "token-1"));
    d.list_fails(errc::gone);
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().continue_ == "");
    CHECK(d.fsm.next().resource_version == "");
    CHECK(d.fsm.next().limit == 0); // whole this time, as client-go
    CHECK(d.list("20"));
    CHECK(d.fsm.resource_version() == "20");
    d.fsm.watch_opened(d.now);
    d.event(watch_event_type::modified, "21");
    d.watch_fails(errc::gone);
    CHECK(d.fsm.next().limit == 500);
}

TEST_CASE("410 on a later page leads to one whole list, and a failure of that one to a wait") {
    driver d;
    CHECK_FALSE(d.list("10", "token-1"));
    d.list_fails(errc::gone);
    CHECK(d.fsm.next().limit == 0);
    d.list_fails(errc::timeout);
    CHECK(d.fsm.next().what == step::wait);
    d.wait();
    CHECK(d.fsm.next().limit == 0);
}

TEST_CASE("pitfall 04: ResourceVersionTooLarge is an unavailable version, not a timeout") {
    driver d;
    d.fsm.list_failed(too_large_version(), d.now);
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().resource_version == "");

    driver timeout;
    timeout.list_fails(errc::server_timeout);
    CHECK(timeout.fsm.next().what == step::wait);
    timeout.wait();
    CHECK(timeout.fsm.next().resource_version == "0");
}

TEST_CASE("pitfall 05: a watch that cannot connect, or is told to wait, resumes and never lists") {
    const auto code = GENERATE(errc::unreachable, errc::too_many_requests);
    driver d;
    d.reach_watch("10");
    d.fsm.watch_event(watch_event_type::modified, "11");
    for (int i = 0; i < 20; ++i) {
        d.watch_fails(code);
        CHECK(d.wait() >= 800ms);
        CHECK(d.fsm.next().what == step::watch);
        CHECK(d.fsm.next().resource_version == "11");
    }
}

TEST_CASE("pitfall 06: 410 in an ERROR event lists again; other errors go by their code") {
    driver d;
    d.reach_watch("10");
    d.fsm.watch_event(watch_event_type::bookmark, "15");
    d.watch_fails(errc::gone);
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().resource_version == "15");

    SECTION("without progress in between not at once") {
        d.reach_watch("15");
        d.watch_fails(errc::gone);
        CHECK(d.fsm.next().what == step::wait);
        d.wait();
        CHECK(d.fsm.next().what == step::list);
    }
    SECTION("after an outage the list waits for no backoff, and the next one does") {
        d.reach_watch("15");
        d.fsm.watch_event(watch_event_type::bookmark, "16");
        for (int i = 0; i < 6; ++i) {
            d.watch_fails(errc::unreachable);
            d.wait();
        }
        d.watch_fails(errc::gone);
        CHECK(d.fsm.next().what == step::list);
        d.reach_watch("20");
        d.watch_fails(errc::gone);
        CHECK(d.wait() >= 800ms);
    }
    SECTION("an object that cannot be read") {
        d.reach_watch("15");
        d.watch_fails(errc::decode);
        CHECK(d.wait() >= 800ms);
        CHECK(d.fsm.next().what == step::list);
    }
}

TEST_CASE("pitfall 07: a watch that the server ends is resumed at the last version, without a list") {
    driver d;
    d.reach_watch("10");
    d.fsm.watch_event(watch_event_type::added, "11");
    d.fsm.watch_event(watch_event_type::bookmark, "30");
    d.now += 5min;
    d.fsm.watch_ended(d.now);
    CHECK(d.fsm.next().what == step::watch);
    CHECK(d.fsm.next().resource_version == "30");
}

TEST_CASE("pitfall 08: a watch of less than a second without events is a failure") {
    driver d;
    d.reach_watch("10");
    d.now += 900ms;
    d.fsm.watch_ended(d.now);
    CHECK(d.wait() >= 800ms);
    CHECK(d.fsm.next().what == step::watch);
    d.fsm.watch_opened(d.now);
    d.now += 900ms;
    d.fsm.watch_event(watch_event_type::added, "11");
    d.fsm.watch_ended(d.now);
    CHECK(d.fsm.next().what == step::watch);
    d.fsm.watch_opened(d.now);
    d.now += 1s;
    d.fsm.watch_ended(d.now);
    CHECK(d.fsm.next().what == step::watch);
}

TEST_CASE(
    "pitfall 09: the backoff grows to 12 s, doubled by jitter at most, and is reset by two healthy minutes") {
    driver d;
    d.reach_watch("10");
    std::chrono::nanoseconds smallest = 800ms;
    for (int i = 0; i < 12; ++i) {
        d.watch_fails(errc::unreachable);
        const auto waited = d.wait();
        CHECK(waited >= smallest);
        CHECK(waited <= 2 * smallest);
        smallest = std::min<std::chrono::nanoseconds>(smallest * 2, 12s);
    }
    d.fsm.watch_opened(d.now);
    d.now += 30s; // an event or half a minute is not yet health
    d.fsm.watch_event(watch_event_type::added, "11");
    d.watch_fails(errc::connection_lost);
    CHECK(d.wait() >= 12s);
    d.fsm.watch_opened(d.now);
    d.now += 2min;
    d.watch_fails(errc::connection_lost);
    CHECK(d.wait() <= 1600ms);
}

TEST_CASE("pitfall 10: a bookmark is where the next watch starts, and may never come") {
    driver d;
    d.reach_watch("10");
    CHECK(d.event(watch_event_type::bookmark, "99"));
    CHECK(d.fsm.resource_version() == "99");
    d.now += 10min;
    d.fsm.watch_ended(d.now);
    CHECK(d.fsm.next().resource_version == "99");
    d.fsm.watch_opened(d.now);
    d.now += 10min;
    d.fsm.watch_ended(d.now);
    CHECK(d.fsm.next().resource_version == "99");
}

TEST_CASE("pitfall 11: from version 0 the first additions are in no order and do not move the version") {
    const auto version = GENERATE(std::string("0"), std::string());
    driver d;
    d.reach_watch(version);
    CHECK_FALSE(d.event(watch_event_type::added, "40"));
    CHECK_FALSE(d.event(watch_event_type::added, "20"));
    CHECK(d.fsm.resource_version() == version);
    CHECK(d.event(watch_event_type::modified, "41"));
    CHECK(d.event(watch_event_type::added, "42"));
    CHECK(d.fsm.resource_version() == "42");
}

TEST_CASE("pitfall 21: the server's timeout is random between 5 and 10 minutes") {
    driver d;
    d.reach_watch("1");
    std::chrono::seconds least = 1h, most = 0s;
    for (int i = 0; i < 500; ++i) {
        const auto timeout = d.fsm.next().server_timeout;
        least = std::min(least, timeout);
        most = std::max(most, timeout);
    }
    CHECK(least >= 5min);
    CHECK(most <= 10min);
    CHECK(most - least > 4min);
}

TEST_CASE("a change of kinds concerns watches and missing kinds, and no wait after a failure") {
    driver d;
    CHECK_FALSE(d.fsm.kinds_changed()); // a list finds out by itself
    d.list_fails(errc::forbidden);
    CHECK_FALSE(d.fsm.kinds_changed());
    d.wait();
    d.reach_watch("5");
    CHECK(d.fsm.kinds_changed());
    d.watch_fails(errc::connection_lost);
    CHECK_FALSE(d.fsm.kinds_changed());
    d.wait();
    d.fsm.watch_opened(d.now);
    d.fsm.watch_moved();
    CHECK(d.fsm.next().what == step::list);
    CHECK(d.fsm.next().resource_version == "5");
    CHECK(d.fsm.state() == store_state::synced); // and stays so until the list of the other version is there
    d.is_absent();
    CHECK(d.fsm.kinds_changed());
}

TEST_CASE("absent is not empty: a denied kind is not synced, and says why") {
    driver d;
    d.list_fails(errc::forbidden);
    CHECK(d.fsm.state() == store_state::denied);
    CHECK(d.fsm.reason() == "list failed");
    d.wait();
    d.reach_watch("5");
    CHECK(d.fsm.state() == store_state::synced);
    CHECK(d.fsm.reason().empty());

    SECTION("also when only the watch is refused, however often the list succeeds") {
        d.watch_fails(errc::forbidden);
        for (int i = 0; i < 3; ++i) {
            CHECK(d.fsm.state() == store_state::denied);
            d.wait();
            REQUIRE(d.fsm.next().what == step::list);
            REQUIRE(d.list("6"));
            CHECK(d.fsm.state() == store_state::denied);
            REQUIRE(d.fsm.next().what == step::watch);
            d.watch_fails(errc::forbidden);
        }
        d.wait();
        d.reach_watch("7");
        CHECK(d.fsm.state() == store_state::synced);
    }
}

TEST_CASE("three failures in a row make a store failing, one success mends it") {
    driver d;
    d.reach_watch("5");
    for (int i = 1; i <= 4; ++i) {
        d.watch_fails(errc::unreachable);
        CHECK((d.fsm.state() == store_state::failing) == (i >= 3));
        d.wait();
    }
    d.fsm.watch_opened(d.now);
    d.fsm.watch_event(watch_event_type::bookmark, "9");
    CHECK(d.fsm.state() == store_state::synced);
}

TEST_CASE("the server's Retry-After is a lower bound of the wait, up to a minute") {
    const auto asked =
        GENERATE(45s, 60s, 86'400s, std::chrono::seconds(std::numeric_limits<std::int32_t>::max()));
    driver d;
    api_error e(errc::too_many_requests, "slow down");
    e.retry_after = asked;
    d.fsm.list_failed(e, d.now);
    CHECK(d.wait() == std::min(asked, 60s));
}

TEST_CASE("whatever happens, the versions asked for are ones the server gave") {
    // Random outcomes; resuming anywhere but at the last known version would lose or repeat events.
    const auto seed = GENERATE(range(1u, 31u));
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    const errc codes[] = {
        errc::gone,      errc::forbidden,       errc::not_found,      errc::unreachable,
        errc::timeout,   errc::decode,          errc::internal_error, errc::too_many_requests,
        errc::tls,       errc::connection_lost, errc::protocol,       errc::bad_request,
        errc::too_large, errc::unauthorized,    errc::server_timeout};
    const auto any_code = [&] { return codes[pick(static_cast<int>(std::size(codes)))]; };
    driver d;
    int version = 1;
    std::string last; // what the store holds
    bool complete = false;
    for (int i = 0; i < 3000; ++i) {
        const auto todo = d.fsm.next();
        switch (todo.what) {
        case step::wait:
            REQUIRE(todo.delay > 0s);
            REQUIRE(todo.delay <= 60s);
            d.wait();
            break;
        case step::list:
            if (!todo.continue_.empty())
                REQUIRE(todo.resource_version.empty());
            else
                REQUIRE((todo.resource_version.empty() || todo.resource_version == "0" ||
                         todo.resource_version == last));
            if (pick(3) == 0) {
                pick(4) == 0 ? d.is_absent(pick(2)) : d.list_fails(any_code());
                if (d.fsm.state() == store_state::not_served)
                    last.clear();
            } else if (pick(2)) {
                const std::string first = std::to_string(version++);
                const bool more = pick(2) && todo.continue_.empty();
                complete = d.list(first, more ? "more" : "");
                REQUIRE(complete == !more);
                if (complete)
                    last = d.fsm.resource_version();
            }
            break;
        case step::watch:
            REQUIRE(complete);
            REQUIRE(todo.resource_version == last);
            if (pick(3) == 0) {
                d.watch_fails(any_code());
                break;
            }
            d.fsm.watch_opened(d.now);
            for (int n = pick(5); n > 0; --n) {
                const std::string v = std::to_string(version++);
                if (d.event(pick(2) ? watch_event_type::modified : watch_event_type::bookmark, v))
                    last = v;
            }
            d.now += std::chrono::seconds(pick(200));
            pick(2) ? d.fsm.watch_ended(d.now) : d.watch_fails(any_code());
            break;
        }
    }
}
