#include "../../../lib/testing/json_util.hpp"
#include "../../../lib/testing/kinds.hpp"
#include "../../../lib/testing/managed_fields.hpp"
#include "../../../lib/testing/strategy.hpp"

#include <boost/json/parse.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::testing::detail;

namespace {

json::value parse(std::string_view text) { return boost::json::parse({text.data(), text.size()}); }

kind_info kind_named(std::string_view name) {
    for (kind_info& k : builtin_kinds())
        if (k.kind == name)
            return std::move(k);
    throw std::logic_error("no built-in kind is called " + std::string(name));
}

json::value schema_of(std::string_view kind) { return kind_named(kind).fields("v1"); }

field_manager manager(std::string name) {
    return {std::move(name), "v1", {"v1"}, "", "2026-01-01T00:00:00Z", {}};
}

/// The first apply makes the object.
json::value apply_fields(std::nullptr_t, const json::value& applied, const json::value& schema,
                         const field_manager& m, bool force) {
    return apply_fields(json::object(), json::object(), applied, schema, m, force);
}

json::value apply_fields(const json::value* live, const json::value& applied, const json::value& schema,
                         const field_manager& m, bool force) {
    return apply_fields(*live, json::object(), applied, schema, m, force);
}

json::value without_bookkeeping(json::value v) {
    auto& o = v.as_object();
    o.at("metadata").as_object().erase("managedFields");
    return v;
}

// The set of one manager, as FieldsV1.
json::value fields_of_manager(const json::value& object, std::string_view name, std::string_view operation) {
    for (const auto& e : object.at("metadata").at("managedFields").as_array())
        if (string_at(e, {"manager"}) == name && string_at(e, {"operation"}) == operation)
            return e.at("fieldsV1");
    return {};
}

} // namespace

TEST_CASE("Apply removes what its manager no longer applies, and nothing else") {
    const auto schema = schema_of("ConfigMap");
    auto v = apply_fields(nullptr,
                          parse(R"({"metadata":{"name":"x","labels":{"l":"1"}},"data":{"a":"1","b":"2"}})"),
                          schema, manager("one"), false);
    v = apply_fields(&v, parse(R"({"metadata":{"name":"x"},"data":{"b":"2","c":"3"}})"), schema,
                     manager("two"), false);
    CHECK(without_bookkeeping(v) ==
          parse(R"({"metadata":{"name":"x","labels":{"l":"1"}},"data":{"a":"1","b":"2","c":"3"}})"));
    // b is shared: it stays when one of its two owners drops it.
    v = apply_fields(&v, parse(R"({"metadata":{"name":"x"},"data":{}})"), schema, manager("one"), false);
    CHECK(without_bookkeeping(v) == parse(R"({"metadata":{"name":"x"},"data":{"b":"2","c":"3"}})"));
    v = apply_fields(&v, parse(R"({"metadata":{"name":"x"},"data":{"c":"3"}})"), schema, manager("two"),
                     false);
    CHECK(without_bookkeeping(v) == parse(R"({"metadata":{"name":"x"},"data":{"c":"3"}})"));
}

TEST_CASE("Apply conflicts with the owner of another value unless forced") {
    const auto schema = schema_of("ConfigMap");
    const auto live = apply_fields(nullptr, parse(R"({"metadata":{"name":"x"},"data":{"a":"1"}})"), schema,
                                   manager("one"), false);
    const auto wanted = parse(R"({"metadata":{"name":"x"},"data":{"a":"2"}})");
    SECTION("refused") {
        try {
            apply_fields(&live, wanted, schema, manager("two"), false);
            FAIL("no conflict");
        } catch (const status_error& e) {
            CHECK(e.code() == 409);
            CHECK(std::string(e.what()) == "Apply failed with 1 conflict: conflict with \"one\": .data.a");
            CHECK(e.status().at("details").at("causes").at(0).at("reason") == "FieldManagerConflict");
            CHECK(e.status().at("details").at("causes").at(0).at("field") == ".data.a");
        }
    }
    SECTION("forced: it changes hands") {
        auto v = apply_fields(&live, wanted, schema, manager("two"), true);
        CHECK(v.at("data").at("a") == "2");
        CHECK(fields_of_manager(v, "one", "Apply").is_null());
        // The former owner no longer removes it.
        v = apply_fields(&v, parse(R"({"metadata":{"name":"x"}})"), schema, manager("one"), false);
        CHECK(v.at("data").at("a") == "2");
    }
    SECTION("the same value is shared") {
        const auto v = apply_fields(&live, parse(R"({"metadata":{"name":"x"},"data":{"a":"1"}})"), schema,
                                    manager("two"), false);
        CHECK(fields_of_manager(v, "one", "Apply") == fields_of_manager(v, "two", "Apply"));
    }
}

