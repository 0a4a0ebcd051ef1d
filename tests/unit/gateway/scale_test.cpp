// What the controller does and writes, and how much of it depends on the size of the cluster.
#include <support/catch.hpp>
#include <support/scale.hpp>
#include <support/scale_corner.hpp>

using namespace gwctl::tests;
using counts = std::map<std::string, std::size_t>;

namespace {

struct cost {
    std::string step;
    std::string reconciles;
    std::string writes;
};

/// An object of ours that changes has its owner look at it once more.
const std::vector<cost>& costs() {
    static const std::vector<cost> all{
        {"endpoint unready", "2 gateway", "1 apply endpointslices"},
        {"endpoint ready", "2 gateway", "1 apply endpointslices"},
        {"backend port gone", "2 gateway, 2 tcproute", "1 apply endpointslices, 1 patch tcproutes/status"},
        {"backend port back", "2 gateway, 2 tcproute", "1 apply endpointslices, 1 patch tcproutes/status"},
        {"route changed", "2 gateway, 3 tcproute", "1 apply endpointslices, 1 patch tcproutes/status"},
        {"route changed back", "2 gateway, 3 tcproute", "1 apply endpointslices, 1 patch tcproutes/status"},
        {"listener added", "2 gateway, 2 tcproute",
         "1 apply endpointslices, 1 apply services, 1 patch gateways/status"},
        {"route added", "2 gateway, 3 tcproute",
         "1 apply endpointslices, 1 patch gateways/status, 1 patch tcproutes/status"},
        {"route deleted", "2 gateway, 1 tcproute", "1 apply endpointslices, 1 patch gateways/status"},
        {"listener deleted", "2 gateway, 2 tcproute",
         "1 apply services, 1 delete endpointslices, 1 patch gateways/status"},
        {"namespace relabelled", "10 gateway, 20 tcproute", "none"},
        {"namespace relabelled", "10 gateway, 20 tcproute", "none"},
        {"Gateway added", "3 gateway, 1 gatewayclass, 2 tcproute",
         "1 apply endpointslices, 1 apply services, 1 patch gateways, 2 patch gateways/status, 1 patch "
         "tcproutes/status"},
        {"Gateway deleted", "1 gateway, 1 gatewayclass, 2 tcproute", "1 patch tcproutes/status"},
        {"grant added", "2 gateway, 2 tcproute", "1 apply endpointslices, 1 patch tcproutes/status"},
        {"grant deleted", "2 gateway, 2 tcproute", "1 apply endpointslices, 1 patch tcproutes/status"},
        {"ListenerSet added", "2 gateway, 3 listenerset, 2 tcproute",
         "1 apply endpointslices, 1 apply services, 1 patch gateways/status, 2 patch listenersets/status, 1 "
         "patch tcproutes/status"},
        {"ListenerSet deleted", "2 gateway, 1 listenerset, 2 tcproute",
         "1 apply services, 1 delete endpointslices, 1 patch gateways/status, 1 patch tcproutes/status"},
        {"namespace let in", "2 gateway, 2 tcproute",
         "1 apply endpointslices, 1 patch gateways/status, 1 patch tcproutes/status"},
        {"namespace shut out", "2 gateway, 2 tcproute",
         "1 apply endpointslices, 1 patch gateways/status, 1 patch tcproutes/status"},
        {"address taken", "none", "none"},
        {"waiting Gateway added", "2 gateway, 2 gatewayclass, 2 tcproute",
         "1 patch gatewayclasses, 1 patch gateways/status, 1 patch tcproutes/status"},
        {"pool extended", "3 gateway, 2 tcproute",
         "1 apply endpointslices, 1 apply services, 1 patch gateways, 2 patch gateways/status, 1 patch "
         "tcproutes/status"},
        {"parameters changed", "2 gateway, 2 gatewayclass, 2 tcproute",
         "1 apply services, 1 patch gatewayclasses"},
        {"parameters changed", "2 gateway, 2 gatewayclass, 2 tcproute",
         "1 apply services, 1 patch gatewayclasses"},
        {"address withdrawn", "2 gateway", "1 patch gateways/status"},
        {"address announced", "2 gateway", "1 patch gateways/status"},
        {"served Gateway deleted", "1 gateway, 2 gatewayclass, 2 tcproute",
         "1 patch gatewayclasses, 1 patch tcproutes/status"},
        {"pool shrunk", "none", "none"},
        {"waiting Gateway added", "2 gateway, 2 gatewayclass, 2 tcproute",
         "1 patch gatewayclasses, 1 patch gateways/status, 1 patch tcproutes/status"},
        {"address released", "3 gateway, 2 tcproute",
         "1 apply endpointslices, 1 apply services, 1 patch gateways, 2 patch gateways/status, 1 patch "
         "tcproutes/status"},
        {"served Gateway deleted", "1 gateway, 2 gatewayclass, 2 tcproute",
         "1 patch gatewayclasses, 1 patch tcproutes/status"},
    };
    return all;
}

} // namespace

