#include <gwctl/core/secrets.hpp>
#include <gwctl/runtime/health.hpp>

#include <fmt/format.h>

namespace gwctl {

void health::set_live(std::string_view check, std::string problem) {
    const std::lock_guard lock(mutex_);
    check_state& state = live_[std::string(check)];
    state.problem = without_secrets(problem);
}

void health::set_ready(std::string_view check, std::string problem, std::string remark) {
    const std::lock_guard lock(mutex_);
    check_state& state = ready_[std::string(check)];
    state.problem = without_secrets(problem);
    state.remark = without_secrets(remark);
}

health::answer health::ask(const checks& all) {
    answer a;
    for (const auto& [check, state] : all) {
        if (!state.problem.empty()) {
            a.ok = false;
            a.verbose += fmt::format("[-]{} failed: {}\n", check, state.problem);
        } else if (!state.remark.empty()) {
            a.remarks = true;
            a.verbose += fmt::format("[+]{} ok: {}\n", check, state.remark);
        } else {
            a.verbose += fmt::format("[+]{} ok\n", check);
        }
    }
    return a;
}

health::answer health::live() const {
    const std::lock_guard lock(mutex_);
    return ask(live_);
}

health::answer health::ready() const {
    const std::lock_guard lock(mutex_);
    return ask(ready_);
}

} // namespace gwctl
