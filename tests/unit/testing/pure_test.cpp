#include "../../../lib/testing/jsonpath.hpp"
#include "../../../lib/testing/names.hpp"
#include "../../../lib/testing/schema.hpp"
#include "../../../lib/testing/selectors.hpp"
#include "../../../lib/testing/storage.hpp"
#include "../../../lib/testing/table.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing::detail;

namespace {

json::value parse(std::string_view text) { return boost::json::parse({text.data(), text.size()}); }

kind_info kind_named(std::string_view name) {
    for (auto& k : builtin_kinds())
        if (k.key() == name)
            return k;
    FAIL("no such kind");
    return {};
}

json::object named(const char* ns, const char* name, const char* more = "{}") {
    auto o = parse(more).as_object();
    json::object metadata;
    metadata["name"] = name;
    metadata["namespace"] = ns;
    o["metadata"] = std::move(metadata);
    return o;
}

} // namespace

TEST_CASE("Label selectors") {
    const auto labels = parse(R"({"app":"web","tier":"front","n":"5"})").as_object();
    auto matches = [&](const char* text) { return label_selector(text).matches(labels); };
    for (const char* yes :
         {"", "app=web", "app==web", "app!=x", "app", "!old", "app in (web,api)", "app notin (x)",
          "old notin (x)", "app=web,tier in (front, back),!x", "n>4", "n<6", "missing!=x"}) {
        INFO(yes);
        CHECK(matches(yes));
    }
    for (const char* no :
         {"app=x", "!app", "old", "app in (x)", "app notin (web)", "app=web,tier=back", "n>5", "old=x"}) {
        INFO(no);
        CHECK_FALSE(matches(no));
    }
    for (const char* bad : {"a b", "app in web", "app in (web", "=x", ",", "app=a b!", "-/x=1", "a!b"}) {
        INFO(bad);
        CHECK_THROWS_AS(label_selector(bad), status_error);
    }
    const auto structured = label_selector::from_json(
        parse(
            R"({"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["front"]},{"key":"x","operator":"DoesNotExist"}]})")
            .as_object());
    CHECK(structured.matches(labels));
}

TEST_CASE("Field selectors know the fields of their kind") {
    const auto pods = kind_named("pods");
    const auto o = named("ns", "p", R"({"spec":{"nodeName":"n1"}})");
    CHECK(field_selector("metadata.name=p,spec.nodeName==n1", pods).matches(o));
    CHECK(field_selector("metadata.namespace!=other", pods).matches(o));
    CHECK_FALSE(field_selector("spec.nodeName!=n1", pods).matches(o));
    CHECK_THROWS_AS(field_selector("spec.image=x", pods), status_error);
    CHECK_THROWS_AS(field_selector("metadata.name", pods), status_error);
    CHECK_THROWS_AS(field_selector("metadata.name!p", pods), status_error);
    CHECK_THROWS_AS(field_selector("metadata.namespace=x", kind_named("nodes")), status_error);
}

TEST_CASE("Storage counts one version for all kinds and remembers every change") {
    storage s(1000);
    CHECK(s.put("configmaps", named("b", "x"))->version() == 1);
    CHECK(s.put("services", named("a", "y"))->version() == 2);
    CHECK(s.put("configmaps", named("a-b", "x"))->version() == 3);
    CHECK(s.put("configmaps", named("a", "z"))->version() == 4);
    const auto before = s.find("configmaps", "b", "x");
    CHECK(s.put("configmaps", named("b", "x", R"({"data":{"k":"v"}})"))->version() == 5);
    s.erase("configmaps", "a", "z");
    CHECK(s.version() == 6);

    const auto all = s.list("configmaps", "");
    REQUIRE(all.size() == 2);
    CHECK(all[0]->namespace_name() == "a-b");
    CHECK(s.list("configmaps", "a").empty());

    REQUIRE(s.at(5));
    CHECK(s.at(5)->type == change_type::modified);
    CHECK(s.at(5)->before == before);
    CHECK(s.at(6)->type == change_type::deleted);
    CHECK(s.at(6)->now->object().at("metadata").at("resourceVersion") == "6");
    CHECK(s.at(7) == nullptr);
    s.compact();
    CHECK(s.oldest() == 6);
    CHECK(s.at(6) == nullptr);
}

TEST_CASE("The history is bounded") {
    storage s(10);
    for (int i = 0; i < 25; ++i)
        s.put("configmaps", named("a", "x"));
    CHECK(s.oldest() == 15);
    CHECK(s.at(15) == nullptr);
    REQUIRE(s.at(16));
    CHECK(s.at(16)->version == 16);
    CHECK(s.at(25)->version == 25);
}

TEST_CASE("JSONPath as printer columns use it") {
    const auto v =
        parse(R"({"a":{"b.c":1,"list":[{"type":"x","v":"1"},{"type":"y","v":"2"}]},"s":["p","q"]})");
    auto texts = [&](const char* path) {
        std::string out;
        for (const auto* found : evaluate_json_path(v, path))
            out += boost::json::serialize(*found) + ";";
        return out;
    };
    CHECK(texts(".a.b\\.c") == "1;");
    CHECK(texts(".a.list[*].v") == "\"1\";\"2\";");
    CHECK(texts(".a.list[?(@.type==\"y\")].v") == "\"2\";");
    CHECK(texts(".a.list[?(@.type!='y')].v") == "\"1\";");
    CHECK(texts(".a.list[-1].type") == "\"y\";");
    CHECK(texts(".a['list'][0].v") == "\"1\";");
    CHECK(texts(".s[5]") == "");
    CHECK(texts(".nothing.here") == "");
    CHECK(texts(".s[") == "");
    CHECK(texts("s") == "");
}

