// What the state machine makes of watches and lists that fail: absence, failure, silence.

#include "fsm_driver.hpp"

using namespace gwctl;
using namespace std::chrono_literals;
using gwctl::tests::driver;
using step = reflector_fsm::step;

TEST_CASE("watch-5xx-lists-again: a watch that fails three times at one version is followed by a list") {
    const auto code = GENERATE(errc::connection_lost, errc::timeout, errc::service_unavailable,
                               errc::internal_error, errc::server_timeout, errc::protocol, errc::tls);
    driver d;
    d.reach_watch("10");
    d.event(watch_event_type::modified, "11");
    const auto fails_twice = [&] {
        for (int i = 0; i < 2; ++i) {
            d.watch_fails(code);
            d.wait();
            CHECK(d.fsm.next().what == step::watch);
            CHECK(d.fsm.next().resource_version == "11");
        }
    };
    fails_twice();
    SECTION("in a row") {
        d.watch_fails(code);
        d.wait();
        REQUIRE(d.fsm.next().what == step::list);
        REQUIRE(d.list("12"));
        CHECK(d.fsm.next().what == step::watch);
        d.watch_fails(code);
        d.wait();
        CHECK(d.fsm.next().what == step::watch); // counted anew at another version
    }
    SECTION("refused connections and 429 in between do not count") {
        d.watch_fails(errc::unreachable);
        d.wait();
        d.watch_fails(errc::too_many_requests);
        d.wait();
        CHECK(d.fsm.next().what == step::watch);
        d.watch_fails(code);
        d.wait();
        CHECK(d.fsm.next().what == step::list);
    }
    SECTION("a watch that opens and says nothing is no success") {
        d.fsm.watch_opened(d.now);
        d.now += 1min;
        d.watch_fails(code);
        d.wait();
        CHECK(d.fsm.next().what == step::list);
    }
    SECTION("an event or a bookmark in between is one") {
        d.fsm.watch_opened(d.now);
        d.event(GENERATE(watch_event_type::modified, watch_event_type::bookmark), "11");
        fails_twice();
    }
    SECTION("so is a watch that the server ends in good order") {
        d.fsm.watch_opened(d.now);
        d.now += 5min;
        d.fsm.watch_ended(d.now);
        fails_twice();
    }
}

TEST_CASE("an ERROR event of code 500 is followed by a list, one of another 5xx not at once") {
    driver d;
    d.reach_watch("10");
    api_error e(errc::internal_error, "cannot decode");
    SECTION("500") {
        e.http_status = 500;
        d.fsm.watch_failed(e, d.now);
        d.wait();
        CHECK(d.fsm.next().what == step::list);
    }
    SECTION("503") {
        e.http_status = 503;
        d.fsm.watch_failed(e, d.now);
        d.wait();
        CHECK(d.fsm.next().what == step::watch);
    }
    SECTION("500 as the answer to the request") {
        d.watch_fails(errc::connection_lost);
        d.wait();
        e.http_status = 500;
        d.fsm.watch_failed(e, d.now);
        d.wait();
        CHECK(d.fsm.next().what == step::watch);
    }
}

TEST_CASE(
    "a kind that discovery does not have is empty after a second look 10 s later, and asked for every 30 s") {
    driver d;
    std::chrono::nanoseconds waited{};
    while (waited < 10s) {
        d.is_absent();
        CHECK(d.fsm.state() == store_state::starting);
        waited += d.wait();
        REQUIRE(waited <= 10s);
    }
    d.is_absent();
    CHECK(d.fsm.state() == store_state::not_served);
    CHECK(d.fsm.reason() == "not served");
    for (int i = 0; i < 8; ++i) {
        d.wait();
        d.is_absent();
        CHECK(d.fsm.state() == store_state::not_served);
    }
    CHECK(d.wait() == 30s);
    CHECK(d.fsm.next().resource_version == "0");
    SECTION("until it is served") {
        d.reach_watch("5");
        CHECK(d.fsm.state() == store_state::synced);
    }
    SECTION("when its definition may have come, soon again") {
        d.is_absent();
        CHECK(d.fsm.kinds_changed());
        CHECK(d.wait() == 30s); // which the owner ends
        d.is_absent();
        CHECK(d.wait() == 250ms);
    }
}

