// Refusals in the shape and words of a real API server (metav1.Status).
#pragma once

#include <gwctl/json/value.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

/// Thrown by everything that serves a request; becomes the body of the answer.
class status_error : public std::exception {
public:
    status_error(int code, std::string_view reason, std::string message, json::object details = {});

    int code() const noexcept { return code_; }
    const json::object& status() const noexcept { return status_; }
    const char* what() const noexcept override { return message_.c_str(); }
    status_error with_message(std::string message) const;
    status_error with_empty_details() const;
    /// Set for what is answered before any kind is known: the text of the answer, which is no Status then.
    const char* plain_text = nullptr;
    /// The `Retry-After` of the answer in seconds; 0 for none.
    int retry_after = 0;

private:
    int code_ = 500;
    std::string message_;
    json::object status_;
};

/// What is wrong with one field (field.Error of apimachinery).
struct field_error {
    std::string field;
    /// FieldValueRequired, FieldValueInvalid, ...
    std::string reason;
    /// "Required value", "Invalid value: 0: must be ...".
    std::string message;
};
using field_errors = std::vector<field_error>;

field_error required(std::string field, std::string_view detail = {});
field_error invalid_value(std::string field, const json::value& v, std::string_view detail);
field_error unsupported(std::string field, const json::value& v, const std::vector<std::string>& supported);
field_error duplicate(std::string field, const json::value& v);
field_error forbidden_field(std::string field, std::string_view detail);

/// Group and plural, as messages name a resource.
struct resource_name {
    std::string_view group;
    std::string_view plural;

    std::string text() const;
};

status_error bad_request(std::string message);
status_error not_found(resource_name r, std::string_view name);
/// "404 page not found", as text.
status_error no_such_path();
status_error already_exists(resource_name r, std::string_view name);
status_error conflict(resource_name r, std::string_view name, std::string_view why);
status_error stale(resource_name r, std::string_view name);
status_error forbidden(resource_name r, std::string_view name, std::string_view why);
/// With a cause, as some admission plugins give.
status_error forbidden_because(resource_name r, std::string_view name, std::string_view why,
                               std::string_view cause, std::string_view message, std::string_view field);
status_error invalid(std::string_view group, std::string_view kind, std::string_view name,
                     const field_errors& errors);
status_error method_not_allowed();
status_error unsupported_media_type(const std::vector<std::string>& accepted);
status_error expired(std::string message);

} // namespace gwctl::testing::detail
