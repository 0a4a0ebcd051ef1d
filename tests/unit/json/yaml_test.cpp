#include <gwctl/json/yaml.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <random>
#include <string>
#include <support/catch.hpp>

using namespace gwctl;

namespace {

// The documents as JSON text, or the error's message: easy to compare and to read in a failure.
std::string read(std::string_view text) {
    auto documents = json::parse_yaml(text, "f");
    if (!documents) {
        CHECK(documents.error().code == errc::decode);
        return documents.error().message;
    }
    std::string out;
    for (const json::value& v : *documents) {
        out += (out.empty() ? "" : " ") + boost::json::serialize(v);
    }
    return out;
}

struct example {
    std::string_view text;
    std::string_view expected;
};

} // namespace

TEST_CASE("escapes of Latin-1 characters are UTF-8") {
    const auto read = json::parse_yaml(R"({"a\N": "b\_\L\xe9", c: d})", "test").value().front();
    CHECK(read.at("a\xC2\x85") == "b\xC2\xA0\xE2\x80\xA8\xC3\xA9");
    CHECK(json::parse_yaml(json::to_yaml(read), "again").value().front() == read);
}

TEST_CASE("yaml: scalars read as sigs.k8s.io/yaml reads them") {
    const auto e = GENERATE(values<example>({
        {"v: true", R"({"v":true})"},
        {"v: False", R"({"v":false})"},
        {"v: yes", R"({"v":true})"},
        {"v: Off", R"({"v":false})"},
        {"v: y", R"({"v":true})"},
        {"v: tRue", R"({"v":"tRue"})"},
        {"v: 'yes'", R"({"v":"yes"})"},
        {"v: \"12\"", R"({"v":"12"})"},
        {"v: null", R"({"v":null})"},
        {"v: ~", R"({"v":null})"},
        {"v:", R"({"v":null})"},
        {"v: ''", R"({"v":""})"},
        {"v: 12", R"({"v":12})"},
        {"v: -12", R"({"v":-12})"},
        {"v: +12", R"({"v":12})"},
        {"v: 1_000", R"({"v":1000})"},
        {"v: 0777", R"({"v":511})"},
        {"v: 0o777", R"({"v":511})"},
        {"v: 0x1F", R"({"v":31})"},
        {"v: -0x1f", R"({"v":-31})"},
        {"v: 0b101", R"({"v":5})"},
        {"v: 0x", R"({"v":"0x"})"},
        {"v: 08", R"({"v":8})"}, // no octal number, so Go reads a float
        {"v: 0", R"({"v":0})"},
        {"v: -0", R"({"v":0})"},
        {"v: 9223372036854775807", R"({"v":9223372036854775807})"},
        {"v: -9223372036854775808", R"({"v":-9223372036854775808})"},
        {"v: 18446744073709551615", R"({"v":18446744073709551615})"},
        {"v: 1.5", R"({"v":1.5E0})"},
        {"v: 0.5", R"({"v":5E-1})"},
        {"v: -0.25", R"({"v":-2.5E-1})"},
        {"v: 0e3", R"({"v":0})"},
        {"v: 00", R"({"v":0})"},
        {"v: 0o", R"({"v":"0o"})"},
        {"v: 0b2", R"({"v":"0b2"})"},
        {"v: 3.0", R"({"v":3})"},
        {"v: 1e3", R"({"v":1000})"},
        {"v: .5", R"({"v":5E-1})"},
        {"v: 1.", R"({"v":1})"},
        {"v: 1e-999", R"({"v":0})"},
        {"v: .", R"({"v":"."})"},
        {"v: 1.2.3", R"({"v":"1.2.3"})"},
        {"v: 10.0.0.1", R"({"v":"10.0.0.1"})"},
        {"v: 12:30:45", R"({"v":"12:30:45"})"},
        {"v: 1e", R"({"v":"1e"})"},
        {"v: -", "f:1:4: "},
        {"v: 2026-01-31", R"({"v":"2026-01-31"})"},
        {"v: 2026-01-31T08:15:00Z", R"({"v":"2026-01-31T08:15:00Z"})"},
        {"v: !!str 12", R"({"v":"12"})"},
        {"v: !!int \"12\"", R"({"v":12})"},
        {"v: !!float 2", R"({"v":2})"},
        {"v: !custom 12", R"({"v":"12"})"},
        {"v: .inf", "f:1:4: .inf is not a number that JSON can express; write \".inf\" for the string"},
        {"v: -.Inf", "f:1:4: -.Inf is not a number that JSON can express; write \"-.Inf\" for the string"},
        {"v: .nan", "f:1:4: .nan is not a number that JSON can express; write \".nan\" for the string"},
        {"v: 1e999", "f:1:4: 1e999 is not a number that JSON can express"},
        {"v: 0x1ffffffffffffffff", "f:1:4: 0x1ffffffffffffffff does not fit 64 bits"},
        {"v: !!int abc", "f:1:4: \"abc\" cannot be read as !!int"},
        {"v: !!binary aGk=",
         "f:1:4: !!binary has no counterpart in JSON; write the base64 text as a plain string"},
    }));
    INFO(e.text);
    if (e.expected.starts_with("f:1:4: ") && e.expected.size() == 7) {
        CHECK(read(e.text).starts_with("f:1:"));
    } else {
        CHECK(read(e.text) == e.expected);
    }
}

