/// Kubernetes YAML to untyped JSON, and back.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::json {

/// What becomes of a key that stands twice in one map.
enum class duplicate_keys {
    refused,    ///< an error that names both lines
    last_counts ///< as in Go, and so in kubectl
};

/// Every document of `text`, in order; empty and `null` documents are left out. JSON is YAML, so it reads
/// JSON too.
///
/// Scalars get the types that Kubernetes gives them, which are those of sigs.k8s.io/yaml and thus of
/// YAML 1.1: `yes`, `on` and `y` are booleans, `0777` and `0o777` are octal, `1_000` is a number, a float
/// without a fraction is an integer. Dates stay strings, quoted is always a string. Keys that read as numbers
/// or booleans become strings. What Go accepts in silence is an error here unless `twice` says otherwise: a
/// key given twice. Merge keys (`<<`) never override written ones.
///
/// `origin` names the file in errors: `errc::decode`, "FILE:LINE:COLUMN: what is wrong"; columns count bytes.
/// Values nest at most 100 levels deep. What anchors and aliases copy is bounded at 4 MiB, so that a small
/// file cannot expand without limit. Text that is not UTF-8 and control characters are refused.
result<std::vector<value>> parse_yaml(std::string_view text, std::string_view origin,
                                      duplicate_keys twice = duplicate_keys::refused);

struct yaml_document {
    value content;
    std::size_t line = 0; ///< where it begins, counted from 1: its `---`, if it has one
};

/// The same, with the line at which each document begins.
result<std::vector<yaml_document>> parse_yaml_documents(std::string_view text, std::string_view origin,
                                                        duplicate_keys twice = duplicate_keys::refused);

/// Block-style YAML with keys in the order they have; strings are quoted where they would read as something
/// else, here or in a YAML 1.2 reader. `parse_yaml` gives back an equal value, floats without a fraction as
/// integers.
std::string to_yaml(const value& v);

} // namespace gwctl::json
