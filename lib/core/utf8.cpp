#include <gwctl/core/utf8.hpp>

namespace gwctl {

std::size_t utf8_length(std::string_view s) noexcept {
    const auto byte = [s](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
    const auto is_tail = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned b0 = byte(0);
    const unsigned b1 = byte(1);
    if (b0 < 0x80)
        return s.empty() ? 0 : 1;
    if (b0 >= 0xc2 && b0 <= 0xdf)
        return is_tail(1) ? 2 : 0;
    if (b0 >= 0xe0 && b0 <= 0xef) {
        const bool overlong = b0 == 0xe0 && b1 < 0xa0;
        const bool surrogate = b0 == 0xed && b1 >= 0xa0;
        return is_tail(1) && is_tail(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (b0 >= 0xf0 && b0 <= 0xf4) {
        const bool overlong = b0 == 0xf0 && b1 < 0x90;
        const bool beyond = b0 == 0xf4 && b1 >= 0x90;
        return is_tail(1) && is_tail(2) && is_tail(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        out.append(length > 0 ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD"));
        text.remove_prefix(length > 0 ? length : 1);
    }
    return out;
}

} // namespace gwctl
