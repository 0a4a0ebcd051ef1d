// One object that does not fit its struct, and one piece of user code that throws, stop nobody else.

#include "manual_clock.hpp"
#include "running_manager.hpp"

#include <runtime/table_writer.hpp>

using namespace gwctl;
using namespace gwctl::tests;
using namespace std::chrono_literals;
using core_v1::ConfigMap;
using detail::received_object;
using detail::table_writer;

namespace {

struct Widget {
    Widget() = default;
    struct Spec {
        std::int32_t size = 0;
    };
    static constexpr resource_type type{"example.com", "v1", "Widget", "widgets"};
    ObjectMeta metadata;
    Spec spec;
};
BOOST_DESCRIBE_STRUCT(Widget::Spec, (), (size))
BOOST_DESCRIBE_STRUCT(Widget, (), (metadata, spec))

std::string widget(const std::string& name, const std::string& size, const std::string& more = {}) {
    return fmt::format(R"({{"metadata":{{"namespace":"default","name":"{}"{}}},"spec":{{"size":{}}}}})", name,
                       more, size);
}

received_object received(const std::string& name, const std::string& version, const std::string& misfit = {},
                         const std::string& uid = "u") {
    auto o = std::make_shared<Widget>();
    o->metadata.namespace_ = "default";
    o->metadata.name = name;
    o->metadata.resourceVersion = version;
    o->metadata.uid = uid;
    return {detail::erase<Widget>(std::move(o)), misfit};
}

object_key key(const std::string& name) { return object_key("default", name); }

std::string text(const change<Widget>& c) {
    const auto one = [](const auto& p) {
        return p ? p->metadata.name + "@" + p->metadata.resourceVersion : std::string("-");
    };
    return one(c.old) + ">" + one(c.now) + (c.unreadable ? " unreadable" : "");
}

struct captured_log {
    captured_log() {
        log::redirect([this](const log::record& r) {
            const std::lock_guard lock(mutex);
            std::string line(r.message);
            for (const log::field& f : r.fields)
                line += " " + f.key + "=" + f.value;
            lines.push_back(line);
        });
    }
    ~captured_log() { log::redirect({}); }
    std::size_t count(const std::string& part) {
        const std::lock_guard lock(mutex);
        return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](const std::string& l) {
            return l.find(part) != std::string::npos;
        }));
    }
    std::mutex mutex;
    std::vector<std::string> lines;
};

struct fixture {
    std::shared_ptr<fake_api> api = std::make_shared<fake_api>();
    std::shared_ptr<journal> j = std::make_shared<journal>();
    running_manager m{api};
    store<Widget>& widgets = m.mgr.cache<Widget>();
    bool settled() { return m.settle(api->version()).settled; }
};

} // namespace

TEST_CASE("an unreadable object is no object to readers, and known to those who ask") {
    store<Widget> s;
    s.add_index("name", [](const Widget& w) { return std::vector<std::string>{w.metadata.name}; });
    std::vector<std::string> seen;
    s.on_change([&](const change<Widget>& c) { seen.push_back(text(c)); });
    table_writer(s).replace({received("a", "1"), received("b", "2", "spec.size: no")}, "2");
    CHECK(s.size() == 1);
    CHECK(s.get(key("b")) == nullptr);
    CHECK(s.by_index("name", "b").empty());
    REQUIRE(s.unreadable(key("b")));
    CHECK(s.unreadable(key("b"))->error == "spec.size: no");
    CHECK(s.unreadable(key("b"))->partial->metadata.resourceVersion == "2");
    CHECK_FALSE(s.unreadable(key("a")));
    CHECK(s.unreadable().size() == 1);
    CHECK(seen == std::vector<std::string>{"->a@1"});
    seen.clear();

    SECTION("from readable to unreadable the old value goes, and back it comes") {
        table_writer(s).apply(watch_event_type::modified, received("a", "3", "spec: no"));
        CHECK(s.get(key("a")) == nullptr);
        CHECK(s.by_index("name", "a").empty());
        CHECK(s.unreadable().size() == 2);
        table_writer(s).apply(watch_event_type::modified, received("a", "4"));
        CHECK(s.get(key("a"))->metadata.resourceVersion == "4");
        CHECK(s.unreadable().size() == 1);
        CHECK(seen == std::vector<std::string>{"a@1>- unreadable", "->a@4"});
    }
    SECTION("it is deleted like any other") {
        table_writer(s).apply(watch_event_type::deleted, received("b", "3"));
        CHECK(s.unreadable().empty());
        CHECK(seen == std::vector<std::string>{"b@3>-"});
    }
    SECTION("a list without it deletes it, too") {
        table_writer(s).replace({received("a", "1")}, "9");
        CHECK(s.unreadable().empty());
        CHECK(seen == std::vector<std::string>{"b@2>-"});
    }
    SECTION("a list in which it fits heals it") {
        table_writer(s).replace({received("a", "1"), received("b", "5")}, "9");
        CHECK(s.unreadable().empty());
        CHECK(seen == std::vector<std::string>{"->b@5"});
    }
    SECTION("another object of its name is another object") {
        table_writer(s).apply(watch_event_type::modified, received("a", "3", "no", "other"));
        CHECK(seen == std::vector<std::string>{"a@1>-"});
        CHECK(s.unreadable(key("a"))->partial->metadata.uid == "other");
    }
}

