#include <gwctl/json/codec.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>

#include <support/catch.hpp>

using namespace gwctl;

namespace {

struct Inner {
    std::string name;
    std::optional<std::int32_t> port;
    friend bool operator==(const Inner&, const Inner&) = default;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (name, port))

struct Outer {
    bool flag = false;
    std::int64_t big = 0;
    double share = 0;
    std::string text = "initial";
    std::string namespace_;
    Inner inner;
    std::optional<Inner> maybe;
    std::vector<Inner> list;
    std::optional<std::vector<std::string>> names;
    std::map<std::string, std::string> labels;
    std::map<std::string, Inner> table;
    json::value raw;
    friend bool operator==(const Outer&, const Outer&) = default;
};
BOOST_DESCRIBE_STRUCT(Outer, (),
                      (flag, big, share, text, namespace_, inner, maybe, list, names, labels, table, raw))

std::string decode_error(std::string_view text) { return json::decode<Outer>(text).error().message; }

constexpr std::string_view sample = R"({
    "unknown": {"deep": [1, {"x": [true, null, "s"]}], "text": "not this one"},
    "flag": true, "big": -9007199254740993, "share": 0.5, "text": "caf\u00e9 \"q\" \\ \ud83d\ude00 é",
    "namespace": "default",
    "inner": {"managedFields": [{"a": {}}], "name": "in", "port": 80},
    "maybe": {}, "list": [{"name": "a"}, {}, {"name": "c", "port": 2147483647}],
    "names": [], "labels": {"b": "2", "a": "1"}, "table": {"k": {"name": "v"}},
    "raw": {"any": [1, "two", {"three": null}], "d": 1.5, "u": 18446744073709551615}, "other": []})";

} // namespace

TEST_CASE("known members are read and unknown ones skipped, at any depth") {
    const Outer o = json::decode<Outer>(sample).value();
    CHECK(o.flag);
    CHECK(o.big == -9007199254740993);
    CHECK(o.share == 0.5);
    CHECK(o.text == "café \"q\" \\ 😀 é");
    CHECK(o.namespace_ == "default");
    CHECK(o.inner.port == 80);
    CHECK(o.maybe.has_value());
    REQUIRE(o.list.size() == 3);
    CHECK(o.list[1] == Inner{});
    CHECK(o.list[2].port == 2147483647);
    REQUIRE(o.names.has_value());
    CHECK(o.names->empty());
    CHECK(o.labels == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
    CHECK(o.table.at("k").name == "v");
    CHECK(o.raw.at("any").as_array().size() == 3);
    CHECK(o.raw.at("u").as_uint64() == 18446744073709551615u);
}

TEST_CASE("an untyped value is what encode writes") {
    const std::map<std::string, std::vector<int>> numbers{{"few", {1, 2}}, {"none", {}}};
    const json::value untyped = json::to_value(numbers);
    CHECK(untyped == boost::json::parse(json::encode(numbers)));
    CHECK(untyped.at("few").at(1) == 2);
}

TEST_CASE("null is absent") {
    const Outer o = json::decode<Outer>(R"({"flag":null,"text":null,"inner":null,"maybe":null,"list":null,
        "names":null,"labels":null,"raw":null})")
                        .value();
    CHECK(o == Outer{});
    CHECK(json::decode<Outer>("null").value() == Outer{});
    CHECK(json::decode<Outer>(R"({"list":[null,{"name":"b"}]})").value().list.size() == 2);
}

TEST_CASE("the pieces may be cut anywhere") {
    const Outer whole = json::decode<Outer>(sample).value();
    for (std::size_t cut = 0; cut <= sample.size(); ++cut) {
        json::decoder<Outer> d;
        REQUIRE(d.write(sample.substr(0, cut)).has_value());
        REQUIRE(d.write(sample.substr(cut)).has_value());
        REQUIRE(d.finish().value() == whole);
    }
    json::decoder<Outer> d;
    for (const char& c : sample)
        REQUIRE(d.write({&c, 1}).has_value());
    CHECK(d.finish().value() == whole);
}

TEST_CASE("a document that ends early is an error wherever it ends") {
    for (std::size_t cut = 0; cut < sample.size(); ++cut) {
        INFO(cut);
        CHECK(json::decode<Outer>(sample.substr(0, cut)).has_error());
    }
}

