// YAML to JSON and back. An input is the text of a YAML file.
#include "fuzz.hpp"

#include <gwctl/json/yaml.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>

using namespace gwctl;
using namespace gwctl::fuzz;

namespace {

// Floats without a fraction come back as integers.
bool same(const json::value& a, const json::value& b) {
    if (a.is_number() && b.is_number())
        return a == b || a.to_number<double>() == b.to_number<double>();
    if (a.kind() != b.kind())
        return false;
    if (const auto* list = a.if_array()) {
        const auto& other = b.get_array();
        if (list->size() != other.size())
            return false;
        for (std::size_t i = 0; i < list->size(); ++i)
            if (!same((*list)[i], other[i]))
                return false;
        return true;
    }
    if (const auto* object = a.if_object()) {
        const auto& other = b.get_object();
        if (object->size() != other.size())
            return false;
        for (const auto& member : *object) {
            const auto* const counterpart = other.if_contains(member.key());
            if (counterpart == nullptr || !same(member.value(), *counterpart))
                return false;
        }
        return true;
    }
    return a == b;
}

// Boost.JSON reads 1e400 so; YAML's .inf is refused.
bool has_infinity(const json::value& v) {
    if (const auto* list = v.if_array())
        return std::any_of(list->begin(), list->end(), has_infinity);
    if (const auto* object = v.if_object())
        return std::any_of(object->begin(), object->end(),
                           [](const auto& member) { return has_infinity(member.value()); });
    return v.is_double() && !std::isfinite(v.get_double());
}

void check_round_trip(const json::value& v) {
    const std::string text = json::to_yaml(v);
    const auto again = json::parse_yaml(text, "again");
    require(again.has_value(), "what was written can be read", text,
            again.has_error() ? again.error().message : "");
    if (v.is_null()) { // an empty document
        require(again->empty(), "null is no document", text);
        return;
    }
    require(again->size() == 1 && same(v, again->front()), "what was written is read as it was", text,
            boost::json::serialize(v), again->empty() ? "nothing" : boost::json::serialize(again->front()));
    require(json::to_yaml(again->front()) == text, "what was written is written the same way again", text,
            json::to_yaml(again->front()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const exact text(text_of(data, size));
    const auto documents = json::parse_yaml_documents(text, "FILE");
    if (documents.has_error()) {
        require(documents.error().code == errc::decode, "what is no YAML is errc::decode");
        require(documents.error().message.starts_with("FILE:"), "an error names the file",
                documents.error().message);
    } else {
        std::size_t line = 1;
        for (const auto& document : *documents) {
            require(document.line >= line, "documents are in the order of their lines");
            line = document.line;
            check_round_trip(document.content);
        }
        const auto lenient = json::parse_yaml(text, "FILE", json::duplicate_keys::last_counts);
        require(lenient.has_value() && lenient->size() == documents->size(),
                "what is accepted is accepted where more is");
        for (std::size_t i = 0; i < lenient->size(); ++i)
            require((*lenient)[i] == (*documents)[i].content,
                    "without duplicates both readings are the same");
    }
    // Values that no YAML file had.
    boost::json::parse_options options;
    options.max_depth = 90;
    boost::system::error_code failed;
    const std::string_view bytes = text;
    const auto value = boost::json::parse({bytes.data(), bytes.size()}, failed, {}, options);
    if (!failed && !has_infinity(value))
        check_round_trip(value);
    return 0;
}
