// Protobuf's encoding: the fields of a message, by number.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gwctl::testing::detail {

/// Thrown for bytes that are not what they ought to be; says what is wrong, and where.
struct malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class wire_type : unsigned { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct wire_field {
    std::uint64_t number = 0;
    wire_type type = wire_type::varint;
    /// Of a varint or a fixed one.
    std::uint64_t value = 0;
    /// Within what was read.
    std::string_view bytes;
};

class wire_reader {
public:
    explicit wire_reader(std::string_view bytes) : rest_(bytes) {}

    /// None at the end. Throws `malformed`.
    std::optional<wire_field> next();
    bool empty() const { return rest_.empty(); }
    /// Throws `malformed`.
    std::uint64_t varint();

private:
    std::uint64_t fixed(std::size_t size);

    std::string_view rest_;
};

} // namespace gwctl::testing::detail