TEST_CASE("404-everything: a 404 is a failure, however often it comes") {
    driver d;
    const bool synced_before = GENERATE(true, false);
    if (synced_before) {
        d.reach_watch("5");
        d.watch_fails(errc::not_found);
        d.wait();
    }
    for (int i = 0; i < 30; ++i) {
        d.list_fails(GENERATE(errc::not_found, errc::protocol));
        CHECK(d.fsm.state() != store_state::not_served);
        CHECK_FALSE(d.fsm.missing());
        d.wait();
    }
    CHECK(d.fsm.state() == store_state::failing);
    CHECK(d.fsm.next().resource_version == (synced_before ? "5" : "0"));
}

TEST_CASE("a store that was filled is emptied by two looks 10 s apart with nothing else in between") {
    driver d;
    d.reach_watch("5");
    d.is_absent(); // the watch ended with it
    CHECK(d.fsm.state() == store_state::synced);
    CHECK(d.fsm.next().what == step::wait);
    SECTION("two looks") {
        d.now += 10s;
        d.fsm.waited();
        d.is_absent();
        CHECK(d.fsm.state() == store_state::not_served);
    }
    SECTION("looks that are too close together") {
        d.now += 9s;
        d.fsm.waited();
        d.is_absent();
        CHECK(d.fsm.state() == store_state::synced);
    }
    SECTION("a failure in between begins it anew") {
        d.now += 5s;
        d.fsm.waited();
        d.list_fails(errc::service_unavailable);
        d.now += 9s;
        d.fsm.waited();
        d.is_absent();
        CHECK(d.fsm.state() == store_state::synced);
    }
    SECTION("a list in between begins it anew") {
        d.now += 5s;
        d.fsm.waited();
        d.reach_watch("6");
        d.now += 9s;
        d.is_absent();
        CHECK(d.fsm.state() == store_state::synced);
    }
    SECTION("one look, when the deletion of its definition was seen") {
        d.fsm.waited();
        d.is_absent(true);
        CHECK(d.fsm.state() == store_state::not_served);
    }
}

TEST_CASE("a built-in kind may be absent before its first list, and never afterwards") {
    reflector_options options;
    options.may_go = false;
    driver d{reflector_fsm(options, 1)};
    SECTION("before") {
        d.is_absent();
        d.now += 10s;
        d.is_absent();
        CHECK(d.fsm.state() == store_state::not_served);
    }
    SECTION("afterwards") {
        d.reach_watch("5");
        for (int i = 0; i < 10; ++i) {
            d.is_absent(true);
            d.now += 1min;
            d.fsm.waited();
        }
        CHECK(d.fsm.state() == store_state::failing);
        CHECK(d.fsm.reason().starts_with("not served, but it did before"));
        CHECK(d.fsm.next().resource_version == "5");
    }
}

TEST_CASE("missing is what the last answer said") {
    driver d;
    d.reach_watch("5");
    CHECK_FALSE(d.fsm.missing());
    d.is_absent();
    CHECK(d.fsm.missing());
    CHECK(d.fsm.kinds_changed());
    d.wait();
    d.is_absent();
    CHECK(d.fsm.missing());
    d.wait();
    d.list_fails(errc::unreachable);
    CHECK_FALSE(d.fsm.missing());
    CHECK_FALSE(d.fsm.kinds_changed());
}

TEST_CASE("a store that no watch has kept current for a minute is failing until a watch is open") {
    driver d;
    d.reach_watch("5");
    d.watch_fails(errc::service_unavailable); // with a long Retry-After, say
    CHECK(d.fsm.state() == store_state::synced);
    d.fsm.unwatched();
    CHECK(d.fsm.state() == store_state::failing);
    CHECK(d.fsm.reason() == "not watched for a minute: watch failed");
    d.wait();
    d.watch_fails(errc::service_unavailable);
    d.watch_fails(errc::service_unavailable);
    d.wait();
    REQUIRE(d.fsm.next().what == step::list);
    REQUIRE(d.list("9"));
    CHECK(d.fsm.state() == store_state::failing); // a list alone is old in a moment
    d.fsm.watch_opened(d.now);
    CHECK(d.fsm.state() == store_state::synced);
    CHECK(d.fsm.reason().empty());
}
