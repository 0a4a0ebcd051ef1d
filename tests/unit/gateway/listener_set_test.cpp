// ListenerSets: who may add listeners to a Gateway, and which of them win.
#include <fmt/format.h>

#include <support/listener_sets.hpp>

using namespace gwctl;
using namespace gwctl::gateway;
using namespace gwctl::gateway::testing;
using core_v1::Service;

TEST_CASE("allowedListeners decides which namespaces' sets get in; none by default") {
    struct row {
        const char* allowed;
        const char* set;
        bool gets_in;
    };
    const auto r = GENERATE(
        row{"", "extra", false}, row{"allowedListeners: {}", "extra", false},
        row{"allowedListeners: {namespaces: {}}", "extra", false},
        row{"allowedListeners: {namespaces: {from: None}}", "extra", false},
        row{"allowedListeners: {namespaces: {from: Same}}", "extra", true},
        row{"allowedListeners: {namespaces: {from: Same}}", "team/extra", false},
        row{"allowedListeners: {namespaces: {from: All}}", "team/extra", true},
        row{"allowedListeners: {namespaces: {from: Nonsense}}", "extra", false},
        row{"allowedListeners: {namespaces: {from: Selector}}", "extra", false},
        row{"allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {tier: gold}}}}",
            "team/extra", true},
        row{"allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {tier: gold}}}}",
            "other/extra", false},
        row{"allowedListeners: {namespaces: {from: Selector, selector: {}}}", "absent/extra", false});
    INFO(r.allowed << " " << r.set);
    world w = open_world();
    w.gateway("web", tcp_80, r.allowed);
    w.listener_set(r.set, one("a", "TCP", 81));
    w.settle();
    CHECK(w.set_status(r.set) ==
          (r.gets_in ? served : "Accepted=False/NotAllowed, Programmed=False/NotAllowed"));
    CHECK(attached(w) == (r.gets_in ? 1 : 0));
    CHECK(ports(w, "web-l4") == (r.gets_in ? "tcp-80 tcp-81" : "tcp-80"));
    CHECK(w.get<ListenerSet>(r.set)->status.listeners.size() == (r.gets_in ? 1U : 0U));
    CHECK(w.get<Gateway>("web")->status.listeners.size() == 1);
    CHECK(w.accepted("web") == "True/Accepted");
}

TEST_CASE("a set is let in and out as its namespace's labels change") {
    world w = open_world();
    w.gateway("web", tcp_80,
              "allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {tier: gold}}}}");
    w.listener_set("other/extra", one("a", "TCP", 81));
    w.settle();
    CHECK(attached(w) == 0);
    w.add("{kind: Namespace, metadata: {name: other, labels: {tier: gold}}}");
    w.settle();
    CHECK(w.set_status("other/extra") == served);
    CHECK(attached(w) == 1);
    CHECK(ports(w, "web-l4") == "tcp-80 tcp-81");
    w.add("{kind: Namespace, metadata: {name: other, labels: {tier: lead}}}");
    w.settle();
    CHECK(w.set_status("other/extra") == "Accepted=False/NotAllowed, Programmed=False/NotAllowed");
    CHECK(w.get<ListenerSet>("other/extra")->status.listeners.empty());
    CHECK(w.get<Gateway>("web")->status.attachedListenerSets == 0);
    CHECK(ports(w, "web-l4") == "tcp-80");
}

