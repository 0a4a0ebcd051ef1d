#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gwctl::testing::detail {

/// RFC 4648 section 4, with padding.
inline std::string base64(std::string_view in) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < in.size(); i += 3) {
        std::uint32_t n = 0;
        for (std::size_t j = 0; j < 3; ++j)
            n = n << 8 | (i + j < in.size() ? static_cast<unsigned char>(in[i + j]) : 0);
        for (std::size_t j = 0; j < 4; ++j)
            out += i + j > in.size() ? '=' : digits[n >> (18 - 6 * j) & 63];
    }
    return out;
}

inline bool is_base64(std::string_view in) {
    const auto body = in.substr(0, in.find_last_not_of('=') + 1);
    for (char c : body)
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
              c == '/'))
            return false;
    return in.size() % 4 == 0 && in.size() - body.size() <= 2;
}

} // namespace gwctl::testing::detail
