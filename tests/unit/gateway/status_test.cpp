// Gateway and route status: rows 3, 5, 8, 9, 29, 30 and 37 of the Gateway API contract, and the rules of
// conditions.
#include <gwctl/core/time.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <support/catch.hpp>
#include <support/gateway_world.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;

namespace {

constexpr std::string_view one_tcp = "[{name: a, protocol: TCP, port: 80}]";

const Condition& condition(const std::vector<Condition>& all, std::string_view type) {
    const Condition* found = find_condition(all, type);
    INFO(type);
    REQUIRE(found != nullptr);
    return *found;
}

json::value foreign_entry() {
    return boost::json::parse(
        R"({"controllerName":"example.com/other","parentRef":{"name":"web","unknown":[1,null]},)"
        R"("conditions":[{"type":"Accepted","status":"False","reason":"X","message":"é",)"
        R"("lastTransitionTime":"2020-01-01T00:00:00Z","observedGeneration":1000}]})");
}

void give_parents(world& w, const std::vector<json::value>& entries) {
    w.merge<gateway_v1::TCPRoute>(
        "r", boost::json::serialize(
                 json::object{{"status", {{"parents", json::array(entries.begin(), entries.end())}}}}));
}

} // namespace

TEST_CASE("contract row 03: all conditions move to the new generation at once") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    w.settle();
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: UDP, port: 80}]");
    const desired_state desired = w.plan_for("web");
    const std::int64_t generation = *w.get<Gateway>("web")->metadata.generation;
    REQUIRE(generation > 1);
    std::vector<Condition> all = desired.status.conditions;
    for (const auto& l : desired.status.listeners)
        all.insert(all.end(), l.conditions.begin(), l.conditions.end());
    CHECK(all.size() == 12);
    for (const Condition& c : all)
        CHECK(c.observedGeneration == generation);
}

TEST_CASE("contract row 05: a Gateway without routes is programmed once its address is announced") {
    world w;
    w.gateway("web", one_tcp);
    w.announcer_runs = false;
    w.settle();
    CHECK(w.accepted("web") == "True/Accepted");
    CHECK(w.programmed("web") == "False/Pending");
    CHECK(w.addresses("web") == std::vector<std::string>{"10.0.0.1"});
    const std::string message = condition(w.get<Gateway>("web")->status.conditions, "Programmed").message;
    CHECK(message.find("10.0.0.1") != std::string::npos);
    CHECK(message.find("kube-vip") != std::string::npos);
    w.announcer_runs = true;
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    const auto& listener = w.get<Gateway>("web")->status.listeners.at(0);
    CHECK(show(listener.conditions, "Programmed") == "True/Programmed");
    CHECK(listener.attachedRoutes == 0);
}

TEST_CASE("another address of the announcer's does not make a Gateway programmed") {
    world w;
    w.gateway("web", one_tcp);
    w.settle();
    w.announcer_runs = false;
    w.merge<core_v1::Service>("web-l4", "{status: {loadBalancer: {ingress: [{ip: 10.9.9.9}]}}}");
    w.settle();
    CHECK(w.programmed("web") == "False/Pending");
}

TEST_CASE("without pools the announcer chooses, and the Gateway publishes what it gave") {
    world w(world::without_pools());
    w.gateway("web", one_tcp);
    w.announcer_runs = false;
    w.settle();
    CHECK(w.programmed("web") == "False/AddressNotAssigned");
    CHECK(w.addresses("web").empty());
    CHECK(w.get<core_v1::Service>("web-l4")->spec.loadBalancerIP.empty());
    w.announcer_runs = true;
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    REQUIRE(w.addresses("web").size() == 1);
    CHECK(w.addresses("web")[0].starts_with("203.0.113."));
    CHECK(w.get<Gateway>("web")->spec.addresses.empty());
}

TEST_CASE("contract row 08: a Gateway with no good listener is not accepted and serves nothing") {
    for (const std::string_view listeners :
         {"[]", "[{name: a, protocol: INVALID, port: 80}]",
          "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 80}]"}) {
        world w;
        w.gateway("web", listeners);
        w.settle();
        INFO(listeners);
        CHECK(w.accepted("web") == "False/ListenersNotValid");
        CHECK(w.programmed("web") == "False/Invalid");
        CHECK(w.list<core_v1::Service>().empty());
        for (const auto& l : w.get<Gateway>("web")->status.listeners)
            CHECK_FALSE(is_true(l.conditions, "Programmed"));
    }
}

