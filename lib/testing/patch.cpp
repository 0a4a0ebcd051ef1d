#include "patch.hpp"

#include "json_util.hpp"

#include <fmt/core.h>

#include <optional>
#include <vector>

namespace gwctl::testing {

namespace {

error bad(std::string message) { return {errc::bad_request, std::move(message)}; }
error inapplicable(std::string message) { return {errc::invalid, std::move(message)}; }

// RFC 6901: "/a~1b/0" is {"a/b", "0"}. None when it does not start with '/'.
std::optional<std::vector<std::string>> parse_pointer(std::string_view text) {
    std::vector<std::string> out;
    if (text.empty())
        return out;
    if (text.front() != '/')
        return std::nullopt;
    out.emplace_back();
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '/') {
            out.emplace_back();
        } else if (text[i] == '~') {
            if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))
                return std::nullopt;
            out.back() += text[++i] == '0' ? '~' : '/';
        } else {
            out.back() += text[i];
        }
    }
    return out;
}

// An index without leading zeros; `size` for "-" when `append` is allowed.
std::optional<std::size_t> parse_index(const std::string& text, std::size_t size, bool append) {
    if (text == "-")
        return append ? std::optional(size) : std::nullopt;
    if (text.empty() || text.size() > 9 || (text.size() > 1 && text[0] == '0'))
        return std::nullopt;
    std::size_t n = 0;
    for (char c : text) {
        if (c < '0' || c > '9')
            return std::nullopt;
        n = n * 10 + static_cast<std::size_t>(c - '0');
    }
    if (append ? n > size : n >= size)
        return std::nullopt;
    return n;
}

json::value* step(json::value& at, const std::string& key) {
    if (auto* o = at.if_object())
        return o->if_contains(key);
    if (auto* a = at.if_array()) {
        const auto i = parse_index(key, a->size(), false);
        return i ? &(*a)[*i] : nullptr;
    }
    return nullptr;
}

json::value* walk(json::value& root, const std::vector<std::string>& pointer, std::size_t steps) {
    auto* at = &root;
    for (std::size_t i = 0; at && i < steps; ++i)
        at = step(*at, pointer[i]);
    return at;
}

bool add(json::value& root, const std::vector<std::string>& pointer, json::value v) {
    if (pointer.empty()) {
        root = std::move(v);
        return true;
    }
    auto* parent = walk(root, pointer, pointer.size() - 1);
    if (parent == nullptr)
        return false;
    if (auto* o = parent->if_object()) {
        (*o)[pointer.back()] = std::move(v);
        return true;
    }
    if (auto* a = parent->if_array()) {
        const auto i = parse_index(pointer.back(), a->size(), true);
        if (!i)
            return false;
        a->insert(a->begin() + static_cast<std::ptrdiff_t>(*i), std::move(v));
        return true;
    }
    return false;
}

bool remove(json::value& root, const std::vector<std::string>& pointer) {
    if (pointer.empty())
        return false;
    auto* parent = walk(root, pointer, pointer.size() - 1);
    if (parent == nullptr)
        return false;
    if (auto* o = parent->if_object())
        return o->erase(pointer.back()) == 1;
    if (auto* a = parent->if_array()) {
        const auto i = parse_index(pointer.back(), a->size(), false);
        if (!i)
            return false;
        a->erase(a->begin() + static_cast<std::ptrdiff_t>(*i));
        return true;
    }
    return false;
}

} // namespace

result<json::value> json_patch(json::value target, const json::value& patch) {
    const auto* operations = patch.if_array();
    if (operations == nullptr)
        return bad("a JSON patch is a list of operations");
    if (operations->size() > 10000)
        return error{errc::too_large,
                     fmt::format("The allowed maximum operations in a JSON patch is 10000, got {}",
                                 operations->size())};
    for (std::size_t n = 0; n < operations->size(); ++n)
        if (!(*operations)[n].is_object())
            return bad(fmt::format("operation {} of the JSON patch is not an object", n));
    for (std::size_t n = 0; n < operations->size(); ++n) {
        const auto* operation = (*operations)[n].if_object();
        // What follows is found out operation by operation, while those before have been carried out.
        const auto op = detail::string_at(*operation, {"op"});
        const auto* at = operation->if_contains("path");
        if (at == nullptr || !at->is_string())
            return inapplicable(fmt::format("operation {} of the JSON patch has no path", n));
        const auto path_text = detail::str(at->get_string());
        const auto path = parse_pointer(path_text);
        if (!path)
            return inapplicable(fmt::format("operation {}: \"{}\" is not a JSON pointer", n, path_text));
        // A value that is absent is null, as in the library that the real server uses.
        static const json::value null;
        const auto* value = operation->if_contains("value");
        if (value == nullptr)
            value = &null;

        const auto missing =
            inapplicable(fmt::format("{} operation does not apply: {} is missing", op, path_text));
        if (op == "add") {
            if (!add(target, *path, *value))
                return missing;
        } else if (op == "remove") {
            if (!remove(target, *path))
                return missing;
        } else if (op == "replace") {
            // A member that is missing is added, unlike in the RFC, as the library of the real server does.
            auto* found = walk(target, *path, path->size());
            auto* parent = path->empty() ? nullptr : walk(target, *path, path->size() - 1);
            if (found != nullptr)
                *found = *value;
            else if (parent && parent->is_object())
                parent->get_object()[path->back()] = *value;
            else
                return missing;
        } else if (op == "test") {
            const auto* found = walk(target, *path, path->size());
            // A test for null holds for a member that is absent, as in the library the real server uses.
            const auto* parent = path->empty() ? nullptr : walk(target, *path, path->size() - 1);
            const bool absent = found == nullptr && parent && parent->is_object() && value->is_null();
            if (!absent && (found == nullptr || !detail::same_value(*found, *value)))
                return inapplicable(fmt::format("testing value {} failed", path_text));
        } else if (op == "move" || op == "copy") {
            const auto from_text = detail::string_at(*operation, {"from"});
            const auto from = parse_pointer(from_text);
            if (!from)
                return inapplicable(fmt::format("operation {}: \"{}\" is not a JSON pointer", n, from_text));
            const auto* found = walk(target, *from, from->size());
            // As that library does, too, with a copy of what is missing.
            const auto* parent = from->empty() ? nullptr : walk(target, *from, from->size() - 1);
            if (found == nullptr && op == "copy" && parent && parent->is_object())
                found = &null;
            if (found == nullptr)
                return inapplicable(fmt::format("{} operation does not apply: {} is missing", op, from_text));
            if (op == "move" && path->size() > from->size() &&
                std::equal(from->begin(), from->end(), path->begin()))
                return inapplicable(fmt::format("cannot move {} into itself", from_text));
            json::value moved = *found;
            if (op == "move" && *from != *path)
                remove(target, *from);
            if (!add(target, *path, std::move(moved)))
                return missing;
        } else {
            return inapplicable(fmt::format("operation {}: unknown op \"{}\"", n, op));
        }
    }
    return target;
}

void merge_patch(json::value& target, const json::value& patch) {
    const auto* changes = patch.if_object();
    if (changes == nullptr) {
        target = patch;
        return;
    }
    if (!target.is_object())
        target.emplace_object();
    auto& o = target.get_object();
    for (const auto& member : *changes) {
        if (member.value().is_null())
            o.erase(member.key());
        else
            merge_patch(o[member.key()], member.value());
    }
}

} // namespace gwctl::testing
