#include <gwctl/api/core_v1.hpp>
#include <gwctl/runtime/store.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <runtime/resource_version.hpp>
#include <runtime/table_writer.hpp>
#include <support/catch.hpp>

using namespace gwctl;
using core_v1::ConfigMap;
using detail::received_object;
using detail::table_writer;
using map_store = store<ConfigMap>;

namespace {

received_object object(const std::string& ns, const std::string& name, const std::string& version,
                       const std::string& uid = "u", const std::string& team = "") {
    auto o = std::make_shared<ConfigMap>();
    o->metadata.namespace_ = ns;
    o->metadata.name = name;
    o->metadata.resourceVersion = version;
    o->metadata.uid = uid;
    if (!team.empty())
        o->metadata.labels["team"] = team;
    return {detail::erase<ConfigMap>(std::move(o)), {}};
}

std::string text(const change<ConfigMap>& c) {
    const auto one = [](const auto& p) {
        return p ? p->metadata.name + "@" + p->metadata.resourceVersion : std::string("-");
    };
    return one(c.old) + ">" + one(c.now) + (c.final_state_unknown ? " unknown" : "") +
           (c.initial ? " initial" : "");
}

void record(map_store& s, std::vector<std::string>& seen) {
    s.on_change([&seen](const change<ConfigMap>& c) { seen.push_back(text(c)); });
}

std::vector<std::string> by_team(const ConfigMap& m) {
    const auto found = m.metadata.labels.find("team");
    return found == m.metadata.labels.end() ? std::vector<std::string>()
                                            : std::vector<std::string>{found->second};
}

} // namespace

TEST_CASE("pitfall 20: resourceVersions are decimals of any length; anything else only equals itself") {
    CHECK((compare_resource_versions("9", "10") < 0));
    CHECK((compare_resource_versions("123456789012345678901234567890", "99999999999999999999") > 0));
    CHECK((compare_resource_versions("7", "7") == 0));
    CHECK((compare_resource_versions("007", "7") == 0));
    CHECK((compare_resource_versions("abc", "abc") == 0));
    CHECK((compare_resource_versions("abc", "abd") == std::partial_ordering::unordered));
    CHECK((compare_resource_versions("", "1") == std::partial_ordering::unordered));
    CHECK((compare_resource_versions("12x", "3") == std::partial_ordering::unordered));
    CHECK(at_least("10", "9"));
    CHECK_FALSE(at_least("9", "10"));
    CHECK(at_least("", ""));
    CHECK_FALSE(at_least("", "1"));
    CHECK_FALSE(at_least("abc", "1"));
}

TEST_CASE("a store lists by namespace, in the order of keys") {
    map_store s;
    table_writer(s).replace({object("b", "1", "3"), object("a", "2", "2"), object("a", "1", "1")}, "3");
    REQUIRE(s.list().size() == 3);
    CHECK(s.list()[0]->metadata.name == "1");
    CHECK(s.list()[2]->metadata.namespace_ == "b");
    CHECK(s.list("a").size() == 2);
    CHECK(s.list("c").empty());
    CHECK(s.get({"a", "2"}) != nullptr);
    CHECK(s.get({"b", "2"}) == nullptr);
}

TEST_CASE("a store has caught up with a list when all it shows is that list or newer") {
    map_store s;
    table_writer(s).replace({object("a", "1", "1"), object("a", "2", "2")}, "2");
    CHECK(s.has_caught_up({object("a", "1", "1"), object("a", "2", "2")}, "2"));
    CHECK(s.has_caught_up({}, "1")); // from before
    // Other kinds moved the server on to 5; no bookmark said so.
    CHECK(s.has_caught_up({object("a", "1", "1"), object("a", "2", "2")}, "5"));
    CHECK_FALSE(s.has_caught_up({object("a", "1", "1"), object("a", "2", "4")}, "5"));
    CHECK_FALSE(s.has_caught_up({object("a", "1", "1"), object("a", "2", "2"), object("b", "1", "5")}, "5"));
    CHECK_FALSE(s.has_caught_up({object("a", "1", "1")}, "5")); // a/2 is gone
    CHECK_FALSE(s.has_caught_up({}, "5"));

    table_writer(s).apply(watch_event_type::added, object("b", "1", "7"));
    CHECK(s.has_caught_up({object("a", "1", "1"), object("a", "2", "2")}, "5")); // b/1 came later
    CHECK_FALSE(s.has_caught_up({object("a", "1", "1"), object("a", "2", "2"), object("b", "1", "8")}, "8"));
    table_writer(s).apply(watch_event_type::deleted, object("a", "2", "9"));
    CHECK(s.has_caught_up({object("a", "1", "1"), object("a", "2", "2"), object("b", "1", "8")}, "8"));
}

