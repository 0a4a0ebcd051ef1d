// The parser of HTTP responses. An input is what a server sends on one connection until it closes it; when it begins with
// "HEAD " the rest answers a HEAD request.
#include "client/response_parser.hpp"
#include "fuzz.hpp"

using namespace gwctl;
using namespace gwctl::fuzz;
using detail::response_parser;

namespace {

/// That of a connection: more is never there at once.
constexpr std::size_t buffer_size = 32 * 1024;

struct outcome {
    bool failed = false;
    bool done = false;
    bool keep_alive = false;
    int status = 0;
    std::string type{};
    std::string body{};
    std::size_t taken = 0;

    std::string text() const {
        return (failed ? "failed, " : "") + std::string(done ? "done, " : "") +
               (keep_alive ? "keep-alive, " : "") + std::to_string(status) + ", " + type + ", " + body +
               ", " + std::to_string(taken) + " bytes taken";
    }
    friend bool operator==(const outcome&, const outcome&) = default;
};

/// Takes all that can be taken of the buffer's front, and returns false when the response is over.
bool take(response_parser& parser, std::string& buffer, outcome& out) {
    while (!parser.done() && !buffer.empty()) {
        const exact bytes(buffer);
        const std::string_view all = bytes;
        const auto used = parser.put(all);
        if (used.has_error()) {
            require(used.error().code == errc::protocol, "what is no response is errc::protocol");
            out.failed = true;
            return false;
        }
        require(*used <= all.size(), "no more bytes are taken than there are");
        const auto piece = parser.piece();
        require(piece.empty() ||
                    (piece.data() >= all.data() && piece.data() + piece.size() <= all.data() + *used),
                "a piece of the body lies within what was taken");
        out.body += piece;
        out.taken += *used;
        buffer.erase(0, *used);
        if (*used == 0)
            break;
    }
    return !parser.done();
}

outcome parse(std::string_view text, bool no_body, const std::uint64_t* cut) {
    response_parser parser(no_body);
    outcome out;
    std::string buffer;
    bool goes_on = true;
    if (cut == nullptr) {
        buffer = text;
        goes_on = take(parser, buffer, out);
    } else {
        for (pieces p(text, *cut); goes_on && !p.empty();) {
            buffer += p.next();
            goes_on = take(parser, buffer, out);
        }
    }
    if (out.failed) // what came before the error depends on how much was there at once
        return outcome{.failed = true};
    if (goes_on) {
        require(buffer.size() < response_parser::max_head, "what is not taken is bounded");
        require(parser.end() == parser.done(), "the end completes a response, or does not");
    }
    out.done = parser.done();
    if (!out.done) // how much of a head is taken depends on how much is there
        out.taken = 0;
    out.keep_alive = parser.keep_alive();
    if (parser.head_done()) {
        out.status = parser.status();
        out.type = parser.header("content-type");
        require(out.status >= 200 && out.status <= 999, "a final response has a status that is no 1xx");
    }
    require(!no_body || out.body.empty(), "the answer to HEAD has no body");
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = text_of(data, size);
    const bool no_body = text.starts_with("HEAD ");
    if (no_body)
        text.remove_prefix(5);
    if (text.size() > buffer_size)
        return 0;
    const outcome whole = parse(text, no_body, nullptr);
    const auto seed = seed_of(text) | 1U;
    for (const std::uint64_t cut : {std::uint64_t{0}, seed, seed - 1}) {
        const outcome cut_up = parse(text, no_body, &cut);
        // What is no response may be noticed only when all of its head is there, which it never is.
        if (whole.failed)
            require(cut_up.failed || !cut_up.done, "what is no response is none in pieces", cut_up.text());
        else
            require(whole == cut_up, "a response is the same however it arrives", whole.text(),
                    cut_up.text());
    }
    return 0;
}