TEST_CASE("yaml: integers beyond 64 bits become floats, as in Go") {
    const auto documents = json::parse_yaml("v: 123456789012345678901234567890", "f");
    REQUIRE(documents.has_value());
    CHECK(documents->at(0).at("v").get_double() == 123456789012345678901234567890.0);
}

TEST_CASE("yaml: keys become strings") {
    CHECK(read("12: a\n0x10: b\nyes: c\n1.5: d\n2026-01-01: e") ==
          R"({"12":"a","16":"b","true":"c","1.5":"d","2026-01-01":"e"})");
    CHECK(read("~: a") == "f:1:1: a key is missing or null; write \"null\" in quotes if that is its name");
    CHECK(read("? [a, b]\n: c") == "f:1:3: a key must be a string, not a map or a list");
    CHECK(read("{a: 1}: c") == "f:1:1: a key must be a string, not a map or a list");
}

TEST_CASE("yaml: a key given twice is an error that names both places") {
    CHECK(read("a: 1\nb: 2\na: 3") == "f:3:1: duplicate key \"a\", first set on line 1");
    CHECK(read("x:\n  - a: 1\n    \"a\": 2") == "f:3:5: duplicate key \"a\", first set on line 2");
    const auto last = [](std::string_view text) {
        return boost::json::serialize(
            json::parse_yaml(text, "f", json::duplicate_keys::last_counts).value().at(0));
    };
    CHECK(last("a: 1\nb: 2\na: {c: 3}") == R"({"a":{"c":3},"b":2})");
    CHECK(last("x: &x {a: 1}\nz: {<<: *x, a: 2, a: 3}") == R"({"x":{"a":1},"z":{"a":3}})");
    CHECK(read("1: a\n\"1\": b") == "f:2:1: duplicate key \"1\", first set on line 1");
    CHECK(read(R"({"a": 1, "a": 2})") == "f:1:10: duplicate key \"a\", first set on line 1");
    CHECK(read("- a: 1\n- a: 2") == R"([{"a":1},{"a":2}])");
}

TEST_CASE("yaml: several documents") {
    CHECK(read("") == "");
    CHECK(read("---\n") == "");
    CHECK(read("# only a comment\n") == "");
    CHECK(read("---\n# only a comment\n---\n# another\n") == "");
    CHECK(read("a: 1\n---\n# nothing\n---\nb: 2\n") == R"({"a":1} {"b":2})");
    CHECK(read("--- {a: 1}\n--- [b]\n...\n---\nc\n") == R"({"a":1} ["b"] "c")");
    CHECK(read("a: 1\r\n---\r\nb: 2\r\n") == R"({"a":1} {"b":2})");
    CHECK(read("null") == "");
    CHECK(read("v: \"--- x\"\nw: |\n  a\n  ---\n  b\n") == R"({"v":"--- x","w":"a\n---\nb\n"})");
}

TEST_CASE("yaml: text after the document is not taken for another one") {
    for (const std::string_view text :
         {"[a]\nb: 1\n", "a: 1\n]\n", "{}\n{}\n", "\"a\"\nb\n", " a: 1\nb: 2\n"}) {
        INFO(text);
        CHECK(read(text).starts_with("f:"));
    }
}

