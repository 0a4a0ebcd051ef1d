// Events on their way to an API server: which API takes them, and what becomes of failures.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <gwctl/core/log.hpp>

#include <runtime/event_writer.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;

namespace {

constexpr const char* modern = " /apis/events.k8s.io/v1/namespaces/default/events";
constexpr const char* legacy = " /api/v1/namespaces/default/events";

std::string text_of(const json::value& v) { return std::string(v.as_string()); }

struct fixture {
    std::shared_ptr<fake_api> api = std::make_shared<fake_api>();
    manual_clock clock;
    journal lost;
    running_manager m{api, [this] {
                          auto o = quiet_options();
                          o.time = &clock;
                          return o;
                      }()};

    fixture() {
        log::redirect([this](const log::record& r) {
            if (r.message == "an event could not be written")
                lost.note("lost");
        });
        m.start();
        m.on_loop([] { return 0; });
    }
    ~fixture() {
        m.mgr.stop();
        m.join();
        log::redirect({});
    }
    void record(const std::string& message, const std::string& reason = "Odd") {
        m.on_loop([&] {
            core_v1::ObjectReference about;
            about.kind = "ConfigMap";
            about.namespace_ = "default";
            about.name = "x";
            m.mgr.events().record(about, event_type::warning, reason, message);
            return 0;
        });
    }
    std::size_t count(const std::string& part) {
        const auto all = api->requests();
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const std::string& r) { return r.find(part) != std::string::npos; }));
    }
    /// Lets the wait before the next try pass.
    void next_try() {
        REQUIRE(clock.await_sleeper(0ms, 10s));
        clock.advance(10s);
    }
};

} // namespace

TEST_CASE("an Event that no answer came for is tried 12 times, 10 s apart, and those behind it wait") {
    const auto status = GENERATE(503, 429);
    fixture f;
    f.api->add_fault({"POST", "events", status, "", -1});
    f.record("first");
    f.record("second");
    SECTION("and is written when the API server is back") {
        for (std::size_t tries = 1; tries <= 5; ++tries) {
            REQUIRE(f.api->await_request(std::string("POST") + modern, tries));
            CHECK(f.count("POST") == tries);
            if (tries == 5)
                f.api->clear_faults();
            f.next_try();
        }
        REQUIRE(f.m.settle().settled);
        CHECK(f.api->all("events").size() == 2);
        CHECK(f.lost.count("lost") == 0);
    }
    SECTION("and given up after that") {
        for (std::size_t tries = 1; tries < 12; ++tries) {
            REQUIRE(f.api->await_request(std::string("POST") + modern, tries));
            f.next_try();
        }
        REQUIRE(f.lost.await("lost"));
        REQUIRE(f.api->await_request(std::string("POST") + modern, 13)); // the second one's turn
        f.api->clear_faults();
        f.next_try();
        REQUIRE(f.m.settle().settled);
        CHECK(f.api->all("events").size() == 1);
        CHECK(f.lost.count("lost") == 1);
    }
    SECTION("and keeps no manager from ending") { REQUIRE(f.clock.await_sleeper(0ms, 10s)); }
}

TEST_CASE("an Event that the API server refuses is not tried again") {
    fixture f;
    f.api->add_fault({"POST", "events", 500, "InternalError", 1});
    f.record("first");
    REQUIRE(f.lost.await("lost"));
    f.record("second");
    REQUIRE(f.m.settle().settled);
    CHECK(f.count("POST") == 2);
    CHECK(text_of(f.api->all("events").at(0).at("note")) == "second");
}

TEST_CASE("an Event whose creation was answered by nobody is there once") {
    fixture f;
    // It was created all the same: the second try finds it.
    f.record("first");
    REQUIRE(f.m.settle().settled);
    f.api->add_fault(
        {"PATCH", "events", 404, "NotFound", 1,
         R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,)"
         R"("details":{"name":"x","kind":"events"}})"});
    f.record("first");
    REQUIRE(f.m.settle().settled);
    CHECK(f.count("POST") == 2);
    CHECK(f.api->all("events").size() == 1);
    CHECK(f.lost.count("lost") == 0);
}

