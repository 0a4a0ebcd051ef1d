// Answers that a simulated API server, or somebody before it, gives instead of the right one.
#pragma once

#include "request.hpp"

namespace gwctl::testing::detail {

/// A refusal by the API server. `writes`, `lists`: what was asked.
http_response server_error(std::uint32_t dice, bool writes, bool lists);
/// Whether a refusal of this kind may come after the request took effect.
bool may_have_taken_effect(const http_response& refusal);
/// An answer of a proxy, balancer or login page.
http_response strange_answer(std::uint32_t dice);

} // namespace gwctl::testing::detail
