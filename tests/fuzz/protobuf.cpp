// Objects in protobuf, as Go clients send them. An input is a line "APIVERSION KIND", what the object is when it does not
// say so itself, and behind it the body.
#include "testing/protobuf.hpp"

#include "fuzz.hpp"
#include "testing/status.hpp"

#include <gwctl/core/utf8.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

using namespace gwctl;
using namespace gwctl::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    std::string_view line = take_until(rest, "\n");
    const std::string api_version(take_until(line, " "));
    const exact body(rest);
    if (valid_utf8(api_version) != api_version) // it is of a kind that is served
        return 0;
    try {
        const auto object = testing::detail::parse_protobuf(body, api_version, line);
        require(object.is_object() && object.get_object().contains("kind") &&
                    object.get_object().contains("apiVersion"),
                "an object says what it is");
        const std::string text = boost::json::serialize(object);
        boost::system::error_code failed;
        boost::json::parse_options options;
        options.max_depth = 1000;
        const auto again = boost::json::parse(text, failed, {}, options);
        require(!failed && again == object, "an object has a JSON form that can be read", text);
    } catch (const testing::detail::status_error& e) {
        require(e.code() == 400, "bytes that are no object are refused with 400", e.what());
    }
    return 0;
}
