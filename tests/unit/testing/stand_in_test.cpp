#include "http_client.hpp"

#include <gwctl/core/time.hpp>
#include <gwctl/testing/virtual_clock.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <set>
#include <support/catch.hpp>
#include <thread>

using namespace gwctl;
using namespace gwctl::testing;

namespace {

json::value parse(std::string_view text) { return boost::json::parse({text.data(), text.size()}); }

const char* deployment =
    R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
    "spec":{"containers":[{"name":"c","image":"i","ports":[{"name":"http","containerPort":8080}]}]}}}})";
const char* service =
    R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"app":"web"},
    "ports":[{"name":"a","port":80,"targetPort":"http"},{"name":"b","port":81,"targetPort":9},{"name":"c","port":82,"targetPort":"none"}]}})";

std::set<std::string> addresses(const api_server& s) {
    std::set<std::string> out;
    for (const auto& slice : s.objects("endpointslices.discovery.k8s.io"))
        if (const auto* endpoints = slice.at("endpoints").if_array()) // null when there are none
            for (const auto& e : *endpoints)
                out.emplace(e.at("addresses").at(0).as_string());
    return out;
}

} // namespace

TEST_CASE("Deployments become ready endpoints") {
    api_server_options options;
    options.workloads = true;
    api_server server(options);
    REQUIRE(server.apply(parse(service)).has_value());
    REQUIRE(server.apply(parse(deployment)).has_value());
    auto settle = [&] { REQUIRE(server.wait_until([&] { return server.settled(); })); };
    settle();
    CHECK(addresses(server) == std::set<std::string>{"10.244.0.2", "10.244.0.3"});
    const auto slices = server.objects("endpointslices.discovery.k8s.io");
    REQUIRE(slices.size() == 1);
    CHECK(slices[0].at("metadata").at("labels").at("endpointslice.kubernetes.io/managed-by") ==
          "endpointslice-controller.k8s.io");
    CHECK(slices[0].at("metadata").at("labels").at("kubernetes.io/service-name") == "web");
    CHECK(slices[0].at("ports") ==
          parse(R"([{"name":"a","port":8080,"protocol":"TCP"},{"name":"b","port":9,"protocol":"TCP"}])"));
    CHECK(slices[0].at("endpoints").at(0).at("conditions").at("ready") == true);
    CHECK(server.get("deployments.apps", "default", "web")->at("status").at("readyReplicas") == 2);
    const auto sets = server.objects("replicasets.apps");
    REQUIRE(sets.size() == 1);
    for (const char* key : {"replicas", "readyReplicas", "availableReplicas"})
        CHECK(sets[0].at("status").at(key) == 2);

    const auto version = server.resource_version();
    REQUIRE(server.apply(parse(deployment)).has_value());
    settle();
    CHECK(server.resource_version() == version);

    auto larger = parse(deployment);
    larger.at("spec").as_object()["replicas"] = 3;
    REQUIRE(server.apply(larger).has_value());
    settle();
    CHECK(addresses(server).size() == 3);
    CHECK(server.objects("endpointslices.discovery.k8s.io")[0].at("metadata").at("name") ==
          slices[0].at("metadata").at("name"));
    larger.at("spec").as_object()["replicas"] = 0;
    REQUIRE(server.apply(larger).has_value());
    settle();
    CHECK(addresses(server).empty());
    CHECK(server.objects("pods").empty());

    CHECK(server.remove("deployments.apps", "default", "web"));
    CHECK(server.remove("services", "default", "web"));
    settle();
    CHECK(server.objects().empty());
}

