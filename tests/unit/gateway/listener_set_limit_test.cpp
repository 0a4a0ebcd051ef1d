// What holds for ListenerSets in any number and any order.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

constexpr std::string_view all_may = "allowedListeners: {namespaces: {from: All}}";

ListenerSet set_of(std::string namespace_, std::string name, int first_port, int count) {
    ListenerSet set;
    set.metadata.namespace_ = std::move(namespace_);
    set.metadata.name = std::move(name);
    set.spec.parentRef.name = "web";
    set.spec.parentRef.namespace_ = "default";
    for (int i = 0; i < count; ++i) {
        Listener& l = set.spec.listeners.emplace_back();
        l.name = fmt::format("l{}", i);
        l.protocol = "TCP";
        l.port = first_port + i;
    }
    return set;
}

/// How many listeners of a namespace's sets are accepted; of all sets when it is empty.
std::size_t accepted(const attachments& a, std::string_view namespace_ = {}) {
    std::size_t n = 0;
    for (const listener_set_rules& set : a.sets)
        if (namespace_.empty() || set.set->metadata.namespace_ == namespace_)
            for (const listener_rules& r : a.of(set))
                n += r.accepted.holds ? 1 : 0;
    return n;
}

} // namespace

TEST_CASE("hostile: a thousand sets of one user push nobody else's listeners off a Gateway") {
    world w;
    w.gateway("web", "[{name: own, protocol: TCP, port: 443}]", all_may);
    for (int i = 0; i < 1000; ++i) // older than the other's, so they come first
        w.put(set_of("evil", fmt::format("s{}", i), 1 + i * 64, 64));
    w.put(set_of("good", "late", 65'000, 10));
    const attached_gateway g = w.attached("web");
    CHECK(g.a.listeners[0].accepted.holds);
    CHECK(accepted(g.a, "evil") == set_listeners_per_namespace);
    CHECK(accepted(g.a, "good") == 10);
    const auto refused = std::find_if(g.a.listeners.begin(), g.a.listeners.end(),
                                      [](const auto& r) { return r.accepted.reason == "TooManyListeners"; });
    REQUIRE(refused != g.a.listeners.end());
    CHECK(refused->accepted.message.find("64") != std::string::npos);

    const desired_state desired = w.plan_for("web");
    REQUIRE(desired.writes.size() == 1);
    CHECK(desired.writes[0].applied.spec.ports.size() == 1 + 64 + 10);
    CHECK(desired.writes[0].applied.spec.ports[0].port == 443);
    CHECK(desired.status.listeners.size() == 1);
    CHECK(desired.status.attachedListenerSets == 2);
    CHECK(json::encode(desired.status).size() < 10'000);
}

TEST_CASE("hostile: many namespaces together get no more than the Gateway's Service can hold") {
    world w;
    w.gateway("web", "[{name: own, protocol: TCP, port: 1}]", all_may);
    for (int i = 0; i < 20; ++i)
        w.put(set_of(fmt::format("team-{}", i), "s", 2 + i * 64, 64));
    const attached_gateway g = w.attached("web");
    CHECK(accepted(g.a) == set_listeners_per_gateway);
    CHECK(accepted(g.a, "team-0") == 64);
    CHECK(accepted(g.a, "team-19") == 0); // the youngest lose
    const desired_state desired = w.plan_for("web");
    CHECK(desired.writes.at(0).applied.spec.ports.size() == 1 + set_listeners_per_gateway);
    CHECK(json::encode(desired.writes[0].applied).size() < 500'000); // etcd takes 1.5 MiB, with managedFields
}

TEST_CASE("the Gateway's own namespace shares only the limit of all") {
    world w;
    w.gateway("web", "[{name: own, protocol: TCP, port: 1}]", all_may);
    w.put(set_of("default", "a", 100, 64));
    w.put(set_of("default", "b", 200, 64));
    const attached_gateway g = w.attached("web");
    CHECK(accepted(g.a, "default") == 128);
}

TEST_CASE("what is refused for another reason uses no limit up") {
    world w;
    w.gateway("web", "[{name: own, protocol: TCP, port: 443}]", all_may);
    ListenerSet unsupported = set_of("team", "a", 1000, 64);
    for (Listener& l : unsupported.spec.listeners)
        l.protocol = "HTTP";
    w.put(unsupported);
    w.put(set_of("team", "b", 2000, 64));
    w.put(set_of("team", "c", 2000, 64)); // all of them conflict with b's
    w.put(set_of("team", "d", 3000, 1));
    const attached_gateway g = w.attached("web");
    CHECK(accepted(g.a, "team") == 64);
    CHECK(g.a.listeners.back().accepted.reason == "TooManyListeners");
}

namespace {

class dice {
public:
    explicit dice(unsigned seed) : engine_(seed) {}
    int roll(int sides) { return std::uniform_int_distribution<int>(0, sides - 1)(engine_); }
    std::string pick(std::initializer_list<const char*> of) {
        return *(of.begin() + roll(static_cast<int>(of.size())));
    }
    std::mt19937& engine() { return engine_; }

private:
    std::mt19937 engine_;
};

/// Objects that say when they were created, so that the order in which they are added does not matter.
std::vector<std::string> random_objects(dice& d) {
    std::vector<std::string> all;
    const auto meta = [&](std::string_view ns, std::string_view name) {
        return fmt::format(
            "metadata: {{namespace: {}, name: {}, creationTimestamp: '2026-01-01T00:00:0{}Z'}}", ns, name,
            d.roll(4));
    };
    for (const std::string_view name : {"web", "api"})
        all.push_back(fmt::format(
            "{{kind: Gateway, {}, spec: {{gatewayClassName: l4, listeners: [{{name: own, protocol: {}, port: "
            "{}}}], allowedListeners: {{namespaces: {{from: {}, selector: {{matchLabels: {{tier: "
            "gold}}}}}}}}}}}}",
            meta("default", name), d.pick({"TCP", "UDP"}), 80 + d.roll(3),
            d.pick({"All", "All", "Same", "Selector", "None"})));
    for (int i = 0, count = 1 + d.roll(5); i < count; ++i) {
        std::string listeners;
        for (int j = 0, n = 1 + d.roll(4); j < n; ++j)
            listeners += fmt::format("{}{{name: l{}, protocol: {}, port: {}, allowedRoutes: {{namespaces: "
                                     "{{from: {}}}}}}}",
                                     j == 0 ? "" : ", ", j, d.pick({"TCP", "TCP", "UDP", "HTTP"}),
                                     80 + d.roll(5), d.pick({"All", "Same"}));
        all.push_back(fmt::format("{{kind: ListenerSet, {}, spec: {{parentRef: {{name: {}, namespace: "
                                  "default}}, listeners: [{}]}}}}",
                                  meta(d.pick({"default", "team", "other"}), fmt::format("s{}", i)),
                                  d.pick({"web", "web", "api", "absent"}), listeners));
    }
    for (int i = 0, count = d.roll(6); i < count; ++i)
        all.push_back(fmt::format(
            "{{kind: {}, {}, spec: {{parentRefs: [{{kind: ListenerSet, name: s{}, namespace: {}}}, {{name: "
            "{}, namespace: default}}], rules: [{{backendRefs: [{{name: app, port: 90}}]}}]}}}}",
            d.pick({"TCPRoute", "UDPRoute"}), meta(d.pick({"default", "team"}), fmt::format("r{}", i)),
            d.roll(5), d.pick({"default", "team", "other"}), d.pick({"web", "api"})));
    return all;
}

void fill(world& w, const std::vector<std::string>& objects) {
    w.add("{kind: Namespace, metadata: {name: team, labels: {tier: gold}}}");
    w.add("{kind: Namespace, metadata: {name: other}}");
    for (const std::string_view ns : {"default", "team"})
        w.backend(fmt::format("{}/app", ns),
                  "[{name: t, port: 90, protocol: TCP}, {name: u, port: 90, protocol: UDP}]");
    for (const std::string& object : objects)
        w.add(object);
}

/// What was decided, without uids, versions, times and addresses.
std::string decisions(const world& w) {
    std::string all;
    const auto conditions = [&](const std::vector<Condition>& list) {
        for (const Condition& c : list)
            all += fmt::format(" {}={}/{} {}", c.type, c.status, c.reason,
                               c.reason == "Pending" || c.reason == "InPools" ? "" : c.message);
        all += "\n";
    };
    for (const auto& s : w.list<Service>()) {
        all += to_string(key_of(*s));
        for (const auto& p : s->spec.ports)
            all += " " + p.name;
        all += "\n";
    }
    for (const auto& g : w.list<Gateway>()) {
        all += fmt::format("{} sets {}", g->metadata.name, g->status.attachedListenerSets.value_or(0));
        conditions(g->status.conditions);
    }
    for (const auto& s : w.list<ListenerSet>()) {
        all += to_string(key_of(*s));
        conditions(s->status.conditions);
        for (const auto& l : s->status.listeners) {
            all += fmt::format("  {} {}", l.name, l.attachedRoutes);
            conditions(l.conditions);
        }
    }
    for (const route_view& r : w.routes())
        for (std::size_t i = 0; i < 2; ++i)
            all += describe(r) + " " + w.shown(r.kind->type.kind, to_string(key_of(*r.metadata)), i) + "\n";
    return all;
}

} // namespace

TEST_CASE("property: what becomes of sets does not depend on the order of events") {
    const auto seed = GENERATE(range(0U, 60U));
    INFO("seed " << seed);
    dice d(seed);
    std::vector<std::string> objects = random_objects(d);

    world forward;
    fill(forward, objects);
    forward.settle();

    world backward;
    backward.reverse_order = true;
    backward.shuffle = &d.engine();
    std::shuffle(objects.begin(), objects.end(), d.engine());
    fill(backward, {});
    for (const std::string& object : objects) { // everything is reconciled after each event
        backward.add(object);
        backward.settle();
    }
    // Addresses are given out in the order of arrival, and nothing else may depend on it.
    CHECK(decisions(forward) == decisions(backward));

    for (const auto& set : forward.list<ListenerSet>()) {
        std::size_t holders = 0;
        for (const auto& l : set->status.listeners) {
            const Condition* accepted = find_condition(l.conditions, "Accepted");
            const Condition* conflicted = find_condition(l.conditions, "Conflicted");
            REQUIRE(accepted != nullptr);
            CHECK((accepted->status != "True" || conflicted->status == "False"));
            holders += accepted->status == "True" ? 1 : 0;
        }
        if (is_true(set->status.conditions, "Accepted"))
            CHECK(holders > 0);
    }
    CHECK(forward.clashes().empty());
}
