/// One request of a probe or of a scrape, and its answer.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <array>
#include <functional>
#include <string>
#include <string_view>

namespace gwctl::detail {

struct http_answer {
    int status = 200;
    std::string body{};
    std::string content_type = "text/plain; charset=utf-8";
};

/// Reads a request, has it answered and writes the answer, each as far as the socket lets it without
/// waiting.
///
/// Use from the thread of the socket's io_context.
class http_exchange {
public:
    /// `path` and `query` of the request, the latter without its question mark.
    using handler = std::function<http_answer(std::string_view path, std::string_view query)>;
    enum class stage {
        reading, ///< the request is not complete
        writing, ///< the answer is not written whole
        done     ///< answered, or the client is gone
    };

    explicit http_exchange(boost::asio::ip::tcp::socket s);

    stage now() const noexcept { return stage_; }
    /// Goes on as far as it can; true when something was read or written.
    bool advance(const handler& handle);
    /// Also ends whoever waits for `socket` or `deadline`.
    void close();

    boost::asio::ip::tcp::socket socket;
    boost::asio::steady_timer deadline;

private:
    /// Headers of a request; longer ones are answered 431.
    static constexpr std::size_t most_header_bytes = 8 << 10;

    bool read(const handler& handle);
    bool write();
    /// What the bytes so far come to: true when there is an answer now.
    bool parse(const handler& handle);
    void answer_with(const http_answer& a, bool with_body);
    void answer_plainly(int status, std::string text);

    stage stage_ = stage::reading;
    boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
    std::array<char, most_header_bytes> received_;
    std::size_t filled_ = 0; ///< of `received_`
    std::string answer_{};
    std::size_t written_ = 0; ///< of `answer_`
};

} // namespace gwctl::detail
