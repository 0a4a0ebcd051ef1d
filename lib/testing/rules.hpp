// What the server refuses, kind by kind, beyond what schemas say.
#pragma once

#include "kinds.hpp"

namespace gwctl::testing::detail {

/// CEL rules, of which only the Gateway API's are known. While the object is malformed they are not looked
/// at, which is said for kinds that have any.
void check_cel_rules(const kind_info& kind, std::string_view version, const json::object& object,
                     const json::object* before, field_errors& errors);

/// Everything wrong with a new object. `kind` is the kind of the request: the two APIs of events differ.
void check_new(const kind_info& kind, const json::object& object, field_errors& errors);
/// Everything wrong with a changed one, metadata included.
void check_changed(const kind_info& kind, std::string_view subresource, const json::object& object,
                   const json::object& before, field_errors& errors);
/// What is said about an object although it is accepted. `before` is null for a new one.
std::vector<std::string> warnings_about(const kind_info& kind, const json::object& object,
                                        const json::object* before);

// Parts of the above; `before` is null for a new object.
void check_event(const kind_info& kind, const json::object& object, const json::object* before,
                 field_errors& errors);
void check_slice(const json::object& object, const json::object* before, field_errors& errors);
std::vector<std::string> slice_warnings(const json::object& object, const json::object* before);
void check_workload(const json::object& object, const json::object* before, field_errors& errors);
/// What the Gateway API's CEL rules say.
void check_gateway_api(const kind_info& kind, const json::object& object, const json::object* before,
                       field_errors& errors);

/// `field` may not change.
void check_immutable(const json::object& object, const json::object* before, std::string_view field,
                     field_errors& errors);

} // namespace gwctl::testing::detail
