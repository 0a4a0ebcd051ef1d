// What decoding bounds, what it skips, and what it sets aside.

#include <gwctl/api/core_v1.hpp>
#include <gwctl/json/codec.hpp>

#include <support/catch.hpp>

using namespace gwctl;

namespace {

/// A size whose author parses it with what throws.
struct thrown_size {
    int value = 0;
};

} // namespace

template <>
struct gwctl::json::scalar_traits<thrown_size> {
    static bool from_string(thrown_size& s, std::string_view text) {
        s.value = std::stoi(std::string(text));
        return true;
    }
    static bool from_integer(thrown_size&, std::int64_t) { throw 5; }
    static void append_json(const thrown_size& s, std::string& out) { out += std::to_string(s.value); }
    static constexpr std::string_view expected = "a size";
};

namespace {

struct With_scalar {
    ObjectMeta metadata;
    thrown_size size;
};
BOOST_DESCRIBE_STRUCT(With_scalar, (), (metadata, size))

struct Sized {
    Sized() = default;
    static constexpr resource_type type{"example.com", "v1", "Sized", "sizeds"};
    ObjectMeta metadata;
    std::int32_t size = 0;
    std::string colour;
    json::value raw;
};
BOOST_DESCRIBE_STRUCT(Sized, (), (metadata, size, colour, raw))

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

/// Nested objects whose innermost string holds brackets and quotes.
std::string nested_objects(std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i)
        text += R"({"a]{":"\"}]","b":)";
    text += R"("[[{\\")";
    return text + std::string(depth, '}');
}

std::string problem(const std::string& text, json::limits bounds = {}) {
    const auto decoded = json::decode<Sized>(text, bounds);
    return decoded.has_error() ? decoded.error().message : "";
}

struct decoded_list {
    object_list<Sized> list{};
    std::vector<json::detail::misfit> misfits{};
    std::string error{};
};

decoded_list decode_list(const std::string& text, std::size_t piece = std::string::npos,
                         json::limits bounds = {}) {
    decoded_list out;
    json::detail::object_decoder d(json::detail::type_of<object_list<Sized>>(), &out.list, bounds,
                                   json::detail::tolerance::items);
    const std::string_view all = text;
    for (std::size_t at = 0; at < all.size() && out.error.empty(); at += std::min(piece, all.size() - at))
        if (auto done = d.write(all.substr(at, piece)); done.has_error())
            out.error = done.error().message;
    if (out.error.empty())
        if (auto done = d.finish(); done.has_error())
            out.error = done.error().message;
    out.misfits = d.misfits();
    return out;
}

} // namespace

TEST_CASE("deep-unknown-field: what no member takes is skipped at any depth, without recursion") {
    for (const std::size_t depth : {70u, 575u, 576u, 577u, 578u, 10'000u, 300'000u}) {
        INFO(depth);
        const auto flat = json::decode<Sized>(R"({"other":)" + nested(depth) + R"(,"size":3})");
        REQUIRE(flat.has_value());
        CHECK(flat->size == 3);
        const auto objects = json::decode<Sized>(R"({"other":)" + nested_objects(depth) + R"(,"size":4})");
        REQUIRE(objects.has_value());
        CHECK(objects->size == 4);
    }
}

TEST_CASE("deep-unknown-field: skipping is the same wherever the bytes are cut") {
    const std::string text = R"({"items":[{"metadata":{"name":"a"},"other":)" + nested_objects(700) +
                             R"(,"size":1},{"metadata":{"name":"b"},"size":2}]})";
    for (const std::size_t piece : {1u, 2u, 3u, 7u, 64u, 1000u}) {
        const auto d = decode_list(text, piece);
        REQUIRE(d.error.empty());
        CHECK(d.misfits.empty());
        REQUIRE(d.list.items.size() == 2);
        CHECK(d.list.items[0]->size == 1);
        CHECK(d.list.items[1]->size == 2);
    }
}

TEST_CASE("an untyped member has a limit of depth, which can be set") {
    CHECK(problem(R"({"raw":)" + nested(512) + "}").empty());
    CHECK(problem(R"({"raw":)" + nested(513) + "}") == "raw: nested deeper than 512 levels");
    CHECK(problem(R"({"raw":)" + nested(100'000) + "}") == "raw: nested deeper than 512 levels");
    CHECK(problem(R"({"raw":)" + nested(20) + "}", {.depth = 20}).empty());
    CHECK(problem(R"({"raw":)" + nested(21) + "}", {.depth = 20}) == "raw: nested deeper than 20 levels");
    CHECK(problem(R"({"other":)" + nested(5000) + "}", {.depth = 20}).empty());
}

TEST_CASE("brackets in strings are no depth") {
    const std::string text = std::string(20'000, '[');
    const auto d = json::decode<Sized>(R"({"colour":")" + text + R"(","raw":[")" + text + R"("],"size":2})");
    REQUIRE(d.has_value());
    CHECK(d->colour == text);
    CHECK(d->size == 2);
}

TEST_CASE("a document that ends within what is skipped is no JSON") {
    CHECK(problem(R"({"other":)" + std::string(100'000, '[')).starts_with("not JSON"));
    CHECK(problem(R"({"other":)" + nested(1000) + "]}").starts_with("not JSON"));
}

TEST_CASE("a string that is kept has a limit, one that is skipped has none") {
    json::limits bounds;
    bounds.string_bytes = 10;
    CHECK(problem(R"({"colour":"0123456789"})", bounds).empty());
    CHECK(problem(R"({"colour":"0123456789a"})", bounds) ==
          "colour: expected a string of at most 10 bytes, got a longer one");
    CHECK(problem(R"({"raw":["0123456789a"]})", bounds) ==
          "raw: expected a string of at most 10 bytes, got a longer one");
    CHECK(problem(R"({"other":{"a":"0123456789a"}})", bounds).empty());
}

TEST_CASE(
    "one-bad-object: an item that does not fit is set aside with what is known of it, the others go on") {
    const std::string text =
        R"({"metadata":{"resourceVersion":"7"},"items":[)"
        R"({"metadata":{"name":"good1"},"size":1},)"
        R"({"size":{"a":[1,2]},"metadata":{"name":"bad","labels":{"x":"y"}},"colour":7},)"
        R"({"metadata":{"name":"good2"},"size":2}]})";
    for (const std::size_t piece : {1u, 5u, 1000u}) {
        const auto d = decode_list(text, piece);
        REQUIRE(d.error.empty());
        REQUIRE(d.list.items.size() == 3);
        CHECK(d.list.metadata.resourceVersion == "7");
        CHECK(d.list.items[0]->size == 1);
        CHECK(d.list.items[1]->metadata.name == "bad");
        CHECK(d.list.items[1]->metadata.labels.at("x") == "y");
        CHECK(d.list.items[2]->size == 2);
        REQUIRE(d.misfits.size() == 1);
        CHECK(d.misfits[0].item == 1);
        CHECK(d.misfits[0].error == "size: expected an integer, got an object");
    }
}

TEST_CASE("one-bad-object: each way not to fit concerns its own item only") {
    const auto c = GENERATE(
        std::pair<std::string, std::string>(R"("size":"two")", R"(size: expected an integer, got "two")"),
        std::pair<std::string, std::string>(R"("size":3000000000)",
                                            "size: expected a 32-bit integer, got 3000000000"),
        std::pair<std::string, std::string>(R"("size":18446744073709551615)",
                                            "size: expected a signed integer, got 18446744073709551615"),
        std::pair<std::string, std::string>(R"("size":1.5)", "size: expected an integer, got 1.5"),
        std::pair<std::string, std::string>(R"("colour":["a"])", "colour: expected a string, got a list"),
        std::pair<std::string, std::string>(R"("colour":true)", "colour: expected a string, got true"),
        std::pair<std::string, std::string>(R"("raw":)" + nested(600), "raw: nested deeper than 512 levels"));
    const auto d = decode_list(R"({"items":[{"metadata":{"name":"a"},)" + c.first +
                               R"(},{"metadata":{"name":"b"},"size":2}]})");
    REQUIRE(d.error.empty());
    REQUIRE(d.misfits.size() == 1);
    CHECK(d.misfits[0].item == 0);
    CHECK(d.misfits[0].error == c.second);
    REQUIRE(d.list.items.size() == 2);
    CHECK(d.list.items[1]->size == 2);
}

TEST_CASE("scalar_traits that throw do not take the value") {
    CHECK(json::decode<With_scalar>(R"({"size":"7"})").value().size.value == 7);
    CHECK(json::decode<With_scalar>(R"({"size":"big"})").error().message ==
          R"(size: expected a size, got "big")");
    CHECK(json::decode<With_scalar>(R"({"size":3})").error().message == "size: expected a size, got 3");
}

TEST_CASE("an item that is too large is set aside, and no more of it is kept") {
    json::limits bounds;
    bounds.item_bytes = 1000;
    const auto d =
        decode_list(R"({"items":[{"metadata":{"name":"large"},"raw":[)" + std::string(R"("0123456789",)") +
                        std::string(3000, '1') + R"(],"colour":"red"},{"metadata":{"name":"b"},"size":2}]})",
                    100, bounds);
    REQUIRE(d.error.empty());
    REQUIRE(d.misfits.size() == 1);
    CHECK(d.misfits[0].error.ends_with("expected at most 1000 bytes, got more"));
    REQUIRE(d.list.items.size() == 2);
    CHECK(d.list.items[0]->metadata.name == "large");
    CHECK(d.list.items[0]->colour.empty());
    CHECK(d.list.items[1]->size == 2);
}

TEST_CASE("what is wrong outside of the items ends a list") {
    CHECK(decode_list(R"({"metadata":{"resourceVersion":7},"items":[]})").error ==
          "metadata.resourceVersion: expected a string, got 7");
    CHECK(decode_list(R"({"items":{"a":1}})").error == "items: expected a list, got an object");
    CHECK(decode_list(R"({"items":[5]})").error == "items[0]: expected an object, got 5");
    CHECK(decode_list("[]").error == "expected an object, got a list");
}

TEST_CASE("one document can be decoded as far as it fits") {
    Sized s;
    const auto done = json::detail::decode_what_fits(
        json::detail::type_of<Sized>(), &s,
        R"({"metadata":{"name":"a"},"size":"two","colour":"red","raw":1})", {});
    REQUIRE(done.has_value());
    CHECK(*done == R"(size: expected an integer, got "two")");
    CHECK(s.metadata.name == "a");
    CHECK(s.colour == "red");
    CHECK(json::detail::decode_what_fits(json::detail::type_of<Sized>(), &s, "[]", {}).has_error());
    CHECK(json::detail::decode_what_fits(json::detail::type_of<Sized>(), &s, "{", {}).has_error());
}
