#include <gwctl/json/codec.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <fmt/format.h>

#include <limits>

namespace gwctl::json::detail {
namespace {

namespace bj = boost::json;

struct slot {
    const type_info* type = nullptr;
    void* target = nullptr;
};

/// One object, map or array that is open.
struct frame {
    slot here;
    /// object: where the next member is likely to be found; array: the index of the current element.
    std::size_t index = 0;
    /// The member whose value comes next; none while its value is skipped.
    const member_info* member = nullptr;
    /// map: the key of the current element.
    std::string key;
};

std::string quote_for_error(std::string_view text) {
    constexpr std::size_t shown = 40;
    std::string cut(text.substr(0, shown));
    if (text.size() > shown)
        cut += "...";
    std::string out;
    append_quoted(cut, out);
    return out;
}

std::string_view expectation(const type_info& type) {
    switch (type.what) {
    case shape::boolean:
        return "true or false";
    case shape::int32:
    case shape::int64:
        return "an integer";
    case shape::real:
        return "a number";
    case shape::string:
        return "a string";
    case shape::scalar:
        return type.expected;
    case shape::array:
        return "a list";
    case shape::map:
    case shape::object:
        return "an object";
    case shape::any:
    case shape::optional:
        break;
    }
    return "a value";
}

/// The SAX handler that writes into structs. It never allocates for what it skips.
class handler {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    handler(const type_info& type, void* target) : root_{&type, target} {}

    std::string failure; ///< set before any callback returns false

    bool on_document_begin(bj::error_code&) { return true; }
    bool on_document_end(bj::error_code&) { return true; }
    bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
    bool on_comment(bj::string_view, bj::error_code&) { return true; }
    bool on_number_part(bj::string_view, bj::error_code&) { return true; }

    bool on_object_begin(bj::error_code& ec) { return begin(ec, true); }
    bool on_array_begin(bj::error_code& ec) { return begin(ec, false); }

    bool on_object_end(std::size_t n, bj::error_code&) {
        if (any_depth_ > 0)
            return end_any([&] { any_.push_object(n); });
        return end();
    }
    bool on_array_end(std::size_t n, bj::error_code&) {
        if (any_depth_ > 0)
            return end_any([&] { any_.push_array(n); });
        return end();
    }

    bool on_key_part(bj::string_view s, std::size_t, bj::error_code&) {
        if (skipped_depth_ == 0)
            key_.append(s.data(), s.size());
        return true;
    }
    bool on_key(bj::string_view s, std::size_t, bj::error_code&) {
        if (skipped_depth_ > 0)
            return true;
        std::string_view key{s.data(), s.size()};
        if (!key_.empty())
            key = key_.append(s.data(), s.size());
        if (any_depth_ > 0)
            any_.push_key(key);
        else
            select_member(frames_.back(), key);
        key_.clear();
        return true;
    }

    bool on_string_part(bj::string_view s, std::size_t, bj::error_code&) {
        if (skipped_depth_ == 0)
            text_.append(s.data(), s.size());
        return true;
    }
    bool on_string(bj::string_view s, std::size_t, bj::error_code& ec) {
        if (skipped_depth_ > 0)
            return true;
        std::string_view text{s.data(), s.size()};
        if (!text_.empty())
            text = text_.append(s.data(), s.size());
        const bool ok = store_string(text, ec);
        text_.clear();
        return ok;
    }

