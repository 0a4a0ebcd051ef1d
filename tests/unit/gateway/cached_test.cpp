// What of an object is kept: as much as is read, whatever its owner writes on it.
#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/gateway/cached.hpp>
#include <gwctl/gateway/parameters.hpp>

#include <fmt/format.h>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using gwctl::gateway::detail::cached;

namespace {

using string_map = std::map<std::string, std::string>;

constexpr std::size_t megabyte = std::size_t{1} << 20;

std::size_t held_by(const string_map& map) {
    std::size_t bytes = 0;
    for (const auto& [key, value] : map)
        bytes += key.capacity() + value.capacity();
    return bytes;
}

std::string object_json(const std::string& labels, const std::string& annotations) {
    return fmt::format(
        R"({{"metadata":{{"name":"web","namespace":"default","labels":{{{}}},"annotations":{{{}}},)"
        R"("finalizers":["a/b"]}},"spec":{{"clusterIP":"10.0.0.1"}}}})",
        labels, annotations);
}

std::string entry(const std::string& key, const std::string& value) {
    return fmt::format(R"("{}":"{}")", key, value);
}

/// `count` entries "NAME-000000": "x".
std::string many(const std::string& name, int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
        all += fmt::format(R"({}"{}-{:06}":"x")", all.empty() ? "" : ",", name, i);
    return all;
}

template <class T>
T decoded(const std::string& text) {
    const auto whole = json::decode<T>(text);
    REQUIRE(whole.has_value());
    json::decoder<T> pieces;
    for (std::size_t i = 0; i < text.size(); i += 1000)
        REQUIRE(pieces.write(std::string_view(text).substr(i, 1000)).has_value());
    const auto piecewise = pieces.finish();
    REQUIRE(piecewise.has_value());
    CHECK(piecewise->metadata == whole->metadata);
    return *whole;
}

} // namespace

