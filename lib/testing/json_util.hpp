// Walking untyped JSON without a chain of if_contains.
#pragma once

#include <gwctl/json/value.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace gwctl::testing::detail {

using path = std::initializer_list<std::string_view>;

/// The value at `p`, or null when any step is missing.
const json::value* find(const json::value& v, path p);
const json::value* find(const json::object& o, path p);

/// The string at `p`; "" when it is missing or of another type.
std::string string_at(const json::value& v, path p);
std::string string_at(const json::object& o, path p);

/// The object, or an empty one when it is missing or of another type.
const json::object& object_at(const json::object& o, path p);
const json::array& array_at(const json::object& o, path p);

/// The member of that type, made (replacing what else is there) when needed.
/// References into an object do not outlive its next new member, nor a use of its operator[].
json::object& make_object(json::object& o, std::string_view key);
json::array& make_array(json::object& o, std::string_view key);

/// Sets a member when it is absent or null.
void set_default(json::object& o, std::string_view key, json::value v);

/// Integers however they were written: -3, 80, 80.0. False for everything else.
bool to_int(const json::value& v, std::int64_t& out);
std::int64_t int_at(const json::object& o, path p, std::int64_t otherwise);

/// Equality in which 1 and 1.0 are the same number (RFC 6902, section 4.6).
bool same_value(const json::value& a, const json::value& b);

inline std::string str(const boost::json::string& s) { return std::string(s.data(), s.size()); }

/// JSON with the keys of every object sorted: equal values give equal text.
std::string canonical(const json::value& v);

} // namespace gwctl::testing::detail