    bool on_int64(std::int64_t n, bj::string_view, bj::error_code& ec) {
        if (skipped_depth_ > 0)
            return true;
        if (any_depth_ > 0)
            return any_.push_int64(n), true;
        const slot s = open();
        if (s.type == nullptr)
            return true;
        switch (s.type->what) {
        case shape::int32:
            if (n < std::numeric_limits<std::int32_t>::min() || n > std::numeric_limits<std::int32_t>::max())
                return fail(ec, fmt::format("expected a 32-bit integer, got {}", n));
            *static_cast<std::int32_t*>(s.target) = static_cast<std::int32_t>(n);
            return true;
        case shape::int64:
            *static_cast<std::int64_t*>(s.target) = n;
            return true;
        case shape::real:
            *static_cast<double*>(s.target) = static_cast<double>(n);
            return true;
        case shape::any:
            *static_cast<value*>(s.target) = n;
            return true;
        case shape::scalar:
            if (s.type->from_integer(s.target, n))
                return true;
            [[fallthrough]];
        default:
            return mismatch(ec, *s.type, std::to_string(n));
        }
    }
    bool on_uint64(std::uint64_t n, bj::string_view, bj::error_code& ec) {
        if (skipped_depth_ > 0)
            return true;
        if (any_depth_ > 0)
            return any_.push_uint64(n), true;
        const slot s = open();
        if (s.type == nullptr)
            return true;
        if (s.type->what == shape::real)
            return *static_cast<double*>(s.target) = static_cast<double>(n), true;
        if (s.type->what == shape::any)
            return *static_cast<value*>(s.target) = n, true;
        if (s.type->what == shape::int32 || s.type->what == shape::int64)
            return fail(ec, fmt::format("expected a signed integer, got {}", n));
        return mismatch(ec, *s.type, std::to_string(n));
    }
    bool on_double(double d, bj::string_view, bj::error_code& ec) {
        if (skipped_depth_ > 0)
            return true;
        if (any_depth_ > 0)
            return any_.push_double(d), true;
        const slot s = open();
        if (s.type == nullptr)
            return true;
        if (s.type->what == shape::real)
            return *static_cast<double*>(s.target) = d, true;
        if (s.type->what == shape::any)
            return *static_cast<value*>(s.target) = d, true;
        return mismatch(ec, *s.type, fmt::format("{}", d));
    }
    bool on_bool(bool b, bj::error_code& ec) {
        if (skipped_depth_ > 0)
            return true;
        if (any_depth_ > 0)
            return any_.push_bool(b), true;
        const slot s = open();
        if (s.type == nullptr)
            return true;
        if (s.type->what == shape::boolean)
            return *static_cast<bool*>(s.target) = b, true;
        if (s.type->what == shape::any)
            return *static_cast<value*>(s.target) = b, true;
        return mismatch(ec, *s.type, b ? "true" : "false");
    }
    bool on_null(bj::error_code&) {
        if (skipped_depth_ > 0)
            return true;
        if (any_depth_ > 0)
            return any_.push_null(), true;
        // Absent and null are one: a member keeps its initial value, a list or map gets a fresh element.
        if (!frames_.empty() && frames_.back().here.type->what != shape::object)
            element_slot(frames_.back());
        return true;
    }

private:
    /// Makes `frame.member` the described member called `key`, or none.
    static void select_member(frame& f, std::string_view key) {
        if (f.here.type->what == shape::map) {
            f.key = key;
            return;
        }
        const auto members = f.here.type->members;
        // Members mostly arrive in the order of their description, so the search starts after the last hit.
        std::size_t i = f.index;
        for (std::size_t tried = 0; tried < members.size(); ++tried, ++i) {
            if (i >= members.size())
                i = 0;
            if (members[i].name != key)
                continue;
            f.member = &members[i];
            f.index = i + 1;
            return;
        }
        f.member = nullptr;
    }

    static slot element_slot(frame& f) {
        if (f.here.type->what == shape::array)
            ++f.index;
        return {&f.here.type->element(), f.here.type->emplace(f.here.target, f.key)};
    }

    /// Where the value that starts now goes, optionals engaged; no type when it is to be skipped.
    slot open() {
        slot s = root_;
        if (!frames_.empty()) {
            frame& f = frames_.back();
            if (f.here.type->what == shape::object) {
                if (f.member == nullptr)
                    return {};
                s = {&f.member->type(), f.member->locate(f.here.target)};
            } else {
                s = element_slot(f);
                if (s.target == nullptr)
                    return {};
            }
        }
        while (s.type->what == shape::optional)
            s = {&s.type->element(), s.type->emplace(s.target, {})};
        return s;
    }

    bool begin(bj::error_code& ec, bool is_object) {
        if (skipped_depth_ > 0)
            return ++skipped_depth_, true;
        if (any_depth_ > 0)
            return ++any_depth_, true;
        const slot s = open();
        if (s.type == nullptr)
            return ++skipped_depth_, true;
        const shape what = s.type->what;
        if (what == shape::any) {
            any_target_ = static_cast<value*>(s.target);
            any_.reset();
            return ++any_depth_, true;
        }
        const bool fits = is_object ? what == shape::object || what == shape::map : what == shape::array;
        if (!fits)
            return mismatch(ec, *s.type, is_object ? "an object" : "a list");
        frame f;
        f.here = s;
        frames_.push_back(std::move(f));
        return true;
    }