TEST_CASE("contract row 08: supportedKinds is there, and empty") {
    world w;
    w.gateway("web", "[{name: a, protocol: INVALID, port: 80}]");
    w.settle();
    const auto& listener = w.get<Gateway>("web")->status.listeners.at(0);
    REQUIRE(listener.supportedKinds.has_value());
    CHECK(listener.supportedKinds->empty());
    CHECK(json::encode(listener).find(R"("supportedKinds":[])") != std::string::npos);
}

TEST_CASE("contract row 09: with good and bad listeners the good ones are served") {
    world w;
    w.gateway("web", "[{name: bad, protocol: HTTP, port: 8080}, {name: good, protocol: TCP, port: 80}]");
    w.settle();
    CHECK(w.accepted("web") == "True/ListenersNotValid");
    CHECK(w.programmed("web") == "True/Programmed");
    const auto& listeners = w.get<Gateway>("web")->status.listeners;
    CHECK(show(listeners.at(0).conditions, "Accepted") == "False/UnsupportedProtocol");
    CHECK(show(listeners.at(0).conditions, "Programmed") == "False/Invalid");
    CHECK(show(listeners.at(1).conditions, "Accepted") == "True/Accepted");
    CHECK(show(listeners.at(1).conditions, "Programmed") == "True/Programmed");
}

TEST_CASE("a Gateway whose listeners no Service serves is not programmed") {
    // The only route creates a Service, and cannot: nothing asks for the address, so nobody announces it.
    world w;
    w.gateway("web", one_tcp);
    w.add("{kind: Service, metadata: {name: app}, spec: {selector: {app: x}, ports: [{port: 80}]}}");
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]",
            "{selectorkey: app, selectorvalue: x}");
    w.settle();
    CHECK(w.list<core_v1::Service>().size() == 1);
    CHECK(w.programmed("web").starts_with("False/"));
}

TEST_CASE("contract row 10: an entry echoes the parentRef with group and kind written out") {
    world w;
    w.gateway("web", one_tcp);
    w.backend("app", "[{port: 80}]");
    w.route("TCPRoute", "r", "[{name: web, sectionName: a, port: 80}]", "[{name: app, port: 80}]");
    w.settle();
    const auto& parents = *w.get<gateway_v1::TCPRoute>("r")->status.parents;
    REQUIRE(parents.size() == 1);
    const json::object& ref = parents[0].at("parentRef").as_object();
    CHECK(ref == json::object{{"group", "gateway.networking.k8s.io"},
                              {"kind", "Gateway"},
                              {"name", "web"},
                              {"sectionName", "a"},
                              {"port", 80}});
    CHECK(parents[0].at("controllerName") == "thebsdbox.co.uk/controller");
    CHECK(w.shown("TCPRoute", "r") == "Accepted=True/Accepted, ResolvedRefs=True/ResolvedRefs");
}

TEST_CASE("a route has one entry per parentRef to a Gateway of ours, and none for others") {
    world w;
    w.gateway("web", one_tcp);
    w.gateway("api", one_tcp);
    w.add("{kind: Gateway, metadata: {name: theirs}, spec: {gatewayClassName: other, listeners: " +
          std::string(one_tcp) + "}}");
    w.route("TCPRoute", "r", "[{name: theirs}, {name: web}, {name: missing}, {name: api, sectionName: none}]",
            "[]");
    w.settle();
    CHECK(w.get<gateway_v1::TCPRoute>("r")->status.parents->size() == 2);
    CHECK(w.shown("TCPRoute", "r", 0).starts_with("Accepted=True/Accepted"));
    CHECK(w.shown("TCPRoute", "r", 1).starts_with("Accepted=False/NoMatchingParent"));
    CHECK(w.get<Gateway>("theirs")->status == Gateway::Status());
}

TEST_CASE("contract row 29: other controllers' entries stay as they are, byte for byte") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    const json::value strange = boost::json::parse(R"({"no":"controllerName"})");
    give_parents(w, {foreign_entry(), strange});
    w.settle();
    const auto& parents = *w.get<gateway_v1::TCPRoute>("r")->status.parents;
    REQUIRE(parents.size() == 3);
    CHECK(boost::json::serialize(parents[0]) == boost::json::serialize(foreign_entry()));
    CHECK(boost::json::serialize(parents[1]) == boost::json::serialize(strange));
}

