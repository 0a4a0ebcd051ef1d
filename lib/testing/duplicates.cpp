#include "duplicates.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <set>

namespace gwctl::testing::detail {

namespace {

// Follows the parser through the document.
struct handler {
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    using error_code = boost::system::error_code;
    using string_view = boost::json::string_view;

    struct place {
        std::set<std::string> keys;
        std::string key;
        bool array = false;
        std::size_t index = 0;
    };
    std::vector<place> places;
    std::string partial;
    std::vector<std::string> found;

    void next() {
        if (!places.empty() && places.back().array)
            ++places.back().index;
    }
    std::string path() const {
        std::string out;
        for (const auto& p : places) {
            if (p.array)
                out += "[" + std::to_string(p.index) + "]";
            else
                out += (out.empty() ? "" : ".") + p.key;
        }
        return out;
    }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        places.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        places.pop_back();
        next();
        return true;
    }
    bool on_array_begin(error_code&) {
        places.emplace_back();
        places.back().array = true;
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        places.pop_back();
        next();
        return true;
    }
    bool on_key_part(string_view s, std::size_t, error_code&) {
        partial.append(s.data(), s.size());
        return true;
    }
    bool on_key(string_view s, std::size_t, error_code&) {
        partial.append(s.data(), s.size());
        auto& at = places.back();
        at.key = std::move(partial);
        partial.clear();
        if (!at.keys.insert(at.key).second)
            found.push_back(path());
        return true;
    }
    bool on_string_part(string_view, std::size_t, error_code&) { return true; }
    bool on_string(string_view, std::size_t, error_code&) { return value(); }
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t, string_view, error_code&) { return value(); }
    bool on_uint64(std::uint64_t, string_view, error_code&) { return value(); }
    bool on_double(double, string_view, error_code&) { return value(); }
    bool on_bool(bool, error_code&) { return value(); }
    bool on_null(error_code&) { return value(); }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

    bool value() {
        next();
        return true;
    }
};

} // namespace

std::vector<std::string> duplicate_members(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 200;
    boost::json::basic_parser<handler> parser(options);
    boost::system::error_code ec;
    parser.write_some(false, text.data(), text.size(), ec);
    return ec ? std::vector<std::string>() : std::move(parser.handler().found);
}

} // namespace gwctl::testing::detail
