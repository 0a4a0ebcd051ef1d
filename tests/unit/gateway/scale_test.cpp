// What the controller writes, and how much of it depends on the size of the cluster.
#include <support/catch.hpp>
#include <support/scale.hpp>

using namespace gwctl::tests;
using counts = std::map<std::string, std::size_t>;

TEST_CASE("a cold start writes what is missing once, and a status again only when there is news") {
    const cluster_size size;
    scaled_cluster cluster(size);
    cluster.start();
    const std::size_t ports = size.gateways * size.routes;
    CHECK(cluster.take_writes() == counts{
                                       {"patch gatewayclasses", 1}, // the finalizer
                                       {"patch gatewayclasses/status", 1},
                                       {"patch gateways", size.gateways}, // the record of the address
                                       {"apply services", size.gateways}, // with a port per route
                                       {"apply endpointslices", ports},
                                       {"patch gateways/status", 2 * size.gateways}, // pending, and announced
                                       {"patch tcproutes/status", ports},
                                   });
}

TEST_CASE("a change leads to writes of what depends on it, in a cluster of any size") {
    cluster_size size;
    size.gateways = GENERATE(10, 30);
    scaled_cluster cluster(size);
    cluster.start();
    cluster.take_writes();
    for (int turn = 0; turn < 2; ++turn) {
        INFO(size.gateways << " Gateways, turn " << turn);
        cluster.make("endpoint");
        CHECK(cluster.take_writes() == counts{{"apply endpointslices", 1}});
        cluster.make("service"); // the port that a route needs goes, or comes back
        CHECK(cluster.take_writes() == counts{{"apply endpointslices", 1}, {"patch tcproutes/status", 1}});
        cluster.make("route"); // its status notes the generation
        CHECK(cluster.take_writes() == counts{{"apply endpointslices", 1}, {"patch tcproutes/status", 1}});
        cluster.make("listener");
        CHECK(cluster.take_writes() ==
              counts{{turn == 0 ? "apply endpointslices" : "delete endpointslices", 1},
                     {"apply services", 1},
                     {"patch gateways/status", 1}});
        cluster.make("namespace"); // no listener selects by label
        CHECK(cluster.take_writes() == counts{});
    }
}

TEST_CASE("a route's change runs nothing for the many routes beside it that it does not concern") {
    std::vector<std::uint64_t> runs;
    for (const std::size_t routes : {2, 40}) {
        cluster_size size;
        size.gateways = 1;
        size.routes = routes;
        size.one_listener = true;
        scaled_cluster cluster(size);
        cluster.start();
        CHECK(cluster.take_writes().at("patch tcproutes/status") == routes);
        const std::uint64_t before = cluster.reconciles();
        cluster.make("route");
        CHECK(cluster.take_writes() == counts{{"apply endpointslices", 1}, {"patch tcproutes/status", 1}});
        runs.push_back(cluster.reconciles() - before);
    }
    CHECK(runs[0] == runs[1]);
}
