/// Running a program beside the executor, and reading what it says.
#pragma once

#include <gwctl/core/clock.hpp>
#include <gwctl/core/task.hpp>

#include <string>
#include <utility>
#include <vector>

namespace gwctl::detail {

struct program {
    program() = default;
    std::string command{}; ///< a path, or a name that PATH leads to
    std::vector<std::string> arguments{};
    std::vector<std::pair<std::string, std::string>> environment{}; ///< in addition to ours
};

struct program_end {
    program_end() = default;
    int status = 0;    ///< of waitpid
    bool late = false; ///< it was killed, because its time was over
    std::string output{};
    std::string errors{};

    bool well() const noexcept { return !late && status == 0; }
};

/// Runs `p` with nothing on its standard input until it ends, or until `deadline`. Of each of its outputs 1
/// MiB is kept. When the coroutine is cancelled, or late, the program and what it started are killed.
///
/// Throws `api_error` (`errc::config`) when it cannot be started: "No such file or directory".
task<program_end> run_program(program p, steady_time deadline);

} // namespace gwctl::detail
