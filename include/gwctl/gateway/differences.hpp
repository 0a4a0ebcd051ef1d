/// What an object ought to have and what it has, field by field.
#pragma once

#include <gwctl/json/value.hpp>

#include <string>
#include <vector>

namespace gwctl::gateway {

/// Whether all that `wanted` says is true of `live`. Members that only `live` has do not matter, but lists
/// must have the same length: they are owned whole.
bool covers(const json::value& live, const json::value& wanted);

/// A field that is not as wanted.
struct field_difference {
    /// "spec.ports[tcp-80].port"; entries of lists by name, type, address or parentRef. A list whose entries
    /// have none of these is one field.
    std::string path{};
    /// As JSON, at most 400 bytes; empty when absent. Without the times and generations of conditions.
    std::string live{};
    std::string wanted{}; ///< the same
    friend bool operator==(const field_difference&, const field_difference&) = default;
};

/// The fields in which `covers(live, wanted)` fails; none when it holds.
std::vector<field_difference> differences(const json::value& live, const json::value& wanted);

/// The fields that a JSON merge patch (RFC 7386) would change in `live`, but for the resourceVersion that
/// makes it conditional. What is new is shown part by part: "status.parents[demo-gateway/web].conditions[Accepted]".
std::vector<field_difference> patch_differences(const json::value& live, const json::value& patch);

/// "spec.type, spec.ports[tcp-80].port and 3 more"
std::string list_paths(const std::vector<field_difference>& fields);

} // namespace gwctl::gateway
