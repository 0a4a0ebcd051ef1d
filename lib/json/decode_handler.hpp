/// What the tokenizer of Boost.JSON calls while a document is decoded into structs.
#pragma once

#include "expectation.hpp"

#include <gwctl/json/codec.hpp>

#include <boost/json/basic_parser.hpp>
#include <boost/json/value_stack.hpp>

#include <fmt/format.h>

#include <limits>

namespace gwctl::json::detail {

namespace bj = boost::json;

/// So many structs, lists and maps may be nested; described structs are at most a dozen deep.
inline constexpr std::size_t max_struct_depth = 64;

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

/// The SAX handler that writes into structs. It never allocates for what it skips.
///
/// A value that does not fit its member ends the document, unless `tolerance` lets the decoding go on: then the
/// value is skipped, the rest is decoded, and `misfits` says which item has which fault first.
class handler {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    handler(const type_info& type, void* target, limits bounds, tolerance lenient)
        : root_{&type, target}, bounds_(bounds), lenient_(lenient) {}

    std::string failure; ///< set before any callback returns false
    std::vector<misfit> misfits{};

    slot root() const noexcept { return root_; }
    /// The objects and lists that are open, skipped ones included.
    std::size_t depth() const noexcept { return frames_.size() + skipped_depth_ + any_depth_; }

    /// To be called now and then: an item of a list that got too long is not kept any further. Returns false when
    /// that ends the document.
    bool check_item_size() {
        if (dropping_ || item_bytes_ <= bounds_.item_bytes || !in_item())
            return true;
        bj::error_code ec;
        dropping_ = reject(ec, fmt::format("expected at most {} bytes, got more", bounds_.item_bytes));
        skip_any();
        return dropping_;
    }

    bool on_document_begin(bj::error_code&) { return true; }
    bool on_document_end(bj::error_code&) { return true; }
    bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
    bool on_comment(bj::string_view, bj::error_code&) { return true; }
    bool on_number_part(bj::string_view s, bj::error_code&) { return weigh(s); }

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

    bool on_key_part(bj::string_view s, std::size_t, bj::error_code& ec) {
        weigh(s);
        return skipped_depth_ > 0 || append(key_, s, ec);
    }
    bool on_key(bj::string_view s, std::size_t, bj::error_code& ec) {
        weigh(s);
        if (skipped_depth_ > 0)
            return true;
        std::string_view key{s.data(), s.size()};
        if (!key_.empty() || key.size() > bounds_.string_bytes) {
            if (!append(key_, s, ec))
                return false;
            key = key_;
        }
        if (any_depth_ > 0)
            any_.push_key(key);
        else
            select_member(frames_.back(), key);
        key_.clear();
        return true;
    }

    bool on_string_part(bj::string_view s, std::size_t, bj::error_code& ec) {
        weigh(s);
        return skipped_depth_ > 0 || append(text_, s, ec);
    }
    bool on_string(bj::string_view s, std::size_t, bj::error_code& ec) {
        weigh(s);
        if (skipped_depth_ > 0)
            return true;
        std::string_view text{s.data(), s.size()};
        if (!text_.empty() || text.size() > bounds_.string_bytes) {
            if (!append(text_, s, ec))
                return false;
            text = text_;
        }
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
                return reject(ec, fmt::format("expected a 32-bit integer, got {}", n));
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
            if (takes([&] { return s.type->from_integer(s.target, n); }))
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
            return reject(ec, fmt::format("expected a signed integer, got {}", n));
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
    /// Counts a name, a string or a number, with the punctuation around it.
    bool weigh(bj::string_view s) {
        item_bytes_ += s.size() + 3;
        return true;
    }

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
        if (dropping_)
            return {};
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
            return deeper_any(ec);
        const slot s = open();
        if (s.type == nullptr)
            return ++skipped_depth_, true;
        const shape what = s.type->what;
        if (what == shape::any) {
            any_target_ = static_cast<value*>(s.target);
            any_.reset();
            return deeper_any(ec);
        }
        const bool fits = is_object ? what == shape::object || what == shape::map : what == shape::array;
        if (!fits || frames_.size() >= max_struct_depth) {
            ++skipped_depth_;
            return fits ? reject(ec, fmt::format("nested deeper than {} structs", max_struct_depth))
                        : mismatch(ec, *s.type, is_object ? "an object" : "a list");
        }
        frame f;
        f.here = s;
        frames_.push_back(std::move(f));
        if (frames_.size() == item_frames)
            item_bytes_ = 0;
        return true;
    }

