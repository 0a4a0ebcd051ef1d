#include "wire.hpp"

#include <fmt/core.h>

namespace gwctl::testing::detail {

namespace {
constexpr const char* cut_off = "a field ends behind the end of its message";
constexpr std::uint64_t largest_number = (1U << 29) - 1;
} // namespace

std::uint64_t wire_reader::varint() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (rest_.empty())
            throw malformed(cut_off);
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return out;
    }
    throw malformed("a number has more than 64 bits");
}

std::uint64_t wire_reader::fixed(std::size_t size) {
    if (rest_.size() < size)
        throw malformed(cut_off);
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < size; ++i)
        out |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(size);
    return out;
}

std::optional<wire_field> wire_reader::next() {
    if (rest_.empty())
        return std::nullopt;
    const auto tag = varint();
    wire_field out;
    out.number = tag >> 3;
    if (out.number == 0 || out.number > largest_number)
        throw malformed(fmt::format("{} is no number of a field", out.number));
    out.type = static_cast<wire_type>(tag & 7);
    switch (out.type) {
    case wire_type::varint:
        out.value = varint();
        return out;
    case wire_type::fixed64:
        out.value = fixed(8);
        return out;
    case wire_type::fixed32:
        out.value = fixed(4);
        return out;
    case wire_type::bytes: {
        const auto size = varint();
        if (size > rest_.size())
            throw malformed(cut_off);
        out.bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return out;
    }
    }
    throw malformed(fmt::format("field {} has wire type {}, which no field of Kubernetes has", out.number,
                                static_cast<unsigned>(out.type)));
}

} // namespace gwctl::testing::detail
