#include <gwctl/api/core_v1.hpp>
#include <gwctl/client/watch_stream.hpp>

#include <random>
#include <support/catch.hpp>

using namespace gwctl;
using core_v1::ConfigMap;
using gwctl::detail::parse_watch_line;

namespace {

api_error error_of(std::string_view line) {
    try {
        static_cast<void>(parse_watch_line(line, ConfigMap::type));
    } catch (const api_error& e) {
        return e;
    }
    return {errc::precondition, "no error"};
}

} // namespace

TEST_CASE("the type and the object of an event are found in any order") {
    const std::string object = R"({"kind":"ConfigMap","metadata":{"name":"a\\\"}{","labels":{"type":"x"}}})";
    const std::vector<std::string> lines{
        R"({"type":"MODIFIED","object":)" + object + "}",
        R"({"object":)" + object + R"(,"type":"MODIFIED"})",
        R"( { "extra" : [1,{"type":"DELETED"}] , "object" : )" + object +
            R"( , "n":-1.5e3, "type" : "MODIFIED" } )",
    };
    for (const std::string& line : lines) {
        INFO(line);
        const auto event = parse_watch_line(line, ConfigMap::type);
        CHECK(event.type == watch_event_type::modified);
        CHECK(event.object == object);
        ConfigMap map;
        REQUIRE(event.decode_object(json::detail::type_of<ConfigMap>(), &map).has_value());
        CHECK(map.metadata.name == "a\\\"}{");
    }
}

TEST_CASE("every event type is known by name") {
    const auto type_of = [](const std::string& name) {
        return parse_watch_line(R"({"type":")" + name + R"(","object":{}})", ConfigMap::type).type;
    };
    CHECK(type_of("ADDED") == watch_event_type::added);
    CHECK(type_of("MODIFIED") == watch_event_type::modified);
    CHECK(type_of("DELETED") == watch_event_type::deleted);
    CHECK(type_of("BOOKMARK") == watch_event_type::bookmark);
}

TEST_CASE("an ERROR event is the error it carries") {
    const auto gone =
        error_of(R"x({"type":"ERROR","object":{"kind":"Status","status":"Failure",)x"
                 R"x("message":"too old resource version: 1 (5)","reason":"Expired","code":410}})x");
    CHECK(gone.code() == errc::gone);
    CHECK(gone.reason == "Expired");
    CHECK(gone.http_status == 410);
    CHECK(std::string(gone.what()) == "watch of configmaps: too old resource version: 1 (5)");
    CHECK(error_of(R"({"type":"ERROR","object":{"message":"m","code":500}})").code() == errc::internal_error);
    CHECK(error_of(R"({"type":"ERROR","object":{}})").code() == errc::internal_error);
    CHECK(error_of(R"({"type":"ERROR","object":[]})").code() == errc::decode);
    CHECK(error_of(R"({"type":"ERROR"})").code() == errc::decode);
}

TEST_CASE("what is no event is named") {
    CHECK(std::string(error_of(R"({"type":"RENAMED","object":{}})").what()) ==
          "watch of configmaps: expected the type ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, got "
          "\"RENAMED\"");
    CHECK(std::string(error_of("<html>\x01\n</html>").what()) ==
          "watch of configmaps: expected an event as JSON, got <html> </html>");
    for (const std::string_view line :
         {"", "{", "{}", "[]", "{\"type\":\"ADDED\"}", "{\"type\":\"ADDED\",\"object\":{}",
          "{\"type\":\"ADDED\",}", "{\"object\":{}}", "{\"type\":\"ADDED\",\"object\":{}} x",
          "{\"type\":\"ADDED\",\"object\":{\"a\":\"\\\"}}", "{\"type\":ADDED,\"object\":{}}",
          "{\"type\":\"ADDED\",\"object\":}", "{\"type", "null"}) {
        INFO(line);
        CHECK(error_of(line).code() == errc::decode);
    }
}

TEST_CASE("a broken line is an error or an event, never a crash") {
    const std::string good =
        R"({"type":"ADDED","object":{"metadata":{"name":"a","labels":{"k":"v\"\\"}},"data":{"x":"y"}}})";
    std::mt19937 random(11);
    int errors = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string line = good.substr(0, random() % 3 == 0 ? random() % good.size() : good.size());
        for (std::size_t n = random() % 4; n > 0 && !line.empty(); --n)
            line[random() % line.size()] =
                random() % 2 == 0 ? "{}[]\",:\\ 0"[random() % 10] : static_cast<char>(random());
        try {
            const auto event = parse_watch_line(line, ConfigMap::type);
            ConfigMap map;
            errors += event.decode_object(json::detail::type_of<ConfigMap>(), &map).has_error() ? 1 : 0;
        } catch (const api_error& e) {
            ++errors;
        }
    }
    CHECK(errors > 1000);
}