TEST_CASE("where events.k8s.io is not served or denied, Events go to core/v1, and ten minutes later it is "
          "tried again") {
    const bool denied = GENERATE(false, true);
    fixture f;
    if (denied)
        f.api->add_fault({"POST", "/apis/events.k8s.io", 403, "Forbidden", -1});
    else
        f.api->set_page("/apis/events.k8s.io");
    f.record("first");
    REQUIRE(f.m.settle().settled);
    CHECK(f.count(std::string("POST") + modern) == 1);
    CHECK(f.count(std::string("POST") + legacy) == 1);
    f.record("first");
    f.record("other");
    REQUIRE(f.m.settle().settled);
    CHECK(f.count(modern) == 1);
    CHECK(f.count(std::string("PATCH") + legacy) == 1);
    auto events = f.api->all("events");
    REQUIRE(events.size() == 2);
    CHECK(text_of(events[0].at("message")) == "first");
    CHECK(events[0].at("count").as_int64() == 2);
    CHECK(text_of(events[0].at("source").at("component")) == "test");

    f.api->clear_faults();
    f.api->set_page("");
    f.clock.advance(10min);
    f.record("third");
    REQUIRE(f.m.settle().settled);
    CHECK(f.count(std::string("POST") + modern) == 2);
    events = f.api->all("events");
    REQUIRE(events.size() == 3);
    CHECK(text_of(events[2].at("note")) == "third");
    CHECK(f.lost.count("lost") == 0);
}

TEST_CASE("what events.k8s.io finds invalid goes to core/v1, and the next Event is tried there again") {
    fixture f;
    f.api->add_fault({"POST", "/apis/events.k8s.io", 422, "Invalid", 1});
    f.record("first");
    f.record("second");
    REQUIRE(f.m.settle().settled);
    CHECK(f.count(std::string("POST") + legacy) == 1);
    CHECK(f.count(std::string("POST") + modern) == 2);
    CHECK(f.api->all("events").size() == 2);
}

TEST_CASE("similar Events are combined into one, in either API") {
    const bool core = GENERATE(false, true);
    fixture f;
    if (core)
        f.api->set_page("/apis/events.k8s.io");
    for (int i = 0; i < 12; ++i)
        f.record("message " + std::to_string(i));
    REQUIRE(f.m.settle().settled);
    const auto events = f.api->all("events");
    REQUIRE(events.size() == 10);
    const json::object& combined = events.back().as_object();
    if (core) {
        CHECK(text_of(combined.at("message")) == "(combined from similar events): message 11");
        CHECK(combined.at("count").as_int64() == 3);
    } else {
        // The note of an Event cannot be changed.
        CHECK(text_of(combined.at("note")) == "(combined from similar events): message 9");
        CHECK(combined.at("series").at("count").as_int64() == 3);
    }
}

TEST_CASE("the form of events.k8s.io has what that API requires, and no message that is too long for it") {
    detail::event_correlator correlator("example.com/controller");
    core_v1::ObjectReference about;
    about.kind = "ConfigMap";
    about.name = "x";
    const auto form_of = [&](const std::string& message) {
        const auto w = correlator.decide(about, event_type::normal, "Odd", message, steady_time() + 1h,
                                         wall_time(1767225600s));
        REQUIRE(w);
        return detail::modern_form(*w);
    };
    const events_v1::Event e = form_of("short");
    CHECK(e.eventTime == "2026-01-01T00:00:00.000000Z");
    CHECK_FALSE(e.series);
    CHECK(e.reportingController == "example.com/controller");
    CHECK(e.reportingInstance.starts_with("example.com/controller-"));
    CHECK(e.reportingInstance.size() <= 128);
    CHECK_FALSE(e.action.empty());
    CHECK(e.metadata.namespace_ == "default");
    CHECK(form_of("short").series->count == 2);

    CHECK(form_of(std::string(1024, 'a')).note == std::string(1024, 'a'));
    CHECK(form_of(std::string(1025, 'a')).note == std::string(1021, 'a') + "...");
    std::string umlauts;
    for (int i = 0; i < 600; ++i)
        umlauts += "\xC3\xA4";
    CHECK(form_of(umlauts).note == umlauts.substr(0, 1020) + "...");
}
