// What servers and programs say need not be UTF-8; what we write is.
#include <gwctl/core/log.hpp>
#include <gwctl/core/utf8.hpp>

#include <boost/json/parse.hpp>

#include <cstdio>
#include <support/catch.hpp>
#include <unistd.h>

using namespace gwctl;

namespace {

/// What `work` writes to standard error.
template <class Work>
std::string standard_error(Work work) {
    std::FILE* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    std::fflush(stderr);
    const int before = ::dup(2);
    ::dup2(::fileno(file), 2);
    work();
    std::fflush(stderr);
    ::dup2(before, 2);
    ::close(before);
    std::rewind(file);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    return text;
}

} // namespace

TEST_CASE("bytes that are not UTF-8 become U+FFFD, and everything else stays") {
    const std::string bad = "\xEF\xBF\xBD";
    CHECK(valid_utf8("") == "");
    CHECK(valid_utf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80") == "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK(valid_utf8(std::string_view("a\0b", 3)) == std::string_view("a\0b", 3));
    CHECK(valid_utf8("\xff\xfe!") == bad + bad + "!");
    CHECK(valid_utf8("\xC3") == bad);
    CHECK(valid_utf8("\xC3(") == bad + "(");
    CHECK(valid_utf8("\xC0\xAF") == bad + bad);            // overlong
    CHECK(valid_utf8("\xED\xA0\x80") == bad + bad + bad);  // a surrogate
    CHECK(valid_utf8("\xF4\x90\x80\x80x").ends_with("x")); // beyond U+10FFFF
    CHECK(utf8_length("") == 0);
    CHECK(utf8_length("\xE2\x82\xAC!") == 3);
}

TEST_CASE("a line of the log is valid JSON and UTF-8 whatever its fields hold") {
    const auto logged = [](log::encoding format) {
        log::options o;
        o.format = format;
        log::configure(o);
        std::string line = standard_error([] {
            log::warn("bad \xff message",
                      {{"error", std::string("<html>\xff\xc3\x28\x01\"")}, {"k\xff", "\xfe"}});
        });
        log::configure({});
        return line;
    };
    const std::string line = logged(log::encoding::json);
    INFO(line);
    boost::system::error_code wrong;
    const auto parsed = boost::json::parse(line, wrong);
    REQUIRE_FALSE(wrong);
    CHECK(parsed.at("msg").as_string() == "bad \xEF\xBF\xBD message");
    CHECK(parsed.at("error").as_string() == "<html>\xEF\xBF\xBD\xEF\xBF\xBD(\x01\"");
    const std::string plain = logged(log::encoding::console);
    CHECK(plain == valid_utf8(plain));
}
