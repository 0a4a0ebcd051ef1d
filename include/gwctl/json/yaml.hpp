/// Kubernetes YAML to untyped JSON, and back.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace gwctl::json {

/// Every document of `text`, in order; empty documents are left out. JSON is YAML, so it reads JSON too.
///
/// Scalars get the types that Kubernetes gives them (YAML 1.2 core: `true`, `12`, `1.5`, `null`; quoted is
/// always a string). `origin` names the file in errors: `errc::decode`, "FILE:LINE:COLUMN: what is wrong".
/// Anchors and aliases are resolved within a bound on the total size, so that a small file cannot expand
/// without limit.
result<std::vector<value>> parse_yaml(std::string_view text, std::string_view origin);

/// Block-style YAML with keys in the order they have; strings are quoted where they would read as something
/// else.
std::string to_yaml(const value& v);

} // namespace gwctl::json
