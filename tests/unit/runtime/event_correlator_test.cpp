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
