/// Calls of functions that the library's users wrote: what they throw is theirs and stops nobody else.
#pragma once

#include "task_group.hpp"

#include <gwctl/core/log.hpp>

#include <vector>

namespace gwctl::detail {

/// Calls `f`. What it throws ends in an error line of `message`, `fields` and the exception's text. Returns whether
/// it returned. `fields` are made only then: a function that returns them.
template <class F, class Fields>
bool guard_user_code(std::string_view message, Fields fields, F f) {
    try {
        f();
        return true;
    } catch (...) {
        std::vector<log::field> all = fields();
        all.emplace_back("error", what_of(std::current_exception()));
        log::write(log::level::error, message, std::move(all));
        return false;
    }
}

} // namespace gwctl::detail
