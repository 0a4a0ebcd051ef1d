// What the gateway controller does for a cold start and for one change, on clusters of different sizes.
//
//   bench-gateway_scale WHAT GATEWAYS ROUTES ENDPOINTS
//
// `writes` counts API writes. The others are for gateway_scale.py, under callgrind: `start` makes one dump
// for the cold start, `changes` one for each change, with the instructions of the controller's thread, the
// server's left out.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>
#include <support/scale.hpp>
#include <valgrind/callgrind.h>

namespace {

using namespace gwctl::tests;

std::string show(const std::map<std::string, std::size_t>& writes) {
    std::vector<std::string> all;
    for (const auto& [what, count] : writes)
        all.push_back(fmt::format("{} {}", count, what));
    return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

/// One for each object that needs one; a Gateway's status is written before and after its address is
/// announced.
std::map<std::string, std::size_t> expected_at_start(cluster_size size) {
    const std::size_t routes = size.gateways * size.routes;
    return {{"patch gatewayclasses", 1},       {"patch gatewayclasses/status", 1},
            {"patch gateways", size.gateways}, {"patch gateways/status", 2 * size.gateways},
            {"apply services", size.gateways}, {"apply endpointslices", routes},
            {"patch tcproutes/status", routes}};
}

/// False when the cold start wrote something else than expected.
bool count_writes(cluster_size size) {
    const auto start = std::chrono::steady_clock::now();
    scaled_cluster cluster(size);
    cluster.start();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const auto at_start = cluster.take_writes();
    fmt::print("{} Gateways, {} routes, {} endpoints\ncold start: {} ({:.0f} s with the server's work)\n",
               size.gateways, size.gateways * size.routes, size.gateways * size.routes * size.endpoints,
               show(at_start), took.count());
    for (const std::string& change : scaled_cluster::changes()) {
        cluster.make(change);
        fmt::print("{}: {}\n", change, show(cluster.take_writes()));
    }
    if (at_start == expected_at_start(size))
        return true;
    fmt::print(stderr, "expected at the start: {}\n", show(expected_at_start(size)));
    return false;
}

/// Counts what the controller does, for as long as it lives.
class counter {
public:
    explicit counter(scaled_cluster& cluster) {
        cluster.begins = [this] {
            measuring_ = true;
            CALLGRIND_TOGGLE_COLLECT;
        };
        cluster.ends = [this] {
            CALLGRIND_TOGGLE_COLLECT;
            measuring_ = false;
            CALLGRIND_DUMP_STATS_AT(what.c_str());
        };
        // Collecting is a state of the thread; the server does its work on the controller's.
        cluster.pauses = cluster.resumes = [this] {
            if (measuring_)
                CALLGRIND_TOGGLE_COLLECT;
        };
        CALLGRIND_START_INSTRUMENTATION;
    }
    ~counter() { CALLGRIND_STOP_INSTRUMENTATION; }
    counter(const counter&) = delete;
    counter& operator=(const counter&) = delete;

    std::string what; ///< is measured next

private:
    bool measuring_ = false;
};

void count_start(cluster_size size) {
    scaled_cluster cluster(size);
    counter c(cluster);
    c.what = "start";
    cluster.start();
}

void count_changes(cluster_size size) {
    scaled_cluster cluster(size);
    cluster.start();
    counter c(cluster);
    for (int turn = 0; turn < 3; ++turn)
        for (const std::string& each : scaled_cluster::changes()) {
            c.what = turn == 0 ? "warm-up" : each;
            cluster.make(each);
        }
}

} // namespace

int main(int argc, char** argv) {
    const std::string what = argc == 5 ? argv[1] : "";
    const auto number = [&](int i) { return static_cast<std::size_t>(std::strtoul(argv[i], nullptr, 10)); };
    if (what == "writes")
        return count_writes({number(2), number(3), number(4)}) ? 0 : 1;
    if (what == "start") {
        count_start({number(2), number(3), number(4)});
    } else if (what == "changes") {
        count_changes({number(2), number(3), number(4)});
    } else {
        fmt::print(stderr, "bench-gateway_scale: expected writes, start or changes, and three numbers\n");
        return 2;
    }
}
