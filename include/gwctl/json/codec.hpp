/// Described structs to JSON and back, without a DOM in between.
///
///     struct Widget { std::string image; std::optional<std::int32_t> replicas; };
///     BOOST_DESCRIBE_STRUCT(Widget, (), (image, replicas))
///     auto widget = gwctl::json::decode<Widget>(bytes).value();
///
/// Decoding tolerates what it does not know: members without a counterpart are skipped unread, at any depth;
/// absent members and `null` leave the member's initial value. What is there must have the right type.
///
/// Encoding leaves out empty optionals, and non-optional strings, lists, maps and structs that are empty.
/// Numbers, booleans and enums are always written. To write "" or [] or to leave out a number, make the member a
/// `std::optional`. (`client::apply` refuses to compile where that was forgotten.)
///
/// Enums that BOOST_DESCRIBE_ENUM describes are strings; any other type has a JSON form by `scalar_traits`.
#pragma once

#include <gwctl/core/error.hpp>
#include <gwctl/json/type_info.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace gwctl::json {

/// Bounds on what a peer can make us hold or recurse into.
struct limits {
    /// Nested objects and arrays of one `value`. Decoding recurses once for each, which takes some hundred bytes of
    /// stack. What no member takes is skipped at any depth, without recursion.
    std::size_t depth = 512;
    /// Bytes of one document, skipped ones included.
    std::size_t bytes = std::size_t{8} << 20;
    /// Bytes of one item, when the document is a list; blanks do not count. etcd refuses objects over 1.5 MiB, unless it was told
    /// otherwise (--max-request-bytes).
    std::size_t item_bytes = std::size_t{8} << 20;
    /// Bytes of one string or member name that is kept; skipped ones have no bound.
    std::size_t string_bytes = std::size_t{8} << 20;
};

namespace detail {

/// Which values may fail to fit their member without ending the document. They are skipped then.
enum class tolerance {
    none,
    items,   ///< those inside the objects of the document's member `items`
    document ///< all but the document itself
};

/// The first value that did not fit, of an item or of the document.
struct misfit {
    std::size_t item = 0; ///< its index in `items`
    std::string error{};  ///< "spec.size: expected an integer, got \"two\""
};

/// Fills an object from JSON that arrives in pieces, cut anywhere.
class object_decoder {
public:
    object_decoder(const type_info& type, void* target, limits bounds, tolerance lenient = tolerance::none);
    ~object_decoder();
    object_decoder(object_decoder&&) noexcept;
    object_decoder& operator=(object_decoder&&) noexcept;

    result<void> write(std::string_view bytes);
    result<void> finish();
    /// The string that the document's member of this name has; "" when there is none, or no such described member.
    std::string_view root_text(std::string_view member) const;
    /// What was skipped by tolerance: at most one for each item, in the order of the items.
    const std::vector<misfit>& misfits() const noexcept;

    struct state;

private:
    std::unique_ptr<state> state_;
};

result<void> decode_into(const type_info& type, void* target, std::string_view bytes, limits bounds);
/// As `decode_into`, but goes on after a value that does not fit its member. Returns what is wrong with the first
/// such value; "" when all fit. Errors: what is no JSON object at all.
result<std::string> decode_what_fits(const type_info& type, void* target, std::string_view bytes,
                                     limits bounds);
void append_encoded(const type_info& type, const void* source, std::string& out);
value encoded_value(const type_info& type, const void* source);

} // namespace detail

/// Decodes one complete document. Errors: `errc::decode` with the path, as in
/// `spec.listeners[2].port: expected an integer, got "http"`.
template <class T>
[[nodiscard]] result<T> decode(std::string_view bytes, limits bounds = {}) {
    T decoded{};
    if (auto done = detail::decode_into(detail::type_of<T>(), &decoded, bytes, bounds); done.has_error())
        return done.error();
    return decoded;
}

/// Like `decode`, into a fresh object that is shared and never written again.
template <class T>
[[nodiscard]] result<std::shared_ptr<const T>> decode_shared(std::string_view bytes, limits bounds = {}) {
    auto decoded = std::make_shared<T>();
    if (auto done = detail::decode_into(detail::type_of<T>(), decoded.get(), bytes, bounds); done.has_error())
        return done.error();
    return std::shared_ptr<const T>(std::move(decoded));
}

/// Decodes a document whose bytes arrive in pieces. Memory is bounded by the object, not by the text.
///
/// After an error the decoder stays failed and repeats the error. Not thread safe.
template <class T>
class decoder {
public:
    explicit decoder(limits bounds = {})
        : decoded_(std::make_unique<T>()), impl_(detail::type_of<T>(), decoded_.get(), bounds) {}

    [[nodiscard]] result<void> write(std::string_view bytes) { return impl_.write(bytes); }

    /// The decoded object, after the last piece. Call once.
    [[nodiscard]] result<T> finish() {
        if (auto done = impl_.finish(); done.has_error())
            return done.error();
        return std::move(*decoded_);
    }

private:
    std::unique_ptr<T> decoded_;
    detail::object_decoder impl_;
};

/// Compact JSON.
template <class T>
[[nodiscard]] std::string encode(const T& object) {
    std::string out;
    detail::append_encoded(detail::type_of<T>(), &object, out);
    return out;
}

/// What `encode` writes, as an untyped value.
template <class T>
[[nodiscard]] value to_value(const T& object) {
    return detail::encoded_value(detail::type_of<T>(), &object);
}

} // namespace gwctl::json
