#include "manager_steps.hpp"

#include "manager_core.hpp"

namespace gwctl::detail {

bool manager_steps::begin() {
    manager::core& core = *manager_.core_;
    if (!core.may_run())
        return false;
    core.start_side_tasks();
    core.spawn_live();
    return true;
}

bool manager_steps::step() { return !ended() && manager_.core_->main_.poll_one() > 0; }

bool manager_steps::step_side() { return manager_.core_->side_.poll_one() > 0; }

bool manager_steps::ended() const { return manager_.core_->ended_; }

int manager_steps::end() {
    manager_.core_->stop_side_tasks();
    while (step_side()) {
    }
    return manager_.core_->finish();
}

std::array<boost::asio::execution_context*, 2> manager_steps::contexts() {
    return {&manager_.core_->main_, &manager_.core_->side_};
}

settled_report manager_steps::report(const std::string& resource_version) const {
    return manager_.core_->report(manager::core::has_seen(resource_version));
}

std::vector<const object_table*> manager_steps::tables() const {
    std::vector<const object_table*> all;
    for (const auto& k : manager_.core_->caches_)
        all.push_back(k->table.get());
    return all;
}

void manager_steps::observe(run_observer& observer) { manager_.core_->observer_ = &observer; }

} // namespace gwctl::detail
