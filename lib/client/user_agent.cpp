#include "user_agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <sys/utsname.h>
#include <utility>

namespace gwctl::detail {
namespace {

/// As Go names them.
std::string architecture(std::string_view machine) {
    using names = std::pair<std::string_view, std::string_view>;
    constexpr std::array<names, 6> known{names{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"},
                                         {"armv6l", "arm"},        {"i686", "386"},      {"i386", "386"}};
    for (const auto& [here, there] : known)
        if (machine == here)
            return std::string(there);
    return std::string(machine);
}

/// "linux/amd64".
std::string system() {
    utsname names{};
    if (::uname(&names) != 0)
        return "unknown";
    std::string name = names.sysname;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return fmt::format("{}/{}", name, architecture(names.machine));
}

/// A token of RFC 9110: other characters become dashes.
std::string executable() {
    std::string name = ::program_invocation_short_name;
    for (char& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
            std::string_view("-_.").find(c) == std::string_view::npos)
            c = '-';
    return name.empty() ? "unknown" : name;
}

} // namespace

std::string user_agent(std::string_view program) {
    static const std::string rest = fmt::format(" ({}) gwctl/" GWCTL_VERSION, system());
    static const std::string name = executable();
    return (program.empty() ? name : std::string(program)) + rest;
}

bool is_user_agent(std::string_view program) noexcept {
    return std::all_of(program.begin(), program.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

} // namespace gwctl::detail
