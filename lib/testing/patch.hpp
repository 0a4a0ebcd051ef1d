// The three client-side patch types as pure functions on JSON.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/json/value.hpp>

namespace gwctl::testing {

/// RFC 6902. Errors: `errc::bad_request` when `patch` is no list of objects, `errc::invalid` when an
/// operation cannot be carried out (unknown, missing path, failed `test`); nothing is applied in part.
result<json::value> json_patch(json::value target, const json::value& patch);

/// RFC 7386.
void merge_patch(json::value& target, const json::value& patch);

namespace detail {

/// Kubernetes' strategic merge patch: lists merge by the merge key their schema names; `$patch`,
/// `$retainKeys`,
/// `$deleteFromPrimitiveList/...` and `$setElementOrder/...` are obeyed. Errors: `errc::bad_request` for what is no
/// object, `errc::invalid` for a directive that nobody knows, `errc::internal_error` for items without the
/// merge key, which a real server answers with 500.
result<json::value> strategic_merge_patch(json::value target, const json::value& patch,
                                          const json::value* schema);

} // namespace detail
} // namespace gwctl::testing
