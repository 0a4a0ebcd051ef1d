/// A digest that is the same on every platform and in every version, for names and to tell contents apart.
#pragma once

#include <cstdint>
#include <string_view>

namespace gwctl::gateway::detail {

/// FNV-1a, 64 bit (draft-eastlake-fnv). Not against those who look for two texts of one digest.
constexpr std::uint64_t digest(std::string_view text) noexcept {
    std::uint64_t h = 0xcbf29ce484222325u;
    for (const char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return h;
}

} // namespace gwctl::gateway::detail
