#include "status.hpp"

#include <boost/json/serialize.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace gwctl::testing::detail {

namespace {

constexpr std::size_t longest_shown = 1024;

// As Go quotes strings.
std::string quoted(std::string_view s) {
    std::string out = "\"";
    for (char c : s) {
        if (c == '"' || c == '\\')
            out += fmt::format("\\{}", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out + "\"";
}

// Values in messages are bounded: a megabyte of garbage is not quoted back.
std::string shown(const json::value& v) {
    auto text = v.is_double()   ? fmt::format("{}", v.get_double())
                : v.is_string() ? quoted(std::string_view(v.get_string()))
                                : boost::json::serialize(v);
    if (text.size() > longest_shown) {
        text.resize(longest_shown);
        text += "...";
    }
    return text;
}

json::object named(resource_name r, std::string_view name) {
    json::object details;
    details["name"] = name;
    if (!r.group.empty())
        details["group"] = r.group;
    details["kind"] = r.plural;
    return details;
}

} // namespace

status_error::status_error(int code, std::string_view reason, std::string message, json::object details)
    : code_(code), message_(std::move(message)) {
    status_["kind"] = "Status";
    status_["apiVersion"] = "v1";
    status_["metadata"] = json::object();
    status_["status"] = "Failure";
    status_["message"] = message_;
    if (!reason.empty())
        status_["reason"] = reason;
    if (!details.empty())
        status_["details"] = std::move(details);
    status_["code"] = code;
}

status_error status_error::with_message(std::string message) const {
    auto out = *this;
    out.message_ = std::move(message);
    out.status_["message"] = out.message_;
    return out;
}

status_error status_error::with_empty_details() const {
    auto out = *this;
    out.status_["details"] = json::object();
    return out;
}

field_error required(std::string field, std::string_view detail) {
    return {std::move(field), "FieldValueRequired",
            detail.empty() ? "Required value" : fmt::format("Required value: {}", detail)};
}
field_error invalid_value(std::string field, const json::value& v, std::string_view detail) {
    return {std::move(field), "FieldValueInvalid", fmt::format("Invalid value: {}: {}", shown(v), detail)};
}
field_error unsupported(std::string field, const json::value& v, const std::vector<std::string>& supported) {
    std::string list;
    for (const auto& s : supported)
        list += (list.empty() ? "\"" : ", \"") + s + "\"";
    return {std::move(field), "FieldValueNotSupported",
            fmt::format("Unsupported value: {}: supported values: {}", shown(v), list)};
}
field_error duplicate(std::string field, const json::value& v) {
    return {std::move(field), "FieldValueDuplicate", fmt::format("Duplicate value: {}", shown(v))};
}
field_error forbidden_field(std::string field, std::string_view detail) {
    return {std::move(field), "FieldValueForbidden", fmt::format("Forbidden: {}", detail)};
}

std::string resource_name::text() const {
    return group.empty() ? std::string(plural) : fmt::format("{}.{}", plural, group);
}

status_error bad_request(std::string message) { return {400, "BadRequest", std::move(message)}; }

status_error not_found(resource_name r, std::string_view name) {
    return {404, "NotFound", fmt::format("{} \"{}\" not found", r.text(), name), named(r, name)};
}
status_error no_such_path() {
    status_error e(404, "NotFound", "the server could not find the requested resource");
    e.plain_text = "404 page not found\n";
    return e;
}

status_error already_exists(resource_name r, std::string_view name) {
    return {409, "AlreadyExists", fmt::format("{} \"{}\" already exists", r.text(), name), named(r, name)};
}
status_error conflict(resource_name r, std::string_view name, std::string_view why) {
    return {409, "Conflict",
            fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", r.text(), name, why),
            named(r, name)};
}
status_error stale(resource_name r, std::string_view name) {
    return conflict(
        r, name,
        "the object has been modified; please apply your changes to the latest version and try again");
}
status_error forbidden(resource_name r, std::string_view name, std::string_view why) {
    return {403, "Forbidden", fmt::format("{} \"{}\" is forbidden: {}", r.text(), name, why), named(r, name)};
}

status_error forbidden_because(resource_name r, std::string_view name, std::string_view why,
                               std::string_view cause, std::string_view message, std::string_view field) {
    json::object one;
    one["reason"] = cause;
    one["message"] = message;
    one["field"] = field;
    auto details = named(r, name);
    details["causes"] = json::array({json::value(std::move(one))});
    return {403, "Forbidden", fmt::format("{} \"{}\" is forbidden: {}", r.text(), name, why),
            std::move(details)};
}

status_error invalid(std::string_view group, std::string_view kind, std::string_view name,
                     const field_errors& errors) {
    json::array causes;
    std::vector<std::string> seen;
    std::string list;
    for (const auto& e : errors) {
        auto text = e.field + ": " + e.message;
        if (std::find(seen.begin(), seen.end(), text) != seen.end())
            continue;
        json::object cause;
        cause["reason"] = e.reason;
        cause["message"] = e.message;
        cause["field"] = e.field;
        causes.push_back(std::move(cause));
        list += (list.empty() ? "" : ", ") + text;
        seen.push_back(std::move(text));
    }
    if (seen.size() != 1)
        list = "[" + list + "]";
    json::object details;
    if (!name.empty())
        details["name"] = name;
    if (!group.empty())
        details["group"] = group;
    if (!kind.empty())
        details["kind"] = kind;
    details["causes"] = std::move(causes);
    auto kind_text = group.empty() ? std::string(kind) : fmt::format("{}.{}", kind, group);
    return {422, "Invalid", fmt::format("{} \"{}\" is invalid: {}", kind_text, name, list),
            std::move(details)};
}

status_error method_not_allowed() {
    status_error e(405, "MethodNotAllowed",
                   "the server does not allow this method on the requested resource");
    return e.with_empty_details();
}
status_error unsupported_media_type(const std::vector<std::string>& accepted) {
    std::string list;
    for (const auto& a : accepted)
        list += (list.empty() ? "" : ", ") + a;
    return {415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: " + list};
}
status_error expired(std::string message) { return {410, "Expired", std::move(message)}; }

} // namespace gwctl::testing::detail