TEST_CASE("a store counts what it cannot read as seen") {
    store<Widget> s;
    table_writer(s).replace({received("a", "1"), received("b", "2", "no")}, "2");
    CHECK(s.has_caught_up({received("a", "1"), received("b", "2", "no")}, "5"));
    CHECK_FALSE(s.has_caught_up({received("a", "1"), received("b", "3")}, "5"));
    CHECK_FALSE(s.has_caught_up({received("a", "1")}, "5"));
}

TEST_CASE("one-bad-object: the others are reconciled, and the bad one is named everywhere") {
    const bool from_the_start = GENERATE(true, false);
    captured_log log;
    fixture f;
    f.api->put("widgets", widget("good1", "1"));
    f.m.mgr.control<Widget>().reconcile_with([j = f.j](context&, const Widget& w) -> task<action> {
        j->note(w.metadata.name + "=" + std::to_string(w.spec.size));
        co_return await_change();
    });
    if (!from_the_start) {
        f.m.start();
        REQUIRE(f.j->await("good1=1"));
    }
    f.api->put("widgets", widget("bad", R"("two")"));
    f.api->put("widgets", widget("good2", "2"));
    f.api->put("widgets", widget("good1", "5"));
    if (from_the_start)
        f.m.start();
    CHECK(f.j->await("good2=2"));
    CHECK(f.j->await("good1=5"));
    REQUIRE(f.settled());

    const std::string what =
        "default/bad: spec.size: expected an integer\n"; // the value is for the log alone
    CHECK(log.count(R"(object=Widget default/bad error=spec.size: expected an integer, got "two")") == 1);
    const auto ready = f.m.mgr.health().ready();
    CHECK(ready.ok);
    CHECK(ready.verbose.find(
              "[+]cache-widgets.example.com ok: widgets.example.com: 1 object cannot be read: " + what) !=
          std::string::npos);
    const std::string metrics = f.m.mgr.metrics().text();
    CHECK(metrics.find(R"(gwctl_unreadable_objects{cache="widgets.example.com"} 1)") != std::string::npos);
    CHECK(metrics.find(R"(gwctl_unreadable_object_info{)") != std::string::npos);
    CHECK(metrics.find(R"(name="bad")") != std::string::npos);
    const auto events = f.api->all("events");
    REQUIRE(events.size() == 1);
    CHECK(std::string(events[0].at("reason").as_string()) == "Unreadable");
    CHECK(std::string(events[0].at("regarding").at("name").as_string()) == "bad");

    f.api->put("widgets", widget("bad", "3"));
    CHECK(f.j->await("bad=3"));
    REQUIRE(f.settled());
    CHECK_FALSE(f.m.mgr.health().ready().remarks);
    CHECK(f.m.mgr.metrics().text().find(R"(gwctl_unreadable_objects{cache="widgets.example.com"} 0)") !=
          std::string::npos);
    CHECK(f.m.mgr.metrics().text().find(R"(gwctl_unreadable_object_info{)") == std::string::npos);
}