TEST_CASE("contract row 30: for a parentRef that is gone only our entry goes") {
    world w;
    w.gateway("web", one_tcp);
    w.gateway("api", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}, {name: api}]", "[{name: app, port: 80}]");
    give_parents(w, {foreign_entry()});
    w.settle();
    REQUIRE(w.get<gateway_v1::TCPRoute>("r")->status.parents->size() == 3);
    w.route("TCPRoute", "r", "[{name: api}]", "[{name: app, port: 80}]");
    w.settle();
    const auto& parents = *w.get<gateway_v1::TCPRoute>("r")->status.parents;
    REQUIRE(parents.size() == 2);
    CHECK(boost::json::serialize(parents[0]) == boost::json::serialize(foreign_entry()));
    CHECK(parents[1].at("parentRef").at("name") == "api");
    w.route("TCPRoute", "r", "[]", "[{name: app, port: 80}]");
    w.settle();
    CHECK(w.get<gateway_v1::TCPRoute>("r")->status.parents->size() == 1);
}

TEST_CASE("contract row 30: when the Gateway is gone, so is our entry") {
    world w;
    w.gateway("web", one_tcp);
    w.route("TCPRoute", "r", "[{name: web}]", "[{name: app, port: 80}]");
    give_parents(w, {foreign_entry()});
    w.settle();
    w.remove<Gateway>("web");
    w.settle();
    CHECK(w.get<gateway_v1::TCPRoute>("r")->status.parents->size() == 1);
    CHECK(w.shown("TCPRoute", "r") == "no entry");
}

TEST_CASE("contract row 37: infrastructure that we cannot honour is refused, with the field's name") {
    for (const auto& [infrastructure, field] : std::vector<std::pair<std::string, std::string>>{
             {"{parametersRef: {group: example.com, kind: Params, name: x}}",
              "spec.infrastructure.parametersRef"},
             {"{labels: {ipam-address: 10.0.0.7}}", "spec.infrastructure.labels[ipam-address]"},
             {"{annotations: {kube-vip.io/loadbalancerIPs: 10.0.0.7}}",
              "spec.infrastructure.annotations[kube-vip.io/loadbalancerIPs]"}}) {
        world w;
        w.gateway("web", one_tcp, "infrastructure: " + infrastructure);
        w.settle();
        INFO(infrastructure);
        CHECK(w.accepted("web") == "False/InvalidParameters");
        CHECK(w.programmed("web") == "False/Invalid");
        CHECK(condition(w.get<Gateway>("web")->status.conditions, "Accepted").message.find(field) !=
              std::string::npos);
        CHECK(w.list<core_v1::Service>().empty());
    }
}

TEST_CASE("infrastructure that is refused later leaves what is served as it was") {
    world w;
    w.gateway("web", one_tcp);
    w.settle();
    const core_v1::Service before = *w.get<core_v1::Service>("web-l4");
    w.gateway("web", one_tcp, "infrastructure: {labels: {ipam-address: 10.0.0.7}}");
    w.settle();
    CHECK(w.accepted("web") == "False/InvalidParameters");
    REQUIRE(w.get<core_v1::Service>("web-l4") != nullptr);
    CHECK(*w.get<core_v1::Service>("web-l4") == before);
}

