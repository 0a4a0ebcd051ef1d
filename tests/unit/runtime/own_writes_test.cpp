#include <gwctl/api/core_v1.hpp>
#include <gwctl/runtime/store.hpp>

#include <runtime/own_writes.hpp>
#include <runtime/table_writer.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using detail::own_writes;
using detail::table_writer;

namespace {

ObjectMeta written(const std::string& namespace_, const std::string& version) {
    ObjectMeta m;
    m.namespace_ = namespace_;
    m.name = "m";
    m.resourceVersion = version;
    return m;
}

steady_time at(std::chrono::nanoseconds t) { return steady_time(t); }

const object_key web("default", "web");

} // namespace

TEST_CASE("a write is waited for until the store shows it or something newer") {
    store<ConfigMap> maps;
    table_writer(maps).replace({}, "10");
    own_writes writes;
    CHECK(writes.find(web) == nullptr);
    writes.note(web, maps, written("default", "10"), at(0s));
    CHECK(writes.size() == 0); // shown already
    writes.note(web, maps, written("default", "12"), at(0s));
    REQUIRE(writes.find(web) != nullptr);
    CHECK(writes.find(web)->give_up == at(own_writes::limit));
    CHECK(writes.find(object_key("default", "api")) == nullptr);
    table_writer(maps).replace({}, "11");
    CHECK(writes.find(web) != nullptr);
    table_writer(maps).replace({}, "13");
    CHECK(writes.find(web) == nullptr);
    CHECK(writes.size() == 0);
}

TEST_CASE("what runs of low priority wrote is known by kind and version") {
    detail::own_versions own;
    own.note(ConfigMap::type, "12", -100);
    CHECK(own.find(ConfigMap::type, "12") == -100);
    CHECK_FALSE(own.find(ConfigMap::type, "13"));
    CHECK_FALSE(own.find(core_v1::Service::type, "12"));
    own.clear();
    CHECK_FALSE(own.find(ConfigMap::type, "12"));
}

TEST_CASE("of many writes to one store the newest is waited for, in whatever order they are told") {
    cache_scope scope;
    scope.namespaces = {"blue", "red"};
    store<ConfigMap> maps(scope);
    table_writer(maps).replace({}, "10", 0);
    table_writer(maps).replace({}, "10", 1);
    own_writes writes;
    for (const char* version : {"11", "20", "9", "15"})
        writes.note(web, maps, written("blue", version), at(0s));
    writes.note(web, maps, written("red", "16"), at(3s));
    REQUIRE(writes.find(web) != nullptr);
    CHECK(writes.find(web)->writes.size() == 2);
    CHECK(writes.find(web)->give_up == at(3s + own_writes::limit));
    table_writer(maps).replace({}, "19", 0);
    table_writer(maps).replace({}, "16", 1);
    REQUIRE(writes.find(web) != nullptr);
    REQUIRE(writes.find(web)->writes.size() == 1);
    CHECK(writes.find(web)->writes[0].version == "20");
    table_writer(maps).replace({}, "20", 0);
    CHECK(writes.find(web) == nullptr);
}

TEST_CASE("keys that come and go by the thousand are not remembered for longer than they matter") {
    store<ConfigMap> maps;
    table_writer(maps).replace({}, "10");
    own_writes writes;
    std::size_t most = 0;
    for (int i = 0; i < 20000; ++i) { // a hundred each second
        const object_key key("default", "m" + std::to_string(i));
        writes.note(key, maps, written("default", std::to_string(11 + i)), at(i * 10ms));
        REQUIRE(writes.find(key) != nullptr);
        most = std::max(most, writes.size());
    }
    CHECK(most <= 2 * 100 * std::size_t{own_writes::limit.count()} + 2);
}
