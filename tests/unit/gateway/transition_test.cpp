// From one behaviour to another: what holds after every single write.
#include <fmt/format.h>

#include <algorithm>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;
using discovery_v1::EndpointSlice;

namespace {

const std::vector<behaviour> all{behaviour::merge, behaviour::create, behaviour::duplicate,
                                 behaviour::update};

/// Of the backends' own Services: different, since a borrowed Service asks for the address with all of its
/// ports.
int port_of(std::string_view route) { return 8000 + route.front(); }

/// Route `name` on listener `listener`, served by `b`. `create` makes Service made-NAME, the others use
/// app-NAME.
void put_route(world& w, std::string_view name, std::string_view listener, behaviour b) {
    const std::string labels = b == behaviour::create ? "{selectorkey: app, selectorvalue: x}"
                                                      : fmt::format("{{serviceBehaviour: {}}}", to_string(b));
    w.route("TCPRoute", name, fmt::format("[{{name: web, sectionName: {}}}]", listener),
            fmt::format("[{{name: {}-{}, port: {}}}]", b == behaviour::create ? "made" : "app", name,
                        port_of(name)),
            labels);
}

std::string serving(std::string_view name, behaviour b) {
    switch (b) {
    case behaviour::create:
        return fmt::format("made-{}", name);
    case behaviour::duplicate:
        return fmt::format("app-{}-gw-api", name);
    case behaviour::update:
        return fmt::format("app-{}", name);
    default:
        return "web-l4";
    }
}

/// The Services that ask for a TCP port of the Gateway's address.
std::vector<std::string> asking(const world& w, std::int32_t port) {
    std::vector<std::string> names;
    for (const auto& s : w.list<Service>())
        if (claims_of(*s).contains({"10.0.0.1", "TCP", port}))
            names.push_back(s->metadata.name);
    return names;
}

std::string shape(const Service& s) {
    Service copy = s;
    copy.metadata.resourceVersion.clear();
    copy.metadata.generation.reset();
    copy.status = {};
    return json::encode(copy);
}

/// Gateway web with listeners a, b and c on ports 80, 81 and 82, and backends app-r and app-q.
world three_listeners() {
    world w;
    w.gateway("web",
              "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}, {name: c, protocol: "
              "TCP, port: 82}]");
    for (const std::string_view route : {"r", "q"})
        w.backend(fmt::format("app-{}", route), fmt::format("[{{port: {}}}]", port_of(route)));
    return w;
}

} // namespace

TEST_CASE("from every behaviour to every other: no clash, no loss for others, the right Service in the end") {
    const bool gateway_first = GENERATE(false, true);
    for (const behaviour from : all)
        for (const behaviour to : all)
            for (const behaviour other : all) {
                INFO(to_string(from) << " to " << to_string(to) << " beside " << to_string(other));
                world w = three_listeners();
                w.gateways_first = gateway_first;
                const std::string before = shape(*w.get<Service>("app-r"));
                put_route(w, "q", "b", other);
                put_route(w, "r", "a", from);
                w.settle();
                CHECK(asking(w, 80) == std::vector<std::string>{serving("r", from)});
                CHECK(asking(w, 81) == std::vector<std::string>{serving("q", other)});

                int gaps = 0;
                int unready = 0;
                std::string trace;
                w.after_write = [&](const std::string& write) {
                    INFO(write);
                    CHECK(w.clashes().empty());
                    CHECK(asking(w, 81) == std::vector<std::string>{serving("q", other)});
                    CHECK(asking(w, 82) == std::vector<std::string>{"web-l4"});
                    CHECK(w.get<Service>("app-r") != nullptr);
                    gaps += asking(w, 80).empty() ? 1 : 0;
                    trace += fmt::format("\n{}{}", write, asking(w, 80).empty() ? " (gap)" : "");
                    unready += w.programmed("web") == "True/Programmed" ? 0 : 1;
                };
                put_route(w, "r", "a", to);
                gaps = 0;
                unready = 0;
                trace.clear();
                w.settle();
                w.after_write = nullptr;
                CHECK(asking(w, 80) == std::vector<std::string>{serving("r", to)});
                CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
                if (from == to)
                    CHECK((gaps == 0 && unready == 0));
                // The port is free between the write that gives it up and the one that takes it; slices are
                // written before. `update` waits for the route's finalizer first, with the port still where
                // it was.
                INFO(trace);
                CHECK(gaps <= 1);
                if (to != behaviour::update)
                    CHECK(shape(*w.get<Service>("app-r")) == before);
                w.take_writes();
                w.settle();
                CHECK(w.take_writes().empty());
            }
}

TEST_CASE("when the last listener of the Gateway's Service goes to another, it is deleted first") {
    for (const behaviour to : {behaviour::create, behaviour::duplicate, behaviour::update}) {
        INFO(to_string(to));
        world w;
        w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
        w.backend("app-r", fmt::format("[{{port: {}}}]", port_of("r")));
        put_route(w, "r", "a", behaviour::merge);
        w.settle();
        w.after_write = [&](const std::string& write) {
            INFO(write);
            CHECK(w.clashes().empty());
        };
        put_route(w, "r", "a", to);
        w.settle();
        CHECK(w.get<Service>("web-l4") == nullptr);
        CHECK(asking(w, 80) == std::vector<std::string>{serving("r", to)});
        put_route(w, "r", "a", behaviour::merge);
        w.settle();
        CHECK(asking(w, 80) == std::vector<std::string>{"web-l4"});
    }
}

