/// What a probe is answered, from its path and query.
#pragma once

#include "http_exchange.hpp"

#include <gwctl/runtime/health.hpp>

#include <optional>
#include <string_view>

namespace gwctl::detail {

/// The answer of `/healthz`, `/livez` and `/readyz`, and of `PATH/NAME`, one check of them; nothing for any other
/// path. The query is as it was sent: `verbose`, and `exclude=NAME` any number of times.
std::optional<http_answer> answer_probe(const health& h, std::string_view path, std::string_view query);

} // namespace gwctl::detail