TEST_CASE("indexes follow every change, and cover what was there before") {
    map_store s;
    table_writer(s).replace({object("a", "1", "1", "u", "red")}, "1");
    s.add_index("team", by_team);
    CHECK(s.by_index("team", "red").size() == 1);
    table_writer(s).apply(watch_event_type::added, object("a", "2", "2", "u", "red"));
    CHECK(s.by_index("team", "red").size() == 2);
    table_writer(s).apply(watch_event_type::modified, object("a", "1", "3", "u", "blue"));
    CHECK(s.by_index("team", "red").size() == 1);
    CHECK(s.by_index("team", "blue").size() == 1);
    table_writer(s).apply(watch_event_type::deleted, object("a", "2", "4", "u", "green"));
    CHECK(s.by_index("team", "red").empty());
    CHECK(s.by_index("team", "green").empty());
    table_writer(s).replace({object("a", "9", "9", "u", "red")}, "9");
    CHECK(s.by_index("team", "blue").empty());
    CHECK(s.by_index("team", "red").size() == 1);
    CHECK_THROWS_AS(s.by_index("colour", "red"), api_error);
}

TEST_CASE("pitfall 10: a bookmark moves the resourceVersion and nothing else") {
    map_store s;
    std::vector<std::string> seen;
    record(s, seen);
    table_writer(s).replace({}, "1");
    table_writer(s).apply(watch_event_type::bookmark, object("", "", "50"));
    CHECK(s.resource_version() == "50");
    CHECK(s.size() == 0);
    CHECK(seen.empty());
}

TEST_CASE("pitfall 14: whoever sees a resourceVersion sees its object") {
    map_store s;
    table_writer(s).replace({}, "1");
    bool told = false;
    s.when_at_least("5", "", [&] {
        told = true;
        CHECK(s.get({"a", "1"}) != nullptr);
    });
    s.on_change([&](const change<ConfigMap>& c) {
        CHECK(s.get(key_of(*c.now)) == c.now);
        CHECK(s.resource_version() == "5");
        CHECK_FALSE(told);
    });
    table_writer(s).apply(watch_event_type::added, object("a", "1", "5"));
    CHECK(told);
}

TEST_CASE("pitfall 15: handlers and readers never see a half done list") {
    map_store s;
    table_writer(s).replace({object("a", "1", "1"), object("a", "2", "1")}, "1");
    int changes = 0;
    s.on_change([&](const change<ConfigMap>& c) {
        if (c.initial)
            return;
        ++changes;
        CHECK(s.list().size() == 2);
        CHECK(s.get({"a", "1"}) == nullptr);
        CHECK(s.get({"a", "3"}) != nullptr);
        CHECK(s.resource_version() == "9");
    });
    table_writer(s).replace({object("a", "2", "8"), object("a", "3", "9")}, "9");
    CHECK(changes == 3);
}

TEST_CASE("pitfall 16: a list deletes what is gone, marked as noticed late") {
    map_store s;
    std::vector<std::string> seen;
    record(s, seen);
    table_writer(s).replace({object("a", "1", "1"), object("a", "2", "1"), object("a", "3", "1")}, "1");
    seen.clear();
    table_writer(s).replace({object("a", "2", "1"), object("a", "3", "7")}, "7");
    CHECK(seen == std::vector<std::string>{"1@1>- unknown", "3@1>3@7"});
}

TEST_CASE("pitfall 17: a new uid under an old name is a deletion and an addition") {
    map_store s;
    std::vector<std::string> seen;
    record(s, seen);
    table_writer(s).replace({object("a", "1", "1", "first")}, "1");
    seen.clear();
    table_writer(s).replace({object("a", "1", "5", "second")}, "5");
    CHECK(seen == std::vector<std::string>{"1@1>- unknown", "->1@5"});
    seen.clear();
    table_writer(s).apply(watch_event_type::modified, object("a", "1", "6", "third"));
    CHECK(seen == std::vector<std::string>{"1@5>- unknown", "->1@6"});
}

TEST_CASE("pitfall 18: DELETED takes an object out of the store, whatever became of it") {
    map_store s;
    std::vector<std::string> seen;
    table_writer(s).replace({object("a", "1", "1", "u", "red")}, "1");
    record(s, seen);
    seen.clear();
    table_writer(s).apply(watch_event_type::deleted, object("a", "1", "2", "u", "blue")); // left the selector
    CHECK(seen == std::vector<std::string>{"1@2>-"});
    CHECK(s.get({"a", "1"}) == nullptr);
    table_writer(s).apply(watch_event_type::deleted, object("a", "1", "3")); // never seen
    CHECK(seen.size() == 1);
    CHECK(s.resource_version() == "3");
}

