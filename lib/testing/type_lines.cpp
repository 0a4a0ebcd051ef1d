#include "type_lines.hpp"

#include "field_types.hpp"

#include <charconv>
#include <stdexcept>

namespace gwctl::testing::detail {

namespace {

// Splits "name:type", the marks behind the type, and "#number".
type_field field_of(std::string_view word) {
    type_field out;
    const auto colon = word.find(':');
    out.name = word.substr(0, colon);
    const auto hash = word.rfind('#');
    const auto rest = word.substr(colon + 1, hash - colon - 1);
    const auto end = std::min(rest.find_first_of("!~(/@="), rest.size());
    out.type = rest.substr(0, end);
    out.marks = rest.substr(end);
    for (auto numbers = word.substr(hash + 1); !numbers.empty();) {
        const auto dot = std::min(numbers.find('.'), numbers.size());
        std::from_chars(numbers.data(), numbers.data() + dot, out.numbers.emplace_back());
        numbers.remove_prefix(std::min(dot + 1, numbers.size()));
    }
    return out;
}

} // namespace

std::map<std::string_view, std::vector<std::string_view>> words_of_lines(std::string_view text) {
    std::map<std::string_view, std::vector<std::string_view>> out;
    std::vector<std::string_view>* line = nullptr;
    for (std::size_t at = 0; at < text.size();) {
        const auto from = text.find_first_not_of(" \n", at);
        if (from == std::string_view::npos)
            break;
        at = std::min(text.find_first_of(" \n", from), text.size());
        const auto word = text.substr(from, at - from);
        if (from == 0 || text[from - 1] == '\n')
            line = &out[word];
        else if (line != nullptr)
            line->push_back(word);
    }
    return out;
}

const type_line& type_named(std::string_view name) {
    static const std::map<std::string_view, type_line> all = [] {
        std::map<std::string_view, type_line> out;
        for (const auto& [type, words] : words_of_lines(field_types())) {
            const bool atomic = type.back() == '@';
            auto& line = out[type.substr(0, type.size() - (atomic ? 1 : 0))];
            line.atomic = atomic;
            for (const auto word : words)
                line.fields.push_back(field_of(word));
        }
        return out;
    }();
    const auto it = all.find(name);
    if (it == all.end())
        throw std::logic_error("field_types.cpp has no type " + std::string(name));
    return it->second;
}

std::string type_of_kind(std::string_view group, std::string_view kind) {
    const auto prefix = group == "events.k8s.io" || group == "discovery.k8s.io"
                            ? std::string(group.substr(0, group.find('.') + 1))
                            : std::string();
    return prefix + std::string(kind);
}

} // namespace gwctl::testing::detail
