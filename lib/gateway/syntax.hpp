// What names and values of Kubernetes look like.
#pragma once

#include <cstddef>
#include <string_view>

namespace gwctl::gateway::detail {

/// Letters and digits at both ends, also `inner` in between, 1 to `longest` characters.
bool is_word(std::string_view text, std::string_view inner, std::size_t longest);
/// A DNS label (RFC 1123), such as the name of a namespace.
bool is_dns_label(std::string_view text);
/// DNS labels with dots in between, at most 253 characters.
bool is_dns_name(std::string_view text);
/// The key of a label: a word, perhaps with a DNS name and a slash in front.
bool is_label_key(std::string_view text);
bool is_label_value(std::string_view text);
/// The key of an annotation: that of a label, with capitals.
bool is_annotation_key(std::string_view text);

/// As much of a value as a message shows, no character cut in two: half of one is no JSON.
std::string_view shown(std::string_view text);

} // namespace gwctl::gateway::detail
