/// What every message that says no must have: where, and what to do about it.
#pragma once

#include <gwctl/api/meta.hpp>

#include <string>
#include <vector>

namespace gwctl::tests {

/// What a negative message lacks: "a field or an object", "a remedy", or both; empty when it lacks nothing.
std::string lacks(const std::string& message);

/// Fails the running test for each condition that says no and whose message lacks either. The world of
/// gateway_world.hpp calls it for every status that it writes.
void check_messages(const std::vector<Condition>& conditions);
/// The same for one message.
void check_message(const std::string& message);

} // namespace gwctl::tests
