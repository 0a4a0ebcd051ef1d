// The fields of the kinds that the server serves by itself, as text; type_lines.hpp reads it.
#pragma once

#include <string_view>

namespace gwctl::testing::detail {

/// A line per type; field_types.cpp says what they mean.
std::string_view field_types();

/// The resources of all of Kubernetes' kinds, served here or not: a line per API group with its name, which is
/// "core" for that of Pods, and plurals. Lines go on in lines that are indented.
std::string_view kubernetes_resources();

} // namespace gwctl::testing::detail
