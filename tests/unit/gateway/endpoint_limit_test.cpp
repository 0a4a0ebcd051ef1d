// How many endpoints a Gateway serves, and what is said of those that it does not.
#include <fmt/format.h>

#include <algorithm>
#include <gateway/endpoint_limit.hpp>
#include <gateway/layout.hpp>
#include <set>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::detail;
using namespace gwctl::gateway::testing;
using discovery_v1::EndpointSlice;

namespace {

constexpr std::string_view condition = "thebsdbox.co.uk/AllEndpointsServed";

options with_limit(std::size_t all, std::size_t of_namespace) {
    options o = world::with_pools();
    o.max_endpoints = all;
    o.max_endpoints_per_namespace = of_namespace;
    return o;
}

/// "[10.SUBNET.0.FIRST, ...]"
std::string pods(int subnet, int count, int first = 1) {
    std::string all;
    for (int i = first; i < first + count; ++i)
        all += fmt::format("{}10.{}.{}.{}", all.empty() ? "" : ", ", subnet, i / 200, i % 200);
    return "[" + all + "]";
}

/// The addresses that a port of Service default/web-l4 is served by.
std::set<std::string> served(const world& w, int port) {
    std::set<std::string> all;
    for (const auto& slice : w.slices(key("web-l4")))
        if (slice->ports.front().name == fmt::format("tcp-{}", port))
            for (const auto& e : *slice->endpoints)
                all.insert(e.addresses.front());
    return all;
}

std::string message_of(const world& w, std::string_view type) {
    const Condition* c = find_condition(w.get<Gateway>("web")->status.conditions, type);
    return c == nullptr ? "" : c->message;
}

/// A Gateway with listeners for all namespaces on ports 80 and up.
void add_gateway(world& w, int listeners) {
    std::string all;
    for (int i = 0; i < listeners; ++i)
        all += fmt::format(
            "{}{{name: l{}, protocol: TCP, port: {}, allowedRoutes: {{namespaces: {{from: All}}}}}}",
            i == 0 ? "" : ", ", i, 80 + i);
    w.gateway("web", "[" + all + "]");
}

/// Route NAME on listener lN, to the Service NAME of its namespace.
void add_route(world& w, const std::string& name, int listener, int subnet, int endpoints) {
    const std::string service = name.substr(name.find('/') + 1);
    w.backend(name, "[{port: 80}]", pods(subnet, endpoints));
    w.route("TCPRoute", name, fmt::format("[{{name: web, namespace: default, sectionName: l{}}}]", listener),
            fmt::format("[{{name: {}, port: 80}}]", service));
}

/// The limits' own view: routes in order, in these namespaces.
struct ports {
    explicit ports(const std::vector<std::string>& namespaces)
        : metadata(namespaces.size()), routes(namespaces.size()) {
        for (std::size_t i = 0; i < namespaces.size(); ++i) {
            metadata[i].namespace_ = namespaces[i];
            routes[i].metadata = &metadata[i];
            endpoint_places& p = all.emplace_back();
            p.route = &routes[i];
        }
    }
    std::vector<std::size_t> share(const options& o) {
        share_out(all, "home", o);
        std::vector<std::size_t> granted;
        for (const endpoint_places& p : all)
            granted.push_back(p.granted);
        return granted;
    }
    std::vector<ObjectMeta> metadata;
    std::vector<route_view> routes;
    std::vector<endpoint_places> all{};
};

using numbers = std::vector<std::size_t>;

} // namespace

TEST_CASE("endpoint limit: each port has its first ten, then the older routes come first") {
    ports p({"home", "home", "home"});
    for (endpoint_places& each : p.all)
        each.wanted = 100;
    CHECK(p.share(with_limit(120, 120)) == numbers{100, 40, 10});
    CHECK(p.share(with_limit(0, 0)) == numbers{10, 10, 10});
    CHECK(p.share(with_limit(270, 0)) == numbers{100, 100, 100});
}

