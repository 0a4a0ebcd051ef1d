#include <random>
#include <runtime/reflector_fsm.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace std::chrono_literals;
using step = reflector_fsm::step;

namespace {

struct driver {
    reflector_fsm fsm{reflector_options(), 1};
    steady_time now = steady_time() + 1h;

    bool list(const std::string& version, const std::string& more = {}) {
        ListMeta page;
        page.resourceVersion = version;
        page.continue_ = more;
        fsm.listed(page, now);
        return reflector_fsm::is_last(page);
    }
    void is_absent(bool certain = false) { fsm.absent("not served", certain, now); }
    bool event(watch_event_type type, const std::string& version) {
        const bool moves = fsm.moves_version(type, version);
        fsm.watch_event(type, version);
        return moves;
    }
    void list_fails(errc code) { fsm.list_failed(api_error(code, "list failed"), now); }
    void watch_fails(errc code) { fsm.watch_failed(api_error(code, "watch failed"), now); }
    /// Waits if told to; how long.
    std::chrono::nanoseconds wait() {
        const auto todo = fsm.next();
        if (todo.what != step::wait)
            return {};
        now += std::chrono::duration_cast<steady_time::duration>(todo.delay);
        fsm.waited();
        return todo.delay;
    }
    void reach_watch(const std::string& version) {
        REQUIRE(fsm.next().what == step::list);
        REQUIRE(list(version));
        REQUIRE(fsm.next().what == step::watch);
        fsm.watch_opened(now);
    }
};

api_error too_large_version() {
    api_error e(errc::server_timeout, "Too large resource version: 12, current: 5");
    status_cause cause;
    cause.reason = "ResourceVersionTooLarge";
    e.causes.push_back(cause);
    return e;
}

} // namespace

TEST_CASE("pitfall 1: the first list asks for version 0; a refused version makes it ask for the newest") {
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

TEST_CASE("pitfall 2: further pages carry the token only, and the first page's version counts") {
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

TEST_CASE("pitfall 3: 410 on a later page starts the list over") {
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

TEST_CASE("pitfall 4: ResourceVersionTooLarge is an unavailable version, not a timeout") {
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

TEST_CASE("pitfall 5: a watch that cannot connect, or is told to wait, resumes and never lists") {
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

TEST_CASE("pitfall 6: 410 in an ERROR event lists again; other errors go by their code") {
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
    SECTION("an object that cannot be read") {
        d.reach_watch("15");
        d.watch_fails(errc::decode);
        CHECK(d.wait() >= 800ms);
        CHECK(d.fsm.next().what == step::list);
    }
}

TEST_CASE("pitfall 7: a watch that the server ends is resumed at the last version, without a list") {
    driver d;
    d.reach_watch("10");
    d.fsm.watch_event(watch_event_type::added, "11");
    d.fsm.watch_event(watch_event_type::bookmark, "30");
    d.now += 5min;
    d.fsm.watch_ended(d.now);
    CHECK(d.fsm.next().what == step::watch);
    CHECK(d.fsm.next().resource_version == "30");
}

TEST_CASE("pitfall 8: a watch of less than a second without events is a failure") {
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
    "pitfall 9: the backoff grows to 30 s, doubled by jitter at most, and is reset by two healthy minutes") {
    driver d;
    d.reach_watch("10");
    std::chrono::nanoseconds smallest = 800ms;
    for (int i = 0; i < 12; ++i) {
        d.watch_fails(errc::unreachable);
        const auto waited = d.wait();
        CHECK(waited >= smallest);
        CHECK(waited <= 2 * smallest);
        smallest = std::min<std::chrono::nanoseconds>(smallest * 2, 30s);
    }
    d.fsm.watch_opened(d.now);
    d.now += 30s; // an event or half a minute is not yet health
    d.fsm.watch_event(watch_event_type::added, "11");
    d.watch_fails(errc::connection_lost);
    CHECK(d.wait() >= 30s);
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
