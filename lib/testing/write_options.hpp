// CreateOptions, UpdateOptions, PatchOptions and DeleteOptions: how a write is to be done.
#pragma once

#include "request.hpp"

namespace gwctl::testing::detail {

/// Throws `status_error` (422) for options that make no sense.
write_request request_for(const http_request& r, const resource_path& p, const kind_ptr& kind,
                          const query& q);

/// Those of the body, or where there is none of the query. Throws `status_error` (400, 422).
delete_options delete_options_of(const http_request& r, const query& q);

} // namespace gwctl::testing::detail