TEST_CASE("errors name the path, what was expected and what came") {
    CHECK(decode_error(R"({"list":[{},{},{"port":"http"}]})") ==
          R"(list[2].port: expected an integer, got "http")");
    CHECK(decode_error(R"({"inner":[]})") == "inner: expected an object, got a list");
    CHECK(decode_error(R"({"list":{}})") == "list: expected a list, got an object");
    CHECK(decode_error(R"({"labels":{"app":1}})") == R"(labels["app"]: expected a string, got 1)");
    CHECK(decode_error(R"({"table":{"k":{"port":true}}})") ==
          R"(table["k"].port: expected an integer, got true)");
    CHECK(decode_error(R"({"inner":{"port":2147483648}})") ==
          "inner.port: expected a 32-bit integer, got 2147483648");
    CHECK(decode_error(R"({"inner":{"port":1.5}})") == "inner.port: expected an integer, got 1.5");
    CHECK(decode_error(R"({"big":9223372036854775808})") ==
          "big: expected a signed integer, got 9223372036854775808");
    CHECK(decode_error(R"({"flag":"true"})") == R"(flag: expected true or false, got "true")");
    CHECK(decode_error(R"({"names":["a",{"b":1}]})") == "names[1]: expected a string, got an object");
    CHECK(decode_error("[]") == "expected an object, got a list");
    CHECK(decode_error("{} {}").starts_with("not JSON, at byte 3"));
    CHECK(decode_error("<html>").starts_with("not JSON, at byte 0"));
    CHECK(decode_error("").starts_with("not JSON"));
}

TEST_CASE("the size of a document is bounded, also of what is skipped") {
    CHECK(json::decode<Outer>(std::string(100, ' ') + "{}", {.bytes = 50}).error().message ==
          "expected at most 50 bytes of JSON, got more");
}

TEST_CASE("a decoder that failed stays failed") {
    json::decoder<Outer> d;
    CHECK(d.write(R"({"flag":1,)").has_error());
    CHECK(d.write("}").has_error());
    CHECK(d.finish().has_error());
}

TEST_CASE("empty members are left out unless they are optional") {
    Outer o;
    o.text.clear();
    CHECK(json::encode(o) == R"({"flag":false,"big":0,"share":0})");
    o.maybe.emplace();
    o.names.emplace();
    o.labels["a"] = "";
    o.list.emplace_back();
    CHECK(json::encode(o) ==
          R"({"flag":false,"big":0,"share":0,"maybe":{},"list":[{}],"names":[],"labels":{"a":""}})");
}

TEST_CASE("what is encoded decodes to the same") {
    const Outer o = json::decode<Outer>(sample).value();
    CHECK(json::decode<Outer>(json::encode(o)).value() == o);
    Outer control;
    control.text = std::string("\0\x01\x1f\x7f\"\\/\n\r\t", 10);
    CHECK(json::decode<Outer>(json::encode(control)).value() == control);
}

namespace {

enum class colour { red, green, default_ = 7 };
BOOST_DESCRIBE_ENUM(colour, red, green, default_)

struct Painted {
    colour plain = colour::green;
    std::optional<colour> maybe;
    std::vector<colour> list;
    std::map<std::string, colour> table;
};
BOOST_DESCRIBE_STRUCT(Painted, (), (plain, maybe, list, table))

} // namespace

TEST_CASE("no-json-form: a described enum is a string, as a member, in optionals, lists and maps") {
    const auto p = json::decode<Painted>(
                       R"({"plain":"red","maybe":"default","list":["green","red"],"table":{"a":"default"}})")
                       .value();
    CHECK(p.plain == colour::red);
    CHECK(p.maybe == colour::default_);
    CHECK(p.list == std::vector<colour>{colour::green, colour::red});
    CHECK(p.table.at("a") == colour::default_);
    CHECK(json::encode(p) ==
          R"({"plain":"red","maybe":"default","list":["green","red"],"table":{"a":"default"}})");
    CHECK(json::encode(Painted()) == R"({"plain":"green"})");
    CHECK(json::decode<Painted>(R"({"plain":null})").value().plain == colour::green);
}

TEST_CASE("a word that a described enum does not have is told with those that it has") {
    const auto refused = [](const char* text) { return json::decode<Painted>(text).error().message; };
    const std::string expected = R"(expected one of "red", "green", "default", got )";
    CHECK(refused(R"({"plain":"blue"})") == "plain: " + expected + "\"blue\"");
    CHECK(refused(R"({"plain":""})") == "plain: " + expected + "\"\"");
    CHECK(refused(R"({"plain":"default_"})") == "plain: " + expected + "\"default_\"");
    CHECK(refused(R"({"maybe":7})") == "maybe: " + expected + "7");
    CHECK(refused(R"({"list":["red","Red"]})") == "list[1]: " + expected + "\"Red\"");
    CHECK(refused(R"({"table":{"a":true}})") == "table[\"a\"]: " + expected + "true");
    CHECK(refused(R"({"table":{"a":{}}})") == "table[\"a\"]: " + expected + "an object");
}

TEST_CASE("a value that no enumerator has is written as null") {
    Painted p;
    p.plain = static_cast<colour>(5);
    CHECK(json::encode(p) == R"({"plain":null})");
}