TEST_CASE("pitfall 24: a late handler gets everything once, even in the middle of a change") {
    map_store s;
    std::vector<std::string> late;
    bool added = false;
    s.on_change([&](const change<ConfigMap>&) {
        if (!std::exchange(added, true))
            record(s, late);
    });
    table_writer(s).replace({object("a", "1", "1"), object("a", "2", "1"), object("a", "3", "1")}, "1");
    CHECK(late == std::vector<std::string>{"->1@1 initial", "->2@1 initial", "->3@1 initial"});
    late.clear();
    table_writer(s).apply(watch_event_type::modified, object("a", "2", "2"));
    CHECK(late == std::vector<std::string>{"2@1>2@2"});
}

TEST_CASE("waiting for a version ends with any newer one, and at once when the kind is not served") {
    map_store s;
    int reached = 0;
    s.when_at_least("7", "", [&] { ++reached; });
    s.when_at_least("9", "", [&] { reached += 10; });
    table_writer(s).replace({}, "8");
    CHECK(reached == 1);
    s.when_at_least("8", "", [&] { reached += 100; });
    CHECK(reached == 101);
    std::vector<store_state> states;
    s.on_state([&](store_state st) { states.push_back(st); });
    table_writer(s).set_state(store_state::denied, "no");
    CHECK_FALSE(s.synced());
    CHECK(s.reason() == "no");
    table_writer(s).set_state(store_state::not_served);
    CHECK(s.synced());
    CHECK(reached == 111);
    CHECK(states == std::vector<store_state>{store_state::denied, store_state::not_served});
}

namespace {

cache_scope two_namespaces() {
    cache_scope scope;
    scope.namespaces = {"a", "c"};
    return scope;
}

} // namespace

TEST_CASE("a store over several namespaces is one store: lists, indexes and changes of all of them") {
    map_store s(two_namespaces());
    REQUIRE(s.parts() == 2);
    CHECK(s.namespace_of(0) == "a");
    CHECK(s.namespace_of(1) == "c");
    s.add_index("team", by_team);
    std::vector<std::string> seen;
    record(s, seen);
    table_writer(s).replace({object("c", "1", "9", "u", "red")}, "9", 1);
    table_writer(s).replace({object("a", "2", "5", "u", "red"), object("a", "1", "4", "u", "blue")}, "5", 0);
    REQUIRE(s.list().size() == 3);
    CHECK(s.list()[2]->metadata.namespace_ == "c");
    CHECK(s.list("a").size() == 2);
    CHECK(s.by_index("team", "red").size() == 2);
    CHECK(s.any_by_index("team", "blue"));
    CHECK(seen == std::vector<std::string>{"->1@9 initial", "->1@4 initial", "->2@5 initial"});

    // A new list of one namespace says nothing about the other.
    seen.clear();
    table_writer(s).replace({object("a", "1", "6", "u", "red")}, "7", 0);
    CHECK(seen == std::vector<std::string>{"1@4>1@6", "2@5>- unknown"});
    CHECK(s.get({"c", "1"}) != nullptr);
    CHECK(s.by_index("team", "red").size() == 2);
    CHECK_FALSE(s.any_by_index("team", "blue"));
    CHECK_THROWS_AS(s.any_by_index("colour", "red"), api_error);
    seen.clear();
    table_writer(s).apply(watch_event_type::deleted, object("c", "1", "10"), false, 1);
    CHECK(seen == std::vector<std::string>{"1@10>-"});
    CHECK(s.size() == 1);
}

TEST_CASE("a store over several namespaces has seen what all have, or the one that is asked about") {
    map_store s(two_namespaces());
    int reached = 0;
    s.when_at_least("8", "", [&] { reached += 1; });
    s.when_at_least("8", "c", [&] { reached += 10; });
    table_writer(s).replace({}, "9", 1);
    CHECK(s.resource_version() == "");
    CHECK_FALSE(s.has_seen("8"));
    CHECK(s.has_seen("8", "c"));
    CHECK_FALSE(s.has_seen("8", "a"));
    CHECK(reached == 10);
    table_writer(s).replace({}, "7", 0);
    CHECK(s.resource_version() == "7");
    table_writer(s).apply(watch_event_type::bookmark, object("", "", "10"), false, 0);
    CHECK(s.resource_version() == "9");
    CHECK(reached == 11);
}

