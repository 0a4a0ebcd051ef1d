#include "../../../lib/testing/field_set.hpp"
#include "../../../lib/testing/kinds.hpp"
#include "../../../lib/testing/managed_fields.hpp"
#include "../../../lib/testing/patch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing;
using namespace gwctl::testing::detail;

namespace {

json::value parse(std::string_view text) { return boost::json::parse({text.data(), text.size()}); }

} // namespace

TEST_CASE("JSON patch follows the examples of RFC 6902") {
    struct example {
        const char* target;
        const char* patch;
        const char* expected; // null: the patch does not apply
    };
    // Appendix A, in its order.
    const auto e = GENERATE(
        example{R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])",
                R"({"foo":"bar","baz":"qux"})"},
        example{R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
                R"({"foo":["bar","qux","baz"]})"},
        example{R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
        example{R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])",
                R"({"foo":["bar","baz"]})"},
        example{R"({"baz":"qux","foo":"bar"})", R"([{"op":"replace","path":"/baz","value":"boo"}])",
                R"({"baz":"boo","foo":"bar"})"},
        example{R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
                R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
                R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
        example{R"({"foo":["all","grass","cows","eat"]})",
                R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
                R"({"foo":["all","cows","eat","grass"]})"},
        example{R"({"baz":"qux","foo":["a",2,"c"]})",
                R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
                R"({"baz":"qux","foo":["a",2,"c"]})"},
        example{R"({"baz":"qux"})", R"([{"op":"test","path":"/baz","value":"bar"}])", nullptr},
        example{R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
                R"({"foo":"bar","child":{"grandchild":{}}})"},
        example{R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux","xyz":123}])",
                R"({"foo":"bar","baz":"qux"})"},
        example{R"({"foo":"bar"})", R"([{"op":"add","path":"/baz/bat","value":"qux"}])", nullptr},
        example{R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])", R"({"/":9,"~1":10})"},
        example{R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":"10"}])", nullptr},
        example{R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])",
                R"({"foo":["bar",["abc","def"]]})"},
        example{R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"},{"op":"remove","path":"/a"}])",
                R"({"c":{"b":1}})"},
        example{R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0}])", R"({"a":1})"},
        example{R"({"a":[1]})", R"([{"op":"replace","path":"/a/1","value":2}])", nullptr},
        example{R"({"a":[1]})", R"([{"op":"add","path":"/a/01","value":2}])", nullptr},
        example{R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])", nullptr},
        // Unlike in the RFC, as the library of the real server does: a value that is absent is null.
        example{R"({"a":1})", R"([{"op":"add","path":"/b"}])", R"({"a":1,"b":null})"},
        example{R"({"a":1})", R"([{"op":"replace","path":"/a"}])", R"({"a":null})"},
        example{R"({"a":1})", R"([{"op":"test","path":"/b"}])", R"({"a":1})"},
        example{R"({"a":1})", R"([{"op":"test","path":"/a"}])", nullptr},
        // What is wrong with one operation is found out as it is carried out.
        example{R"({"a":1})", R"([{"op":"fly","path":"/a"}])", nullptr},
        example{R"({"a":1})", R"([{"op":"add","path":"a","value":1}])", nullptr},
        example{R"({"a":1})", R"([{"op":"add","value":1}])", nullptr},
        example{R"({"a":1})", R"([{"op":"remove","path":"/~2"}])", nullptr});
    INFO(e.target << " " << e.patch);
    const auto got = json_patch(parse(e.target), parse(e.patch));
    if (e.expected == nullptr) {
        REQUIRE(got.has_error());
        CHECK(got.error().code == errc::invalid);
    } else {
        REQUIRE(got.has_value());
        CHECK(*got == parse(e.expected));
    }
}

TEST_CASE("What is no JSON patch is a bad request") {
    const auto* text = GENERATE(R"({"op":"add"})", R"([1])");
    INFO(text);
    const auto got = json_patch(parse(R"({"a":1})"), parse(text));
    REQUIRE(got.has_error());
    CHECK(got.error().code == errc::bad_request);
}

