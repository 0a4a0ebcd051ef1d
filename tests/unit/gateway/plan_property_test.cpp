// What holds for every world: random Gateways, routes of all behaviours, Services and grants, given by a
// seed.
#include <gwctl/json/yaml.hpp>

#include <fmt/format.h>

#include <functional>
#include <set>
#include <support/catch.hpp>
#include <support/dice.hpp>
#include <support/gateway_world.hpp>
#include <support/messages.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;
using discovery_v1::EndpointSlice;
using gwctl::tests::dice;

namespace {

std::string random_listeners(dice& d) {
    std::string all;
    const int count = 1 + d.roll(6);
    for (int i = 0; i < count; ++i)
        all += fmt::format(
            "{}{{name: l{}, protocol: {}, port: {}, allowedRoutes: {{namespaces: {{from: {}}}}}}}",
            i == 0 ? "" : ", ", i, d.pick({"TCP", "TCP", "UDP", "UDP", "HTTP"}), 80 + d.roll(6),
            d.pick({"All", "Same"}));
    return "[" + all + "]";
}

void add_random_route(world& w, dice& d, int number) {
    const std::string kind = d.pick({"TCPRoute", "UDPRoute"});
    std::string parent = fmt::format("{{name: {}, namespace: default", d.pick({"web", "web", "api"}));
    if (d.chance(50))
        parent += fmt::format(", sectionName: l{}", d.roll(6));
    if (d.chance(20))
        parent += fmt::format(", port: {}", 80 + d.roll(6));
    std::string backends;
    for (int i = 0, count = d.roll(3) + (d.chance(90) ? 1 : 0); i < count; ++i)
        backends += fmt::format("{}{{name: {}, port: {}{}}}", i == 0 ? "" : ", ",
                                d.pick({"a", "b", "c", "new1", "new2", "web-l4"}), 80 + d.roll(3),
                                d.chance(20) ? ", namespace: team" : "");
    const std::string labels = d.pick(
        {"{}", "{}", "{selectorkey: app, selectorvalue: one}", "{selectorkey: app, selectorvalue: two}",
         "{serviceBehaviour: duplicate}", "{serviceBehaviour: update}", "{serviceBehaviour: update}",
         "{serviceBehaviour: update}", "{serviceBehaviour: update}", "{serviceBehaviour: nonsense}"});
    w.route(kind, fmt::format("{}/r{}", d.pick({"default", "default", "team"}), number), "[" + parent + "}]",
            "[" + backends + "]", labels);
}

/// Two Gateways of ours, one of others, three backends with TCP and UDP ports in each of two namespaces.
void fill(world& w, dice& d) {
    w.add("{kind: Namespace, metadata: {name: team}}");
    for (const std::string_view ns : {"default", "team"})
        for (const std::string_view name : {"a", "b", "c"}) {
            std::string ports;
            const int first = 80 + d.roll(2);
            for (int i = 0, count = 2 + d.roll(2); i < count; ++i)
                ports += fmt::format("{}{{name: p{}, port: {}, protocol: {}, targetPort: {}}}",
                                     i == 0 ? "" : ", ", i, first + i, d.pick({"TCP", "UDP"}),
                                     d.chance(30) ? "named" : std::to_string(8000 + d.roll(5)));
            w.backend(fmt::format("{}/{}", ns, name), "[" + ports + "]",
                      fmt::format("[10.1.0.{}, 10.1.0.{}]", 1 + d.roll(3), 4 + d.roll(3)));
        }
    w.gateway("web", random_listeners(d));
    w.gateway("api", random_listeners(d));
    w.add("{kind: Gateway, metadata: {name: theirs}, spec: {gatewayClassName: other, listeners: [{name: l0, "
          "protocol: TCP, port: 80}]}}");
    if (d.chance(50))
        w.add("{kind: ReferenceGrant, metadata: {namespace: team, name: g}, spec: {from: [{group: "
              "gateway.networking.k8s.io, "
              "kind: TCPRoute, namespace: default}], to: [{group: '', kind: Service}]}}");
    for (int i = 0, count = d.roll(9); i < count; ++i)
        add_random_route(w, d, i);
}

std::map<object_key, std::string> users_services(const world& w) {
    std::map<object_key, std::string> all;
    for (const auto& live : w.list<Service>()) {
        if (live->metadata.annotations.contains(w.named.applied()))
            continue;
        Service s = *live;
        s.metadata.resourceVersion.clear();
        s.metadata.generation.reset();
        s.status = {};
        all[key_of(s)] = json::encode(s);
    }
    return all;
}

/// Removes all objects of a kind; each of `arrivals` brings one back as it was.
template <class T>
void take_out(world& w, std::vector<std::function<void()>>& arrivals) {
    for (const auto& object : w.list<T>()) {
        w.remove<T>(key_of(*object));
        arrivals.push_back([&w, object] { w.put(*object); });
    }
}

/// Everything but versions and times, for comparing worlds that came about in different orders.
std::string picture(const world& w) {
    std::string all;
    const auto show_object = [&](auto object) {
        object.metadata.resourceVersion.clear();
        object.metadata.creationTimestamp.clear();
        object.metadata.uid.clear();
        object.metadata.generation.reset();
        for (OwnerReference& owner : object.metadata.ownerReferences)
            owner.uid.clear();
        object.metadata.annotations.erase(w.named.applied()); // a digest, also of owners' uids
        all += json::encode(object) + "\n";
    };
    for (const auto& s : w.list<Service>())
        show_object(*s);
    for (const auto& s : w.list<EndpointSlice>())
        show_object(*s);
    for (const auto& g : w.list<Gateway>())
        for (const auto& l : g->status.listeners)
            all += fmt::format("{} {} {} {}\n", g->metadata.name, l.name, l.attachedRoutes,
                               show(l.conditions, "Programmed"));
    for (const route_view& r : w.routes())
        for (std::size_t i = 0; i < 2; ++i)
            all += describe(r) + " " + w.shown(r.kind->type.kind, to_string(key_of(*r.metadata)), i) + "\n";
    return all;
}

void check_conditions(const std::vector<Condition>& conditions) {
    for (const Condition& c : conditions) {
        INFO(c.type << " " << c.reason << ": " << c.message);
        CHECK_FALSE(c.lastTransitionTime.empty());
        CHECK_FALSE(c.reason.empty());
        CHECK(c.message.find("{}") == std::string::npos);
    }
    tests::check_messages(conditions);
}

constexpr unsigned worlds = 80;

/// Whose address is whose depends on who comes first; what is served does not.
void pin_addresses(world& w) {
    w.merge<Gateway>("web", "{spec: {addresses: [{type: IPAddress, value: 10.0.0.1}]}}");
    w.merge<Gateway>("api", "{spec: {addresses: [{type: IPAddress, value: 10.0.0.2}]}}");
}

/// Empty when Services of create and duplicate are wanted by two Gateways: they belong to the first that made them.
std::string uncontested_picture(const world& w) {
    for (const std::string_view gateway : {"web", "api"})
        if (w.programmed(gateway) == "False/NoResources")
            return {};
    return picture(w);
}

} // namespace