TEST_CASE("a store over several namespaces is as far as the last of them") {
    map_store s(two_namespaces());
    std::vector<store_state> states;
    s.on_state([&](store_state st) { states.push_back(st); });
    table_writer(s).set_state(store_state::synced, {}, 0);
    CHECK(s.state() == store_state::starting);
    table_writer(s).set_state(store_state::denied, "not you", 1);
    CHECK(s.state() == store_state::denied);
    CHECK(s.reason() == "not you");
    table_writer(s).set_state(store_state::failing, "down", 0);
    CHECK(s.state() == store_state::denied);
    table_writer(s).set_state(store_state::synced, {}, 1);
    CHECK(s.reason() == "down");
    CHECK_FALSE(s.synced());
    table_writer(s).set_state(store_state::not_served, {}, 0);
    CHECK(s.state() == store_state::synced); // the other one still is
    table_writer(s).set_state(store_state::not_served, {}, 1);
    CHECK(s.state() == store_state::not_served);
    CHECK(states == std::vector<store_state>{store_state::denied, store_state::failing, store_state::synced,
                                             store_state::not_served});
}

TEST_CASE("only a store that may be denied is usable when it is") {
    cache_scope scope;
    scope.may_be_denied = GENERATE(false, true);
    map_store s(scope);
    CHECK_FALSE(s.usable());
    table_writer(s).set_state(store_state::failing, "down");
    CHECK_FALSE(s.usable());
    table_writer(s).set_state(store_state::denied, "not you");
    CHECK(s.usable() == scope.may_be_denied);
    CHECK_FALSE(s.synced());
    table_writer(s).set_state(store_state::synced);
    CHECK(s.usable());
}

TEST_CASE("what handlers are told always adds up to what the store holds, over random histories") {
    const auto seed = GENERATE(range(1u, 21u));
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
    map_store s;
    s.add_index("team", by_team);
    using mirror = std::map<object_key, map_store::pointer>;
    std::vector<std::unique_ptr<mirror>> mirrors;
    const auto add_mirror = [&] {
        mirrors.push_back(std::make_unique<mirror>());
        s.on_change([m = mirrors.back().get()](const change<ConfigMap>& c) {
            const object_key key = key_of(c.now ? *c.now : *c.old);
            if (!c.old)
                REQUIRE(m->emplace(key, c.now).second); // an addition is never a repetition
            else
                REQUIRE(m->count(key) == 1);
            if (c.old && c.now)
                REQUIRE(c.old->metadata.uid == c.now->metadata.uid);
            if (c.now)
                (*m)[key] = c.now;
            else
                m->erase(key);
        });
    };
    add_mirror();
    mirror truth;
    int version = 0;
    int uid = 0;
    const auto make = [&](const object_key& key, const std::string& u) {
        static const char* const teams[] = {"", "red", "blue"};
        return object(key.namespace_, key.name, std::to_string(++version), u, teams[pick(3)]);
    };
    const auto typed = [](const received_object& o) {
        return std::static_pointer_cast<const ConfigMap>(o.object.object);
    };
    for (int i = 0; i < 1000; ++i) {
        const object_key key(pick(2) ? "a" : "b", std::to_string(pick(6)));
        const int what = pick(20);
        if (what == 0) { // a list after missed events
            std::vector<received_object> all;
            mirror next;
            for (int n = 0; n < 12; ++n) {
                const object_key k(n % 2 ? "a" : "b", std::to_string(n / 2));
                const auto known = truth.find(k);
                if (pick(3) == 0)
                    continue;
                received_object o = known != truth.end() && pick(2)
                                        ? received_object{detail::erase<ConfigMap>(known->second), {}}
                                        : make(k, std::to_string(pick(2) ? uid : ++uid));
                next[k] = typed(o);
                all.push_back(std::move(o));
            }
            std::shuffle(all.begin(), all.end(), random);
            table_writer(s).replace(all, std::to_string(++version));
            truth = next;
        } else if (what == 1 && mirrors.size() < 5) {
            add_mirror();
        } else if (truth.count(key) == 0) {
            const auto o = make(key, std::to_string(++uid));
            truth[key] = typed(o);
            table_writer(s).apply(watch_event_type::added, o);
        } else if (pick(3) == 0) {
            const auto o = make(key, truth[key]->metadata.uid);
            truth.erase(key);
            table_writer(s).apply(watch_event_type::deleted, o);
        } else {
            const auto o = make(key, truth[key]->metadata.uid);
            truth[key] = typed(o);
            table_writer(s).apply(watch_event_type::modified, o);
        }
        REQUIRE(s.resource_version() == std::to_string(version));
        REQUIRE(s.size() == truth.size());
        std::size_t red = 0;
        for (const auto& [k, o] : truth) {
            REQUIRE(s.get(k) == o);
            red += by_team(*o) == std::vector<std::string>{"red"} ? 1 : 0;
        }
        REQUIRE(s.by_index("team", "red").size() == red);
        for (const auto& m : mirrors) {
            REQUIRE(m->size() == truth.size());
            for (const auto& [k, o] : *m)
                REQUIRE(o->metadata.resourceVersion == truth[k]->metadata.resourceVersion);
        }
    }
}
