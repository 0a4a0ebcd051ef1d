// What the gateway controller does for one change, on clusters of different sizes.
//
//   bench-gateway_scale writes GATEWAYS ROUTES ENDPOINTS        counts API writes: cold start, and each
//   change bench-gateway_scale instructions GATEWAYS ROUTES ENDPOINTS  for gateway_scale.py, under callgrind:
//   one dump for
//                                                               each change made, with the instructions of
//                                                               the controller's thread, the server's left
//                                                               out
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

void count_instructions(cluster_size size) {
    scaled_cluster cluster(size);
    bool measuring = false;
    std::string change;
    cluster.begins = [&] {
        measuring = true;
        CALLGRIND_TOGGLE_COLLECT;
    };
    cluster.ends = [&] {
        CALLGRIND_TOGGLE_COLLECT;
        measuring = false;
        CALLGRIND_DUMP_STATS_AT(change.c_str());
    };
    // Collecting is a state of the thread; the server does its work on the controller's.
    const auto toggle = [&measuring] {
        if (measuring)
            CALLGRIND_TOGGLE_COLLECT;
    };
    cluster.pauses = toggle;
    cluster.resumes = toggle;
    CALLGRIND_START_INSTRUMENTATION;
    for (int turn = 0; turn < 3; ++turn)
        for (const std::string& each : scaled_cluster::changes()) {
            change = turn == 0 ? "warm-up" : each;
            cluster.make(each);
        }
    CALLGRIND_STOP_INSTRUMENTATION;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        fmt::print(stderr, "bench-gateway_scale: expected writes or instructions, and three numbers\n");
        return 2;
    }
    const auto number = [&](int i) { return static_cast<std::size_t>(std::strtoul(argv[i], nullptr, 10)); };
    const cluster_size size{number(2), number(3), number(4)};
    if (std::string(argv[1]) == "writes")
        return count_writes(size) ? 0 : 1;
    count_instructions(size);
}