TEST_CASE("a condition's transition time is that of its status") {
    const wall_time first(std::chrono::seconds(1'700'000'000));
    condition_writer a({}, 1, first);
    a.set("Accepted", true, "Accepted", "It is");
    std::vector<Condition> conditions = std::move(a).take();
    condition_writer b(conditions, 2, first + std::chrono::hours(1));
    b.set("Accepted", true, "ListenersNotValid", "Still");
    conditions = std::move(b).take();
    CHECK(condition(conditions, "Accepted").lastTransitionTime == format_time(first));
    CHECK(condition(conditions, "Accepted").observedGeneration == 2);
    CHECK(condition(conditions, "Accepted").message == "Still");
    condition_writer c(conditions, 2, first + std::chrono::hours(2));
    c.set("Accepted", false, "Invalid", "No");
    CHECK(condition(std::move(c).take(), "Accepted").lastTransitionTime ==
          format_time(first + std::chrono::hours(2)));
}

TEST_CASE(
    "a refusal that lasts keeps its transition time, though the plan would have the Gateway programmed") {
    const wall_time first(std::chrono::seconds(1'700'000'000));
    const auto planned_at = [](const std::vector<Condition>& live, wall_time now) {
        condition_writer w(live, 1, now);
        w.set("Programmed", true, "Programmed", "The Gateway's addresses are announced");
        std::vector<Condition> planned = std::move(w).take();
        refuse_programmed(planned, live, 1, "spec.ports: refused; change it", now);
        return planned;
    };
    const auto once = planned_at({}, first);
    CHECK(show(once, "Programmed") == "False/NoResources");
    CHECK(planned_at(once, first + std::chrono::hours(1)) == once);
}

TEST_CASE("a condition about a newer generation is left alone, and so are others' types") {
    Condition newer;
    newer.type = "Accepted";
    newer.status = "True";
    newer.reason = "Accepted";
    newer.observedGeneration = 9;
    newer.lastTransitionTime = "2026-01-01T00:00:00Z";
    Condition foreign = newer;
    foreign.type = "example.com/Green";
    const std::vector<Condition> before{newer, foreign};
    condition_writer w(before, 8, wall_time());
    w.set("Accepted", false, "Invalid", "No");
    CHECK(std::move(w).take() == before);
}

TEST_CASE("what the CRD puts into a new status is replaced") {
    world w;
    w.gateway("web", one_tcp);
    w.merge<Gateway>(
        "web", "{status: {conditions: [{type: Accepted, status: Unknown, reason: Pending, message: "
               "Waiting for controller, lastTransitionTime: '1970-01-01T00:00:00Z'}, {type: Programmed, "
               "status: Unknown, reason: Pending, message: Waiting for controller, lastTransitionTime: "
               "'1970-01-01T00:00:00Z'}]}}");
    w.settle();
    for (const Condition& c : w.get<Gateway>("web")->status.conditions) {
        CHECK(c.status == "True");
        CHECK(c.lastTransitionTime != "1970-01-01T00:00:00Z");
        CHECK(c.observedGeneration.has_value());
    }
}

TEST_CASE("contract row 07: a listener whose port no Service has is not programmed") {
    world w;
    w.gateway("web", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
    w.settle();
    const auto programmed = [&](std::size_t i) {
        const auto& conditions = w.get<Gateway>("web")->status.listeners.at(i).conditions;
        const Condition* c = find_condition(conditions, "Programmed");
        return c->status + "/" + c->reason + ": " + c->message;
    };
    CHECK(programmed(1) == "True/Programmed: The listener is served"); // its port is open, and refuses
    w.add("{kind: Service, metadata: {name: app}, spec: {selector: {app: x}, clusterIP: None, ports: [{port: "
          "8080}]}}");
    w.route("TCPRoute", "r", "[{name: web, sectionName: b}]", "[{name: app, port: 8080}]",
            "{serviceBehaviour: update}");
    w.settle();
    CHECK(w.programmed("web") == "True/Programmed");
    CHECK(programmed(0) == "True/Programmed: The listener is served");
    CHECK(programmed(1) ==
          "False/Pending: spec.listeners: no Service of the Gateway has TCP port 81 yet; wait, or "
          "correct what the condition Programmed of its route names");
}

TEST_CASE(
    "a clock that is set back or forward moves no condition that stays, and holds none up that changes") {
    const wall_time now = parse_time("2026-01-31T08:15:00Z").value();
    const std::chrono::hours jump = GENERATE(std::chrono::hours(24 * 365), std::chrono::hours(-24 * 365));
    const auto at = [](std::vector<Condition> live, wall_time when, bool holds) {
        condition_writer w(std::move(live), 1, when);
        w.set("Accepted", holds, "Reason", "message");
        return std::move(w).take();
    };
    const std::vector<Condition> before = at({}, now, true);
    CHECK(at(before, now + jump, true) == before); // so nothing is written
    const std::vector<Condition> after = at(before, now + jump, false);
    CHECK(condition(after, "Accepted").status == "False");
    CHECK(condition(after, "Accepted").lastTransitionTime == format_time(now + jump));
}
