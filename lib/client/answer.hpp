/// Whether what answered with 2xx is an API server, and the words for what is none.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/client/transport.hpp>
#include <gwctl/core/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace gwctl::detail {

/// Reads what kind of answer a JSON object is, from bytes that are cut anywhere. What lies deeper is stepped
/// over.
class answer_head {
public:
    /// False when the bytes so far are not the beginning of a JSON object.
    bool feed(std::string_view piece);
    /// The object is complete; what follows may be blanks only.
    bool ended() const noexcept { return at_ == place::end; }

    std::string kind{};
    std::string api_version{};
    bool has_items = false; ///< null counts as an empty list

private:
    enum class place { start, key_or_end, key, in_key, colon, value, in_value, in_string, after_value, end };
    bool step(char c);
    void begin_value(char c);
    bool end_value(char c);
    std::string* wanted();

    place at_ = place::start;
    std::string key_{};
    std::size_t depth_ = 0; ///< of what is open within the value
    bool quoted_ = false;   ///< within a string of the value
    bool escaped_ = false;
};

/// Where an answer came from: what was asked, who answered, and the head of the response.
struct answer_source {
    answer_source() = default;
    answer_source(const http_response& response, std::string asked, std::string_view from);

    /// "list of services: 10.0.0.1:443 answered HTTP 200 (text/html)", to go on with.
    std::string text() const;
    /// What is wrong with an answer of which the JSON is not complete.
    std::string ends_too_early() const;
    /// The error for an answer that is none: what was expected, what is wrong with it, and how it begins.
    api_error refused(std::string_view expected, std::string_view wrong, std::string_view body) const;

    std::string subject{}; ///< "list of services"
    std::string host{};
    int status = 0;
    std::string content_type{};
    std::string content_encoding{};
    std::string content_length{}; ///< as the server wrote it
};

/// What is wrong with an answer that ought to be a list of `type`, in a version that we ask for; empty when
/// nothing is.
std::string wrong_list(const answer_head& head, const resource_type& type);
/// The same for one object of `type`.
std::string wrong_object(const answer_head& head, const resource_type& type);

/// Where the bytes stop to be UTF-8; npos when they do not. A sequence that either end cuts off is none of
/// them.
std::size_t find_invalid_utf8(std::string_view piece);

/// Looks at a list that arrives in pieces until it is known to be one.
class list_check {
public:
    list_check(answer_source source, const resource_type& type) : source_(std::move(source)), type_(type) {}

    /// Whether the piece is to be decoded. Throws `api_error` (`errc::protocol`) when this is no list of
    /// `type`, as soon as enough of it is there to be shown.
    bool take(std::string_view piece);
    /// At the end, with what the decoder found. Throws the same, and the error of a Status.
    void finish(std::string_view kind, std::string_view api_version);
    /// Whether the pieces so far were to be decoded.
    bool decodes() const noexcept { return in_items_; }
    /// The error for a piece that could not be decoded; an empty one is the end of the answer.
    api_error undecodable(const error& e, std::string_view piece) const;

private:
    [[noreturn]] void refuse(std::string_view wrong) const;

    answer_source source_;
    resource_type type_;
    answer_head head_{};
    bool known_ = false;
    bool in_items_ = false; ///< what comes now is the decoder's alone: a list may be large
    bool broken_ = false;   ///< no JSON object
    std::string kept_{};    ///< what came before it was known
};

/// What the body of a 2xx is to be.
enum class expected_answer {
    object,   ///< one of the kind asked for
    deletion, ///< the same, or a Status that says Success
    any       ///< anything of the Kubernetes API
};

/// Throws `api_error` when a whole body is not what is expected: `errc::protocol`, or the error that a Status
/// says.
void check_answer(const answer_source& source, std::string_view body, const resource_type& type,
                  expected_answer expected);

} // namespace gwctl::detail