TEST_CASE("Ages read like kubectl's") {
    using std::chrono::seconds;
    CHECK(human_duration(seconds(0)) == "0s");
    CHECK(human_duration(seconds(119)) == "119s");
    CHECK(human_duration(seconds(120)) == "2m");
    CHECK(human_duration(seconds(150)) == "2m30s");
    CHECK(human_duration(seconds(3600)) == "60m");
    CHECK(human_duration(seconds(4 * 3600 + 60)) == "4h1m");
    CHECK(human_duration(seconds(47 * 3600)) == "47h");
    CHECK(human_duration(seconds(49 * 3600)) == "2d1h");
    CHECK(human_duration(seconds(400 * 86400)) == "400d");
    CHECK(human_duration(seconds(1000 * 86400)) == "2y270d");
}

TEST_CASE("Schemas default, prune and validate") {
    const auto schema = parse(R"({"type":"object","required":["a"],"properties":{
        "a":{"type":"string","minLength":2,"pattern":"^[a-z]+$"},
        "n":{"type":"integer","minimum":1,"maximum":9,"default":5},
        "o":{"type":"object","properties":{"x":{"type":"string","default":"y"}}},
        "e":{"type":"string","enum":["A","B"]},
        "l":{"type":"array","maxItems":2,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
             "items":{"type":"object","properties":{"k":{"type":"string"}}}},
        "open":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}})");
    SECTION("defaults fill in below what is there only") {
        auto v = parse(R"({"a":"bc","o":{},"n":null})");
        apply_defaults(v, schema);
        CHECK(v == parse(R"({"a":"bc","o":{"x":"y"},"n":5})"));
    }
    SECTION("unknown members go, unless the object is open") {
        auto v = parse(R"({"a":"bc","z":1,"l":[{"k":"1","zz":2}],"open":{"any":1}})");
        std::vector<std::string> dropped;
        prune(v, schema, "", dropped);
        CHECK(v == parse(R"({"a":"bc","l":[{"k":"1"}],"open":{"any":1}})"));
        CHECK(dropped == std::vector<std::string>{"l[0].zz", "z"});
    }
    SECTION("errors name their field") {
        field_errors errors;
        validate(parse(R"({"a":"B","n":10,"e":"C","l":[{"k":"1"},{"k":"1"}],"o":3})"), schema, "spec",
                 errors);
        std::string fields;
        for (const auto& e : errors)
            fields += e.field + "=" + e.reason + ";";
        CHECK(fields == "spec.a=FieldValueInvalid;spec.n=FieldValueInvalid;spec.e=FieldValueNotSupported;"
                        "spec.l[1]=FieldValueDuplicate;spec.o=FieldValueTypeInvalid;");
        errors.clear();
        validate(parse(R"({"l":[{"k":"1"},{"k":"2"},{"k":"3"}]})"), schema, "", errors);
        REQUIRE(errors.size() == 2);
        CHECK(errors[0].field == "a");
        CHECK(errors[0].reason == "FieldValueRequired");
        CHECK(errors[1].reason == "FieldValueTooMany");
    }
}

TEST_CASE("Patterns are matched as RE2 does, in bounded time") {
    const auto errors_of = [](const std::string& pattern, const std::string& text) {
        json::object schema;
        schema["type"] = "string";
        schema["pattern"] = pattern;
        field_errors errors;
        validate(json::value(text), json::value(schema), "at", errors);
        return errors.size();
    };
    const std::string many(4000, 'a');
    SECTION("nested quantifiers do not backtrack") {
        for (const char* pattern : {"((a+)+)+$", "^(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a*)*b"}) {
            INFO(pattern);
            CHECK(errors_of(pattern, many + "!") == 1);
        }
        CHECK(errors_of("((a+)+)+$", many) == 0);
    }
    SECTION("a pattern may match anywhere, unless it is anchored") {
        CHECK(errors_of("b", "abc") == 0);
        CHECK(errors_of("^b", "abc") == 1);
        CHECK(errors_of("b$", "abc") == 1);
        CHECK(errors_of("^$|^b", "ab") == 1);
        CHECK(errors_of("^$|^b", "") == 0);
        CHECK(errors_of("^b", "a\nb") == 1);
    }
    SECTION("patterns that RE2 does not read, or that are too big, accept everything") {
        for (const std::string& pattern :
             {std::string("(a)\\1"), std::string("(?=((a+)+)+$)b"), std::string("a)(b"), std::string("("),
              std::string("(a?){30000}b"), std::string(20000, '(') + std::string(20000, ')')}) {
            INFO(pattern.substr(0, 20));
            CHECK(errors_of(pattern, many + "!") == 0);
        }
    }
}

TEST_CASE("Names") {
    CHECK(is_dns_label("a-1"));
    CHECK_FALSE(is_dns_label("-a"));
    CHECK_FALSE(is_dns_label(std::string(64, 'a')));
    CHECK(is_dns_subdomain("a.b-c.1"));
    CHECK_FALSE(is_dns_subdomain("a..b"));
    CHECK_FALSE(is_dns_subdomain("A"));
    CHECK(check_canonical_address("fd00::1").empty());
    CHECK_FALSE(check_canonical_address("fd00:0::1").empty());
    CHECK(check_qualified_name("example.com/a").empty());
    CHECK_FALSE(check_qualified_name("example.com/").empty());
    CHECK(ip_family("10.0.0.1") == 4);
    CHECK(ip_family("fe80::1") == 6);
    CHECK(ip_family("10.0.0") == 0);
}
