#include "response_parser.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace gwctl::detail {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

std::string_view std_view(string_view s) { return {s.data(), s.size()}; }

} // namespace

class response_parser::parser final : public http::basic_parser<false> {
public:
    explicit parser(bool no_body) {
        header_limit(max_head);
        body_limit(boost::none); // the reader of the body counts
        skip(no_body);
    }

    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string_view piece;
    std::uint64_t chunk_left = 0; // of the data of the current chunk

private:
    void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
    void on_response_impl(int code, string_view, int, error_code&) override { status = code; }
    void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
        headers.emplace_back(std_view(name), std_view(value));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override {
        piece = std_view(body);
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t size, string_view, error_code&) override { chunk_left = size; }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        piece = std_view(body);
        chunk_left -= body.size();
        return body.size();
    }
    void on_finish_impl(error_code&) override {}
};

response_parser::response_parser(bool no_body)
    : no_body_(no_body), parser_(std::make_unique<parser>(no_body)) {}
response_parser::~response_parser() = default;

result<std::size_t> response_parser::put(std::string_view bytes) {
    parser_->piece = {};
    // A TLS alert record is what a TLS server answers to plain HTTP.
    if (!got_some() && bytes.starts_with("\x15\x03"))
        return error{errc::protocol, "the server speaks TLS; use https:// in its address"};
    // Beast asserts that it sees the end of an empty chunked body ("0\r\n\r\n") in one go.
    if (parser_->is_header_done() && parser_->chunked() && parser_->chunk_left == 0 && bytes.size() < 5)
        return 0;
    error_code ec;
    const std::size_t used = parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    // Beast bounds a single field or chunk header; the sum of them is ours to bound.
    if (!parser_->is_header_done())
        head_size_ += used;
    if (ec == http::error::header_limit || (ec == http::error::need_more && bytes.size() >= max_head) ||
        head_size_ > max_head)
        return error{errc::protocol, fmt::format("the head of the answer is longer than {} bytes", max_head)};
    if (ec && ec != http::error::need_more)
        return error{errc::protocol, fmt::format("the answer is not HTTP/1.1: {}", ec.message())};
    if (parser_->is_header_done() && parser_->status < 100)
        return error{errc::protocol, "the answer is not HTTP/1.1: its status is below 100"};
    if (parser_->is_header_done() && parser_->status == 101)
        return error{errc::protocol, "the server switched to another protocol without being asked to"};
    if (parser_->is_done() && parser_->status / 100 == 1)
        parser_ = std::make_unique<parser>(no_body_);
    return used;
}

bool response_parser::end() {
    if (!parser_->got_some())
        return false;
    error_code ec;
    parser_->piece = {};
    parser_->put_eof(ec);
    return !ec;
}

bool response_parser::got_some() const noexcept { return head_size_ > 0 || parser_->got_some(); }
bool response_parser::head_done() const noexcept { return parser_->is_header_done(); }
bool response_parser::done() const noexcept { return parser_->is_done(); }
bool response_parser::keep_alive() const noexcept { return parser_->is_done() && parser_->keep_alive(); }
int response_parser::status() const noexcept { return parser_->status; }
std::optional<std::uint64_t> response_parser::content_length() const {
    const auto said = parser_->content_length();
    return said ? std::optional<std::uint64_t>(*said) : std::nullopt;
}

std::string_view response_parser::piece() const noexcept { return parser_->piece; }

std::string_view response_parser::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : parser_->headers)
        if (boost::beast::iequals({key.data(), key.size()}, {name.data(), name.size()}))
            return value;
    return {};
}

} // namespace gwctl::detail