    bool end() {
        if (skipped_depth_ > 0)
            --skipped_depth_;
        else
            frames_.pop_back();
        return true;
    }

    template <class Push>
    bool end_any(Push push) {
        push();
        if (--any_depth_ == 0)
            *any_target_ = any_.release();
        return true;
    }

    bool store_string(std::string_view text, bj::error_code& ec) {
        if (any_depth_ > 0)
            return any_.push_string(text), true;
        const slot s = open();
        if (s.type == nullptr)
            return true;
        if (s.type->what == shape::string)
            return static_cast<std::string*>(s.target)->assign(text), true;
        if (s.type->what == shape::any)
            return *static_cast<value*>(s.target) = text, true;
        if (s.type->what == shape::scalar && s.type->from_string(s.target, text))
            return true;
        return mismatch(ec, *s.type, quote_for_error(text));
    }

    bool mismatch(bj::error_code& ec, const type_info& expected, std::string_view got) {
        return fail(ec, fmt::format("expected {}, got {}", expectation(expected), got));
    }

    bool fail(bj::error_code& ec, std::string_view what) {
        const std::string where = path();
        failure = where.empty() ? std::string(what) : fmt::format("{}: {}", where, what);
        ec = bj::error::exception; // any code stops the parser; the text is ours
        return false;
    }

    std::string path() const {
        std::string p;
        for (const frame& f : frames_) {
            if (f.here.type->what == shape::array)
                p += fmt::format("[{}]", f.index == 0 ? 0 : f.index - 1);
            else if (f.here.type->what == shape::map)
                p += fmt::format("[{}]", quote_for_error(f.key));
            else if (f.member != nullptr)
                p.append(p.empty() ? "" : ".").append(f.member->name);
        }
        return p;
    }

    slot root_;
    std::vector<frame> frames_;
    std::size_t skipped_depth_ = 0;
    std::size_t any_depth_ = 0;
    value* any_target_ = nullptr;
    bj::value_stack any_;
    std::string key_;  // the part of a key that came in an earlier piece
    std::string text_; // the part of a string that came in an earlier piece
};

bj::parse_options parser_options(const limits& bounds) {
    bj::parse_options o;
    o.max_depth = bounds.depth;
    return o;
}

} // namespace

struct object_decoder::state {
    state(const type_info& type, void* target, limits b)
        : bounds(b), parser(parser_options(b), type, target) {}

    result<void> feed(bool more, std::string_view bytes) {
        if (failed)
            return *failed;
        size += bytes.size();
        if (size > bounds.bytes)
            return stop(fmt::format("expected at most {} bytes of JSON, got more", bounds.bytes));
        bj::error_code ec;
        const std::size_t used = parser.write_some(more, bytes.data(), bytes.size(), ec);
        if (!ec && used < bytes.size() && bytes.find_first_not_of(" \t\r\n", used) != std::string_view::npos)
            ec = bj::error::extra_data;
        if (!ec)
            return {};
        if (!parser.handler().failure.empty())
            return stop(parser.handler().failure);
        return stop(fmt::format("not JSON, at byte {}: {}", size - bytes.size() + used, ec.message()));
    }

    error stop(std::string message) {
        failed = error{errc::decode, std::move(message)};
        return *failed;
    }

    limits bounds;
    std::size_t size = 0;
    std::optional<error> failed;
    bj::basic_parser<handler> parser;
};

object_decoder::object_decoder(const type_info& type, void* target, limits bounds)
    : state_(std::make_unique<state>(type, target, bounds)) {}
object_decoder::~object_decoder() = default;
object_decoder::object_decoder(object_decoder&&) noexcept = default;
object_decoder& object_decoder::operator=(object_decoder&&) noexcept = default;

result<void> object_decoder::write(std::string_view bytes) { return state_->feed(true, bytes); }
result<void> object_decoder::finish() { return state_->feed(false, {}); }

result<void> decode_into(const type_info& type, void* target, std::string_view bytes, limits bounds) {
    object_decoder::state s(type, target, bounds);
    return s.feed(false, bytes);
}

} // namespace gwctl::json::detail