TEST_CASE("yaml: anchors, aliases and merge keys") {
    CHECK(read("a: &x {p: 1}\nb: *x\nc: [*x]") == R"({"a":{"p":1},"b":{"p":1},"c":[{"p":1}]})");
    CHECK(read("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n") == R"({"a":{"p":1,"q":2},"b":{"q":3,"p":1}})");
    CHECK(read("a: &x {p: 1}\nb: {q: 3, p: 2, <<: *x}") == R"({"a":{"p":1},"b":{"q":3,"p":2}})");
    CHECK(read("- &x {p: 1}\n- &y {p: 2, q: 2}\n- <<: [*x, *y]") ==
          R"([{"p":1},{"p":2,"q":2},{"p":1,"q":2}])");
    CHECK(read("\"<<\": 1") == R"({"<<":1})");
    CHECK(read("<<: 1") == "f:1:5: << takes a map or a list of maps");
    CHECK(read("<<: [{a: 1}, 2]") == "f:1:5: << takes a map or a list of maps");
    CHECK(read("a: *nowhere").starts_with("f:1:4: "));
    CHECK(read("a: &x [*x]") == "f:1:8: this alias stands inside the value it refers to");
    CHECK(read("a: &x 1\n---\nb: *x").starts_with("f:3:4: ")); // anchors end with their document
}

TEST_CASE("yaml: a billion laughs end in an error") {
    std::string text = "l0: &l0 ha\n";
    for (int i = 1; i < 12; ++i) {
        text += "l" + std::to_string(i) + ": &l" + std::to_string(i) + " [";
        for (int k = 0; k < 10; ++k) {
            text += (k ? ", *l" : "*l") + std::to_string(i - 1);
        }
        text += "]\n";
    }
    CHECK(read(text).ends_with("anchors and aliases expand to more than 4 MiB"));
}

