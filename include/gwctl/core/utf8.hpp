/// Text from elsewhere that need not be UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gwctl {

/// The bytes of the UTF-8 sequence at the start of `text` (RFC 3629, section 4); 0 when there is no valid
/// one, and for no text.
std::size_t utf8_length(std::string_view text) noexcept;

/// `text` with U+FFFD in the place of each byte that is not part of a valid sequence: what JSON, logs and
/// terminals can take.
std::string valid_utf8(std::string_view text);

} // namespace gwctl