TEST_CASE(
    "endpoint limit: what is served already stays, whoever comes, and however old a route is that grows") {
    ports p({"home", "home", "home"});
    for (endpoint_places& each : p.all)
        each.wanted = 100;
    p.all[2].live = 100; // the youngest
    CHECK(p.share(with_limit(100, 100)) == numbers{20, 10, 100});
    p.all[2].wanted = 60; // what it gives up goes to the oldest
    CHECK(p.share(with_limit(100, 100)) == numbers{60, 10, 60});
}

TEST_CASE("endpoint limit: routes of another namespace have a limit of their own, all of them together") {
    ports p({"evil", "evil", "good", "home"});
    for (endpoint_places& each : p.all)
        each.wanted = 100;
    CHECK(p.share(with_limit(200, 30)) == numbers{40, 10, 40, 100});
}

TEST_CASE("endpoint limit: a share that is handed out is asked for again, and is the same") {
    ports p({"evil", "home", "evil", "good", "home"});
    for (std::size_t i = 0; i < p.all.size(); ++i)
        p.all[i].wanted = 30 * (i + 1);
    const options o = with_limit(200, 70);
    const numbers first = p.share(o);
    for (std::size_t i = 0; i < p.all.size(); ++i)
        p.all[i].live = first[i];
    CHECK(p.share(o) == first);
}

TEST_CASE("endpoint limit: of a port's endpoints ready ones come first, then those that are served already") {
    std::vector<Endpoint> all(6);
    endpoint_group g;
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].addresses = {fmt::format("10.0.0.{}", i)};
        all[i].conditions.ready = i != 0;
        g.endpoints.push_back(&all[i]);
    }
    const auto addresses = [](const endpoint_groups& chosen) {
        std::vector<std::string> found;
        for (const endpoint_group& group : chosen)
            for (const Endpoint* e : group.endpoints)
                found.emplace_back(address_of(*e));
        return found;
    };
    using texts = std::vector<std::string>;
    CHECK(addresses(choose({g}, 3, {{"10.0.0.0", "10.0.0.5"}})) == texts{"10.0.0.1", "10.0.0.2", "10.0.0.5"});
    CHECK(addresses(choose({g}, 5, {{}})) ==
          texts{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"});
    CHECK(addresses(choose({g}, 6, {{}})).size() == 6);
}

TEST_CASE("endpoint limit: target ports share a port's places evenly, and are limited themselves") {
    std::vector<Endpoint> all(200);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i].addresses = {fmt::format("10.0.{}.1", 100 + i)};
    endpoint_groups groups(4);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        groups[g].target_port = static_cast<std::int32_t>(8000 + g);
        for (std::size_t i = 0; i < (g == 0 ? 5 : 60); ++i)
            groups[g].endpoints.push_back(&all[i]);
    }
    CHECK(places_for(groups) == 185);
    const std::vector<std::set<std::string_view>> none(groups.size());
    const auto sizes = [](const endpoint_groups& chosen) {
        numbers n;
        for (const endpoint_group& g : chosen)
            n.push_back(g.endpoints.size());
        return n;
    };
    CHECK(sizes(choose(groups, 95, none)) == numbers{5, 30, 30, 30});
    CHECK(sizes(choose(groups, 40, none)) == numbers{5, 35}); // room for two slices
    std::vector<std::set<std::string_view>> live = none;
    live[3] = {"10.0.100.1"};
    CHECK(choose(groups, 20, live).front().target_port == 8003);
}

TEST_CASE("endpoint limit: many target ports do not become as many slices") {
    world w(with_limit(200, 200));
    add_gateway(w, 1);
    w.add("{kind: Service, metadata: {name: odd}, spec: {ports: [{port: 80, name: x}]}}");
    for (int i = 0; i < 100; ++i)
        w.add(fmt::format(
            "{{kind: EndpointSlice, metadata: {{name: odd-{0}, labels: {{kubernetes.io/service-name: "
            "odd}}}}, addressType: IPv4, endpoints: [{{addresses: [10.1.0.{0}]}}], ports: [{{name: x, "
            "port: {1}}}]}}",
            i, 9000 + i));
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: odd, port: 80}]");
    w.settle();
    CHECK(w.slices(key("web-l4")).size() == (200 + endpoints_in_any_case) / places_per_group);
    CHECK(served(w, 80).size() == (200 + endpoints_in_any_case) / places_per_group);
}