TEST_CASE("a port goes to the Gateway first, then to the oldest set, then by namespace and name") {
    world w = open_world();
    SECTION("the Gateway") {
        w.listener_set("extra", "[{name: a, protocol: TCP, port: 80}, {name: b, protocol: TCP, port: 81}]");
        w.settle();
        CHECK(entry_status(w, "extra", "a") == entry_lost);
        CHECK(entry_status(w, "extra", "b") == entry_served);
        CHECK(w.set_status("extra") == "Accepted=True/ListenersNotValid, Programmed=True/Programmed");
        CHECK(attached(w) == 1);
        CHECK(show(w.get<Gateway>("web")->status.listeners[0].conditions, "Programmed") == "True/Programmed");
    }
    SECTION("the oldest set") {
        w.add("{kind: ListenerSet, metadata: {name: a, creationTimestamp: '2026-01-02T00:00:00Z'}, spec: "
              "{parentRef: {name: web}, listeners: [{name: x, protocol: UDP, port: 53}]}}");
        w.add("{kind: ListenerSet, metadata: {name: b, creationTimestamp: '2026-01-01T00:00:00Z'}, spec: "
              "{parentRef: {name: web}, listeners: [{name: x, protocol: UDP, port: 53}]}}");
        w.settle();
        CHECK(w.set_status("b") == served);
        CHECK(entry_status(w, "a", "x") == entry_lost);
        CHECK(w.set_status("a") == "Accepted=False/ListenersNotValid, Programmed=False/ListenersNotValid");
        CHECK(attached(w) == 1);
        w.remove<ListenerSet>("b"); // and then the other one has it
        w.settle();
        CHECK(w.set_status("a") == served);
        CHECK(ports(w, "web-l4") == "tcp-80 udp-53");
    }
    SECTION("by the text NAMESPACE/NAME") { // in which '-' comes before '/'
        w.add("{kind: Namespace, metadata: {name: team-b}}");
        for (const std::string_view ns : {"team", "team-b"})
            w.add(fmt::format("{{kind: ListenerSet, metadata: {{namespace: {}, name: x, creationTimestamp: "
                              "'2026-01-02T00:00:00Z'}}, spec: {{parentRef: {{name: web, namespace: "
                              "default}}, listeners: [{{name: x, protocol: UDP, port: 53}}]}}}}",
                              ns));
        w.settle();
        CHECK(w.set_status("team-b/x") == served);
        CHECK(entry_status(w, "team/x", "x") == entry_lost);
    }
}

TEST_CASE("what one set's user learns does not name another's set or namespace") {
    world w = open_world();
    w.listener_set("team/secret-project", one("a", "TCP", 81));
    w.listener_set("other/extra", one("a", "TCP", 81));
    w.settle();
    for (const Condition& c : entry(w, "other/extra", "a").conditions)
        CHECK(c.message.find("team") == std::string::npos);
    for (const Condition& c : w.get<ListenerSet>("other/extra")->status.conditions)
        CHECK(c.message.find("secret-project") == std::string::npos);
}

TEST_CASE("within one set nobody wins a contested port, and a later set may have it") {
    world w = open_world();
    w.listener_set("a", "[{name: t, protocol: TCP, port: 81}, {name: h, protocol: HTTP, port: 81}, "
                        "{name: u, protocol: UDP, port: 81}]");
    w.listener_set("b", one("t", "TCP", 81));
    w.settle();
    CHECK(entry_status(w, "a", "t") == entry_lost);
    CHECK(entry_status(w, "a", "u") == entry_served);
    CHECK(entry_status(w, "b", "t") == entry_served);
}

TEST_CASE("a port that the Gateway's own listeners contest is lost for sets, too") {
    world w = open_world();
    w.gateway("web",
              "[{name: own, protocol: TCP, port: 80}, {name: a, protocol: TCP, port: 81}, {name: b, "
              "protocol: HTTP, port: 81}, {name: c, protocol: HTTP, port: 82}]",
              all_may);
    w.listener_set("extra", "[{name: a, protocol: TCP, port: 81}, {name: b, protocol: TCP, port: 82}, "
                            "{name: c, protocol: UDP, port: 81}]");
    w.settle();
    CHECK(entry_status(w, "extra", "a") == entry_lost);
    CHECK(entry_status(w, "extra", "b") == entry_lost);
    CHECK(entry_status(w, "extra", "c") == entry_served);
}

TEST_CASE("a listener that is not accepted holds no port against later sets") {
    world w = open_world();
    w.listener_set("a", one("h", "HTTP", 81));
    w.listener_set("b", one("t", "TCP", 81));
    w.settle();
    CHECK(show(entry(w, "a", "h").conditions, "Accepted") == "False/UnsupportedProtocol");
    CHECK(entry(w, "a", "h").supportedKinds == std::vector<gateway_v1::RouteGroupKind>());
    CHECK(w.set_status("a") == "Accepted=False/ListenersNotValid, Programmed=False/ListenersNotValid");
    CHECK(w.set_status("b") == served);
}