TEST_CASE("of an unreadable object neither deleted nor cleanup is called, and a reconciler may ask for it") {
    struct keeper {
        std::shared_ptr<journal> j;
        task<action> reconcile(context&, const Widget& w) {
            j->note("reconcile " + w.metadata.name);
            co_return await_change();
        }
        task<void> deleted(context&, object_key k) {
            j->note("deleted " + k.name);
            co_return;
        }
        task<void> cleanup(context&, const Widget& w) {
            j->note("cleanup " + w.metadata.name);
            co_return;
        }
        task<void> undecodable(context&, object_key k, std::string error) {
            j->note("undecodable " + k.name + ": " + error);
            co_return;
        }
    };
    fixture f;
    f.m.mgr.control<Widget>().reconcile_with(keeper{f.j});
    f.api->put("widgets", widget("a", "1"));
    f.m.start();
    REQUIRE(f.j->await("reconcile a"));
    REQUIRE(f.settled());
    const std::string finalizer = R"(,"finalizers":["example.com/widget"])";
    f.api->put("widgets", widget("a", "[1]", finalizer));
    REQUIRE(f.j->await("undecodable a: spec.size: expected an integer, got a list"));
    f.api->put("widgets", widget("a", "[1]", finalizer + R"(,"deletionTimestamp":"2026-01-31T08:15:00Z")"));
    REQUIRE(f.j->await("undecodable a: spec.size: expected an integer, got a list", 2));
    REQUIRE(f.settled());
    CHECK(f.j->count("deleted a") == 0);
    CHECK(f.j->count("cleanup a") == 0);
    CHECK(f.api->get("widgets", "default", "a").at("metadata").at("finalizers").as_array().size() == 1);
    // Readable again, it is cleaned up.
    f.api->put("widgets", widget("a", "2", finalizer + R"(,"deletionTimestamp":"2026-01-31T08:15:00Z")"));
    CHECK(f.j->await("cleanup a"));
    CHECK(f.j->await("deleted a"));
}

TEST_CASE("a reconciler by key does not run for an object that it would take for gone") {
    fixture f;
    f.m.mgr.control<Widget>().reconcile_with([j = f.j](context&, object_key k) -> task<action> {
        j->note(k.name);
        co_return await_change();
    });
    f.api->put("widgets", widget("bad", R"("two")"));
    f.api->put("widgets", widget("good", "1"));
    f.m.start();
    REQUIRE(f.j->await("good"));
    REQUIRE(f.settled());
    CHECK(f.j->count("bad") == 0);
}

TEST_CASE("the owner of an unreadable object is woken") {
    fixture f;
    f.m.mgr.control<ConfigMap>().owns<Widget>().reconcile_with(
        [j = f.j](context&, object_key k) -> task<action> {
            j->note(k.name);
            co_return await_change();
        });
    f.m.start();
    REQUIRE(f.settled());
    f.api->put("widgets",
               widget("bad", R"("two")",
                      R"(,"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"u",)"
                      R"("controller":true}])"));
    CHECK(f.j->await("owner"));
}

TEST_CASE("an object that is larger than the limit is set aside, from a list and from a watch") {
    auto options = quiet_options();
    options.max_object_bytes = 2000;
    const auto api = std::make_shared<fake_api>();
    running_manager m(api, options);
    store<ConfigMap>& maps = m.mgr.cache<ConfigMap>();
    api->put("configmaps", config_map("listed", std::string(3000, 'x')));
    api->put("configmaps", config_map("small"));
    m.start();
    REQUIRE(m.settle(api->version()).settled);
    CHECK(m.on_loop([&] { return maps.size(); }) == 1);
    CHECK(m.on_loop([&] {
               return maps.unreadable(key("listed"))->error;
           }).find("expected at most 2000 bytes") != std::string::npos);
    api->put("configmaps", config_map("watched", std::string(4000, 'x')));
    api->put("configmaps", config_map("small2"));
    REQUIRE(m.settle(api->version()).settled);
    CHECK(m.on_loop([&] { return maps.size(); }) == 2);
    CHECK(m.on_loop([&] { return maps.unreadable().size(); }) == 2);
}

TEST_CASE("throwing-index-function: the store holds every object, the index those it could be computed for") {
    captured_log log;
    store<ConfigMap> s;
    s.add_index("number", [](const ConfigMap& c) {
        return std::vector<std::string>{std::to_string(std::stoi(c.data.at("v")))};
    });
    const auto map = [](const std::string& name, const std::string& version, const std::string& value) {
        auto o = std::make_shared<ConfigMap>();
        o->metadata.namespace_ = "default";
        o->metadata.name = name;
        o->metadata.resourceVersion = version;
        o->data["v"] = value;
        return received_object{detail::erase<ConfigMap>(std::move(o)), {}};
    };
    table_writer(s).replace({map("a", "1", "7"), map("b", "2", "no number"), map("c", "3", "7")}, "3");
    CHECK(s.size() == 3);
    CHECK(s.by_index("number", "7").size() == 2);
    CHECK(log.count("object=ConfigMap default/b") == 1);
    table_writer(s).apply(watch_event_type::modified, map("a", "4", "nor this"));
    table_writer(s).apply(watch_event_type::modified, map("c", "5", "9"));
    table_writer(s).apply(watch_event_type::modified, map("b", "6", "7"));
    CHECK(s.get(key("a"))->data.at("v") == "nor this");
    CHECK(s.by_index("number", "7").size() == 1);
    CHECK(s.by_index("number", "9").size() == 1);
    table_writer(s).apply(watch_event_type::deleted, map("a", "7", "nor this"));
    CHECK(s.get(key("a")) == nullptr);
    s.add_index("late", [](const ConfigMap& c) -> std::vector<std::string> {
        if (c.metadata.name == "b")
            throw 5;
        return {"x"};
    });
    CHECK(s.by_index("late", "x").size() == 1);
}

