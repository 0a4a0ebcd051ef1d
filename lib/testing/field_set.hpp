// Sets of fields, as managedFields records them (FieldsV1), and what server-side apply does with them.
#pragma once

#include <gwctl/json/value.hpp>

#include <map>
#include <string>
#include <vector>

namespace gwctl::testing::detail {

/// A tree of path elements in FieldsV1 spelling: "f:spec", "k:{\"name\":\"http\"}", "v:\"finalizer\"".
struct field_set {
    /// The value at this place itself belongs to the set.
    bool self = false;
    std::map<std::string, field_set> children;

    bool empty() const { return !self && children.empty(); }
    friend bool operator==(const field_set&, const field_set&) = default;
};

/// Every field of `v`; lists and maps are entered where `schema` says they merge, else taken whole.
field_set fields_of(const json::value& v, const json::value* schema);

field_set unite(const field_set& a, const field_set& b);
/// What is in `a` and not in `b`, element by element: an empty map in `b` takes nothing away from a full one
/// in `a`.
field_set subtract(const field_set& a, const field_set& b);
/// The same, where a value that `b` has as a whole takes its parts along.
field_set subtract_whole(const field_set& a, const field_set& b);
field_set intersect(const field_set& a, const field_set& b);

/// The parts of both sets where `a` and `b` differ: added or changed, and removed.
struct field_changes {
    field_set changed;
    field_set removed;
};
field_changes compare(const json::value& a, const json::value& b, const json::value* schema);

/// Lays `applied` over `live`: objects and keyed lists merge, everything else is replaced.
void merge_applied(json::value& live, const json::value& applied, const json::value* schema);

/// Removes the fields of `gone` from `v`, but no list item in which `kept` still has a field.
void remove_fields(json::value& v, const field_set& gone, const field_set& kept, const json::value* schema);

json::object to_json(const field_set& s);
field_set field_set_from(const json::value& v);

/// The paths of the leaves in the words of conflict messages:
/// `.spec.ports[port=80,protocol="TCP"].targetPort`.
std::vector<std::string> leaf_paths(const field_set& s);

} // namespace gwctl::testing::detail
