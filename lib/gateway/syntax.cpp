#include "syntax.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace gwctl::gateway::detail {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_dns_name = 253;

} // namespace

bool is_word(std::string_view text, std::string_view inner, std::size_t longest) {
    const auto is_outer = [](char c) { return letters_and_digits.find(c) != std::string_view::npos; };
    return !text.empty() && text.size() <= longest && is_outer(text.front()) && is_outer(text.back()) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_outer(c) || inner.find(c) != std::string_view::npos; });
}

bool is_dns_label(std::string_view text) {
    return is_word(text, "-", longest_label) && std::none_of(text.begin(), text.end(), is_capital);
}

bool is_dns_name(std::string_view text) {
    if (text.size() > longest_dns_name)
        return false;
    while (true) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        // The API server bounds the name as a whole, and not its labels.
        const std::string_view label = text.substr(0, dot);
        if (!is_word(label, "-", longest_dns_name) || std::any_of(label.begin(), label.end(), is_capital))
            return false;
        if (dot == text.size())
            return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_label_key(std::string_view text) {
    const std::size_t slash = text.find('/');
    return (slash == text.npos || is_dns_name(text.substr(0, slash))) &&
           is_word(slash == text.npos ? text : text.substr(slash + 1), "-_.", longest_label);
}

bool is_label_value(std::string_view text) { return text.empty() || is_word(text, "-_.", longest_label); }

bool is_annotation_key(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return is_label_key(lower);
}

std::string_view shown(std::string_view text) {
    constexpr std::size_t longest = 80;
    if (text.size() <= longest)
        return text;
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        --end;
    return text.substr(0, end);
}

} // namespace gwctl::gateway::detail
