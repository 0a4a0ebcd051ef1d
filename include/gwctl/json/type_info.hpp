/// Tables that tell the codec how a C++ type is laid out; made from Boost.Describe, one per type, at compile
/// time.
#pragma once

#include <gwctl/json/value.hpp>

#include <boost/describe/bases.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gwctl::json {

/// Specialise for a type that is a JSON string or integer on the wire but has a struct of its own:
///
///     static bool from_string(T&, std::string_view);   // false, or an exception: not acceptable
///     static bool from_integer(T&, std::int64_t);
///     static void append_json(const T&, std::string& out);
///     static constexpr std::string_view expected;       // "a string or an integer", for errors
///
/// An enum needs none of this once BOOST_DESCRIBE_ENUM(T, enumerators...) names its enumerators. It is a string then,
/// the enumerator's name, without the underscore at its end that a C++ keyword needs; other words do not decode, and
/// the error lists the right ones. A value that no enumerator has is written as null.
template <class T>
struct scalar_traits;

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 are passed through.
void append_quoted(std::string_view text, std::string& out);

namespace detail {

enum class shape : std::uint8_t {
    boolean,
    int32,
    int64,
    real,
    string,
    scalar,
    any,
    optional,
    array,
    map,
    object
};

struct type_info;
using type_getter = const type_info& (*)() noexcept;
using element_visitor = void (*)(void* context, std::string_view key, const void* element);

struct member_info {
    std::string_view name;
    type_getter type;
    void* (*locate)(void* object);
};

struct type_info {
    shape what;
    /// object: its members, in the order of their description.
    std::span<const member_info> members{};
    /// optional, array, map: what they hold.
    type_getter element = nullptr;
    /// Makes room for an element; returns its address, or null to skip it. The key is for maps.
    void* (*emplace)(void* container, std::string_view key) = nullptr;
    /// Calls back once per element, in order.
    void (*visit)(const void* container, void* context, element_visitor) = nullptr;
    /// scalar: see scalar_traits.
    bool (*from_string)(void* target, std::string_view) = nullptr;
    bool (*from_integer)(void* target, std::int64_t) = nullptr;
    void (*append_json)(const void* source, std::string& out) = nullptr;
    std::string_view expected{};
    /// object: it has `owns_all_fields`; see client::apply.
    bool owns_all_fields = false;
    /// object: what the compiler calls the struct. Tells structs apart at compile time, where GCC 12 does not compare
    /// addresses of tables under -fsanitize=undefined.
    std::string_view struct_name{};
};

template <class T>
constexpr const type_info& type_of() noexcept;

template <class T>
concept HasScalarTraits = requires {
    scalar_traits<T>::expected;
};

template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

template <class T>
concept OwnsAllFields = requires {
    requires T::owns_all_fields;
};

template <class T>
struct table; // primary: a described struct, below

template <shape S>
struct plain_table {
    static constexpr type_info info{S};
};
template <>
struct table<bool> : plain_table<shape::boolean> {};
template <>
struct table<std::int32_t> : plain_table<shape::int32> {};
template <>
struct table<std::int64_t> : plain_table<shape::int64> {};
template <>
struct table<double> : plain_table<shape::real> {};
template <>
struct table<std::string> : plain_table<shape::string> {};
template <>
struct table<value> : plain_table<shape::any> {};

template <class T>
struct table<std::optional<T>> {
    static void* emplace(void* p, std::string_view) { return &static_cast<std::optional<T>*>(p)->emplace(); }
    static void visit(const void* p, void* context, element_visitor f) {
        if (const auto& o = *static_cast<const std::optional<T>*>(p))
            f(context, {}, &*o);
    }
    static constexpr type_info info{shape::optional, {}, &type_of<T>, &emplace, &visit};
};

/// What stores and lists hold: decoded in place, then never written again.
template <class T>
struct table<std::shared_ptr<const T>> {
    static void* emplace(void* p, std::string_view) {
        auto made = std::make_shared<T>();
        void* const target = made.get();
        *static_cast<std::shared_ptr<const T>*>(p) = std::move(made);
        return target;
    }
    static void visit(const void* p, void* context, element_visitor f) {
        if (const auto& o = *static_cast<const std::shared_ptr<const T>*>(p))
            f(context, {}, o.get());
    }
    static constexpr type_info info{shape::optional, {}, &type_of<T>, &emplace, &visit};
};

template <class T>
struct table<std::vector<T>> {
    static_assert(!std::is_same_v<T, bool>,
                  "std::vector<bool> has no addressable elements; use a vector of a struct");
    static void* emplace(void* p, std::string_view) {
        return &static_cast<std::vector<T>*>(p)->emplace_back();
    }
    static void visit(const void* p, void* context, element_visitor f) {
        for (const T& element : *static_cast<const std::vector<T>*>(p))
            f(context, {}, &element);
    }
    static constexpr type_info info{shape::array, {}, &type_of<T>, &emplace, &visit};
};

template <class T>
struct table<std::map<std::string, T>> {
    using container = std::map<std::string, T>;
    static void* emplace(void* p, std::string_view key) {
        auto& map = *static_cast<container*>(p);
        // API servers write maps sorted, so the end is the place for nearly every key.
        return &map.try_emplace(map.end(), std::string(key))->second;
    }
    static void visit(const void* p, void* context, element_visitor f) {
        for (const auto& [key, element] : *static_cast<const container*>(p))
            f(context, key, &element);
    }
    static constexpr type_info info{shape::map, {}, &type_of<T>, &emplace, &visit};
};

template <HasScalarTraits T>
struct table<T> {
    using traits = scalar_traits<T>;
    static bool from_string(void* p, std::string_view s) {
        return traits::from_string(*static_cast<T*>(p), s);
    }
    static bool from_integer(void* p, std::int64_t n) { return traits::from_integer(*static_cast<T*>(p), n); }
    static void append_json(const void* p, std::string& out) {
        traits::append_json(*static_cast<const T*>(p), out);
    }
    static constexpr type_info info{shape::scalar, {},           nullptr,
                                    nullptr,       nullptr,      &from_string,
                                    &from_integer, &append_json, traits::expected};
};

/// `namespace_` and `continue_` are on the wire without the underscore that C++ needs.
constexpr std::string_view wire_name(std::string_view member) {
    return member.ends_with('_') ? member.substr(0, member.size() - 1) : member;
}

/// What an enum described with BOOST_DESCRIBE_ENUM can be, as on the wire.
template <class T, class Enumerators>
struct enum_words;
template <class T, template <class...> class List, class... D>
struct enum_words<T, List<D...>> {
    static_assert(sizeof...(D) > 0, "an enum that a member has needs enumerators");
    struct word {
        std::string_view name;
        T value;
    };
    static constexpr std::array<word, sizeof...(D)> words{word{wire_name(D::name), D::value}...};
    /// one of "red", "green"
    static constexpr auto expected = [] {
        constexpr std::string_view head = "one of ";
        constexpr std::size_t size = head.size() + (wire_name(D::name).size() + ...) + 4 * sizeof...(D) - 2;
        std::array<char, size> text{};
        std::size_t n = 0;
        const auto append = [&](std::string_view part) {
            for (const char c : part)
                text[n++] = c;
        };
        append(head);
        for (const word& w : words) {
            append(&w == words.data() ? "\"" : ", \"");
            append(w.name);
            append("\"");
        }
        return text;
    }();
};

/// On the wire a string, the name of the enumerator.
template <DescribedEnum T>
requires(!HasScalarTraits<T>) struct table<T> {
    using all = enum_words<T, boost::describe::describe_enumerators<T>>;
    static bool from_string(void* p, std::string_view s) {
        for (const auto& w : all::words)
            if (w.name == s)
                return *static_cast<T*>(p) = w.value, true;
        return false;
    }
    static bool from_integer(void*, std::int64_t) { return false; }
    static void append_json(const void* p, std::string& out) {
        for (const auto& w : all::words)
            if (w.value == *static_cast<const T*>(p))
                return append_quoted(w.name, out);
        out += "null"; // a number without a name: JSON has no word for it
    }
    static constexpr type_info info{
        shape::scalar, {},           nullptr,
        nullptr,       nullptr,      &from_string,
        &from_integer, &append_json, {all::expected.data(), all::expected.size()}};
};

template <class T>
using described_members = boost::describe::describe_members<T, boost::describe::mod_any_access>;

template <class T, class D>
constexpr member_info describe_member() {
    using member_type = std::remove_reference_t<decltype(std::declval<T&>().*D::pointer)>;
    return {wire_name(D::name), &type_of<member_type>,
            [](void* object) -> void* { return &(static_cast<T*>(object)->*D::pointer); }};
}

template <class T, class Members>
struct member_table;
template <class T, template <class...> class List, class... D>
struct member_table<T, List<D...>> {
    static constexpr std::array<member_info, sizeof...(D)> value{describe_member<T, D>()...};
};

template <class T>
constexpr std::string_view signature_with() {
    return __PRETTY_FUNCTION__;
}

template <Described T>
requires(!HasScalarTraits<T>) struct table<T> {
    static constexpr type_info info = [] {
        type_info made{shape::object, member_table<T, described_members<T>>::value};
        made.owns_all_fields = OwnsAllFields<T>;
        made.struct_name = signature_with<T>();
        return made;
    }();
};

template <class T>
struct table {
    static_assert(
        Described<T>,
        "this type has no JSON form: add BOOST_DESCRIBE_STRUCT(T, (), (members...)) after the struct or "
        "BOOST_DESCRIBE_ENUM(T, enumerators...) after the enum; or use bool, std::int32_t, std::int64_t, "
        "double, "
        "std::string, std::optional, std::vector, std::map<std::string, T> or gwctl::json::value; or "
        "specialise "
        "gwctl::json::scalar_traits<T> for a type that is a string or an integer on the wire");
    static constexpr type_info info{shape::object};
};

template <class T>
constexpr const type_info& type_of() noexcept {
    return table<T>::info;
}

} // namespace detail
} // namespace gwctl::json
