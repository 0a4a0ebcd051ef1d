#include <client/line_framer.hpp>
#include <random>
#include <support/catch.hpp>
#include <vector>

using gwctl::errc;
using gwctl::detail::line_framer;

namespace {

/// The lines of `pieces`, or "ERROR" at the end of what came before one.
std::vector<std::string> frame(const std::vector<std::string>& pieces, std::size_t limit = 1 << 20) {
    line_framer framer(limit);
    std::vector<std::string> lines;
    for (const std::string& piece : pieces) {
        framer.feed(piece);
        while (true) {
            const auto line = framer.next();
            if (line.has_error()) {
                CHECK(line.error().code == errc::too_large);
                CHECK(framer.next().has_error());
                lines.push_back("ERROR");
                return lines;
            }
            if (!line->has_value())
                break;
            lines.emplace_back(**line);
        }
    }
    return lines;
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("pitfall 19: a line comes out whole wherever its bytes were cut, and a tail without an end never") {
    const std::string text = "{\"a\":\"\xC3\xA4\"}\r\n\n{}\n" + std::string(300, 'x') + "\n\r\ncut off";
    const lines expected{"{\"a\":\"\xC3\xA4\"}", "{}", std::string(300, 'x')};
    for (std::size_t first = 0; first <= text.size(); ++first)
        for (std::size_t second = first; second <= text.size(); second += 7)
            CHECK(frame({text.substr(0, first), text.substr(first, second - first), text.substr(second)}) ==
                  expected);
}

TEST_CASE("a line of megabytes is put together, and its memory is not kept") {
    std::string text(3 << 20, 'y');
    text += "\nshort\n";
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size(); at += 16384)
        pieces.push_back(text.substr(at, 16384));
    const auto out = frame(pieces, 4 << 20);
    REQUIRE(out.size() == 2);
    CHECK(out[0].size() == 3 << 20);
    CHECK(out[1] == "short");
}

TEST_CASE("a line beyond the limit is an error, wherever its bytes are cut") {
    CHECK(frame({"12345\n123456\n"}, 5) == lines{"12345", "ERROR"});
    CHECK(frame({"123", "45\n12", "3456"}, 5) == lines{"12345", "ERROR"});
    CHECK(frame({"123456"}, 5) == lines{"ERROR"});
}

TEST_CASE("random bytes in random pieces give the same lines as in one piece") {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        std::string text(random() % 200, ' ');
        for (char& c : text)
            c = random() % 5 == 0 ? '\n' : static_cast<char>(random() % 6 == 0 ? '\r' : random() % 256);
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t n = 1 + random() % 9;
            pieces.push_back(text.substr(at, n));
            at += n;
        }
        INFO("round " << round);
        CHECK(frame(pieces, 40) == frame({text}, 40));
    }
}