TEST_CASE("endpoint limit: Gateway, listener and route say what is left out, the limit and the remedy") {
    world w(with_limit(50, 30));
    add_gateway(w, 2);
    add_route(w, "large", 0, 1, 100);
    add_route(w, "small", 1, 2, 3);
    w.settle();
    CHECK(served(w, 80).size() == 60);
    CHECK(served(w, 81).size() == 3);
    const std::string limit =
        "a Gateway serves at most 50 endpoints, 30 of them for routes of one namespace other "
        "than its own, and 10 of each listener in any case; scale the backends down, or move "
        "routes to another Gateway";
    const auto gateway = w.get<Gateway>("web");
    CHECK(show(gateway->status.conditions, condition) == "False/TooManyEndpoints");
    CHECK(message_of(w, condition) ==
          "spec.listeners: not served by all of their endpoints are l0: " + limit);
    CHECK(w.programmed("web") == "True/Programmed");
    const auto listener_says = [&](std::size_t i) {
        return find_condition(gateway->status.listeners[i].conditions, "Programmed")->message;
    };
    CHECK(listener_says(0) == "The listener is served, but not by all endpoints of its route: " + limit);
    CHECK(listener_says(1) == "The listener is served");
    CHECK(w.said("TCPRoute", "large", "Programmed") ==
          "True/PartiallyProgrammed: Listener l0 is served by Service default/web-l4. spec.rules: listener "
          "l0 is not "
          "served by all endpoints of Service default/large: " +
              limit);
    CHECK(w.said("TCPRoute", "small", "Programmed").starts_with("True/Programmed"));

    w.backend("large", "[{port: 80}]", pods(1, 60)); // scaled down
    w.settle();
    CHECK(show(w.get<Gateway>("web")->status.conditions, condition) == "absent");
    CHECK(w.said("TCPRoute", "large", "Programmed").starts_with("True/Programmed"));
}

TEST_CASE(
    "endpoint limit: another namespace's ListenerSet takes no endpoint from a route that was there before") {
    world w(with_limit(100, 60));
    w.add("{kind: Namespace, metadata: {name: evil}}");
    w.gateway("web", "[{name: l0, protocol: TCP, port: 80}]", "allowedListeners: {namespaces: {from: All}}");
    add_route(w, "inn", 0, 1, 80);
    w.settle();
    const auto before = served(w, 80);
    REQUIRE(before.size() == 80);
    w.listener_set("evil/set", "[{name: a, protocol: TCP, port: 90}, {name: b, protocol: TCP, port: 91}]");
    w.backend("evil/b", "[{port: 80}]", pods(2, 400));
    for (const char* listener : {"a", "b"})
        w.route("TCPRoute", fmt::format("evil/{}", listener),
                fmt::format("[{{kind: ListenerSet, name: set, sectionName: {}}}]", listener),
                "[{name: b, port: 80}]");
    w.settle();
    CHECK(served(w, 80) == before);
    CHECK(served(w, 90).size() + served(w, 91).size() == 2 * endpoints_in_any_case + 30);
    CHECK(message_of(w, condition).find("are a of ListenerSet evil/set, b of ListenerSet evil/set: ") !=
          std::string::npos);

    // Its pods are replaced one by one: they keep their places.
    for (int i = 1; i <= 20; ++i) {
        w.backend("inn", "[{port: 80}]", pods(1, 80, 1 + i));
        w.settle();
        CHECK(served(w, 80).size() == 80);
    }
    // An old route that grows takes nothing either, and nothing is emptied.
    w.backend("inn", "[{port: 80}]", pods(1, 500));
    w.settle();
    CHECK(served(w, 80).size() == 80);
    CHECK(served(w, 91).size() >= endpoints_in_any_case);
}

