#include "answer.hpp"

#include "status_error.hpp"

#include <gwctl/core/utf8.hpp>
#include <gwctl/json/codec.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace gwctl::detail {
namespace {

constexpr std::string_view partial_metadata_version = "meta.k8s.io/v1";
/// A Status is small; of anything else only the beginning is shown.
constexpr std::size_t most_kept = 256 * 1024;
/// An excerpt is no longer.
constexpr std::size_t enough_to_show = 256;
/// Kinds and versions are names; what is longer is none.
constexpr std::size_t longest_name = 512;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool asked_for(std::string_view api_version, const resource_type& type) {
    return api_version == type.api_version() ||
           (!type.fallback_version.empty() && api_version == type.api_version(type.fallback_version));
}

/// Whether a Status says that all went well. Throws the error that it says otherwise.
bool says_success(const answer_source& source, std::string_view body) {
    const auto status = json::decode<Status>(body);
    if (status.has_error())
        return false;
    if (status->status == "Failure")
        throw status_error(source.status, *status, source.subject);
    return status->status == "Success";
}

std::string wrong_version(const answer_head& head, const resource_type& type) {
    if (head.api_version.empty())
        return "its apiVersion is missing";
    return fmt::format("its apiVersion is {} and not {}", excerpt(head.api_version), type.api_version());
}

} // namespace

// --- the head of an answer ---------------------------------------------------------------------------------

bool answer_head::feed(std::string_view piece) {
    return std::all_of(piece.begin(), piece.end(), [this](char c) { return step(c); });
}

std::string* answer_head::wanted() {
    if (key_ == "kind")
        return &kind;
    return key_ == "apiVersion" ? &api_version : nullptr;
}

void answer_head::begin_value(char c) {
    has_items = has_items || key_ == "items";
    depth_ = 0;
    escaped_ = false;
    if (std::string* const text = wanted(); text != nullptr && c == '"') {
        text->clear();
        at_ = place::in_string;
        return;
    }
    quoted_ = c == '"';
    depth_ = c == '{' || c == '[' ? 1 : 0;
    at_ = place::in_value;
}

/// What comes after a member's value.
bool answer_head::end_value(char c) {
    if (c == ',')
        at_ = place::key;
    else if (c == '}')
        at_ = place::end;
    else if (is_blank(c))
        at_ = place::after_value;
    else
        return false;
    return true;
}

bool answer_head::step(char c) {
    switch (at_) {
    case place::start:
        if (c == '{')
            at_ = place::key_or_end;
        return c == '{' || is_blank(c);
    case place::key_or_end:
        if (c == '}')
            return at_ = place::end, true;
        [[fallthrough]];
    case place::key:
        if (c == '"') {
            key_.clear();
            escaped_ = false;
            at_ = place::in_key;
        }
        return c == '"' || is_blank(c);
    case place::in_key:
        if (c == '"' && !escaped_)
            return at_ = place::colon, true;
        escaped_ = c == '\\' && !escaped_;
        if (key_.size() < longest_name)
            key_ += c;
        return true;
    case place::colon:
        if (c == ':')
            at_ = place::value;
        return c == ':' || is_blank(c);
    case place::value:
        if (!is_blank(c))
            begin_value(c);
        return c != ',' && c != '}' && c != ']' && c != ':';
    case place::in_string:
        if (c == '"' && !escaped_)
            return at_ = place::after_value, true;
        escaped_ = c == '\\' && !escaped_;
        if (std::string& text = *wanted(); text.size() < longest_name)
            text += c;
        return true;
    case place::in_value:
        if (quoted_) {
            if (c == '"' && !escaped_) {
                quoted_ = false;
                at_ = depth_ == 0 ? place::after_value : at_;
            }
            escaped_ = c == '\\' && !escaped_;
        } else if (c == '"') {
            quoted_ = true;
            escaped_ = false;
            return depth_ > 0;
        } else if (c == '{' || c == '[') {
            ++depth_;
        } else if (depth_ == 0) { // a number or a word
            return c == ',' || c == '}' || is_blank(c) ? end_value(c) : true;
        } else if (c == '}' || c == ']') {
            at_ = --depth_ == 0 ? place::after_value : at_;
        }
        return true;
    case place::after_value:
        return end_value(c);
    case place::end:
        return is_blank(c);
    }
    return false;
}

// --- what answered -----------------------------------------------------------------------------------------

answer_source::answer_source(const http_response& response, std::string asked, std::string_view from)
    : subject(std::move(asked)), host(from), status(response.status()),
      content_type(excerpt(response.header("Content-Type"))),
      content_encoding(excerpt(response.header("Content-Encoding"))),
      content_length(excerpt(response.header("Content-Length"))) {}

std::string answer_source::text() const {
    return fmt::format("{}: {} answered HTTP {} ({})", subject, host, status,
                       content_type.empty() ? "without a Content-Type" : content_type);
}

std::string answer_source::ends_too_early() const {
    if (content_length.empty())
        return "the JSON ends too early";
    return fmt::format("the JSON ends too early, at the {} bytes that its Content-Length says",
                       content_length);
}

api_error answer_source::refused(std::string_view expected, std::string_view wrong,
                                 std::string_view body) const {
    const bool is_object = body.find_first_not_of(" \t\r\n") == body.find('{');
    std::string message = text();
    if (!is_object && !content_encoding.empty() && content_encoding != "identity")
        message += fmt::format(
            " with Content-Encoding {}, which was not asked for; have whatever stands in front of "
            "the API server not compress, or name the API server's own address",
            content_encoding);
    else
        message += fmt::format(
            ", which is not {}: {}{}{}; a login page, a proxy or a wrong address or path can answer "
            "in place of the API server: check the server's address with its path",
            expected, wrong, body.empty() ? "" : ": ", excerpt(body));
    api_error e(errc::protocol, message);
    e.http_status = status;
    return e;
}