TEST_CASE(
    "cached: what users write beside what is read is not kept, but for what a Gateway may have written") {
    const std::string known = entry("example.com/gateway", "default/web") + "," +
                              entry("example.com/original", std::string(10000, 'o')) + "," +
                              entry("kube-vip.io/loadbalancerIPs", "10.0.0.9");
    const std::string labels = many("junk", 50000) + "," + entry("ipam-address", "10.0.0.9");
    const std::string text = object_json(labels, known + "," + entry("note", std::string(megabyte, 'n')) +
                                                     "," + many("junk", 10000));
    const auto has_known = [](const ObjectMeta& m) {
        CHECK(m.name == "web");
        CHECK(m.finalizers == std::vector<std::string>{"a/b"});
        CHECK(m.labels.at("ipam-address") == "10.0.0.9");
        CHECK(m.annotations.at("example.com/gateway") == "default/web");
        CHECK(m.annotations.at("kube-vip.io/loadbalancerIPs") == "10.0.0.9");
    };
    SECTION("of a kind that is made, a little of the rest") {
        const auto service = decoded<cached<core_v1::Service>>(text);
        has_known(service.metadata);
        CHECK(service.spec.clusterIP == "10.0.0.1");
        CHECK(service.metadata.annotations.at("example.com/original") == std::string(10000, 'o'));
        CHECK(service.metadata.labels.contains("junk-000000"));
        CHECK(held_by(service.metadata.labels) < 10'000);
        CHECK(held_by(service.metadata.annotations) < 100'000);
    }
    SECTION("of other kinds, nothing of the rest") {
        const auto gateway = decoded<cached<gateway_v1::Gateway>>(text);
        has_known(gateway.metadata);
        CHECK(gateway.metadata.labels.size() == 1);
        CHECK(gateway.metadata.annotations.size() == 3);
        CHECK(held_by(gateway.metadata.annotations) < 20'000);
    }
    SECTION("in a list") {
        const auto list = json::decode<object_list<cached<gateway_v1::Gateway>>>(
            R"({"metadata":{"resourceVersion":"7"},"items":[)" + text + "," + text + "]}");
        REQUIRE(list.has_value());
        REQUIRE(list->items.size() == 2);
        for (const auto& gateway : list->items)
            CHECK(held_by(gateway->metadata.annotations) < 20'000);
    }
}

TEST_CASE("cached: a Gateway's infrastructure fits in") {
    std::string labels;
    std::string annotations;
    string_map expected;
    for (int i = 0; i < 8; ++i) {
        const std::string key = fmt::format("team.example.org/{}", i);
        labels += (i == 0 ? "" : ",") + entry(key, std::string(63, 'v'));
        annotations += (i == 0 ? "" : ",") + entry(key, std::string(4096, 'v'));
        expected[key] = std::string(4096, 'v');
    }
    for (const bool is_slice : {false, true}) {
        const std::string text = object_json(labels, annotations);
        const ObjectMeta m = is_slice ? decoded<cached<discovery_v1::EndpointSlice>>(text).metadata
                                      : decoded<cached<core_v1::Service>>(text).metadata;
        CHECK(m.labels.size() == 8);
        CHECK(m.annotations == expected);
    }
}

TEST_CASE("cached: keys that are read cannot be used to fill the memory either") {
    std::string annotations;
    for (int i = 0; i < 1000; ++i)
        annotations +=
            (i == 0 ? "" : ",") + entry(fmt::format("d{}.org/original", i), std::string(1000, 'o'));
    annotations += "," + entry("kube-vip.io/loadbalancerIPs", std::string(megabyte, ','));
    const auto service = decoded<cached<core_v1::Service>>(object_json("", annotations));
    CHECK(held_by(service.metadata.annotations) < 100'000);
}

TEST_CASE(
    "cached: of a ConfigMap with a megabyte there are the parameters, and its mistakes read as before") {
    const auto read = [](const std::string& data) {
        const auto map = json::decode<parameter_map>(R"({"metadata":{"name":"l4"},"data":{)" + data + "}}");
        REQUIRE(map.has_value());
        CHECK(held_by(map->data.values) < 10'000);
        return map->data;
    };
    const auto refusal = [](const string_map& values, std::size_t omitted) {
        return with_parameters({}, values, parameter_scope::gateway_class, omitted).error().message;
    };
    SECTION("one long value that is not read") {
        const parameter_data data =
            read(entry("a", std::string(megabyte, 'x')) + "," + entry("announcer", " metallb\\n"));
        CHECK(data.values == string_map{{"a", ""}, {"announcer", "metallb"}});
        CHECK(refusal(data.values, data.omitted) ==
              refusal({{"a", std::string(megabyte, 'x')}, {"announcer", "metallb"}}, 0));
    }
    SECTION("many keys") {
        string_map whole{{"announcer", "nobody"}};
        for (int i = 0; i < 50000; ++i)
            whole[fmt::format("k-{:06}", i)] = "x";
        const parameter_data data = read(entry("announcer", "nobody") + "," + many("k", 50000));
        CHECK(data.values.size() == 6);
        CHECK(refusal(data.values, data.omitted) == refusal(whole, 0));
    }
    SECTION("values that are too long, with blanks where they are cut") {
        for (const std::string& value :
             {std::string(megabyte, ','), "edge" + std::string(megabyte, ' ') + "x",
              std::string(megabyte, 'a')}) {
            const parameter_data data = read(entry("pools", value));
            CHECK(refusal(data.values, data.omitted) == refusal({{"pools", value}}, 0));
        }
    }
    SECTION("a number where a text belongs") {
        CHECK(json::decode<parameter_map>(R"({"data":{"pools":1}})").error().message ==
              "data[\"pools\"]: expected a string, got 1");
    }
    SECTION("data that is binary") {
        const auto map = json::decode<parameter_map>(R"({"binaryData":{)" +
                                                     entry("blob", std::string(megabyte, 'A')) + "}}");
        REQUIRE(map.has_value());
        CHECK(map->binaryData.values == string_map{{"blob", ""}});
    }
}
