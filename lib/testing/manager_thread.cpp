#include <gwctl/testing/manager_thread.hpp>

#include <algorithm>

namespace gwctl::testing {
namespace {

using std::chrono::milliseconds;

/// Between two looks at what others do; they give no signal.
constexpr milliseconds pause(20);

class deadline {
public:
    explicit deadline(milliseconds timeout) : at_(std::chrono::steady_clock::now() + timeout) {}
    /// Rounded up: who waited for as long in vain finds nothing left.
    milliseconds left() const {
        const auto now = std::chrono::steady_clock::now();
        return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(at_ - now));
    }

private:
    std::chrono::steady_clock::time_point at_;
};

} // namespace

cluster_config config_for(const api_server& server) {
    cluster_config config;
    config.server = server.url();
    config.origin = "the embedded API server";
    return config;
}

settled_report wait_until_quiet(api_server& server, manager& m, milliseconds timeout) {
    const deadline end(timeout);
    settled_report report;
    std::uint64_t version = 0;
    do {
        version = server.resource_version();
        server.wait_until([&] { return server.settled(); }, end.left());
        report = m.wait_settled(std::to_string(server.resource_version()), end.left());
    } while (report.settled && (version != server.resource_version() || !server.settled()));
    return report;
}

settled_report wait_until_quiet(manager& m, const std::function<std::vector<std::string>()>& others,
                                milliseconds timeout) {
    const deadline end(timeout);
    std::vector<std::string> under_way;
    while (true) {
        settled_report before = m.wait_settled(end.left());
        if (before.settled) {
            under_way = others ? others() : std::vector<std::string>();
            if (under_way.empty()) {
                settled_report after = m.wait_settled(end.left());
                if (!after.settled || after.reconciles == before.reconciles)
                    return after;
                under_way.push_back("the manager: it goes on reconciling");
            }
        } else if (end.left() > milliseconds(0)) {
            return before; // it has ended
        }
        if (end.left() == milliseconds(0)) {
            if (under_way.empty() && others)
                under_way = others();
            before.settled = false;
            before.waiting_for.insert(before.waiting_for.end(), under_way.begin(), under_way.end());
            return before;
        }
        std::this_thread::sleep_for(pause);
    }
}

} // namespace gwctl::testing