TEST_CASE("EndpointSlices have the labels of their Service, as they are now") {
    api_server_options options;
    options.workloads = true;
    api_server server(options);
    const auto labels = [&] {
        REQUIRE(server.wait_until([&] { return server.settled(); }));
        auto found = server.objects("endpointslices.discovery.k8s.io");
        REQUIRE(found.size() == 1);
        return found[0].at("metadata").at("labels").as_object();
    };
    auto web = parse(service);
    REQUIRE(server.apply(web).has_value());
    CHECK(labels().size() == 2);
    web.at("metadata").as_object()["labels"] = {{"team", "a"}, {"kubernetes.io/service-name", "other"}};
    REQUIRE(server.apply(web).has_value());
    CHECK(labels().size() == 3);
    CHECK(labels().at("team") == "a");
    CHECK(labels().at("kubernetes.io/service-name") == "web");
    web.at("metadata").as_object().erase("labels");
    REQUIRE(server.apply(web).has_value());
    CHECK(labels().size() == 2);

    CHECK(server.remove("services", "default", "web"));
    web.at("spec").as_object()["clusterIP"] = "None";
    REQUIRE(server.apply(web).has_value());
    CHECK(labels().at("service.kubernetes.io/headless") == "");
}

TEST_CASE("The announcer gives addresses as kube-vip does") {
    api_server_options options;
    options.announcer = true;
    api_server server(options);
    auto ingress = [&] {
        REQUIRE(server.wait_until([&] { return server.settled(); }));
        const auto s = server.get("services", "default", "lb");
        const auto* list = s->at("status").at("loadBalancer").as_object().if_contains("ingress");
        return list ? *list : json::value();
    };
    auto lb = parse(
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"lb"},"spec":{"type":"LoadBalancer","loadBalancerIP":"192.0.2.1","ports":[{"port":53,"protocol":"UDP"}]}})");
    REQUIRE(server.apply(lb).has_value());
    CHECK(ingress() ==
          parse(R"([{"ip":"192.0.2.1","ipMode":"VIP","ports":[{"port":53,"protocol":"UDP"}]}])"));
    lb.at("metadata").as_object()["annotations"] = {{"kube-vip.io/loadbalancerIPs", "192.0.2.9,2001:db8::1"}};
    REQUIRE(server.apply(lb).has_value());
    CHECK(ingress().as_array().size() == 2);
    CHECK(ingress().at(0).at("ip") == "192.0.2.9");
    CHECK(server.writes().back().user_agent == "kube-vip");
    // Status goes with the type, by the API server itself, so that the announcer has nothing left to do.
    lb.at("spec").as_object()["type"] = "ClusterIP";
    lb.at("spec").as_object().erase("loadBalancerIP");
    REQUIRE(server.apply(lb).has_value());
    CHECK(ingress().is_null());
    CHECK(server.writes().back().user_agent == "fixture");
}

TEST_CASE("The announcer understands what MetalLB and Cilium are asked, and stands in for servicelb") {
    api_server_options options;
    options.announcer = true;
    options.node_addresses = {"192.0.2.1", "192.0.2.2"};
    api_server server(options);
    const auto addresses = [&](const char* annotations, const char* spec) {
        auto lb = parse(
            R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"lb"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}})");
        lb.at("metadata").as_object()["annotations"] = parse(annotations);
        const json::value more = parse(spec);
        for (const auto& [key, value] : more.as_object())
            lb.at("spec").as_object()[key] = value;
        server.remove("services", "default", "lb");
        REQUIRE(server.apply(lb).has_value());
        REQUIRE(server.wait_until([&] { return server.settled(); }));
        std::string text;
        const auto s = server.get("services", "default", "lb");
        if (const auto* list = s->at("status").at("loadBalancer").as_object().if_contains("ingress"))
            for (const auto& entry : list->as_array())
                text += std::string(entry.at("ip").as_string()) + " ";
        return text;
    };
    CHECK(addresses(R"({"metallb.io/loadBalancerIPs":"192.0.2.7"})", "{}") == "192.0.2.7 ");
    CHECK(addresses(R"({"lbipam.cilium.io/ips":"192.0.2.7,192.0.2.8"})",
                    R"({"loadBalancerClass":"io.cilium/l2-announcer"})") == "192.0.2.7 192.0.2.8 ");
    CHECK(addresses("{}", "{}") == "192.0.2.1 192.0.2.2 ");
    CHECK(addresses("{}", R"({"loadBalancerClass":"example.com/other"})").empty());
}