TEST_CASE("Keyed lists are owned item by item") {
    const auto schema = schema_of("Service");
    auto v = apply_fields(
        nullptr,
        parse(R"({"metadata":{"name":"x"},"spec":{"ports":[{"name":"a","port":80,"protocol":"TCP"}]}})"),
        schema, manager("one"), false);
    v = apply_fields(
        &v, parse(R"({"metadata":{"name":"x"},"spec":{"ports":[{"name":"b","port":80,"protocol":"UDP"}]}})"),
        schema, manager("two"), false);
    CHECK(v.at("spec").at("ports").as_array().size() == 2);
    CHECK(
        fields_of_manager(v, "two", "Apply") ==
        parse(
            R"({"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"UDP\"}":{".":{},"f:name":{},"f:port":{},"f:protocol":{}}}}})"));
    v = apply_fields(&v, parse(R"({"metadata":{"name":"x"},"spec":{"ports":[{"name":"c","port":81}]}})"),
                     schema, manager("one"), false);
    // The key's default protocol identifies an item that does not name it.
    CHECK(
        without_bookkeeping(v) ==
        parse(
            R"({"metadata":{"name":"x"},"spec":{"ports":[{"name":"b","port":80,"protocol":"UDP"},{"name":"c","port":81}]}})"));
}

TEST_CASE("An update takes ownership of what it changes") {
    const auto schema = schema_of("ConfigMap");
    const auto before = apply_fields(nullptr, parse(R"({"metadata":{"name":"x"},"data":{"a":"1","b":"1"}})"),
                                     schema, manager("one"), false);
    auto after = before;
    after.at("data").as_object()["a"] = "2";
    after.at("data").as_object().erase("b");
    track_update(before, after, schema, manager("editor"));
    CHECK(fields_of_manager(after, "editor", "Update") == parse(R"({"f:data":{"f:a":{}}})"));
    CHECK(fields_of_manager(after, "one", "Apply").is_null());
    auto wanted = parse(R"({"metadata":{"name":"x"},"data":{"a":"1"}})");
    CHECK_THROWS_AS(apply_fields(&after, wanted, schema, manager("one"), false), status_error);
    auto forced = apply_fields(&after, wanted, schema, manager("one"), true);
    CHECK(fields_of_manager(forced, "editor", "Update").is_null());
}

TEST_CASE("Status is owned only by those who write status") {
    const auto schema = schema_of("Service");
    auto v = parse(
        R"({"metadata":{"name":"x"},"spec":{"type":"ClusterIP"},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}})");
    field_manager maker = manager("maker");
    maker.reset = reset_fields(kind_named("Service"), "");
    track_update(json::object(), v, schema, maker);
    CHECK(fields_of_manager(v, "maker", "Update") == parse(R"({"f:spec":{".":{},"f:type":{}}})"));
}

TEST_CASE("Applying the same again changes nothing, not even times") {
    const auto schema = schema_of("Service");
    const auto wanted = parse(
        R"({"metadata":{"name":"x","labels":{"a":"b"}},"spec":{"selector":{"a":"b"},"ports":[{"port":1},{"port":2}]}})");
    const auto first = apply_fields(nullptr, wanted, schema, manager("one"), false);
    auto later = manager("one");
    later.time = "2030-01-01T00:00:00Z";
    const auto again = apply_fields(&first, wanted, schema, later, false);
    CHECK(first == again);
    const auto more = apply_fields(
        &first, parse(R"({"metadata":{"name":"x"},"spec":{"selector":{"a":"b"}}})"), schema, later, false);
    CHECK(more.at("metadata").at("managedFields").at(0).at("time") == json::value(later.time));
    // What differs in times only is not worth a write.
    auto elsewhen = first;
    elsewhen.at("metadata").at("managedFields").at(0).as_object()["time"] = later.time;
    CHECK(same_but_times(first, elsewhen));
    CHECK_FALSE(same_but_times(first, more));
}
