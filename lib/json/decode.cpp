#include "decode_handler.hpp"

#include <boost/json/basic_parser_impl.hpp>

namespace gwctl::json::detail {
namespace {

/// '[' is 0x5b and '{' is 0x7b.
bool opens(char c) { return (c | 0x20) == '{'; }

/// How many bytes hold at most `n` opening brackets, those in strings counted too; ends behind the last one.
std::size_t bytes_until_openers(std::string_view bytes, std::size_t n) {
    // Counted in bytes, so that the compiler can count sixteen at a time: 0.4 instructions a byte.
    constexpr std::size_t block = 128;
    std::size_t at = 0;
    for (; bytes.size() - at >= block; at += block) {
        unsigned char found = 0;
        for (std::size_t i = 0; i < block; ++i)
            found = static_cast<unsigned char>(found + (opens(bytes[at + i]) ? 1 : 0));
        if (found >= n)
            break;
        n -= found;
    }
    for (; at < bytes.size(); ++at)
        if (opens(bytes[at]) && --n == 0)
            return at + 1;
    return bytes.size();
}

/// Steps over the content of an object or list, however deep, without recursion.
class content_skipper {
public:
    /// Starts behind the opening bracket.
    void start() {
        depth_ = 1;
        in_string_ = escaped_ = false;
    }
    bool active() const noexcept { return depth_ > 0; }
    /// How many bytes to leave out. When the content ends within `bytes`, the closing bracket comes next and is
    /// not counted.
    std::size_t skip(std::string_view bytes) {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            const char c = bytes[i];
            if (in_string_) {
                if (!escaped_ && c == '"')
                    in_string_ = false;
                escaped_ = !escaped_ && c == '\\';
            } else if (c == '"') {
                in_string_ = true;
            } else if (opens(c)) {
                ++depth_;
            } else if ((c == '}' || c == ']') && --depth_ == 0) {
                return i;
            }
        }
        return bytes.size();
    }

private:
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

/// The tokenizer recurses once for each level, so deeper content does not get to it. What members take is
/// refused before that: what is left out here is skipped anyway.
std::size_t tokenizer_depth(const limits& bounds) { return bounds.depth + max_struct_depth + 1; }

bj::parse_options parser_options(const limits& bounds) {
    bj::parse_options o;
    o.max_depth = tokenizer_depth(bounds) + 1;
    return o;
}

} // namespace

struct object_decoder::state {
    state(const type_info& type, void* target, limits b, tolerance lenient)
        : bounds(b), parser(parser_options(b), type, target, b, lenient) {}

    result<void> feed(bool more, std::string_view bytes) {
        if (failed)
            return *failed;
        if (bytes.size() > bounds.bytes - size)
            return stop(fmt::format("expected at most {} bytes of JSON, got more", bounds.bytes));
        while (!bytes.empty()) {
            if (deep.active()) {
                const std::size_t skipped = deep.skip(bytes);
                size += skipped;
                bytes.remove_prefix(skipped);
                if (deep.active())
                    continue;
            }
            const std::size_t most = tokenizer_depth(bounds);
            const std::string_view piece =
                bytes.substr(0, bytes_until_openers(bytes, most - parser.handler().depth()));
            if (auto done = tokenize(true, piece); done.has_error())
                return done;
            bytes.remove_prefix(piece.size());
            if (parser.handler().depth() == most)
                deep.start();
        }
        if (!more)
            return tokenize(false, {});
        return {};
    }

    result<void> tokenize(bool more, std::string_view bytes) {
        size += bytes.size();
        bj::error_code ec;
        const std::size_t used = parser.write_some(more, bytes.data(), bytes.size(), ec);
        if (!ec && used < bytes.size() && bytes.find_first_not_of(" \t\r\n", used) != std::string_view::npos)
            ec = bj::error::extra_data;
        if (!ec && parser.handler().check_item_size())
            return {};
        if (!parser.handler().failure.empty())
            return stop(parser.handler().failure);
        return stop(fmt::format("not JSON, at byte {}: {}", size - bytes.size() + used, ec.message()));
    }

    error stop(std::string message) {
        failed = error{errc::decode, std::move(message)};
        return *failed;
    }

    limits bounds;
    std::size_t size = 0;
    std::optional<error> failed;
    content_skipper deep;
    bj::basic_parser<handler> parser;
};

object_decoder::object_decoder(const type_info& type, void* target, limits bounds, tolerance lenient)
    : state_(std::make_unique<state>(type, target, bounds, lenient)) {}
object_decoder::~object_decoder() = default;
object_decoder::object_decoder(object_decoder&&) noexcept = default;
object_decoder& object_decoder::operator=(object_decoder&&) noexcept = default;

result<void> object_decoder::write(std::string_view bytes) { return state_->feed(true, bytes); }
result<void> object_decoder::finish() { return state_->feed(false, {}); }
std::string_view object_decoder::root_text(std::string_view member) const {
    const slot root = state_->parser.handler().root();
    for (const member_info& m : root.type->members)
        if (m.name == member && m.type().what == shape::string)
            return *static_cast<const std::string*>(m.locate(root.target));
    return {};
}
const std::vector<misfit>& object_decoder::misfits() const noexcept {
    return state_->parser.handler().misfits;
}

result<void> decode_into(const type_info& type, void* target, std::string_view bytes, limits bounds) {
    object_decoder::state s(type, target, bounds, tolerance::none);
    return s.feed(false, bytes);
}

result<std::string> decode_what_fits(const type_info& type, void* target, std::string_view bytes,
                                     limits bounds) {
    object_decoder::state s(type, target, bounds, tolerance::document);
    if (auto done = s.feed(false, bytes); done.has_error())
        return done.error();
    const std::vector<misfit>& found = s.parser.handler().misfits;
    return found.empty() ? std::string() : found.front().error;
}

} // namespace gwctl::json::detail