    bool deeper_any(bj::error_code& ec) {
        if (++any_depth_ <= bounds_.depth)
            return true;
        skip_any();
        return reject(ec, fmt::format("nested deeper than {} levels", bounds_.depth));
    }

    /// Forgets the untyped value under way and skips the rest of it.
    void skip_any() {
        skipped_depth_ += any_depth_;
        any_depth_ = 0;
        any_.reset();
    }

    bool end() {
        if (skipped_depth_ > 0) {
            --skipped_depth_;
            return true;
        }
        if (frames_.size() == item_frames && !check_item_size())
            return false;
        frames_.pop_back();
        dropping_ = dropping_ && frames_.size() >= item_frames;
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
        if (s.type->what == shape::scalar && takes([&] { return s.type->from_string(s.target, text); }))
            return true;
        return mismatch(ec, *s.type, quote_for_error(text));
    }

    /// Asks `scalar_traits` of a user. A value that they throw for is one that they do not take.
    template <class F>
    static bool takes(F f) {
        try {
            return f();
        } catch (...) {
            return false;
        }
    }

    bool mismatch(bj::error_code& ec, const type_info& expected, std::string_view got) {
        return reject(ec, fmt::format("expected {}, got {}", expectation(expected), got));
    }

    /// A value is not what its member needs. Returns whether decoding goes on without it.
    bool reject(bj::error_code& ec, std::string_view what) {
        const bool of_item = lenient_ == tolerance::items && in_item();
        if (of_item || (lenient_ == tolerance::document && !frames_.empty())) {
            const std::size_t item = of_item ? frames_[item_frames - 2].index - 1 : 0;
            if (misfits.empty() || misfits.back().item != item)
                misfits.push_back({item, located(what, of_item ? item_frames - 1 : 0)});
            return true;
        }
        failure = located(what, 0);
        ec = bj::error::exception; // any code stops the parser; the text is ours
        return false;
    }

    /// Adds to a string that comes in pieces, as far as strings may grow.
    bool append(std::string& to, bj::string_view piece, bj::error_code& ec) {
        if (piece.size() <= bounds_.string_bytes - to.size()) {
            to.append(piece.data(), piece.size());
            return true;
        }
        return reject(
            ec, fmt::format("expected a string of at most {} bytes, got a longer one", bounds_.string_bytes));
    }

    /// Whether the object under way is an element of a list document's `items`.
    bool in_item() const {
        return frames_.size() >= item_frames && frames_[0].member != nullptr &&
               frames_[0].member->name == "items" && frames_[1].here.type->what == shape::array;
    }

    /// `what`, behind the path of the value under way from the open container number `first` on.
    std::string located(std::string_view what, std::size_t first) const {
        const std::string where = path(first);
        return where.empty() ? std::string(what) : fmt::format("{}: {}", where, what);
    }

    std::string path(std::size_t first) const {
        std::string p;
        for (std::size_t i = first; i < frames_.size(); ++i) {
            const frame& f = frames_[i];
            if (f.here.type->what == shape::array)
                p += fmt::format("[{}]", f.index == 0 ? 0 : f.index - 1);
            else if (f.here.type->what == shape::map)
                p += fmt::format("[{}]", quote_for_error(f.key));
            else if (f.member != nullptr)
                p.append(p.empty() ? "" : ".").append(f.member->name);
        }
        return p;
    }

    /// Open frames inside an item: the list, its `items`, the item.
    static constexpr std::size_t item_frames = 3;

    slot root_;
    limits bounds_;
    tolerance lenient_;
    std::size_t item_bytes_ = 0;
    bool dropping_ = false; ///< the rest of the item is skipped
    std::vector<frame> frames_;
    std::size_t skipped_depth_ = 0;
    std::size_t any_depth_ = 0;
    value* any_target_ = nullptr;
    bj::value_stack any_;
    std::string key_;  // the part of a key that came in an earlier piece
    std::string text_; // the part of a string that came in an earlier piece
};

} // namespace gwctl::json::detail