TEST_CASE("Services that want each other's ports get them, and never one of them twice") {
    for (const behaviour first : all)
        for (const behaviour second : all) {
            INFO(to_string(first) << " and " << to_string(second));
            world w = three_listeners();
            put_route(w, "r", "a", first);
            put_route(w, "q", "b", second);
            w.settle();
            w.after_write = [&](const std::string& write) {
                INFO(write);
                CHECK(w.clashes().empty());
                CHECK(asking(w, 82) == std::vector<std::string>{"web-l4"});
            };
            put_route(w, "r", "b", first);
            w.reconcile_gateway(key("web")); // sees the one moved already, the other not yet
            put_route(w, "q", "a", second);
            w.settle();
            w.after_write = nullptr;
            CHECK(asking(w, 81) == std::vector<std::string>{serving("r", first)});
            CHECK(asking(w, 80) == std::vector<std::string>{serving("q", second)});
            CHECK(w.programmed("web") == "True/Programmed");
        }
}

TEST_CASE("a swap that is seen at once parks one Service, which asks for nothing meanwhile") {
    world w = three_listeners();
    put_route(w, "r", "a", behaviour::create);
    put_route(w, "q", "b", behaviour::create);
    w.settle();
    const std::string uid = w.get<Service>("made-r")->metadata.uid;
    put_route(w, "r", "b", behaviour::create);
    put_route(w, "q", "a", behaviour::create);
    const desired_state desired = w.plan_for("web");
    REQUIRE(desired.writes.size() == 3);
    CHECK(desired.writes[0].applied.spec.type == "ClusterIP");
    CHECK(desired.writes[0].after.empty());
    CHECK(desired.writes[0].key == desired.writes[2].key);
    w.settle();
    CHECK(w.get<Service>("made-r")->metadata.uid == uid); // kept, not made again
    CHECK(asking(w, 81) == std::vector<std::string>{"made-r"});
}

TEST_CASE("what a failed write did not release is not taken") {
    const port_claim eighty{"10.0.0.1", "TCP", 80};
    const port_claim more{"10.0.0.1", "TCP", 81};
    service_write releases;
    releases.releases = {eighty};
    service_write takes;
    takes.takes = {eighty};
    service_write unrelated;
    unrelated.takes = {more};
    hand_over ports;
    CHECK(ports.may(takes));
    ports.failed(releases);
    CHECK_FALSE(ports.may(takes));
    CHECK(ports.may(unrelated));
}

TEST_CASE("a borrowed Service that cannot be given back keeps its port; the others are served") {
    world w = three_listeners();
    put_route(w, "r", "a", behaviour::update);
    w.settle();
    w.merge<Service>("app-r", fmt::format("{{metadata: {{annotations: {{{}: '{{'}}}}}}", w.named.original()));
    w.after_write = [&](const std::string& write) {
        INFO(write);
        CHECK(w.clashes().empty());
        CHECK(asking(w, 81) == std::vector<std::string>{"web-l4"});
    };
    put_route(w, "r", "a", behaviour::merge);
    put_route(w, "q", "b", behaviour::merge);
    for (int i = 0; i < 4; ++i)
        w.reconcile_gateway(key("web"));
    CHECK(asking(w, 80) == std::vector<std::string>{"app-r"});
}

TEST_CASE("a copy of a Service without selector has copies of its endpoints") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.add("{kind: Service, metadata: {name: app}, spec: {ports: [{name: http, port: 8080, targetPort: "
          "9000}]}}\n---\n"
          "{kind: EndpointSlice, metadata: {name: app-x, labels: {kubernetes.io/service-name: app}}, "
          "addressType: "
          "IPv4, ports: [{name: http, protocol: TCP, port: 9000}], endpoints: [{addresses: [192.0.2.7]}]}");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 8080}]", "{serviceBehaviour: duplicate}");
    w.settle();
    const auto slices = w.slices(key("app-gw-api"));
    REQUIRE(slices.size() == 2); // one for each listener
    for (const auto& s : slices) {
        CHECK(s->ports.front().port == 9000);
        CHECK(s->endpoints->front().addresses.front() == "192.0.2.7");
        CHECK(s->metadata.ownerReferences == w.get<Service>("app-gw-api")->metadata.ownerReferences);
    }
    SECTION("which follow") {
        w.merge<EndpointSlice>("app-x", "{endpoints: [{addresses: [192.0.2.8]}]}");
        w.settle();
        CHECK(w.slices(key("app-gw-api")).front()->endpoints->front().addresses.front() == "192.0.2.8");
    }
    SECTION("and whose absence is said") {
        w.remove<EndpointSlice>("app-x");
        w.settle();
        CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("False/NoEndpoints: Service default/app: "));
    }
    SECTION("until the source has a selector") {
        w.merge<Service>("app", "{spec: {selector: {app: x}}}");
        w.settle();
        CHECK(w.slices(key("app-gw-api")).empty());
    }
    SECTION("and go with the route") {
        w.remove<gateway_v1::TCPRoute>("r");
        w.settle();
        CHECK(w.slices(key("app-gw-api")).empty());
        CHECK(w.get<Service>("app-gw-api") == nullptr);
        CHECK(w.get<EndpointSlice>("app-x") != nullptr);
    }
}
