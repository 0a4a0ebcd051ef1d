// What the fuzzers share. A target ends the program when a rule does not hold; the input is kept by whoever runs it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gwctl::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline void print(std::string_view text) {
    std::fprintf(stderr, "  %.*s\n", static_cast<int>(text.size()), text.data());
}

/// `rule` says what ought to hold, `details` what there is instead.
template <class... Details>
void require(bool holds, std::string_view rule, const Details&... details) {
    if (holds)
        return;
    std::fprintf(stderr, "broken rule: %.*s\n", static_cast<int>(rule.size()), rule.data());
    (print(details), ...);
    std::abort();
}

/// A copy with nothing behind its end, so that ASan sees who reads on.
class exact {
public:
    explicit exact(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
        if (!text.empty())
            std::memcpy(bytes_.get(), text.data(), text.size());
    }
    operator std::string_view() const { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

/// A number that the text decides on, so that an input is all that a target depends on.
inline std::uint64_t seed_of(std::string_view text) {
    std::uint64_t hash = 1469598103934665603U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    return hash;
}

/// Lengths of pieces: all 1 for the seed 0, else at random, up to 64 or up to 4.
class pieces {
public:
    pieces(std::string_view text, std::uint64_t seed) : rest_(text), state_(seed), small_(seed % 2 == 0) {}

    bool empty() const { return rest_.empty(); }
    std::string_view next() {
        std::size_t length = 1;
        if (state_ != 0) {
            state_ = state_ * 6364136223846793005U + 1442695040888963407U;
            length += static_cast<std::size_t>(state_ >> 33U) % (small_ ? 4 : 64);
        }
        const auto piece = rest_.substr(0, length);
        rest_.remove_prefix(piece.size());
        return piece;
    }

private:
    std::string_view rest_;
    std::uint64_t state_;
    bool small_;
};

/// The text up to the next `separator`, which is taken from `rest` with it.
inline std::string_view take_until(std::string_view& rest, std::string_view separator) {
    const auto end = rest.find(separator);
    const auto part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + separator.size());
    return part;
}

} // namespace gwctl::fuzz