TEST_CASE("Merge patch follows the examples of RFC 7386") {
    struct example {
        const char* target;
        const char* patch;
        const char* expected;
    };
    const auto e = GENERATE(
        example{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
        example{R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
        example{R"({"a":"b"})", R"({"a":null})", R"({})"},
        example{R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
        example{R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
        example{R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
        example{R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
        example{R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
        example{R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
        example{R"({"a":"b"})", R"(["c"])", R"(["c"])"}, example{R"({"a":"foo"})", R"(null)", R"(null)"},
        example{R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
        example{R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
        example{R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"});
    INFO(e.target << " " << e.patch);
    auto v = parse(e.target);
    merge_patch(v, parse(e.patch));
    CHECK(v == parse(e.expected));
}

TEST_CASE("Strategic merge patch merges lists by key and obeys directives") {
    const auto schema = builtin_schema("", "Service");
    const auto pods = builtin_schema("", "Pod");
    auto patched = [](const char* target, const char* patch, const schema_ptr& s) {
        return *strategic_merge_patch(parse(target), parse(patch), s.get());
    };
    const auto* two = R"({"spec":{"ports":[{"port":80,"name":"a"},{"port":81,"name":"b"}]}})";
    SECTION("items with the same key merge, others are appended") {
        CHECK(patched(two, R"({"spec":{"ports":[{"port":81,"name":"c"},{"port":82}]}})", schema) ==
              parse(R"({"spec":{"ports":[{"port":80,"name":"a"},{"port":81,"name":"c"},{"port":82}]}})"));
    }
    SECTION("an item is deleted by its key") {
        CHECK(patched(two, R"({"spec":{"ports":[{"port":80,"$patch":"delete"}]}})", schema) ==
              parse(R"({"spec":{"ports":[{"port":81,"name":"b"}]}})"));
    }
    SECTION("the list is replaced") {
        CHECK(patched(two, R"({"spec":{"ports":[{"port":9},{"$patch":"replace"}]}})", schema) ==
              parse(R"({"spec":{"ports":[{"port":9}]}})"));
    }
    SECTION("the order is set") {
        CHECK(patched(two, R"({"spec":{"$setElementOrder/ports":[{"port":81},{"port":80}]}})", schema) ==
              parse(R"({"spec":{"ports":[{"port":81,"name":"b"},{"port":80,"name":"a"}]}})"));
    }
    SECTION("an item without its key is refused") {
        // The real server has no better code for it than 500.
        const auto got =
            strategic_merge_patch(parse(two), parse(R"({"spec":{"ports":[{"name":"x"}]}})"), schema.get());
        REQUIRE(got.has_error());
        CHECK(got.error().code == errc::internal_error);
        CHECK(got.error().message == "map: {\"name\":\"x\"} does not contain declared merge key: port");
    }
    SECTION("keys are retained, maps are replaced, nulls delete") {
        CHECK(patched(R"({"spec":{"a":1,"b":2,"c":{"d":1}}})",
                      R"({"spec":{"$retainKeys":["b","c"],"c":{"$patch":"replace","e":2}}})",
                      pods) == parse(R"({"spec":{"b":2,"c":{"e":2}}})"));
        CHECK(patched(R"({"spec":{"a":1}})", R"({"spec":{"a":null}})", pods) == parse(R"({"spec":{}})"));
    }
    SECTION("primitive lists with a merge strategy are united and thinned out") {
        const auto config_map = builtin_schema("", "ConfigMap");
        CHECK(
            *strategic_merge_patch(
                parse(R"({"metadata":{"finalizers":["a","b"]}})"),
                parse(R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c","b"]}})"),
                config_map.get()) == parse(R"({"metadata":{"finalizers":["c","b"]}})"));
    }
}
