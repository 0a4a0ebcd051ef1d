// JSON patches, merge patches and strategic merge patches. An input is two JSON documents, each on a line: what is patched,
// and the patch, which is also taken for what the first ought to become.
#include "fuzz.hpp"
#include "testing/kinds.hpp"
#include "testing/patch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <optional>

using namespace gwctl;
using namespace gwctl::fuzz;
using boost::json::serialize;

namespace {

std::optional<json::value> read(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 64;
    boost::system::error_code failed;
    auto v = boost::json::parse({text.data(), text.size()}, failed, {}, options);
    return failed ? std::nullopt : std::optional(std::move(v));
}

bool has_null(const json::value& v) {
    if (const auto* object = v.if_object())
        return std::any_of(object->begin(), object->end(),
                           [](const auto& member) { return has_null(member.value()); });
    return v.is_null();
}

/// The merge patch that makes `to` of `from`. Nulls mean removal, so `to` has none outside of lists.
json::value merge_difference(const json::value& from, const json::value& to) {
    if (!from.is_object() || !to.is_object())
        return to;
    json::object patch;
    for (const auto& member : from.get_object())
        if (!to.get_object().contains(member.key()))
            patch[member.key()] = nullptr;
    for (const auto& member : to.get_object()) {
        const auto* before = from.get_object().if_contains(member.key());
        if (before == nullptr || *before != member.value())
            patch[member.key()] = before ? merge_difference(*before, member.value()) : member.value();
    }
    return patch;
}

std::string escaped(std::string_view key) {
    std::string out;
    for (const char c : key)
        out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
    return out;
}

json::object operation(std::string_view what, const std::string& path, const json::value* value = nullptr) {
    json::object out;
    out["op"] = what;
    out["path"] = path;
    if (value != nullptr)
        out["value"] = *value;
    return out;
}

/// The operations that make `to` of `from`, which is at `path`.
void add_difference(const json::value& from, const json::value& to, const std::string& path,
                    json::array& out) {
    if (from == to)
        return;
    if (!from.is_object() || !to.is_object()) {
        out.push_back(operation("replace", path, &to));
        return;
    }
    for (const auto& member : from.get_object())
        if (!to.get_object().contains(member.key()))
            out.push_back(operation("remove", path + "/" + escaped(member.key())));
    for (const auto& member : to.get_object()) {
        const std::string at = path + "/" + escaped(member.key());
        if (const auto* before = from.get_object().if_contains(member.key()))
            add_difference(*before, member.value(), at, out);
        else
            out.push_back(operation("add", at, &member.value()));
    }
}

void check_differences(const json::value& from, const json::value& to) {
    if (!has_null(to)) {
        json::value merged = from;
        testing::merge_patch(merged, merge_difference(from, to));
        require(merged == to, "a difference as merge patch makes the one of the other", serialize(merged),
                serialize(to));
    }
    json::array operations;
    add_difference(from, to, "", operations);
    operations.push_back(operation("test", "", &to));
    if (operations.size() > 10000)
        return;
    const auto patched = testing::json_patch(from, operations);
    require(patched.has_value() && *patched == to, "a difference as JSON patch makes the one of the other",
            serialize(operations));
}

void check_json_patch(const json::value& target, const json::value& patch) {
    const auto patched = testing::json_patch(target, patch);
    if (patched.has_value())
        return;
    const auto code = patched.error().code;
    require(code == errc::bad_request || code == errc::invalid || code == errc::too_large,
            "a JSON patch that cannot be applied is bad_request, invalid or too_large");
}

void check_merge_patch(const json::value& target, const json::value& patch) {
    json::value once = target;
    testing::merge_patch(once, patch);
    json::value twice = once;
    testing::merge_patch(twice, patch);
    require(once == twice, "a merge patch that is applied again changes nothing", serialize(once),
            serialize(twice));
}

bool has_directive(const json::value& v) {
    if (const auto* list = v.if_array())
        return std::any_of(list->begin(), list->end(), has_directive);
    if (const auto* object = v.if_object())
        return std::any_of(object->begin(), object->end(), [](const auto& member) {
            return member.key().starts_with('$') || has_directive(member.value());
        });
    return false;
}

void check_strategic_patch(const json::value& target, const json::value& patch, const json::value* schema) {
    using testing::detail::strategic_merge_patch;
    const auto once = strategic_merge_patch(target, patch, schema);
    if (once.has_error()) {
        const auto code = once.error().code;
        require(code == errc::bad_request || code == errc::invalid || code == errc::internal_error,
                "a strategic merge patch that cannot be applied is bad_request, invalid or internal_error");
        return;
    }
    const auto nothing = strategic_merge_patch(*once, json::object(), schema);
    require(nothing.has_value() && *nothing == *once, "an empty patch changes nothing", serialize(*once));
    if (has_directive(patch))
        return;
    const auto twice = strategic_merge_patch(*once, patch, schema);
    // A list that is new is taken as it is; one that is merged must have the key that it is merged by.
    require(twice.has_error() || *twice == *once,
            "a strategic merge patch without directives that is applied again changes nothing",
            serialize(*once), twice.has_value() ? serialize(*twice) : "");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    const auto target = read(take_until(rest, "\n"));
    const auto patch = read(rest);
    if (!target || !patch)
        return 0;
    check_differences(*target, *patch);
    check_json_patch(*target, *patch);
    check_merge_patch(*target, *patch);
    static const auto service = testing::detail::builtin_schema("", "Service");
    static const auto pod = testing::detail::builtin_schema("", "Pod");
    for (const json::value* schema : {static_cast<const json::value*>(nullptr), service.get(), pod.get()})
        check_strategic_patch(*target, *patch, schema);
    return 0;
}