// --- what an answer has to be ------------------------------------------------------------------------------

std::string wrong_list(const answer_head& head, const resource_type& type) {
    if (head.kind.empty() || head.kind == "Status")
        return head.kind.empty() ? "its kind is missing" : "its kind is Status";
    const bool metadata = type.metadata_only && head.kind == "PartialObjectMetadataList" &&
                          head.api_version == partial_metadata_version;
    if (!metadata && !asked_for(head.api_version, type))
        return wrong_version(head, type);
    return head.has_items ? "" : "its items are missing";
}

std::string wrong_object(const answer_head& head, const resource_type& type) {
    if (head.kind.empty())
        return "its kind is missing";
    if (type.metadata_only && head.kind == "PartialObjectMetadata" &&
        head.api_version == partial_metadata_version)
        return {};
    if (head.kind != type.kind)
        return fmt::format("its kind is {}", excerpt(head.kind));
    return asked_for(head.api_version, type) ? "" : wrong_version(head, type);
}

std::size_t find_invalid_utf8(std::string_view piece) {
    std::size_t at = 0;
    while (at < std::min<std::size_t>(3, piece.size()) &&
           (static_cast<unsigned char>(piece[at]) & 0xc0U) == 0x80U)
        ++at; // the end of a sequence that began before
    while (at < piece.size()) {
        const std::size_t length = utf8_length(piece.substr(at));
        if (length == 0) {
            // Cut off: continuation bytes up to the end, fewer than the first byte asks for.
            const std::string_view rest = piece.substr(at);
            const auto first = static_cast<unsigned char>(rest[0]);
            const bool begins = first >= 0xc2U && first <= 0xf4U &&
                                rest.size() < (first < 0xe0U   ? 2U
                                               : first < 0xf0U ? 3U
                                                               : 4U);
            const bool goes_on = std::all_of(rest.begin() + 1, rest.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
            });
            return begins && goes_on ? std::string_view::npos : at;
        }
        at += length;
    }
    return std::string_view::npos;
}

void list_check::refuse(std::string_view wrong) const {
    throw source_.refused(fmt::format("a list of {}", type_.api_version()), wrong, kept_);
}

bool list_check::take(std::string_view piece) {
    if (in_items_)
        return true;
    kept_.append(piece.substr(0, most_kept - std::min(most_kept, kept_.size())));
    broken_ = broken_ || !head_.feed(piece);
    if (broken_) {
        if (kept_.size() >= enough_to_show)
            finish({}, {});
        return false;
    }
    if (!head_.has_items || head_.kind == "Status")
        return true;
    // kube-apiserver writes the kind first, or, of custom resources, behind the items.
    in_items_ = true;
    if (head_.kind.empty() || head_.api_version.empty())
        return true;
    if (const std::string wrong = wrong_list(head_, type_); !wrong.empty())
        refuse(wrong);
    known_ = true;
    kept_ = std::string();
    return true;
}

void list_check::finish(std::string_view kind, std::string_view api_version) {
    if (known_)
        return;
    if (in_items_) {
        head_.kind = kind;
        head_.api_version = api_version;
        if (const std::string wrong = wrong_list(head_, type_); !wrong.empty())
            refuse(wrong);
        return;
    }
    if (kept_.empty())
        refuse("the body is empty");
    if (broken_)
        refuse("not JSON");
    if (!head_.ended())
        refuse(source_.ends_too_early());
    if (head_.kind == "Status")
        static_cast<void>(says_success(source_, kept_));
    refuse(wrong_list(head_, type_));
}

api_error list_check::undecodable(const error& e, std::string_view piece) const {
    const std::size_t at = find_invalid_utf8(piece);
    if (at == std::string_view::npos)
        return {e.code,
                fmt::format("{}: {}{}", source_.subject, e.message,
                            piece.empty() && !source_.content_length.empty() ? "; " + source_.ends_too_early()
                                                                             : std::string())};
    constexpr std::size_t before = 60;
    return source_.refused(fmt::format("a list of {}", type_.api_version()), "not UTF-8",
                           piece.substr(at - std::min(at, before)));
}

void check_answer(const answer_source& source, std::string_view body, const resource_type& type,
                  expected_answer expected) {
    std::string what = "an answer of the Kubernetes API";
    if (expected == expected_answer::object)
        what = fmt::format("a {} of {}", type.kind, type.api_version());
    else if (expected == expected_answer::deletion)
        what = fmt::format("a Status or a {} of {}", type.kind, type.api_version());
    const auto refuse = [&](std::string_view wrong) { throw source.refused(what, wrong, body); };
    if (body.empty())
        refuse("the body is empty");
    answer_head head;
    if (!head.feed(body))
        refuse("not JSON");
    if (find_invalid_utf8(body) != std::string_view::npos)
        refuse("not UTF-8");
    if (!head.ended())
        refuse(source.ends_too_early());
    if (head.kind == "Status") {
        const bool success = says_success(source, body);
        if (!success || expected == expected_answer::object)
            refuse(success ? "its kind is Status" : "it is a Status that says neither Success nor Failure");
        return;
    }
    if (expected != expected_answer::any) {
        if (const std::string wrong = wrong_object(head, type); !wrong.empty())
            refuse(wrong);
    } else if (head.kind.empty()) { // kube-apiserver's discovery of the core group has no apiVersion
        refuse("its kind is missing");
    }
}

} // namespace gwctl::detail