TEST_CASE(
    "endpoint limit: what is served does not change by itself, nor after a restart, nor in another order") {
    const auto build = [](world& w) {
        add_gateway(w, 3);
        add_route(w, "a", 0, 1, 90);
        add_route(w, "b", 1, 2, 90);
        add_route(w, "c", 2, 3, 90);
    };
    world w(with_limit(100, 100));
    build(w);
    w.settle();
    const auto all = [](const world& of) {
        return std::vector{served(of, 80), served(of, 81), served(of, 82)};
    };
    const auto before = all(w);
    CHECK(before[0].size() == 90);
    CHECK(before[1].size() == 30);
    CHECK(before[2].size() == 10);
    w.take_writes();
    w.restart();
    w.settle();
    CHECK(w.take_writes().empty());
    CHECK(all(w) == before);
    world other(with_limit(100, 100));
    std::mt19937 engine(1);
    other.shuffle = &engine;
    other.reverse_order = true;
    build(other);
    other.settle();
    CHECK(all(other) == before);
}

TEST_CASE("endpoint limit: a limit that is lowered empties nothing") {
    world w(with_limit(1000, 1000));
    add_gateway(w, 2);
    add_route(w, "a", 0, 1, 90);
    add_route(w, "b", 1, 2, 90);
    w.settle();
    w.opts.max_endpoints = 0;
    w.settle();
    CHECK(served(w, 80).size() == endpoints_in_any_case);
    CHECK(served(w, 81).size() == endpoints_in_any_case);
}

TEST_CASE("endpoint limit: weights are those of the endpoints that are served") {
    world w(with_limit(30, 30));
    add_gateway(w, 1);
    w.backend("a", "[{port: 80}]", pods(1, 100));
    w.backend("b", "[{port: 80}]", pods(2, 10));
    w.route("TCPRoute", "r", "[{name: web}]",
            "[{name: a, port: 80, weight: 3}, {name: b, port: 80, weight: 1}]");
    w.settle();
    CHECK(served(w, 80).size() == 40);
    const std::string said = w.said("TCPRoute", "r", "thebsdbox.co.uk/WeightsApplied");
    INFO(said);
    CHECK(said.starts_with("True/EndpointsMatch"));
    CHECK(said.find("Service default/a gets 75 % (30 of 40 ready endpoints)") != std::string::npos);
}

TEST_CASE("slices: with thousands of nearly empty ones endpoints move together, and empty ones go") {
    std::vector<Endpoint> all(4300);
    std::vector<std::shared_ptr<const EndpointSlice>> live;
    endpoint_groups groups(1);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].addresses = {fmt::format("10.{}.{}.{}", 100 + i / 10000, 100 + i / 100 % 100, 100 + i % 100)};
        EndpointSlice slice;
        slice.metadata.namespace_ = "default";
        slice.metadata.name = fmt::format("web-l4-tcp-80-ipv4-{}", i);
        slice.addressType = "IPv4";
        slice.ports.emplace_back().port = 8080;
        slice.endpoints.emplace().push_back(all[i]);
        live.push_back(std::make_shared<const EndpointSlice>(std::move(slice)));
        groups[0].endpoints.push_back(&all[i]);
    }
    groups[0].target_port = 8080;
    const names n("thebsdbox.co.uk/controller");
    const auto slots_with = [&](std::size_t count) {
        const std::vector some(live.begin(), live.begin() + static_cast<std::ptrdiff_t>(count));
        endpoint_groups its = groups;
        its[0].endpoints.resize(count);
        const existing_slices existing(some);
        layout where = existing.slots_of("default", "web-l4-tcp-80-ipv4-", "IPv4", 80, n);
        where.place(its, {""});
        std::size_t placed = 0;
        for (const slot& s : where.slots())
            placed += s.addresses.size();
        CHECK(placed == count);
        return where.slots().size();
    };
    CHECK(slots_with(4000) == 4000);
    CHECK(slots_with(4300) == 43);
}
