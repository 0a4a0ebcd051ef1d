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

health::answer health::ask(const checks& all, const names& excluded) {
    answer a;
    for (const auto& [check, state] : all) {
        if (excluded.contains(check)) {
            a.verbose += fmt::format("[+]{} excluded: ok\n", check);
        } else if (!state.problem.empty()) {
            a.ok = false;
            a.verbose += fmt::format("[-]{} failed: {}\n", check, state.problem);
        } else if (!state.remark.empty()) {
            a.remarks = true;
            a.verbose += fmt::format("[+]{} ok: {}\n", check, state.remark);
        } else {
            a.verbose += fmt::format("[+]{} ok\n", check);
        }
    }
    std::string unknown;
    for (const std::string& name : excluded)
        if (!all.contains(name))
            unknown += fmt::format("{}\"{}\"", unknown.empty() ? "" : ", ", without_secrets(name));
    if (!unknown.empty())
        a.verbose += fmt::format("warn: some health checks cannot be excluded: no matches for {}\n", unknown);
    return a;
}

std::optional<std::string> health::problem_of(const checks& all, std::string_view check) {
    const auto found = all.find(check);
    if (found == all.end())
        return std::nullopt;
    return found->second.problem;
}

health::answer health::live(const names& excluded) const {
    const std::lock_guard lock(mutex_);
    return ask(live_, excluded);
}

health::answer health::ready(const names& excluded) const {
    const std::lock_guard lock(mutex_);
    return ask(ready_, excluded);
}

std::optional<std::string> health::live_problem(std::string_view check) const {
    const std::lock_guard lock(mutex_);
    return problem_of(live_, check);
}

std::optional<std::string> health::ready_problem(std::string_view check) const {
    const std::lock_guard lock(mutex_);
    return problem_of(ready_, check);
}

} // namespace gwctl
