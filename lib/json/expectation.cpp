#include "expectation.hpp"

#include <gwctl/json/codec.hpp>

namespace gwctl::json::detail {

std::string quote_for_error(std::string_view text) {
    constexpr std::size_t shown = 40;
    std::string cut(text.substr(0, shown));
    if (text.size() > shown)
        cut += "...";
    std::string out;
    append_quoted(cut, out);
    return out;
}

std::string_view expectation(const type_info& type) {
    switch (type.what) {
    case shape::boolean:
        return "true or false";
    case shape::int32:
    case shape::int64:
        return "an integer";
    case shape::real:
        return "a number";
    case shape::string:
        return "a string";
    case shape::scalar:
        return type.expected;
    case shape::array:
        return "a list";
    case shape::map:
    case shape::object:
        return "an object";
    case shape::any:
    case shape::optional:
        break;
    }
    return "a value";
}

} // namespace gwctl::json::detail
