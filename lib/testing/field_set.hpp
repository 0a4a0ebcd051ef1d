// Sets of fields, as metadata.managedFields records them (FieldsV1).
#pragma once

#include <gwctl/json/value.hpp>

#include <map>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// A tree of path elements in FieldsV1 spelling: "f:spec", "k:{\"name\":\"http\"}", "v:\"finalizer\"".
struct field_set {
    /// The value at this place itself is a member.
    bool self = false;
    std::map<std::string, field_set> children;

    bool empty() const { return !self && children.empty(); }
    /// The path becomes a member.
    void insert(const std::vector<std::string>& path);
    friend bool operator==(const field_set&, const field_set&) = default;
};

field_set unite(const field_set& a, const field_set& b);
/// Members of `a` that are not members of `b`.
field_set subtract(const field_set& a, const field_set& b);
/// The same, where a member of `b` takes away all that `a` has below it.
field_set subtract_below(const field_set& a, const field_set& b);
field_set intersect(const field_set& a, const field_set& b);

json::object to_json(const field_set& s);
field_set field_set_from(const json::value& v);

/// The members in the words of conflict messages: `.spec.ports[port=80,protocol="TCP"].targetPort`.
std::vector<std::string> member_paths(const field_set& s);

} // namespace gwctl::testing::detail
