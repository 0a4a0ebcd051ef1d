// The lines of field_types.cpp, taken apart.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl::testing::detail {

/// One field of a type; what its parts mean is said in field_types.cpp.
struct type_field {
    /// As in JSON.
    std::string_view name;
    /// "*[string]".
    std::string_view type;
    /// "!(name)/name".
    std::string_view marks;
    /// Its number in protobuf; more than one where it is in a message that JSON has not, the outermost first.
    std::vector<unsigned> numbers;
};

struct type_line {
    /// A map that is applied as a whole.
    bool atomic = false;
    std::vector<type_field> fields;
};

/// Throws `std::logic_error` when field_types.cpp has no such type.
const type_line& type_named(std::string_view name);

/// What field_types.cpp calls the type of a kind: "Service", "events.Event".
std::string type_of_kind(std::string_view group, std::string_view kind);

/// Lines that may go on in indented ones, by their first word.
std::map<std::string_view, std::vector<std::string_view>> words_of_lines(std::string_view text);

} // namespace gwctl::testing::detail
