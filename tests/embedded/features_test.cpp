// What a GatewayClass claims to support follows from the route kinds that are installed and served.
#include "embedded_run.hpp"

#include <boost/json/serialize.hpp>

#include <support/catch.hpp>

using namespace gwctl;
using namespace gwctl::tests;

namespace gwctl::tests::feature_kinds { // named: coroutines of the library are made for the kind

struct QUICRoute {
    QUICRoute() = default;
    static constexpr resource_type type{"net.example.com", "v1", "QUICRoute", "quicroutes"};
    ObjectMeta metadata;
    gateway::L4RouteSpec spec;
    gateway::RouteStatus status;
};
BOOST_DESCRIBE_STRUCT(QUICRoute, (), (metadata, spec, status))

struct quic {
    using route = QUICRoute;
    static bool accepts(const gateway::Listener& l) { return l.protocol == "net.example.com/QUIC"; }
    static gateway::service_port expose(const gateway::Listener& l, const gateway::BackendRef& b) {
        return {.protocol = "UDP", .port = l.port, .target_port = b.port.value_or(l.port)};
    }
};

/// The same, with what it supports.
struct declared_quic : quic {
    static constexpr std::string_view features[] = {"QUICRoute", "QUICRouteResumption"};
};

} // namespace gwctl::tests::feature_kinds

namespace {

using tests::feature_kinds::declared_quic;
using tests::feature_kinds::quic;

using list = std::vector<std::string>;

/// Without those of Gateways themselves.
list features(const gateway_cluster& cluster) {
    list all;
    for (const auto& f : cluster.get<gateway_v1::GatewayClass>("l4").status.supportedFeatures)
        if (!f.name.starts_with("Gateway"))
            all.push_back(f.name);
    return all;
}

constexpr const char* a_class =
    "{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: l4}, "
    "spec: {controllerName: thebsdbox.co.uk/controller}}";

template <class... K>
void check_features(const list& expected) {
    gateway_cluster cluster;
    cluster.apply(a_class);
    log::configure({.minimum = log::level::error});
    manager_options m;
    m.handle_signals = false;
    manager mgr(m, testing::config_for(cluster.server));
    gateway::install<K...>(mgr);
    const testing::manager_thread running(mgr);
    CHECK(cluster.eventually([&] { return !features(cluster).empty(); }));
    CHECK(features(cluster) == expected);
}

} // namespace

TEST_CASE("features: a class claims those of the route kinds that the controller was installed for") {
    check_features<gateway::tcp>({"ListenerSet", "ReferenceGrant", "TCPRoute"});
    check_features<gateway::udp>({"ListenerSet", "ReferenceGrant", "UDPRoute"});
    check_features<quic>({"ListenerSet", "ReferenceGrant"});
}

TEST_CASE("features: a kind that the API server does not serve adds nothing, until it is served") {
    gateway_cluster cluster;
    cluster.apply(a_class);
    constexpr std::string_view crds = "customresourcedefinitions.apiextensions.k8s.io";
    const json::value udproutes = cluster.definition("udproutes.gateway.networking.k8s.io");
    REQUIRE(cluster.server.remove(crds, "", "udproutes.gateway.networking.k8s.io"));
    gateway_controller controller(cluster, gateway::options());
    CHECK(cluster.eventually([&] {
        return features(cluster) == list{"ListenerSet", "ReferenceGrant", "TCPRoute"};
    }));
    REQUIRE(cluster.server.apply(udproutes).has_value());
    CHECK(cluster.eventually([&] {
        return features(cluster) == list{"ListenerSet", "ReferenceGrant", "TCPRoute", "UDPRoute"};
    }));
    controller.settle();
}

TEST_CASE("features: a route kind may declare its own") {
    CHECK(gateway::route_kind_of<quic>.features.empty());
    CHECK(gateway::route_kind_of<declared_quic>.features.size() == 2);
}
