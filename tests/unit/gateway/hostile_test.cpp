// What API validation would refuse may come all the same: from older CRDs, from other versions, from forgers.
// It must cost an object its service, never the controller its life.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <limits>
#include <random>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>
#include <support/messages.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

namespace {

const std::string& absurd_text(std::mt19937& random) {
    static const std::vector<std::string> texts{"",
                                                " ",
                                                "/",
                                                "-",
                                                ".",
                                                "a.b",
                                                "..",
                                                "{}",
                                                "{0}",
                                                "%s%n",
                                                "null",
                                                "true",
                                                "\"",
                                                "\\",
                                                "web",
                                                "default",
                                                "a",
                                                "l0",
                                                "TCP",
                                                "UDP",
                                                "tcp",
                                                "SCTP",
                                                "HTTP",
                                                "Service",
                                                "Gateway",
                                                "TCPRoute",
                                                "gateway.networking.k8s.io",
                                                "apps",
                                                "Same",
                                                "All",
                                                "Selector",
                                                "None",
                                                "IPAddress",
                                                "Hostname",
                                                "10.0.0.1",
                                                "::1",
                                                "0.0.0.0",
                                                "999.999.999.999",
                                                "create",
                                                "update",
                                                "merge",
                                                std::string(1, '\0'),
                                                "\x01\x1f",
                                                "\xe2\x82\xac",
                                                std::string(100'000, 'x'),
                                                std::string(63, '-'),
                                                std::string(300, '.')};
    // Pairs of bytes, so that a cut in the middle shows.
    static const std::string two_byte_text = [] {
        std::string s;
        for (int i = 0; i < 50'000; ++i)
            s += "\xc3\xa9";
        return s;
    }();
    const auto at = std::uniform_int_distribution<std::size_t>(0, texts.size())(random);
    return at == texts.size() ? two_byte_text : texts[at];
}

std::int32_t absurd_port(std::mt19937& random) {
    const std::int32_t ports[] = {0,
                                  -1,
                                  70'000,
                                  80,
                                  80,
                                  81,
                                  65'535,
                                  65'536,
                                  std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::max()};
    return ports[std::uniform_int_distribution<std::size_t>(0, std::size(ports) - 1)(random)];
}

struct fuzzer {
    std::mt19937 random;

    bool chance(unsigned percent) { return random() % 100 < percent; }
    std::string text(std::string usual) { return chance(70) ? std::move(usual) : absurd_text(random); }
    std::optional<std::string> maybe(std::string usual) {
        return chance(30) ? std::nullopt : std::optional(text(std::move(usual)));
    }
    std::int32_t port() { return absurd_port(random); }
    std::map<std::string, std::string> labels() {
        std::map<std::string, std::string> all;
        for (const std::string_view key :
             {"serviceBehaviour", "selectorkey", "selectorvalue", "ipam-address",
              "thebsdbox.co.uk/ipam-address", "thebsdbox.co.uk/gateway", "thebsdbox.co.uk/original",
              "thebsdbox.co.uk/applied", "gateway-api-controller"})
            if (chance(25))
                all[std::string(key)] = absurd_text(random);
        return all;
    }

    Listener listener(int number) {
        Listener l;
        l.name = text(fmt::format("l{}", number));
        l.port = port();
        l.protocol = text(chance(50) ? "TCP" : "UDP");
        l.allowedRoutes.namespaces.from = text("All");
        if (chance(30)) {
            l.allowedRoutes.namespaces.selector.emplace();
            auto& r = l.allowedRoutes.namespaces.selector->matchExpressions.emplace_back();
            r.key = absurd_text(random);
            r.operator_ = text("In");
        }
        for (unsigned i = 0; chance(20) && i < 8; ++i) {
            auto& kind = l.allowedRoutes.kinds.emplace_back();
            kind.group = maybe("gateway.networking.k8s.io");
            kind.kind = text("TCPRoute");
        }
        return l;
    }

    Gateway gateway(std::string name) {
        Gateway g;
        g.metadata.namespace_ = "default";
        g.metadata.name = std::move(name);
        g.metadata.labels = labels();
        g.metadata.annotations = labels();
        g.metadata.creationTimestamp = text("2026-01-01T00:00:00Z");
        g.spec.gatewayClassName = "l4";
        const int count = chance(20) ? 64 : static_cast<int>(random() % 4);
        for (int i = 0; i < count; ++i)
            g.spec.listeners.push_back(listener(chance(20) ? 0 : i));
        for (unsigned i = 0; chance(40) && i < 16; ++i) {
            auto& a = g.spec.addresses.emplace_back();
            a.type = maybe("IPAddress");
            a.value = maybe("10.0.0.3");
        }
        if (chance(30)) {
            g.spec.infrastructure.emplace();
            g.spec.infrastructure->labels[absurd_text(random)] = absurd_text(random);
            g.spec.infrastructure->annotations[absurd_text(random)] = absurd_text(random);
        }
        auto& condition = g.status.conditions.emplace_back();
        condition.type = text("Accepted");
        condition.observedGeneration = port();
        g.status.listeners.emplace_back().name = text("l0");
        g.status.addresses.emplace_back().value = maybe("10.0.0.1");
        return g;
    }

    template <class Route>
    Route route(std::string name) {
        Route r;
        r.metadata.namespace_ = text("default");
        r.metadata.name = std::move(name);
        r.metadata.labels = labels();
        r.metadata.creationTimestamp = text("2026-01-01T00:00:00Z");
        for (unsigned i = 0; i == 0 || (chance(50) && i < 8); ++i) {
            auto& p = r.spec.parentRefs.emplace_back();
            p.group = maybe("gateway.networking.k8s.io");
            p.kind = maybe("Gateway");
            p.namespace_ = maybe("default");
            p.name = text("web");
            if (chance(50))
                p.sectionName = text("l0");
            if (chance(30))
                p.port = port();
        }
        for (unsigned i = 0; chance(80) && i < 3; ++i) {
            auto& rule = r.spec.rules.emplace_back();
            for (unsigned j = 0; chance(80) && j < 4; ++j) {
                auto& b = rule.backendRefs.emplace_back();
                b.group = maybe("");
                b.kind = maybe("Service");
                b.name = text("a");
                if (chance(20))
                    b.namespace_ = absurd_text(random);
                if (chance(90))
                    b.port = port();
                if (chance(50))
                    b.weight = port();
            }
        }
        if (chance(50))
            r.status.parents = {
                boost::json::parse(R"({"controllerName":"thebsdbox.co.uk/controller","parentRef":7})"),
                json::value(), json::value("x"), json::array{1, 2}};
        return r;
    }

    Service service(std::string name) {
        Service s;
        s.metadata.namespace_ = "default";
        s.metadata.name = std::move(name);
        s.metadata.labels = labels();
        s.metadata.annotations = labels();
        s.metadata.annotations["kube-vip.io/loadbalancerIPs"] = absurd_text(random);
        if (chance(40))
            s.metadata.annotations["thebsdbox.co.uk/gateway"] = "default/web";
        if (chance(30))
            s.metadata.annotations["thebsdbox.co.uk/original"] =
                R"({"type":"","labels":{"a":null},"addedPorts":["","tcp-80"],"renamedPort":"","routes":["/","TCPRoute "]})";
        s.spec.type = text("ClusterIP");
        s.spec.loadBalancerIP = text("");
        for (unsigned i = 0; chance(70) && i < 6; ++i) {
            auto& p = s.spec.ports.emplace_back();
            p.name = text(fmt::format("p{}", i));
            p.protocol = text("TCP");
            p.port = port();
            if (chance(50))
                p.targetPort = chance(50) ? IntOrString(port()) : IntOrString(absurd_text(random));
        }
        return s;
    }
};

bool is_json(const std::string& text) {
    boost::json::error_code failed;
    boost::json::parse(text, failed);
    return !failed;
}

/// Those that quote absurd lengths are only held to the limit: std::regex takes stack for each character.
void check_conditions(std::vector<Condition> conditions) {
    for (const Condition& c : conditions)
        CHECK(c.message.size() <= 32768);
    std::erase_if(conditions, [](const Condition& c) {
        return c.message.size() > 4000 || c.observedGeneration != 1; // the fuzzer's own among them
    });
    tests::check_messages(conditions);
}

} // namespace

TEST_CASE("hostile: no object crashes a plan, a verdict or an assignment") {
    const auto seed = GENERATE(range(0U, 300U));
    INFO("seed " << seed);
    fuzzer f{std::mt19937(seed)};
    world w;
    w.put(f.gateway("web"));
    w.put(f.gateway("api"));
    for (int i = 0; i < 4; ++i) {
        w.put(f.route<gateway_v1::TCPRoute>(fmt::format("t{}", i)));
        w.put(f.route<gateway_v1::UDPRoute>(fmt::format("u{}", i)));
    }
    for (const std::string_view name : {"a", "b", "web-l4"})
        w.put(f.service(std::string(name)));
    for (const std::string_view name : {"web", "api"}) {
        const assignment a = w.assign(key(name));
        CHECK((a.record.empty() || is_json(a.record)));
        const desired_state desired = plan(w.snapshot_of(key(name)), a.result, w.opts, w.now);
        CHECK(is_json(json::encode(desired.status)));
        for (const service_write& write : desired.writes) {
            CHECK((write.patch.empty() || is_json(write.patch)));
            for (const auto& p : write.applied.spec.ports)
                CHECK((p.port >= 1 && p.port <= 65535));
        }
        check_conditions(desired.status.conditions);
        for (const auto& l : desired.status.listeners)
            check_conditions(l.conditions);
        plan_removal(w.snapshot_of(key(name)), w.opts);
    }
    for (const route_view& r : w.routes()) {
        for (const parent_verdict& v : w.judge(r)) {
            condition_writer conditions({}, 1, w.now);
            conditions.set("Accepted", v.accepted);
            conditions.set("ResolvedRefs", v.resolved_refs);
            check_conditions(std::move(conditions).take());
        }
        const auto parents = route_parents(r, w.judge(r), w.opts.controller_name, w.now);
        if (parents)
            for (const json::value& entry : *parents)
                CHECK(is_json(boost::json::serialize(entry)));
    }
}

TEST_CASE("hostile: a message is cut at the limit, between characters") {
    std::string text = "x";
    for (int i = 0; i < 20'000; ++i)
        text += "\xc3\xa9";
    condition_writer w({}, 1, wall_time());
    w.set("Accepted", false, "Invalid", text);
    const std::string message = std::move(w).take().front().message;
    CHECK(message.size() <= 32768);
    CHECK(message.size() > 32760);
    CHECK(is_json("\"" + message + "\""));
}

TEST_CASE("hostile: a listener with an impossible port is refused, its neighbours are served") {
    for (const int port : {0, -1, 65536, 70000}) {
        world w;
        w.gateway(
            "web",
            fmt::format("[{{name: bad, protocol: TCP, port: {}}}, {{name: good, protocol: TCP, port: 80}}]",
                        port));
        w.settle();
        INFO(port);
        CHECK(w.accepted("web") == "True/ListenersNotValid");
        CHECK(show(w.get<Gateway>("web")->status.listeners[0].conditions, "Accepted") ==
              "False/PortUnavailable");
        CHECK(w.programmed("web") == "True/Programmed");
        CHECK(w.get<Service>("web-l4")->spec.ports.size() == 1);
    }
}

TEST_CASE("hostile: 64 listeners of each transport are served") {
    world w;
    std::string listeners;
    for (int i = 0; i < 64; ++i)
        listeners += fmt::format("{}{{name: l{}, protocol: {}, port: {}}}", i == 0 ? "" : ", ", i,
                                 i % 2 == 0 ? "TCP" : "UDP", 1000 + i / 2);
    w.gateway("web", "[" + listeners + "]");
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(w.get<Service>("web-l4")->spec.ports.size() == 64);
}
