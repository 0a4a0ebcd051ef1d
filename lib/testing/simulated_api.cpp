#include "simulated_api.hpp"

#include <algorithm>

namespace gwctl::testing::detail {
namespace {

cluster_options by(const clock& time) {
    cluster_options o;
    o.now = [&time] { return time.wall_now(); };
    return o;
}

} // namespace

simulated_api::simulated_api(const clock& time, std::vector<std::unique_ptr<stand_in>> stand_ins)
    : cluster_(by(time)), stand_ins_(std::move(stand_ins)) {
    cluster_.on_change = [this](const change& c) {
        for (const auto& s : stand_ins_)
            s->observe(c);
        on_change(c);
        changed.notify_all();
    };
}

bool simulated_api::stand_ins_idle() const {
    return std::all_of(stand_ins_.begin(), stand_ins_.end(), [](const auto& s) { return s->idle(); });
}

void simulated_api::run_stand_ins() {
    for (const auto& s : stand_ins_)
        s->run(cluster_);
}

void simulated_api::compact() {
    cluster_.compact();
    rest_.forget_snapshots();
}

} // namespace gwctl::testing::detail
