// How the body of a write becomes an object: its type, the fields it may have, and what is filled in.
#pragma once

#include "kinds.hpp"

namespace gwctl::testing::detail {

/// What happens to fields that the kind does not have (the parameter fieldValidation); they are dropped in
/// any case.
enum class field_validation { ignore, warn, strict };

/// A document as it was sent.
struct request_body {
    request_body() = default;
    /// What the server writes itself.
    request_body(json::object o) : value(std::move(o)) {}

    json::value value;
    /// Paths of the members that it has twice.
    std::vector<std::string> duplicates;
};

struct decoded {
    /// In the version of the request, with defaults.
    json::object object;
    /// Paths of what was dropped: `unknown field "spec.x"`.
    std::vector<std::string> unknown;
    /// Why it cannot be read, in the words of the server's decoder; "" when it can.
    std::string wrong;
};

/// Reads an object whose apiVersion and kind are those of `kind` and `version`. Built-in kinds are read as Go
/// reads them, custom ones by their schema. `applied`: it comes from an apply, which leaves nulls where they
/// are.
decoded decode_content(const kind_info& kind, std::string_view version, json::object body,
                       bool applied = false);

/// The body of a create or an update. What is dropped goes to `warnings`, unless that is null. Throws
/// `status_error` (400).
json::object decode_body(const kind_info& kind, std::string_view version, const request_body& body,
                         field_validation how, std::vector<std::string>* warnings);

} // namespace gwctl::testing::detail
