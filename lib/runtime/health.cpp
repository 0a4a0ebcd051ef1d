#include <gwctl/runtime/health.hpp>

#include <fmt/format.h>

namespace gwctl {

void health::set_live(std::string_view check, std::string problem) {
    const std::lock_guard lock(mutex_);
    live_.insert_or_assign(std::string(check), std::move(problem));
}

void health::set_ready(std::string_view check, std::string problem) {
    const std::lock_guard lock(mutex_);
    ready_.insert_or_assign(std::string(check), std::move(problem));
}

health::answer health::ask(const checks& all) {
    answer a;
    for (const auto& [check, problem] : all) {
        if (problem.empty()) {
            a.verbose += fmt::format("[+]{} ok\n", check);
        } else {
            a.ok = false;
            a.verbose += fmt::format("[-]{} failed: {}\n", check, problem);
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