TEST_CASE("property: every world comes to rest, and then nothing is written") {
    const auto seed = GENERATE(range(0U, worlds));
    INFO("seed " << seed);
    dice d(seed);
    world w;
    fill(w, d);
    w.settle();
    w.take_writes();
    w.shuffle = &d.engine; // what comes in no order may come in any
    w.reverse_order = true;
    w.settle();
    CHECK(w.take_writes().empty());
    for (const std::string_view gateway : {"web", "api"}) {
        const desired_state again = w.plan_for(gateway);
        CHECK(again.writes.empty());
        CHECK(again.slices.empty());
        CHECK(again.unwanted_slices.empty());
        CHECK(again.status == w.get<Gateway>(gateway)->status);
        for (const problem& p : again.problems)
            tests::check_message(p.message);
    }
}

TEST_CASE("property: no two Services ask for one address, protocol and port, after any write") {
    const auto seed = GENERATE(range(0U, worlds));
    INFO("seed " << seed);
    dice d(seed);
    world w;
    w.after_write = [&](const std::string& write) {
        INFO(write);
        CHECK(w.clashes().empty());
    };
    fill(w, d);
    w.settle();
    for (int change = 0; change < 4; ++change) {
        add_random_route(w, d, d.roll(9));
        if (d.chance(30))
            w.gateway("web", random_listeners(d));
        w.settle();
        std::set<std::string> names_seen;
        for (const auto& s : w.list<Service>()) {
            CHECK(s->metadata.name.size() <= 63);
            names_seen.clear();
            for (const auto& p : s->spec.ports)
                CHECK((names_seen.insert(p.name).second && (s->spec.ports.size() == 1 || !p.name.empty())));
        }
    }
}

