#include "protobuf_values.hpp"

#include "encoding.hpp"

#include <gwctl/core/time.hpp>

#include <boost/json/parse.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

namespace gwctl::testing::detail {

namespace {

constexpr std::string_view scalars[] = {"bool", "int32", "int64"};
constexpr std::string_view others[] = {"float64",  "string",      "bytes",        "Time", "MicroTime",
                                       "Quantity", "IntOrString", "RawExtension", "JSON", "FieldsV1"};
constexpr std::size_t deepest_document = 200;

std::uint64_t number_of(const wire_field& sent) {
    if (sent.type != wire_type::varint)
        throw malformed("expected a number");
    return sent.value;
}

std::string_view bytes_of(const wire_field& sent) {
    if (sent.type != wire_type::bytes)
        throw malformed("expected text or a message, got a number");
    return sent.bytes;
}

// RFC 3629.
bool is_utf8(std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
        const auto lead = static_cast<unsigned char>(s[i]);
        const std::size_t more = lead < 0x80 ? 0 : lead < 0xc2 ? 9 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        if (more == 9 || lead > 0xf4 || s.size() - i <= more)
            return false;
        for (std::size_t k = 1; k <= more; ++k) {
            const auto c = static_cast<unsigned char>(s[i + k]);
            unsigned low = 0x80, high = 0xbf;
            if (k == 1) {
                low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : low;
                high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : high;
            }
            if (c < low || c > high)
                return false;
        }
        i += more + 1;
    }
    return true;
}

json::value text_of(const wire_field& sent) {
    const auto bytes = bytes_of(sent);
    if (!is_utf8(bytes))
        throw malformed("the text is not UTF-8");
    return json::value(bytes);
}

// 1 seconds, 2 nanoseconds.
json::value time_of(std::string_view bytes, bool micro) {
    if (bytes.empty())
        return {};
    std::int64_t seconds = 0, nanoseconds = 0;
    wire_reader r(bytes);
    while (const auto sent = r.next()) {
        if (sent->number != 1 && sent->number != 2)
            throw malformed(fmt::format("a time has no field of the number {}", sent->number));
        (sent->number == 1 ? seconds : nanoseconds) = static_cast<std::int64_t>(number_of(*sent));
    }
    constexpr std::int64_t year_1 = -62135596800, year_10000 = 253402300800;
    if (seconds < year_1 || seconds >= year_10000 || nanoseconds < 0 || nanoseconds >= 1'000'000'000)
        throw malformed("the time is not within the years 1 to 9999");
    const wall_time t{std::chrono::seconds(seconds) + std::chrono::microseconds(nanoseconds / 1000)};
    return json::value(micro ? format_micro_time(t) : format_time(t));
}

// 1 type (0 a number, 1 text), 2 number, 3 text.
json::value int_or_string_of(std::string_view bytes) {
    std::uint64_t kind = 0, number = 0;
    json::value text("");
    wire_reader r(bytes);
    while (const auto sent = r.next()) {
        if (sent->number == 1)
            kind = number_of(*sent);
        else if (sent->number == 2)
            number = number_of(*sent);
        else if (sent->number == 3)
            text = text_of(*sent);
        else
            throw malformed(fmt::format("IntOrString has no field of the number {}", sent->number));
    }
    if (kind > 1)
        throw malformed(fmt::format("IntOrString of type {}, which is neither 0 nor 1", kind));
    return kind == 0 ? json::value(static_cast<std::int32_t>(number)) : text;
}

// Field 1 of a message that has no other.
wire_field only_field(std::string_view type, std::string_view bytes) {
    wire_field out;
    out.type = wire_type::bytes;
    wire_reader r(bytes);
    while (const auto sent = r.next()) {
        if (sent->number != 1)
            throw malformed(fmt::format("{} has no field of the number {}", type, sent->number));
        out = *sent;
    }
    return out;
}

json::value document_of(std::string_view type, std::string_view bytes) {
    const auto text = bytes_of(only_field(type, bytes));
    if (text.empty())
        return {};
    boost::json::parse_options options;
    options.max_depth = deepest_document;
    boost::system::error_code ec;
    auto v = boost::json::parse(text, ec, {}, options);
    if (ec)
        throw malformed(fmt::format("the JSON within cannot be read: {}", ec.message()));
    return v;
}

} // namespace

bool is_packable(std::string_view type) {
    return std::find(std::begin(scalars), std::end(scalars), type) != std::end(scalars);
}

bool is_plain(std::string_view type) {
    return is_packable(type) || std::find(std::begin(others), std::end(others), type) != std::end(others);
}

json::value read_plain(std::string_view type, const wire_field& sent) {
    if (type == "bool")
        return number_of(sent) != 0;
    if (type == "int32")
        return static_cast<std::int32_t>(number_of(sent));
    if (type == "int64")
        return static_cast<std::int64_t>(number_of(sent));
    if (type == "float64") {
        const auto v = std::bit_cast<double>(sent.value);
        if (sent.type != wire_type::fixed64 || !std::isfinite(v))
            throw malformed("expected a finite number of 64 bits");
        // A float without a fraction is an integer in JSON as Go writes it.
        const bool whole = v == std::trunc(v) && std::abs(v) < 1e15;
        return whole ? json::value(static_cast<std::int64_t>(v)) : json::value(v);
    }
    if (type == "string")
        return text_of(sent);
    const auto bytes = bytes_of(sent);
    if (type == "bytes")
        return json::value(base64(bytes));
    if (type == "Time" || type == "MicroTime")
        return time_of(bytes, type == "MicroTime");
    if (type == "Quantity")
        return text_of(only_field(type, bytes));
    if (type == "IntOrString")
        return int_or_string_of(bytes);
    return document_of(type, bytes);
}

bool is_zero(const json::value& v) {
    if (const auto* s = v.if_string())
        return s->empty();
    if (const auto* b = v.if_bool())
        return !*b;
    return v.is_null() || (v.is_number() && v.to_number<double>() == 0);
}

} // namespace gwctl::testing::detail
