// The lines of a watch and the events in them. An input is the body of a watch of Gateways.
#include "client/line_framer.hpp"
#include "fuzz.hpp"

#include <gwctl/api/gateway_v1.hpp>
#include <gwctl/client/watch_stream.hpp>

#include <optional>
#include <vector>

using namespace gwctl;
using namespace gwctl::fuzz;

namespace {

constexpr std::size_t max_line = 256;
constexpr std::string_view too_long = "(a line that is too long)";

/// What the framer ought to say, by the words of its header alone.
std::vector<std::string> expected_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (true) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        if (line.size() > max_line) {
            lines.emplace_back(too_long);
            return lines;
        }
        if (end == std::string_view::npos)
            return lines;
        text.remove_prefix(end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (!line.empty())
            lines.emplace_back(line);
    }
}

std::vector<std::string> framed_lines(std::string_view text, std::optional<std::uint64_t> cut) {
    detail::line_framer framer(max_line);
    std::vector<std::string> lines;
    pieces p(text, cut.value_or(0));
    do {
        const exact piece(cut && !p.empty() ? p.next() : text);
        framer.feed(piece);
        while (true) {
            const auto line = framer.next();
            if (line.has_error()) {
                require(line.error().code == errc::too_large, "a line that is too long is errc::too_large");
                require(framer.next().has_error(), "a framer that failed stays failed");
                lines.emplace_back(too_long);
                return lines;
            }
            if (!*line)
                break;
            lines.emplace_back(**line);
        }
    } while (cut && !p.empty());
    return lines;
}

void check_event(std::string_view line) {
    const exact copy(line);
    const std::string_view all = copy;
    try {
        const auto event = detail::parse_watch_line(all, gateway_v1::Gateway::type);
        require(event.object.data() >= all.data() &&
                    event.object.data() + event.object.size() <= all.data() + all.size(),
                "an event's object lies within its line");
        require(!event.object.empty(), "an event has an object");
        gateway_v1::Gateway gateway;
        const auto done = event.decode_object(json::detail::type_of<gateway_v1::Gateway>(), &gateway);
        require(done.has_value() || !done.error().message.empty(), "an error says what is wrong");
    } catch (const api_error& e) {
        require(*e.what() != '\0', "an error says what is wrong");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    const auto expected = expected_lines(text);
    require(framed_lines(text, std::nullopt) == expected,
            "lines of a whole text are those of its definition");
    require(framed_lines(text, 0) == expected, "lines are the same byte by byte");
    require(framed_lines(text, seed_of(text)) == expected, "lines are the same wherever the text is cut");
    for (const auto& line : expected)
        check_event(line);
    return 0;
}
