// The small readers: times, addresses, URLs, keys, and what makes text fit for messages. An input is read by each.
#include "client/endpoint.hpp"
#include "client/status_error.hpp"
#include "fuzz.hpp"

#include <gwctl/core/secrets.hpp>
#include <gwctl/core/time.hpp>
#include <gwctl/core/utf8.hpp>
#include <gwctl/ipam/address.hpp>

using namespace gwctl;
using namespace gwctl::fuzz;

namespace {

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0 || length > text.size())
            return false;
        text.remove_prefix(length);
    }
    return true;
}

void check_time(std::string_view text) {
    const auto time = parse_time(text);
    if (time.has_error()) {
        require(time.error().code == errc::decode, "what is no time is errc::decode");
        return;
    }
    const auto again = parse_time(format_micro_time(*time));
    require(again.has_value() && *again == *time, "a time can be read as it is written",
            format_micro_time(*time));
    const auto seconds = parse_time(format_time(*time));
    require(seconds.has_value() && *seconds <= *time && *time - *seconds < std::chrono::seconds(1),
            "a time in seconds loses its fraction and no more", format_time(*time));
}

void check_address(std::string_view text) {
    const auto address = ipam::parse_address(text);
    if (address.has_error()) {
        require(address.error().code == errc::decode, "what is no address is errc::decode");
        return;
    }
    const auto again = ipam::parse_address(address->to_string());
    require(again.has_value() && *again == *address, "an address can be read as it is written",
            address->to_string());
}

void check_endpoint(std::string_view text) {
    const auto server = detail::parse_endpoint(text);
    if (server.has_error()) {
        require(server.error().message.starts_with("server: "), "an error names the field",
                server.error().message);
        return;
    }
    const auto again = detail::parse_endpoint(server->url());
    require(again.has_value() && again->url() == server->url(), "a URL can be read as it is shown",
            server->url());
    require(again->host == server->host && again->port == server->port && again->tls == server->tls &&
                again->prefix == server->prefix,
            "a URL that is read as it is shown is the same one", server->url());
    for (const char c : server->host_header())
        require(static_cast<unsigned char>(c) > ' ', "a host can stand in a header", server->host_header());
}

void check_messages(std::string_view text) {
    const std::string valid = valid_utf8(text);
    require(is_utf8(valid), "what was made valid is valid");
    require(!is_utf8(text) || valid == text, "what is valid stays as it is");

    const std::string quoted = detail::excerpt(text);
    // At most 200 bytes of the text, of which each may become three.
    require(is_utf8(quoted) && quoted.size() <= 603, "an excerpt is short and valid", quoted);
    for (const char c : quoted)
        require(static_cast<unsigned char>(c) >= ' ' && c != '\x7f', "an excerpt has no control characters",
                quoted);

    const std::string hidden = without_secrets(text);
    require(without_secrets(hidden) == hidden, "what has been hidden stays as it is", hidden,
            without_secrets(hidden));
    (void)shown_url(text);

    const auto wait = detail::parse_retry_after(text);
    require(!wait || wait->count() >= 0, "nobody is asked to wait until a time in the past");

    const object_key key = parse_key(text);
    require(key.namespace_.empty() || to_string(key) == text, "a key can be read as it is written");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const exact text(text_of(data, size));
    check_time(text);
    check_address(text);
    check_endpoint(text);
    check_messages(text);
    return 0;
}
