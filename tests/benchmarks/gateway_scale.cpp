// What the gateway controller does for a cold start and for one change, on clusters of different sizes.
//
//   bench-gateway_scale WHAT GATEWAYS ROUTES ENDPOINTS
//
// `writes` counts API writes and reconciles, those for changes also in a cluster of a tenth of the Gateways.
// The others are for gateway_scale.py, under callgrind: `start` makes one dump for the cold start, `changes`
// one for each change, with the instructions of the controller's thread, the server's left out.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <support/scale.hpp>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

/// No processor time passes: callgrind takes fifty times as much of it, and Gateways would rest
/// (lib/gateway/pace.hpp) instead of doing what is to be counted.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    if (clock != CLOCK_THREAD_CPUTIME_ID)
        return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
    *time = {};
    return 0;
}

namespace {

using namespace gwctl::tests;

/// One for each object that needs one; a Gateway's status is written before and after its address is
/// announced.
std::map<std::string, std::size_t> expected_at_start(const cluster_size& size) {
    const std::size_t routes = size.gateways * size.routes;
    return {{"patch gatewayclasses", 1},       {"patch gatewayclasses/status", 1},
            {"patch gateways", size.gateways}, {"patch gateways/status", 2 * size.gateways},
            {"apply services", size.gateways}, {"apply endpointslices", routes},
            {"patch tcproutes/status", routes}};
}

/// By step, "2 gateway; 1 apply endpointslices" each.
std::vector<std::pair<std::string, std::string>> costs_of_steps(scaled_cluster& cluster) {
    std::vector<std::pair<std::string, std::string>> all;
    cluster.take_reconciles();
    for (const scale_step& step : cluster.steps()) {
        cluster.make(step);
        const std::string reconciles = show(cluster.take_reconciles());
        all.emplace_back(step.name, reconciles + "; " + show(cluster.take_writes()));
    }
    return all;
}

/// False when the cold start or a restart wrote something else than expected.
bool count_start(const cluster_size& size) {
    const auto begin = std::chrono::steady_clock::now();
    scaled_cluster cluster(size);
    cluster.start();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const auto at_start = cluster.take_writes();
    cluster.restart();
    const auto again = cluster.take_writes();
    fmt::print(
        "{} Gateways, {} routes, {} endpoints\ncold start: {} ({:.0f} s with the server's work)\nrestart: "
        "{}\n",
        size.gateways, size.gateways * size.routes, size.gateways * size.routes * size.endpoints,
        show(at_start), took.count(), show(again));
    if (at_start == expected_at_start(size) && again.empty())
        return true;
    fmt::print(stderr, "expected at the start: {}; and none at a restart\n", show(expected_at_start(size)));
    return false;
}

/// False when a change leads to other reconciles or writes than in a cluster of a tenth of the size.
bool count_steps(cluster_size size) {
    size.corner = true;
    std::vector<std::pair<std::string, std::string>> costs[2];
    for (auto& each : costs) {
        scaled_cluster cluster(size);
        cluster.start();
        cluster.take_writes();
        each = costs_of_steps(cluster);
        size.gateways /= 10;
    }
    for (std::size_t i = 0; i < costs[0].size(); ++i) {
        fmt::print("{}: {}\n", costs[0][i].first, costs[0][i].second);
        if (costs[1][i] != costs[0][i])
            fmt::print(stderr, "in the smaller cluster: {}\n", costs[1][i].second);
    }
    return costs[0] == costs[1];
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

void measure_start(const cluster_size& size) {
    scaled_cluster cluster(size);
    counter c(cluster);
    c.what = "start";
    cluster.start();
}

void measure_changes(cluster_size size) {
    size.corner = true;
    scaled_cluster cluster(size);
    cluster.start();
    counter c(cluster);
    for (int turn = 0; turn < 3; ++turn)
        for (const scale_step& step : cluster.steps()) {
            c.what = turn == 0 ? "warm-up" : step.name;
            cluster.make(step);
        }
}

} // namespace

int main(int argc, char** argv) {
    const std::string what = argc == 5 ? argv[1] : "";
    const auto number = [&](int i) { return static_cast<std::size_t>(std::strtoul(argv[i], nullptr, 10)); };
    cluster_size size;
    if (argc == 5) {
        size.gateways = number(2);
        size.routes = number(3);
        size.endpoints = number(4);
    }
    if (what == "writes") {
        const bool starts_well = count_start(size);
        return count_steps(size) && starts_well ? 0 : 1;
    }
    if (what == "start") {
        measure_start(size);
    } else if (what == "changes") {
        measure_changes(size);
    } else {
        fmt::print(stderr, "bench-gateway_scale: expected writes, start or changes, and three numbers\n");
        return 2;
    }
}
