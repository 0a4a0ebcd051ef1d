#include <gwctl/core/time.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace std::chrono;

namespace {

wall_time at(int y, unsigned m, unsigned d, int h, int min, int s, int us = 0) {
    return sys_days{year{y} / month{m} / day{d}} + hours{h} + minutes{min} + seconds{s} + microseconds{us};
}

} // namespace

TEST_CASE("times are written as Kubernetes writes them") {
    CHECK(format_time(at(2026, 1, 31, 8, 15, 0, 999999)) == "2026-01-31T08:15:00Z");
    CHECK(format_micro_time(at(2026, 1, 31, 8, 15, 0, 1)) == "2026-01-31T08:15:00.000001Z");
    CHECK(format_micro_time(at(1969, 12, 31, 23, 59, 59, 500000)) == "1969-12-31T23:59:59.500000Z");
}

TEST_CASE("what is written is read again") {
    for (const wall_time t :
         {at(2026, 2, 28, 23, 59, 59, 123456), at(2024, 2, 29, 0, 0, 0), at(1970, 1, 1, 0, 0, 0)})
        CHECK(parse_time(format_micro_time(t)).value() == t);
}

TEST_CASE("offsets and fractions of any length are read") {
    CHECK(parse_time("2026-01-31T10:15:00+02:00").value() == at(2026, 1, 31, 8, 15, 0));
    CHECK(parse_time("2026-01-31T05:45:00-02:30").value() == at(2026, 1, 31, 8, 15, 0));
    CHECK(parse_time("2026-01-31T08:15:00.5Z").value() == at(2026, 1, 31, 8, 15, 0, 500000));
    CHECK(parse_time("2026-01-31T08:15:00.123456789z").value() == at(2026, 1, 31, 8, 15, 0, 123456));
}

TEST_CASE("a time that an offset leads out of the years of RFC 3339 is none, since it could not be written") {
    CHECK(parse_time("9999-12-31T23:59:59.999999Z").value() == at(9999, 12, 31, 23, 59, 59, 999999));
    CHECK(parse_time("0000-01-01T00:00:00Z").value() == at(0, 1, 1, 0, 0, 0));
    CHECK(parse_time("9999-12-31T23:59:59-00:01").has_error());
    CHECK(parse_time("9999-12-31T23:59:60Z").has_error());
    CHECK(parse_time("0000-01-01T00:00:00+00:01").has_error());
}

TEST_CASE("what is no time is an error that shows it") {
    for (const std::string text :
         {"", "now", "2026-01-31", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z",
          "2026-01-31T08:15:00", "2026-01-31T08:15:00.Z", "2026-01-31T08:15:00Zjunk",
          "2026-01-31T08:15:00+2:00", "-026-01-31T08:15:00Z"}) {
        INFO(text);
        const auto parsed = parse_time(text);
        REQUIRE(parsed.has_error());
        CHECK(parsed.error().code == errc::decode);
        CHECK(parsed.error().message.find("\"" + text + "\"") != std::string::npos);
    }
}