TEST_CASE("sets wait for what their Gateway waits for") {
    world w = open_world();
    w.listener_set("extra", one("a", "TCP", 81));
    SECTION("its address type is unsupported") {
        w.gateway("web", tcp_80, std::string(all_may) + ", addresses: [{type: Hostname, value: a.b}]");
        w.settle();
        CHECK(w.set_status("extra") ==
              "Accepted=False/ParentNotAccepted, Programmed=False/ParentNotProgrammed");
        CHECK(attached(w) == 0);
    }
    SECTION("none of its own listeners is valid") {
        w.gateway("web", one("own", "HTTP", 80), all_may);
        w.settle();
        CHECK(w.set_status("extra") ==
              "Accepted=False/ParentNotAccepted, Programmed=False/ParentNotProgrammed");
        CHECK(attached(w) == 0);
        CHECK_FALSE(w.get<Service>("web-l4"));
    }
    SECTION("nobody announces its address") {
        w.announcer_runs = false;
        w.settle();
        CHECK(w.set_status("extra") == "Accepted=True/Accepted, Programmed=False/ParentNotProgrammed");
        CHECK(show(entry(w, "extra", "a").conditions, "Programmed") == "False/Pending");
        CHECK(attached(w) == 1);
        w.announcer_runs = true;
        w.settle();
        CHECK(w.set_status("extra") == served);
    }
}

TEST_CASE("a set is not programmed before a Service has its port") {
    world w = open_world();
    w.settle();
    REQUIRE(w.programmed("web") == "True/Programmed");
    w.listener_set("extra", one("a", "TCP", 81));
    w.reconcile_set(key("extra"));
    CHECK(w.set_status("extra") == "Accepted=True/Accepted, Programmed=False/Pending");
    w.settle();
    CHECK(w.set_status("extra") == served);
}

TEST_CASE("a set follows when its Gateway goes, comes, or is another one") {
    world w = open_world();
    w.gateway("api", tcp_80, all_may);
    w.listener_set("extra", one("a", "TCP", 81));
    w.settle();
    REQUIRE(w.set_status("extra") == served);
    SECTION("re-parented") {
        w.listener_set("extra", one("a", "TCP", 81), "{name: api}");
        w.settle();
        CHECK(w.set_status("extra") == served);
        CHECK(ports(w, "web-l4") == "tcp-80");
        CHECK(ports(w, "api-l4") == "tcp-80 tcp-81");
        CHECK(w.get<Gateway>("web")->status.attachedListenerSets == 0);
        CHECK(w.get<Gateway>("api")->status.attachedListenerSets == 1);
    }
    SECTION("gone and back") {
        w.remove<Gateway>("web");
        w.settle();
        CHECK(w.set_status("extra") ==
              "Accepted=False/ParentNotAccepted, Programmed=False/ParentNotProgrammed");
        CHECK(w.get<ListenerSet>("extra")->status.listeners.empty());
        w.gateway("web", tcp_80, all_may);
        w.settle();
        CHECK(w.set_status("extra") == served);
    }
    SECTION("somebody else's") {
        w.add("{kind: Gateway, metadata: {name: theirs}, spec: {gatewayClassName: other, listeners: [{name: "
              "a, protocol: TCP, port: 80}], allowedListeners: {namespaces: {from: All}}}}");
        w.listener_set("extra", one("a", "TCP", 81), "{name: theirs}");
        w.take_writes();
        w.settle();
        for (const std::string& write : w.take_writes())
            CHECK(write.find("ListenerSet") == std::string::npos);
    }
}

TEST_CASE("only a set that names the Gateway adds listeners to it") {
    for (const std::string_view parent :
         {"{name: api}", "{name: web, namespace: team}", "{name: web, kind: Service}",
          "{name: web, group: example.com}", "{name: web, group: ''}"}) {
        world w = open_world();
        w.listener_set("extra", one("a", "TCP", 81), parent);
        w.settle();
        INFO(parent);
        CHECK(ports(w, "web-l4") == "tcp-80");
        CHECK(attached(w) == 0);
        CHECK(w.get<ListenerSet>("extra")->status == ListenerSet::Status());
    }
}
