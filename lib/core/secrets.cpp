#include <gwctl/core/secrets.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <mutex>

namespace gwctl {
namespace {

constexpr std::string_view stars = "***";

struct kept_values {
    std::mutex guard;
    std::deque<std::string> values;
};

kept_values& kept() {
    static kept_values k;
    return k;
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }
/// What ends a value in prose, in a URL or in JSON.
bool ends_value(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '"' || c == '\''; }
bool ends_url(char c) { return ends_value(c) || c == '<' || c == '>'; }

/// Position of `word` in any case, from `from` on.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
    const auto same = [](char a, char b) { return lower(a) == b; };
    const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), word.begin(),
                                   word.end(), same);
    return found == text.end() ? text.npos : static_cast<std::size_t>(found - text.begin());
}

template <class Ends>
std::size_t end_of(std::string_view text, std::size_t from, Ends ends) {
    while (from < text.size() && !ends(text[from]))
        ++from;
    return from;
}

/// Puts stars in the place of [from, to); returns where the text goes on.
std::size_t hide(std::string& text, std::size_t from, std::size_t to) {
    if (from < to)
        text.replace(from, to - from, stars);
    return from + (from < to ? stars.size() : 0);
}

void hide_kept(std::string& text) {
    kept_values& k = kept();
    const std::lock_guard lock(k.guard);
    for (const std::string& value : k.values)
        for (std::size_t at = text.find(value); at != text.npos; at = text.find(value, at))
            at = hide(text, at, at + value.size());
}

/// "https://USER:PASSWORD@HOST". A password may have, against the rules, the characters that end the part before
/// the path.
void hide_users(std::string& text) {
    for (std::size_t at = text.find("://"); at != text.npos; at = text.find("://", at)) {
        at += 3;
        const std::string_view url(text.data() + at, end_of(text, at, ends_url) - at);
        const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
        const std::size_t colon = authority.rfind(':');
        const bool has_port = colon == authority.npos || authority.ends_with(']') ||
                              authority.find_first_not_of("0123456789", colon + 1) == authority.npos;
        const std::size_t user_end = url.rfind('@');
        const bool has_user = user_end != url.npos && (authority.find('@') != authority.npos || !has_port);
        at = has_user ? hide(text, at, at + user_end) : at;
    }
}

/// "Bearer TOKEN", in URLs "Bearer%20TOKEN" and "Bearer+TOKEN".
void hide_bearers(std::string& text) {
    for (std::size_t at = find_word(text, "bearer", 0); at != text.npos; at = find_word(text, "bearer", at)) {
        at += std::string_view("bearer").size();
        std::size_t start = end_of(text, at, [](char c) { return c != ' ' && c != '+'; });
        if (std::string_view(text).substr(start).starts_with("%20"))
            start += 3;
        if (start == at)
            continue;
        const std::size_t end =
            end_of(text, start, [](char c) { return ends_url(c) || c == ',' || c == ';'; });
        const std::string_view word(text.data() + start, end - start);
        if (word != "token" && word != "tokens")
            at = hide(text, start, end);
    }
}

/// "Authorization: SCHEME CREDENTIALS", as a header or a member of JSON.
void hide_authorization(std::string& text) {
    constexpr std::string_view name = "authorization";
    for (std::size_t at = find_word(text, name, 0); at != text.npos; at = find_word(text, name, at)) {
        at += name.size();
        std::size_t start = end_of(
            text, at, [](char c) { return std::string_view(" \t\"'[:=").find(c) == std::string_view::npos; });
        if (std::string_view(text).substr(at, start - at).find_first_of(":=") == std::string_view::npos)
            continue;
        std::size_t end = end_of(text, start, ends_value);
        const std::size_t second = end + 1;
        if (end < text.size() && text[end] == ' ' && second < text.size() && !ends_value(text[second])) {
            start = second;
            end = end_of(text, second, ends_value);
        }
        at = hide(text, start, end);
    }
}

/// Three parts in base64url, of which the first begins with `{"`.
void hide_web_tokens(std::string& text) {
    for (std::size_t at = text.find("eyJ"); at != text.npos; at = text.find("eyJ", at)) {
        const std::size_t end = end_of(text, at, [](char c) { return !is_word(c) && c != '.'; });
        const bool begins = at == 0 || !is_word(text[at - 1]);
        const bool has_parts =
            std::string_view(text).substr(at, end - at).find('.') != std::string_view::npos;
        at = begins && has_parts ? hide(text, at, end) : at + 3;
    }
}

bool names_secret(std::string_view name) {
    constexpr std::array<std::string_view, 12> telling{"token",  "passw",     "pwd",        "secret",
                                                       "apikey", "api_key",   "api-key",    "assertion",
                                                       "saml",   "signature", "credential", "session"};
    return std::any_of(telling.begin(), telling.end(),
                       [&](std::string_view part) { return find_word(name, part, 0) != name.npos; });
}

/// Where the name that ends before `end` begins.
std::size_t begin_of_name(std::string_view text, std::size_t end) {
    while (end > 0 && is_word(text[end - 1]))
        --end;
    return end;
}

/// `NAME=VALUE` and `"NAME":"VALUE"`, by the name. Of a URL's query also the code of a login.
void hide_named(std::string& text) {
    for (std::size_t at = text.find('='); at != text.npos; at = text.find('=', at)) {
        const std::size_t start = begin_of_name(text, at);
        const std::string_view name(text.data() + start, at - start);
        const bool in_query = start > 0 && (text[start - 1] == '?' || text[start - 1] == '&');
        ++at;
        if (names_secret(name) || (in_query && (name == "code" || name == "state")))
            at = hide(text, at, end_of(text, at, [](char c) {
                          return ends_url(c) || c == '&' || c == ';' || c == ',';
                      }));
    }
    for (std::size_t at = text.find("\":"); at != text.npos; at = text.find("\":", at)) {
        const std::size_t start = begin_of_name(text, at);
        const bool is_secret = start > 0 && text[start - 1] == '"' &&
                               names_secret(std::string_view(text).substr(start, at - start));
        at = end_of(text, at + 2, [](char c) { return c != ' '; });
        if (!is_secret || at == text.size() || text[at] != '"')
            continue;
        ++at;
        at = hide(text, at, end_of(text, at, [](char c) { return c == '"'; }));
    }
}

} // namespace

std::string without_secrets(std::string_view text) {
    std::string shown(text);
    hide_kept(shown);
    hide_users(shown);
    hide_authorization(shown);
    hide_bearers(shown);
    hide_web_tokens(shown);
    hide_named(shown);
    return shown;
}

std::string shown_url(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t start = scheme == url.npos ? 0 : scheme + 3;
    std::string shown(url);
    // A password may have any character, so the last "@" counts.
    if (const std::size_t user_end = shown.rfind('@'); user_end != shown.npos && user_end >= start)
        hide(shown, start, user_end);
    if (const std::size_t query = shown.find_first_of("?#", start); query != shown.npos)
        hide(shown, query + 1, shown.size());
    return without_secrets(shown);
}

void keep_secret(std::string_view value) {
    constexpr std::size_t shortest = 8;
    constexpr std::size_t most = 32;
    if (value.size() < shortest)
        return;
    kept_values& k = kept();
    const std::lock_guard lock(k.guard);
    if (std::find(k.values.begin(), k.values.end(), value) != k.values.end())
        return;
    k.values.emplace_back(value);
    if (k.values.size() > most)
        k.values.pop_front();
}

} // namespace gwctl