TEST_CASE("yaml: nesting is bounded, also through aliases") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(read(nested(100)) == nested(100));
    CHECK(read(nested(101)) == "f:1:101: nested deeper than 100 levels");
    CHECK(read(nested(100'000)).starts_with("f:1:"));
    CHECK(read(std::string(200'000, '[')).starts_with("f:1:"));
    CHECK(read(std::string(200'000, '{')).starts_with("f:1:"));

    std::string dashes;
    for (int i = 0; i < 1000; ++i) {
        dashes += "- ";
    }
    CHECK(read(dashes + "x").ends_with("nested deeper than 100 levels"));

    std::string chain = "- &a0 [x]\n";
    for (int i = 1; i < 200; ++i) {
        chain += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    }
    CHECK(read(chain).ends_with("nested deeper than 100 levels"));
}

TEST_CASE("yaml: what is no text is refused with its place") {
    CHECK(read("a: b\nc: \xff") == "f:2:4: byte 0xff is not UTF-8");
    CHECK(read("\xc0\x80") == "f:1:1: byte 0xc0 is not UTF-8");            // overlong
    CHECK(read("a: \xed\xa0\x80") == "f:1:4: byte 0xed is not UTF-8");     // surrogate
    CHECK(read("a: \xf4\x90\x80\x80") == "f:1:4: byte 0xf4 is not UTF-8"); // beyond U+10FFFF
    CHECK(read("a: \xe2\x82") == "f:1:4: byte 0xe2 is not UTF-8");         // cut
    CHECK(read(std::string_view("a: b\0c", 6)) == "f:1:5: control character 0x00 is not allowed");
    CHECK(read("a: 1\x04\nb: 2") == "f:1:5: control character 0x04 is not allowed"); // yaml-cpp's end of file
    CHECK(read("\xef\xbb\xbf"
               "a: \xc3\xa9\xf0\x9f\x98\x80") == "{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\"}");
    CHECK(read("a: \"\\0\\x04\"") == R"({"a":"\u0000\u0004"})");
}

TEST_CASE("yaml: tabs do not indent, but may stand between things and inside JSON") {
    CHECK(read("a:\n\tb: 1\n").starts_with("f:2:"));
    CHECK(read("a:\n  b: 1\n\tc: 2\n").starts_with("f:3:"));
    CHECK(read("a:\t1\nb: 2\t# two\n") == R"({"a":1,"b":2})");
    CHECK(read("{\n\t\"a\": {\n\t\t\"b\": [\n\t\t\t1\n\t\t]\n\t}\n}\n") == R"({"a":{"b":[1]}})");
}

TEST_CASE("yaml: JSON is read as JSON") {
    CHECK(read(R"({"a":1,"b":[true,null,"x\ty\/\u00e9"],"c":{}})") ==
          "{\"a\":1,\"b\":[true,null,\"x\\ty/\xc3\xa9\"],\"c\":{}}");
    CHECK(read(R"({"smile":"\ud83d\ude00"})") == "{\"smile\":\"\xf0\x9f\x98\x80\"}");
    CHECK(read(R"({"smile":"\ud83d\ude00","n":[2.5e3,1.5,7]})").ends_with(R"("n":[2500,1.5E0,7]})"));
    CHECK(read(R"({"smile":"\ud83d\ude00","n":1e999})").starts_with("f:1:"));
    CHECK(read("[]") == "[]");
    CHECK(read("{\"a\": 1").starts_with("f:"));
    const std::string long_key(3000, 'k');
    CHECK(read("{\"" + long_key + "\": 1}") == "{\"" + long_key + "\":1}");
    const json::value written = json::object{{"a", {{long_key, {{"b", 1}}}, {"c", 2}}}};
    CHECK(read(json::to_yaml(written)) == boost::json::serialize(written));
}

TEST_CASE("yaml: syntax errors carry file, line and column") {
    CHECK(read("a: 1\nb: [1, 2\nc: 3\n").starts_with("f:"));
    CHECK(read("a: b: c").starts_with("f:1:"));
    CHECK(read("a: \"unfinished").starts_with("f:1:"));
    CHECK(read("a: @x").starts_with("f:1:4"));
    CHECK(read("%YAML 3.0\n---\na: 1").starts_with("f:1:"));
}

TEST_CASE("yaml: a manifest is written as kubectl would") {
    const json::value v = boost::json::parse(R"({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "kubevip", "labels": {}, "annotations": {"on": "yes", "a/b": "12", "n": null}},
        "list": [{"name": "a", "ports": [80, 443]}, [1, [2]], [], "x", -1.5],
        "data": {"range-global": "10.0.0.1-10.0.0.9", "empty": "", "text": "one\ntwo\n", "cut": "one\n two",
                 "more": "one\n\n", "when": "2026-01-31T08:15:00Z", "colon": "a: b", "hash": "a #b",
                 "url": "http://x:80/", "é": "\t"}})");
    const std::string expected = R"(apiVersion: v1
kind: ConfigMap
metadata:
  name: kubevip
  labels: {}
  annotations:
    "on": "yes"
    a/b: "12"
    "n": null
list:
- name: a
  ports:
  - 80
  - 443
- - 1
  - - 2
- []
- x
- -1.5
data:
  range-global: 10.0.0.1-10.0.0.9
  empty: ""
  text: |
    one
    two
  cut: |-
    one
     two
  more: |+
    one

  when: "2026-01-31T08:15:00Z"
  colon: "a: b"
  hash: "a #b"
  url: http://x:80/
  "é": "\t"
)";
    CHECK(json::to_yaml(v) == expected);
    CHECK(read(expected) == boost::json::serialize(v));
    CHECK(json::to_yaml(json::object{}) == "{}\n");
    CHECK(json::to_yaml(json::array{}) == "[]\n");
    CHECK(json::to_yaml("yes") == "\"yes\"\n");
}

namespace {

// Strings are put together from what has a meaning in YAML.
std::string random_string(std::mt19937& rng) {
    static const std::vector<std::string> parts = {"a",          "B",
                                                   "0",          "1",
                                                   "-",          "---",
                                                   ":",          ": ",
                                                   "#",          " #",
                                                   " ",          "  ",
                                                   "\n",         "\n",
                                                   "\t",         "'",
                                                   "\"",         "\\",
                                                   "|",          ">",
                                                   "%",          "@",
                                                   "&x",         "*x",
                                                   "<<",         "!",
                                                   "!!",         "{",
                                                   "}",          "[",
                                                   "]",          ",",
                                                   "?",          "? ",
                                                   "yes",        "no",
                                                   "null",       "~",
                                                   "1.5",        "0x",
                                                   "1e3",        ".",
                                                   "...",        "\r",
                                                   "\x01",       "\x7f",
                                                   "=",          "é",
                                                   "日",         "😀",
                                                   "2026-01-01", "\u0085",
                                                   "/",          "true",
                                                   ".5",         "\u2028",
                                                   "\ufeff",     ".inf",
                                                   "\xc2\xa0",   "`",
                                                   "12:30",      std::string(1, '\0')};
    std::string s;
    for (auto n = rng() % 6; n > 0; --n) {
        s += parts[rng() % parts.size()];
    }
    return s;
}

json::value random_value(std::mt19937& rng, int depth) {
    switch (rng() % (depth > 0 ? 10 : 8)) {
    case 0:
        return nullptr;
    case 1:
        return rng() % 2 == 0;
    case 2:
        return static_cast<std::int64_t>((std::uint64_t{rng()} << 32U) | rng());
    case 3:
        return (std::uint64_t{rng()} << 32U) | (std::uint64_t{1} << 63U);
    case 4:
        return std::ldexp(static_cast<double>(rng()) + 0.5,
                          -static_cast<int>(rng() % 64)); // mostly written as 0.x
    case 5:
        return std::ldexp(static_cast<double>(rng()) + 0.5, static_cast<int>(rng() % 600) - 300);
    case 8: {
        json::array a;
        for (auto n = rng() % 4; n > 0; --n) {
            a.push_back(random_value(rng, depth - 1));
        }
        return a;
    }
    case 9: {
        json::object o;
        for (auto n = rng() % 4; n > 0; --n) {
            o.emplace(random_string(rng), random_value(rng, depth - 1));
        }
        return o;
    }
    default:
        return json::value(random_string(rng));
    }
}

// What a float without a fraction reads back as.
json::value as_read(json::value v) {
    if (v.is_array()) {
        for (json::value& item : v.get_array()) {
            item = as_read(item);
        }
    } else if (v.is_object()) {
        for (auto& member : v.get_object()) {
            member.value() = as_read(member.value());
        }
    } else if (v.is_double() && std::trunc(v.get_double()) == v.get_double() && v.get_double() < 0x1p64) {
        return v.get_double() < 0x1p63 ? json::value(static_cast<std::int64_t>(v.get_double()))
                                       : json::value(static_cast<std::uint64_t>(v.get_double()));
    }
    return v;
}

} // namespace

TEST_CASE("yaml: what is written reads back the same") {
    const auto seed = GENERATE(range(0U, 20U));
    std::mt19937 rng(seed);
    for (int i = 0; i < 300; ++i) {
        const json::value v = random_value(rng, 4);
        const std::string text = json::to_yaml(v);
        const auto back = json::parse_yaml(text, "f");
        INFO("seed " << seed << " round " << i << "\n" << boost::json::serialize(v) << "\n" << text);
        if (v.is_null()) {
            REQUIRE(back.has_value());
            REQUIRE(back->empty());
            continue;
        }
        REQUIRE((back ? "" : back.error().message) == "");
        REQUIRE(back->size() == 1);
        REQUIRE(boost::json::serialize(back->at(0)) == boost::json::serialize(as_read(v)));
    }
}

TEST_CASE("yaml: damaged text gives a value or an error with its place") {
    const auto seed = GENERATE(range(0U, 10U));
    std::mt19937 rng(seed);
    for (int i = 0; i < 100; ++i) {
        std::string text = json::to_yaml(random_value(rng, 4)) + "---\n- &x {p: 1}\n- <<: *x\n- \"a\": 'b'\n";
        for (auto n = rng() % 4; n > 0; --n) {
            const std::string part = random_string(rng);
            text.replace(rng() % text.size(), rng() % 3, part);
        }
        text.resize(rng() % text.size() + 1);
        INFO("seed " << seed << " round " << i << "\n" << text);
        const auto documents = json::parse_yaml(text, "f");
        if (documents.has_error()) {
            CHECK(documents.error().code == errc::decode);
            CHECK(documents.error().message.starts_with("f:"));
        } else {
            for (const json::value& v : *documents) {
                CHECK(json::parse_yaml(json::to_yaml(v), "f").has_value());
            }
        }
    }
}

TEST_CASE("yaml: documents know the line at which they begin") {
    const auto documents =
        json::parse_yaml_documents("# none yet\n\na: 1\n---\n---\n\nb: 2\n---\nc: 3\n", "f").value();
    REQUIRE(documents.size() == 3);
    CHECK(documents[0].line == 3);
    CHECK(documents[0].content == json::value{{"a", 1}});
    CHECK(documents[1].line == 5);
    CHECK(documents[2].line == 8);
    CHECK(json::parse_yaml_documents("{\"a\":\n1}", "f").value().at(0).line == 1);
}
