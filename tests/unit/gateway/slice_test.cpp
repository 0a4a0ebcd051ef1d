// Minimal change of EndpointSlices, and what is carried over from those of the backends.
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using gwctl::discovery_v1::Endpoint;
using gwctl::discovery_v1::EndpointSlice;

namespace {

using addresses = std::set<std::string>;

/// A backend whose endpoints are spread over slices of its own as the test likes.
class pods {
public:
    pods(world& w, std::string name, int port) : w_(w), name_(std::move(name)) {
        w_.add(fmt::format(
            "{{kind: Service, metadata: {{name: {}}}, spec: {{ports: [{{port: 80, targetPort: {}}}]}}}}",
            name_, port));
        port_ = port;
    }

    addresses all{};

    /// Writes `all` into `count` slices, in the order of `engine`.
    void write(std::mt19937& engine, std::size_t count = 1) {
        std::vector<std::string> order(all.begin(), all.end());
        std::shuffle(order.begin(), order.end(), engine);
        for (std::size_t i = 0; i < count; ++i) {
            EndpointSlice s;
            s.metadata.namespace_ = "default";
            s.metadata.name = fmt::format("{}-{}", name_, i);
            s.metadata.labels[std::string(gwctl::discovery_v1::label_service_name)] = name_;
            s.addressType = "IPv4";
            auto& p = s.ports.emplace_back();
            p.name = "";
            p.protocol = "TCP";
            p.port = port_;
            s.endpoints.emplace();
            for (std::size_t at = i; at < order.size(); at += count)
                s.endpoints->emplace_back().addresses = {order[at]};
            w_.put(std::move(s));
        }
    }

private:
    world& w_;
    std::string name_;
    int port_ = 0;
};

std::vector<std::shared_ptr<const EndpointSlice>> slices_of(const world& w) {
    return w.slices(key("web-l4"));
}

/// "10.1.0.1:8080", sorted; an endpoint that is in two slices is there twice.
std::multiset<std::string> served(const world& w) {
    std::multiset<std::string> all;
    for (const auto& s : slices_of(w))
        for (const Endpoint& e : *s->endpoints)
            all.insert(fmt::format("{}:{}", e.addresses.front(), *s->ports.front().port));
    return all;
}

std::string address(int n) { return fmt::format("10.1.{}.{}", n / 250, n % 250 + 1); }

world one_route(std::string_view backends) {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.route("TCPRoute", "r", "[{name: web}]", backends);
    return w;
}

std::size_t slice_writes(const std::vector<std::string>& writes) {
    return static_cast<std::size_t>(std::count_if(writes.begin(), writes.end(), [](const std::string& write) {
        return write.starts_with("apply EndpointSlice default/web-l4-");
    }));
}

} // namespace

TEST_CASE("an endpoint more or less changes one slice, wherever its address sorts") {
    std::mt19937 engine(1);
    world w = one_route("[{name: a, port: 80}]");
    pods p(w, "a", 8080);
    for (int i = 10; i < 310; ++i)
        p.all.insert(address(i));
    p.write(engine);
    w.settle();
    CHECK(slices_of(w).size() == 3);
    const auto change = [&] {
        w.take_writes();
        p.write(engine);
        w.settle();
        const std::size_t count = slice_writes(w.take_writes());
        CHECK(served(w).size() == p.all.size());
        return count;
    };
    SECTION("one more in front of all needs a new slice, for itself alone") {
        p.all.insert(address(0));
        CHECK(change() == 1);
        CHECK(slices_of(w).size() == 4);
    }
    SECTION("the first one less") {
        p.all.erase(address(10));
        CHECK(change() == 1);
    }
    SECTION("one goes and another comes") {
        p.all.erase(address(100));
        p.all.insert(address(0));
        CHECK(change() == 1);
        CHECK(slices_of(w).size() == 3);
    }
    SECTION("holes are filled") {
        p.all.erase(address(11));
        p.all.erase(address(300));
        CHECK(change() <= 2);
        p.all.insert(address(0));
        CHECK(change() == 1);
        p.all.insert(address(1));
        CHECK(change() == 1);
        CHECK(slices_of(w).size() == 3);
    }
    SECTION("what is as it was is not written") { CHECK(change() == 0); }
}

TEST_CASE("property: any adds and removes write only slices that change, and serve the right set") {
    const auto seed = GENERATE(range(0U, 25U));
    INFO("seed " << seed);
    std::mt19937 engine(seed);
    const auto roll = [&](int sides) { return std::uniform_int_distribution<int>(0, sides - 1)(engine); };
    world w = one_route("[{name: a, port: 80, weight: 3}, {name: b, port: 80, weight: 3}]");
    pods a(w, "a", 8080);
    pods b(w, "b", 9090);
    a.write(engine);
    b.write(engine);
    w.settle();
    for (int step = 0; step < 12; ++step) {
        const int change = 1 + roll(roll(4) == 0 ? 150 : 4);
        std::size_t added = 0;
        std::size_t removed = 0;
        for (int i = 0; i < change; ++i) {
            addresses& into = roll(3) == 0 ? b.all : a.all;
            if (roll(5) < 3)
                added += into.insert(address(roll(600))).second ? 1 : 0;
            else if (!into.empty())
                removed += into.erase(*std::next(into.begin(), roll(static_cast<int>(into.size()))));
        }
        std::map<std::string, EndpointSlice> before;
        for (const auto& s : slices_of(w))
            before[s->metadata.name] = *s;
        w.take_writes();
        a.write(engine, 1);
        b.write(engine, 3);
        w.settle();
        const auto writes = w.take_writes();
        std::size_t changed = 0;
        for (const auto& s : slices_of(w)) {
            CHECK(s->endpoints->size() <= 100);
            const auto old = before.find(s->metadata.name);
            changed += old == before.end() || old->second.endpoints != s->endpoints ? 1 : 0;
        }
        CHECK(slice_writes(writes) == changed);
        CHECK(changed <= added + removed);
        std::multiset<std::string> expected;
        for (const std::string& ip : a.all)
            expected.insert(ip + ":8080");
        for (const std::string& ip : b.all)
            expected.insert(ip + ":9090");
        CHECK(served(w) == expected);
    }
}

