/// Who asks, as the API server's audit log and metrics show it.
#pragma once

#include <string>
#include <string_view>

namespace gwctl::detail {

/// "my-operator/1.2 (linux/amd64) gwctl/0.1.0", as client-go has it. `program` empty: the name of the
/// executable.
std::string user_agent(std::string_view program);

/// Whether a program may be named so in a header: printable ASCII.
bool is_user_agent(std::string_view program) noexcept;

} // namespace gwctl::detail