TEST_CASE("an index function that throws only later leaves no stale entry") {
    bool broken = false;
    store<Widget> s;
    s.add_index("all", [&](const Widget&) {
        if (broken)
            throw std::runtime_error("broken");
        return std::vector<std::string>{"x", "y"};
    });
    table_writer(s).replace({received("a", "1"), received("b", "2")}, "2");
    broken = true;
    table_writer(s).apply(watch_event_type::deleted, received("a", "3"));
    CHECK(s.by_index("all", "x").size() == 1);
    CHECK(s.by_index("all", "y").size() == 1);
}

TEST_CASE("throwing-change-handler: each other handler hears of every change, controllers among them") {
    captured_log log;
    fixture f;
    f.m.mgr.cache<ConfigMap>().on_change([](const change<ConfigMap>& c) {
        if (c.now && c.now->metadata.name == "b")
            throw std::runtime_error("not b");
    });
    f.m.mgr.control<ConfigMap>().reconcile_with([j = f.j](context&, object_key k) -> task<action> {
        j->note(k.name);
        co_return await_change();
    });
    for (const char* name : {"a", "b", "c"})
        f.api->put("configmaps", config_map(name));
    f.m.start();
    REQUIRE(f.settled());
    f.api->put("configmaps", config_map("d"));
    f.api->put("configmaps", config_map("b", "2"));
    f.api->put("configmaps", config_map("e"));
    for (const char* name : {"a", "c", "d", "e"})
        CHECK(f.j->await(name));
    CHECK(f.j->await("b", 2));
    CHECK(log.count(
              "a handler of changes threw: it misses this change object=ConfigMap default/b error=not b") ==
          2);
}

TEST_CASE("a predicate that throws filters nothing, a map function that throws costs its own keys only") {
    captured_log log;
    fixture f;
    f.m.mgr.control<Widget>()
        .where([](const auto&, const auto& now) -> bool {
            if (now && now->metadata.name == "odd")
                throw std::runtime_error("odd");
            return true;
        })
        .watches<ConfigMap>([](const ConfigMap& c) -> std::vector<object_key> {
            if (c.data.at("v") == "old")
                throw std::runtime_error("old");
            return {key("mapped")};
        })
        .reconcile_with([j = f.j](context&, object_key k) -> task<action> {
            j->note(k.name);
            co_return await_change();
        });
    f.api->put("widgets", widget("odd", "1"));
    f.api->put("configmaps", config_map("a", "old"));
    f.m.start();
    CHECK(f.j->await("odd"));
    REQUIRE(f.settled());
    CHECK(f.j->count("mapped") == 0);
    f.api->put("configmaps", config_map("a", "new")); // its old state cannot be mapped, its new one can
    CHECK(f.j->await("mapped"));
}

TEST_CASE("an observer of requests that throws fails no request") {
    fixture f;
    f.m.mgr.api().observe_requests(
        [](std::string_view, int, std::string_view) { throw std::runtime_error("no"); });
    f.api->put("widgets", widget("a", "1"));
    f.m.start();
    REQUIRE(f.settled());
    CHECK(f.m.on_loop([&] { return f.widgets.size(); }) == 1);
}

namespace {
template <class S>
concept has_mutators = requires(S& s) {
    s.replace({}, "1");
}
|| requires(S& s) { s.set_state(store_state::synced); }
|| requires(S& s) { s.set_version("v9"); }
|| requires(S& s, received_object o) { s.apply(watch_event_type::deleted, o); };
} // namespace

TEST_CASE("store-mutators: a user cannot change a store") { STATIC_REQUIRE(!has_mutators<store<Widget>>); }
