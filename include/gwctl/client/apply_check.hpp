/// What `client::apply` sends, and what it refuses to send, which is known when it is compiled.
///
/// Server-side apply owns every field that it is sent. Strings, lists, maps and structs that are empty are not
/// sent. A number, a boolean, an enum or a type with `json::scalar_traits` has no empty value, so a plain member
/// of such a type would be sent, and owned, although nobody set it.
#pragma once

#include <gwctl/api/resource.hpp>

#include <array>
#include <string>
#include <string_view>

namespace gwctl::detail {

/// The JSON of `object` for apply: all of it, but `status` only when it differs from that of `untouched`, an
/// object of the same kind in which nobody set anything.
std::string applied_json(const json::detail::type_info& kind, const void* object, const void* untouched);
/// The JSON of `object` for an apply of its status: name, namespace and `status`.
std::string applied_status_json(const json::detail::type_info& kind, const void* object);

/// Looks for the first member that is sent although nobody set it.
class sent_member_search {
public:
    /// "spec.replicas"; empty when there is none. Cut after 255 characters.
    std::array<char, 256> path{};
    std::size_t size = 0;

    /// All of a kind but what is not the author's (metadata) and what is a report, in which 0 is a value.
    constexpr bool in_kind(const json::detail::type_info& kind) {
        if (kind.owns_all_fields)
            return false;
        for (const json::detail::member_info& m : kind.members)
            if (m.name != "metadata" && m.name != "status" && in_member(m))
                return true;
        return false;
    }

private:
    using type_info = json::detail::type_info;
    using shape = json::detail::shape;

    constexpr bool in_member(const json::detail::member_info& m) {
        const std::size_t before = size;
        if (before > 0)
            append(".");
        append(m.name);
        if (in_value(m.type(), true))
            return true;
        size = before;
        return false;
    }

    constexpr bool in_value(const type_info& type, bool plain) {
        switch (type.what) {
        case shape::boolean:
        case shape::int32:
        case shape::int64:
        case shape::real:
        case shape::scalar:
            return plain;
        case shape::string:
        case shape::any:
            return false;
        case shape::optional:
            return in_value(type.element(), false);
        case shape::array:
        case shape::map: {
            const std::size_t before = size;
            append("[]");
            if (in_value(type.element(), false))
                return true;
            size = before;
            return false;
        }
        case shape::object:
            return in_object(type);
        }
        return false;
    }

    constexpr bool in_object(const type_info& type) {
        if (type.owns_all_fields)
            return false;
        // Types may contain themselves; what was looked at without a find need not be looked at again.
        for (std::size_t i = 0; i < seen_count_; ++i)
            if (seen_[i] == type.struct_name)
                return false;
        if (seen_count_ < seen_.size())
            seen_[seen_count_++] = type.struct_name;
        for (const json::detail::member_info& m : type.members)
            if (in_member(m))
                return true;
        return false;
    }

    constexpr void append(std::string_view text) {
        for (const char c : text)
            if (size + 1 < path.size())
                path[size++] = c;
    }

    std::array<std::string_view, 512> seen_{};
    std::size_t seen_count_ = 0;
};

/// A text that the compiler shows in its message.
template <std::size_t N>
struct member_path {
    char text[N]{};
};

template <class Kind, member_path Member>
struct sent_although_nobody_set_it {
    static_assert(sizeof(Member.text) == 0, "`apply` would send, and own, a plain number, boolean or enum "
                                            "that nobody set (this struct's second argument "
                                            "names the member): make it a std::optional; or, when its schema "
                                            "requires it, put `static constexpr bool owns_all_fields = "
                                            "true;` into its struct or its kind");
};

template <Resource T>
inline constexpr sent_member_search sent_member = [] {
    sent_member_search search;
    search.in_kind(json::detail::type_of<T>());
    return search;
}();

template <Resource T>
inline constexpr auto sent_member_path = [] {
    member_path<sent_member<T>.size + 1> path;
    for (std::size_t i = 0; i < sent_member<T>.size; ++i)
        path.text[i] = sent_member<T>.path[i];
    return path;
}();

template <Resource T>
constexpr void require_optional_members() {
    if constexpr (sent_member<T>.size > 0)
        (void)sizeof(sent_although_nobody_set_it<T, sent_member_path<T>>);
}

} // namespace gwctl::detail
