// Structural schemas at work: defaults, pruning, validation, and how lists merge.
#pragma once

#include "status.hpp"

#include <gwctl/json/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// The schema below a member or an item; null when the schema says nothing about it.
const json::value* schema_of_member(const json::value* schema, std::string_view key);
const json::value* schema_of_items(const json::value* schema);

enum class list_type { atomic, set, map };

/// x-kubernetes-list-type; atomic when nothing is said.
list_type list_type_of(const json::value* schema);
/// x-kubernetes-list-map-keys.
std::vector<std::string> list_keys_of(const json::value* schema);
/// The key that strategic merge patch merges by, x-kubernetes-patch-merge-key; "" for a list of values that
/// merges, none for a list that is replaced.
std::optional<std::string> merge_key_of(const json::value* schema);
/// x-kubernetes-map-type: atomic.
bool is_atomic_map(const json::value* schema);

/// Drops nulls where the schema has neither `nullable` nor a default.
void drop_nulls(json::value& v, const json::value& schema);

/// Fills in `default`s below members that are there, and in place of nulls that are not allowed.
void apply_defaults(json::value& v, const json::value& schema);

/// Drops members the schema does not know; their paths go to `dropped`.
void prune(json::value& v, const json::value& schema, const std::string& at,
           std::vector<std::string>& dropped);

/// Types, required, enum, pattern, format, lengths, numbers, items, unique list-map keys, combinations of
/// schemas. CEL rules are not evaluated. What is as it was in `before`, which may be null, is not looked at
/// again.
void validate(const json::value& v, const json::value& schema, const std::string& at, field_errors& errors,
              const json::value* before = nullptr);

/// Replaces every {"$ref": "#name"} by the member `name` of `definitions`, which may refer to each other, not
/// in rings.
json::value resolve_references(const json::value& v, const json::object& definitions);

} // namespace gwctl::testing::detail