TEST_CASE("property: users' Services are as they were when all is gone, and nothing of ours is left") {
    const auto seed = GENERATE(range(0U, worlds));
    INFO("seed " << seed);
    dice d(seed);
    world w;
    fill(w, d);
    const auto before = users_services(w);
    w.settle();
    for (const auto& [k, text] : before)
        CHECK(w.get<Service>(k) != nullptr);
    const bool gateways_first = d.chance(50);
    const auto remove_gateways = [&] {
        w.remove<Gateway>("web");
        w.remove<Gateway>("api");
    };
    if (gateways_first)
        remove_gateways();
    for (const route_view& r : w.routes()) {
        if (r.kind == &route_kind_of<tcp>)
            w.remove<gateway_v1::TCPRoute>(key_of(*r.metadata));
        else
            w.remove<gateway_v1::UDPRoute>(key_of(*r.metadata));
        if (d.chance(50))
            w.settle();
    }
    if (!gateways_first)
        remove_gateways();
    w.settle();
    CHECK(w.routes().empty()); // no finalizer holds one
    CHECK(users_services(w) == before);
    CHECK(w.list<Service>().size() == before.size());
    CHECK(w.list<EndpointSlice>().size() == before.size());
}

TEST_CASE("property: the order of reconciles does not decide what is served") {
    unsigned compared = 0;
    for (unsigned seed = 0; seed < worlds; ++seed) {
        INFO("seed " << seed);
        std::string pictures[2];
        for (const bool reverse : {false, true}) {
            dice d(seed);
            world w;
            w.reverse_order = reverse;
            fill(w, d);
            pin_addresses(w);
            w.settle();
            pictures[reverse ? 1 : 0] = uncontested_picture(w);
        }
        if (pictures[0].empty() || pictures[1].empty())
            continue;
        ++compared;
        CHECK(pictures[0] == pictures[1]);
    }
    CHECK(compared >= worlds * 3 / 4); // else it shows little
}

TEST_CASE("property: the order in which objects arrive does not decide what is served") {
    unsigned compared = 0;
    for (unsigned seed = 0; seed < worlds; ++seed) {
        INFO("seed " << seed);
        std::string pictures[2];
        for (const bool piecemeal : {false, true}) {
            dice d(seed);
            world w;
            fill(w, d);
            pin_addresses(w);
            if (piecemeal) {
                std::vector<std::function<void()>> arrivals;
                take_out<gateway_v1::TCPRoute>(w, arrivals);
                take_out<gateway_v1::UDPRoute>(w, arrivals);
                take_out<gateway_v1::ReferenceGrant>(w, arrivals);
                take_out<Service>(w, arrivals);
                take_out<EndpointSlice>(w, arrivals);
                take_out<Gateway>(w, arrivals);
                std::shuffle(arrivals.begin(), arrivals.end(), d.engine);
                for (const auto& arrive : arrivals) {
                    arrive();
                    if (d.chance(30))
                        w.settle();
                }
            }
            w.settle();
            pictures[piecemeal ? 1 : 0] = uncontested_picture(w);
        }
        if (pictures[0].empty() || pictures[1].empty())
            continue;
        ++compared;
        CHECK(pictures[0] == pictures[1]);
    }
    CHECK(compared >= worlds * 3 / 4);
}

TEST_CASE("property: conditions have times, reasons and remedies, and others' are kept") {
    const auto seed = GENERATE(range(0U, worlds));
    INFO("seed " << seed);
    dice d(seed);
    world w;
    fill(w, d);
    w.merge<Gateway>(
        "web", "{status: {conditions: [{type: example.com/Green, status: 'True', reason: R, message: m, "
               "lastTransitionTime: '2020-01-01T00:00:00Z', observedGeneration: 1}]}}");
    w.settle();
    const std::vector<Condition> before = w.get<Gateway>("web")->status.conditions;
    CHECK(show(before, "example.com/Green") == "True/R");
    for (const std::string_view name : {"web", "api"}) {
        check_conditions(w.get<Gateway>(name)->status.conditions);
        for (const auto& l : w.get<Gateway>(name)->status.listeners)
            check_conditions(l.conditions);
    }
    for (const route_view& r : w.routes())
        for (const parent_verdict& v : w.judge(r))
            for (const verdict& said : {v.accepted, v.resolved_refs, v.programmed.value_or(verdict()),
                                        v.weights.value_or(verdict())})
                if (!said.holds) {
                    INFO(said.reason);
                    tests::check_message(said.message);
                    CHECK(said.message.find("{}") == std::string::npos);
                }
    // A change elsewhere must not touch the time of a condition that stays as it is.
    w.now += std::chrono::hours(1);
    w.gateway("web", random_listeners(d));
    w.settle();
    const std::vector<Condition>& after = w.get<Gateway>("web")->status.conditions;
    for (const std::string_view type : {"Accepted", "example.com/Green"}) {
        const Condition* was = find_condition(before, type);
        const Condition* is = find_condition(after, type);
        CHECK((was->status == is->status) == (was->lastTransitionTime == is->lastTransitionTime));
    }
}