TEST_CASE("Timestamps come from the injected clock") {
    api_server_options options;
    auto time = std::make_shared<virtual_clock>();
    options.time = time;
    api_server server(options);
    time->advance(std::chrono::hours(1));
    const auto made =
        server.apply(parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}})"));
    REQUIRE(made.has_value());
    CHECK(made->at("metadata").at("creationTimestamp") == "2026-01-01T01:00:00Z");
    CHECK(server.apply(parse(R"({"apiVersion":"v1","kind":"Nope","metadata":{"name":"x"}})")).error().code ==
          errc::not_found);
    CHECK(server.apply(parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{}})")).error().code ==
          errc::invalid);
    CHECK(server.apply(parse("3")).error().code == errc::bad_request);
}

namespace {

task<void> note(virtual_clock& clock, std::vector<int>& log, int id, std::chrono::seconds after) {
    co_await clock.sleep_for(after);
    log.push_back(id);
}

} // namespace

TEST_CASE("A virtual clock wakes sleepers in order") {
    boost::asio::io_context io;
    virtual_clock clock;
    std::vector<int> log;
    auto run = [&] {
        io.restart();
        io.poll();
    };
    auto spawn = [&](int id, int seconds) {
        boost::asio::co_spawn(io, note(clock, log, id, std::chrono::seconds(seconds)),
                              [](std::exception_ptr) {});
    };
    spawn(1, 3);
    spawn(2, 1);
    spawn(3, 3);
    spawn(4, 0);
    run();
    CHECK(log == std::vector<int>{4});
    CHECK(clock.sleepers() == 3);
    CHECK(clock.advance(std::chrono::milliseconds(999)) == 0);
    CHECK(clock.advance(std::chrono::milliseconds(1)) == 1);
    run();
    CHECK(log == std::vector<int>{4, 2});
    const auto wall = clock.wall_now();
    CHECK(clock.advance_to_next() == 2);
    run();
    CHECK(log == std::vector<int>{4, 2, 1, 3});
    CHECK(clock.wall_now() - wall == std::chrono::seconds(2));
    CHECK(clock.advance_to_next() == 0);
}

TEST_CASE("A sleeper on a virtual clock can be cancelled, and outlive it") {
    boost::asio::io_context io;
    auto clock = std::make_unique<virtual_clock>();
    std::vector<int> log;
    bool cancelled = false;
    boost::asio::cancellation_signal signal;
    auto done = [&](std::exception_ptr e) {
        try {
            if (e)
                std::rethrow_exception(e);
        } catch (const boost::system::system_error& error) {
            cancelled = error.code() == boost::asio::error::operation_aborted;
        }
    };
    boost::asio::co_spawn(io, note(*clock, log, 1, std::chrono::seconds(5)),
                          boost::asio::bind_cancellation_slot(signal.slot(), done));
    io.poll();
    CHECK(clock->sleepers() == 1);
    const bool outlive = GENERATE(false, true);
    if (outlive)
        clock.reset();
    signal.emit(boost::asio::cancellation_type::terminal);
    io.restart();
    io.poll();
    CHECK(cancelled);
    CHECK(log.empty());
}

TEST_CASE("A stand-in that is refused goes on with the rest") {
    api_server_options options;
    options.workloads = true;
    api_server server(options);
    REQUIRE(server.apply(parse(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"dying"}})"))
                .has_value());
    auto held = parse(
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"dying","finalizers":["example.com/f"]},"spec":{"selector":{"a":"b"},"ports":[{"port":1}]}})");
    REQUIRE(server.apply(held).has_value());
    REQUIRE(server.wait_until([&] { return server.settled(); }));
    REQUIRE(server.remove("namespaces", "", "dying"));
    auto stuck = parse(deployment);
    stuck.at("metadata").as_object()["namespace"] = "dying";
    CHECK(server.apply(stuck).error().code == errc::forbidden);
    REQUIRE(server.apply(parse(deployment)).has_value());
    REQUIRE(server.wait_until([&] { return server.settled() && server.objects("pods").size() == 2; }));
}
