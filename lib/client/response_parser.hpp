/// HTTP/1.1 responses from bytes, without sockets.
#pragma once

#include <gwctl/core/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace gwctl::detail {

/// Takes one response apart as its bytes arrive; pieces of the body are handed out where they lie.
class response_parser {
public:
    /// Longest head, and longest chunk header, that is accepted.
    static constexpr std::size_t max_head = 32 * 1024;

    /// `no_body`: the answer to a HEAD request.
    explicit response_parser(bool no_body = false);
    ~response_parser();

    /// Takes as many bytes from the front as make up one element (the head, a piece of the body, a chunk
    /// header), and returns their number; 0 when these are too few. Interim responses (1xx) are skipped.
    /// Errors: `errc::protocol`. Precondition: not `done`.
    result<std::size_t> put(std::string_view bytes);
    /// The peer closed the connection. Returns whether the response is complete with that.
    bool end();

    /// Whether any byte of this or an interim response was taken.
    bool got_some() const noexcept;
    bool head_done() const noexcept;
    bool done() const noexcept;
    /// Whether the connection may carry another request after this response.
    bool keep_alive() const noexcept;
    int status() const noexcept;
    std::string_view header(std::string_view name) const noexcept;
    /// How long the body is to be, where the head says so. Precondition: `head_done`.
    std::optional<std::uint64_t> content_length() const;
    /// The piece of the body that the last `put` took; a view of its bytes.
    std::string_view piece() const noexcept;

private:
    class parser;
    bool no_body_;
    std::size_t head_size_ = 0;
    std::unique_ptr<parser> parser_;
};

} // namespace gwctl::detail
