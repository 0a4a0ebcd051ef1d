#include <gwctl/core/time.hpp>

#include <runtime/event_correlator.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace std::chrono_literals;
using detail::event_correlator;

namespace {

core_v1::ObjectReference about(const std::string& name) {
    core_v1::ObjectReference r;
    r.apiVersion = "v1";
    r.kind = "Service";
    r.namespace_ = "default";
    r.name = name;
    r.uid = "uid-" + name;
    return r;
}

struct fixture {
    event_correlator correlator{"gwctl"};
    steady_time now = steady_time() + 1h;
    wall_time wall = parse_time("2026-01-31T08:15:00Z").value();

    auto decide(const std::string& name, const std::string& message, event_type type = event_type::normal) {
        return correlator.decide(about(name), type, "Programmed", message, now, wall);
    }
    void pass(std::chrono::seconds t) {
        now += t;
        wall += t;
    }
};

} // namespace

TEST_CASE("a first event is created with all that kubectl describe shows") {
    fixture f;
    const auto w = f.decide("web", "address 10.0.0.1", event_type::warning);
    REQUIRE(w);
    CHECK(w->create);
    CHECK(w->event.metadata.namespace_ == "default");
    CHECK(w->event.metadata.name.rfind("web.", 0) == 0);
    CHECK(w->event.type_ == "Warning");
    CHECK(w->event.count == 1);
    CHECK(w->event.source.component == "gwctl");
    CHECK(w->event.firstTimestamp == "2026-01-31T08:15:00Z");
    CHECK(w->event.involvedObject.uid == "uid-web");
}

TEST_CASE("a repetition counts up the first event") {
    fixture f;
    const auto first = f.decide("web", "m");
    f.pass(60s);
    const auto second = f.decide("web", "m");
    REQUIRE(second);
    CHECK_FALSE(second->create);
    CHECK(second->event.metadata.name == first->event.metadata.name);
    CHECK(second->event.count == 2);
    CHECK(second->event.firstTimestamp == "2026-01-31T08:15:00Z");
    CHECK(second->event.lastTimestamp == "2026-01-31T08:16:00Z");

    const auto other = f.decide("web", "another message");
    CHECK(other->create);
    CHECK(other->event.metadata.name != first->event.metadata.name);
    CHECK(f.decide("db", "m")->create);
    CHECK(f.decide("web", "m", event_type::warning)->create);
}

TEST_CASE("an object may have 25 events at once and then one more every 300 s") {
    fixture f;
    for (int i = 0; i < 25; ++i)
        CHECK(f.decide("web", std::to_string(i)));
    CHECK_FALSE(f.decide("web", "too many"));
    CHECK(f.decide("db", "another object"));
    f.pass(299s);
    CHECK_FALSE(f.decide("web", "too many"));
    f.pass(2s);
    CHECK(f.decide("web", "one more"));
    CHECK_FALSE(f.decide("web", "too many"));
}

TEST_CASE("nine messages of a reason have Events of their own, and further ones share one, until ten minutes "
          "are quiet") {
    fixture f;
    for (int i = 1; i <= 9; ++i) {
        const auto own = f.decide("web", "message " + std::to_string(i));
        REQUIRE(own);
        CHECK_FALSE(own->combined);
        CHECK(own->create);
    }
    const auto tenth = f.decide("web", "message 10");
    REQUIRE(tenth);
    CHECK(tenth->combined);
    CHECK(tenth->create);
    CHECK(tenth->event.message == "(combined from similar events): message 10");
    CHECK(tenth->event.count == 1);
    const auto next = f.decide("web", "message 11");
    REQUIRE(next);
    CHECK_FALSE(next->create);
    CHECK(next->event.metadata.name == tenth->event.metadata.name);
    CHECK(next->event.message == "(combined from similar events): message 11");
    CHECK(next->event.count == 2);

    // One that has its own goes on counting there; another type, reason or object has nothing to do with it.
    CHECK_FALSE(f.decide("web", "message 3")->combined);
    CHECK_FALSE(f.decide("web", "message 12", event_type::warning)->combined);
    CHECK_FALSE(f.decide("db", "message 12")->combined);
    CHECK_FALSE(f.correlator.decide(about("web"), event_type::normal, "Other", "message 12", f.now, f.wall)
                    ->combined);

    f.pass(599s);
    CHECK(f.decide("web", "message 12")->combined);
    f.pass(600s);
    const auto later = f.decide("web", "message 13");
    CHECK_FALSE(later->combined);
    CHECK(later->create);
}

TEST_CASE("a clock that is set back or forward neither drops nor combines events") {
    fixture f;
    f.wall -= std::chrono::hours(24 * 365);
    const auto first = f.decide("web", "m");
    f.wall += std::chrono::hours(24 * 730);
    const auto second = f.decide("web", "m");
    REQUIRE(second);
    CHECK_FALSE(second->create);
    CHECK(second->event.count == 2);
    f.wall = wall_time();
    for (int i = 0; i < 8; ++i)
        CHECK_FALSE(f.decide("web", std::to_string(i))->combined);
    CHECK(f.decide("web", "9")->combined);
}

TEST_CASE("what is remembered is bounded, and the least used goes first") {
    detail::lru_map<int> m(3);
    m["a"] = 1;
    m["b"] = 2;
    m["c"] = 3;
    CHECK(m["a"] == 1);
    m["d"] = 4;
    CHECK(m.size() == 3);
    CHECK(m["a"] == 1);
    CHECK(m["b"] == 0); // was forgotten
    m.erase("a");
    CHECK(m.size() == 2);
}
