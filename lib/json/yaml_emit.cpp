#include "yaml_scalar.hpp"

#include <gwctl/json/yaml.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::json {
namespace {

bool is_plain_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-' || c == '+' || c == ':' || c == ' ' || c == '(' || c == ')' ||
           c == '=' || c == ',' || c == ';';
}

// Conservative: what is not plainly a word to every YAML reader gets quotes.
bool can_be_plain(std::string_view s) {
    if (s.empty() || !std::all_of(s.begin(), s.end(), is_plain_char)) {
        return false;
    }
    const char first = s.front();
    const bool starts_well = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') ||
                             (first >= '0' && first <= '9') || first == '_' || first == '/' || first == '.';
    if (!starts_well || s.starts_with("...") || s.back() == ' ' || s.back() == ':' ||
        s.find(": ") != s.npos) {
        return false;
    }
    // Digits and colons alone are base-60 numbers to YAML 1.1 readers.
    const bool base_60 = s.find(':') != s.npos && std::all_of(s.begin(), s.end(), [](char c) {
                             return (c >= '0' && c <= '9') || c == ':' || c == '.';
                         });
    if (base_60 || detail::looks_like_timestamp(s)) {
        return false;
    }
    const auto read_back = detail::resolve_plain(s);
    return read_back.has_value() && read_back->is_string();
}

// A literal block shows text as it is, so everything in it must be visible and its first line must show the
// indent.
bool can_be_literal(std::string_view s) {
    if (s.find('\n') == s.npos || s.front() == ' ' || s.front() == '\t' || s.front() == '\n') {
        return false;
    }
    for (std::size_t i = 0; i < s.size(); ++i) {
        const auto c = static_cast<unsigned char>(s[i]);
        // Bytes from 0x80 on are refused too: among them are NEL, LS, PS and the byte order mark. Accents and
        // emoji come as well quoted.
        if ((c < 0x20 && c != '\n' && c != '\t') || c >= 0x7f) {
            return false;
        }
    }
    return true;
}

std::string quoted(std::string_view s) {
    std::string out = "\"";
    for (std::size_t i = 0; i < s.size(); ++i) {
        const auto c = static_cast<unsigned char>(s[i]);
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\t':
            out += "\\t";
            break;
        case '\r':
            out += "\\r";
            break;
        default:
            const std::string_view rest = s.substr(i);
            if (c < 0x20 || c == 0x7f) {
                out += fmt::format("\\x{:02x}", c);
            } else if (c == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0) {
                out += fmt::format("\\x{:02x}",
                                   static_cast<unsigned char>(rest[1])); // C1 controls, NEL among them
                ++i;
            } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
                out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
                i += 2;
            } else if (rest.starts_with("\ufeff")) {
                out += "\\ufeff";
                i += 2;
            } else {
                out += static_cast<char>(c);
            }
        }
    }
    return out + '"';
}

class writer {
public:
    void node(const value& v, int indent) {
        switch (v.kind()) {
        case boost::json::kind::object:
            object_lines(v.get_object(), indent);
            return;
        case boost::json::kind::array:
            array_lines(v.get_array(), indent);
            return;
        default:
            scalar(v, indent);
        }
    }

    std::string out;

private:
    static bool is_block(const value& v) {
        return (v.is_object() && !v.get_object().empty()) || (v.is_array() && !v.get_array().empty());
    }

    void pad(int indent) { out.append(static_cast<std::size_t>(indent), ' '); }

    void key_text(std::string_view key, int indent) {
        const std::string text = can_be_plain(key) ? std::string(key) : quoted(key);
        constexpr std::size_t longest_simple_key = 1024; // YAML 1.2.2, section 7.4.2
        if (text.size() > longest_simple_key) {
            out += "? " + text + '\n';
            pad(indent);
            out += ':';
        } else {
            out += text + ':';
        }
    }

    void object_lines(const object& o, int indent) {
        bool first = true;
        for (const auto& [key, member] : o) {
            if (!first) {
                pad(indent);
            }
            first = false;
            key_text(key, indent);
            if (!is_block(member)) {
                out += ' ';
                scalar(member, indent + 2);
            } else if (member.is_object()) {
                out += '\n';
                pad(indent + 2);
                node(member, indent + 2);
            } else { // a list stands at the level of its key, as kubectl prints it
                out += '\n';
                pad(indent);
                node(member, indent);
            }
        }
    }

    void array_lines(const array& a, int indent) {
        bool first = true;
        for (const value& item : a) {
            if (!first) {
                pad(indent);
            }
            first = false;
            out += "- ";
            if (is_block(item)) {
                node(item, indent + 2);
            } else {
                scalar(item, indent + 2);
            }
        }
    }

    // Ends the line. `indent` is that of a literal block's lines.
    void scalar(const value& v, int indent) {
        if (v.is_object() || v.is_array()) {
            out += v.is_object() ? "{}" : "[]";
        } else if (v.is_double()) {
            out += fmt::format("{}", v.get_double()); // shortest that reads back the same
        } else if (!v.is_string()) {
            out += boost::json::serialize(v);
        } else {
            const std::string_view s = v.get_string();
            if (can_be_literal(s)) {
                literal(s, indent);
                return;
            }
            out += can_be_plain(s) ? std::string(s) : quoted(s);
        }
        out += '\n';
    }

    void literal(std::string_view s, int indent) {
        const bool ends_line = s.back() == '\n';
        const bool more = s.ends_with("\n\n");
        out += more ? "|+\n" : ends_line ? "|\n" : "|-\n";
        std::string_view rest = ends_line ? s.substr(0, s.size() - 1) : s;
        for (;;) {
            const std::size_t end = rest.find('\n');
            const std::string_view line = rest.substr(0, end);
            if (!line.empty()) {
                pad(indent);
                out += line;
            }
            out += '\n';
            if (end == rest.npos) {
                return;
            }
            rest.remove_prefix(end + 1);
        }
    }
};

} // namespace

std::string to_yaml(const value& v) {
    writer w;
    if ((v.is_object() && v.get_object().empty()) || (v.is_array() && v.get_array().empty())) {
        return v.is_object() ? "{}\n" : "[]\n";
    }
    w.node(v, v.is_string() ? 2 : 0);
    return std::move(w.out);
}

} // namespace gwctl::json