TEST_CASE("property: whatever order endpoints come in, the same set is served") {
    const auto seed = GENERATE(range(0U, 10U));
    std::multiset<std::string> results[2];
    for (const unsigned order : {0U, 1U}) {
        std::mt19937 engine(seed * 2 + order);
        world w = one_route("[{name: a, port: 80}]");
        pods p(w, "a", 8080);
        std::vector<int> numbers(130);
        for (std::size_t i = 0; i < numbers.size(); ++i)
            numbers[i] = static_cast<int>(i);
        std::shuffle(numbers.begin(), numbers.end(), engine);
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            p.all.insert(address(numbers[i]));
            if (i % 7 == 0) {
                p.write(engine, 1 + i % 3);
                w.settle();
            }
        }
        p.write(engine, 3);
        w.settle();
        results[order] = served(w);
    }
    CHECK(results[0] == results[1]);
}

TEST_CASE("slices of a target port that is gone serve the next one") {
    std::mt19937 engine(1);
    world w = one_route("[{name: a, port: 80}]");
    pods p(w, "a", 8080);
    p.all = {address(1), address(2)};
    p.write(engine);
    w.settle();
    w.merge<EndpointSlice>("a-0", "{ports: [{name: '', protocol: TCP, port: 9090}]}");
    w.settle();
    CHECK(slices_of(w).size() == 1);
    CHECK(served(w) == std::multiset<std::string>{address(1) + ":9090", address(2) + ":9090"});
}

TEST_CASE("a slice with more endpoints than we put into one, or a foreign one in our place, does no harm") {
    std::mt19937 engine(1);
    world w = one_route("[{name: a, port: 80}]");
    pods p(w, "a", 8080);
    for (int i = 0; i < 150; ++i)
        p.all.insert(address(i));
    p.write(engine);
    w.settle();
    EndpointSlice forged = *w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0");
    forged.endpoints = w.get<EndpointSlice>("a-0")->endpoints;
    w.put(forged);
    forged.metadata.name = "web-l4-tcp-80-ipv4-2";
    forged.addressType = "IPv6";
    w.put(forged);
    for (int i = 150; i < 290; ++i)
        p.all.insert(address(i));
    p.write(engine);
    w.settle();
    CHECK(served(w).size() == 290);
    for (const auto& s : slices_of(w))
        CHECK(s->endpoints->size() <= 100);
}

TEST_CASE("conditions, node and zone are carried over; hints only from a backend by itself") {
    world w = one_route("[{name: a, port: 80}]");
    w.backend("a", "[{port: 80}]");
    w.backend("b", "[{port: 80}]", "[10.2.0.1]");
    w.merge<EndpointSlice>("a-1",
                           "{endpoints: [{addresses: [10.1.0.1], nodeName: n1, zone: z1, hostname: h, hints: "
                           "{forZones: [{name: z1}], forNodes: [{name: n1}]}, conditions: {ready: false, "
                           "serving: true, terminating: true}}]}");
    w.settle();
    const Endpoint alone = w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->front();
    CHECK(alone == w.get<EndpointSlice>("a-1")->endpoints->front());
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: a, port: 80}, {name: b, port: 80}]");
    w.settle();
    const Endpoint among = w.get<EndpointSlice>("web-l4-tcp-80-ipv4-0")->endpoints->front();
    CHECK_FALSE(among.hints.has_value());
    CHECK(among.conditions == alone.conditions);
    CHECK(among.zone == "z1");
}

TEST_CASE("a route whose backends have no endpoint of the address's family says so, and what to do") {
    world w;
    w.add("{kind: ConfigMap, metadata: {name: pools}, data: {range-global: '10.0.0.1,fd00::1'}}");
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}]");
    w.backend("app", "[{port: 80}]", "['fd00:1::7']");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(w.said("TCPRoute", "r", "Programmed") ==
          "False/NoEndpointsOfFamily: Service default/app: spec.ipFamilies: no backend has an endpoint of "
          "the family "
          "IPv4 of the Gateway's address, so connections to it are refused; let the Service have that family "
          "too "
          "(spec.ipFamilyPolicy: PreferDualStack), or give Gateway default/web an address of another family");
    SECTION("an address of each family is served in part") {
        w.merge<Gateway>("web", "{spec: {addresses: [{value: 10.0.0.1}, {value: 'fd00::1'}]}}");
        w.settle();
        CHECK(w.said("TCPRoute", "r", "Programmed")
                  .starts_with(
                      "True/PartiallyProgrammed: Listener a is served by Service default/web-l4. Service "
                      "default/app: spec.ipFamilies: no backend has an endpoint of the family IPv4 "));
    }
    SECTION("endpoints of the family mend it") {
        w.backend("app", "[{port: 80}]", "[10.1.0.1]");
        w.settle();
        CHECK(w.said("TCPRoute", "r", "Programmed").starts_with("True/Programmed"));
    }
    SECTION("none at all is another thing") {
        w.remove<EndpointSlice>("app-1");
        w.settle();
        INFO(w.said("TCPRoute", "r", "Programmed"));
        CHECK(w.said("TCPRoute", "r", "Programmed")
                  .starts_with("False/NoEndpoints: Service default/app: spec.selector"));
    }
}