TEST_CASE("a cold start writes what is missing once, and a status again only when there is news") {
    cluster_size size;
    size.corner = true;
    scaled_cluster cluster(size);
    cluster.add(gateway_in_corner("waiting", "small"));
    cluster.start();
    const std::size_t gateways = size.gateways + 2;
    const std::size_t routes = size.gateways * size.routes;
    CHECK(cluster.take_writes() == counts{
                                       {"patch gatewayclasses", 2}, // finalizer and record of parameters
                                       {"patch gatewayclasses/status", 2},
                                       {"patch gateways", gateways}, // address and record of parameters
                                       {"apply services", gateways}, // with a port per listener
                                       {"apply endpointslices", routes + 3},
                                       {"patch gateways/status", 2 * gateways}, // pending, and announced
                                       {"patch tcproutes/status", routes + 3},  // of those with a parent
                                   });
}

TEST_CASE("a controller that starts where all is in place writes nothing") {
    cluster_size size;
    size.corner = true;
    scaled_cluster cluster(size);
    cluster.add(gateway_in_corner("waiting", "small"));
    cluster.add(set_in_corner());
    cluster.start();
    cluster.take_writes();
    const std::uint64_t before = cluster.version();
    cluster.restart();
    CHECK(show(cluster.take_writes()) == "none");
    CHECK(cluster.version() == before); // not even an Event
}

TEST_CASE("a change runs reconcilers and writes for what depends on it, in a cluster of any size") {
    cluster_size size;
    size.gateways = GENERATE(20, 200);
    size.routes = 2;
    size.corner = true;
    scaled_cluster cluster(size);
    cluster.start();
    cluster.take_writes();
    cluster.take_reconciles();
    auto expected = costs().begin();
    for (const scale_step& step : cluster.steps()) {
        cluster.make(step);
        REQUIRE(expected != costs().end());
        INFO(size.gateways << " Gateways, " << step.name);
        CHECK(step.name == expected->step);
        CHECK(show(cluster.take_reconciles()) == expected->reconciles);
        CHECK(show(cluster.take_writes()) == expected->writes);
        ++expected;
    }
    CHECK(expected == costs().end());
}

TEST_CASE("a route's change runs nothing for the many routes beside it that it does not concern") {
    std::vector<counts> runs;
    for (const std::size_t routes : {2, 40}) {
        cluster_size size;
        size.gateways = 1;
        size.routes = routes;
        size.one_listener = true;
        scaled_cluster cluster(size);
        cluster.start();
        CHECK(cluster.take_writes().at("patch tcproutes/status") == routes);
        cluster.take_reconciles();
        cluster.make("route changed");
        CHECK(cluster.take_writes() == counts{{"apply endpointslices", 1}, {"patch tcproutes/status", 1}});
        runs.push_back(cluster.take_reconciles());
    }
    CHECK(runs[0] == runs[1]);
}
