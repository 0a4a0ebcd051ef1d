/// Objects as the controller caches them: of labels and annotations there is what it reads, so that what
/// users write on their objects does not fill its memory.
#pragma once

#include <gwctl/runtime/store.hpp>

#include <array>

namespace gwctl::gateway::detail {

/// A T whose metadata was trimmed while it was decoded. A type of its own, so that whoever else caches T in
/// the same manager has all of it.
///
/// - Labels and annotations that this controller or an announcer knows: up to 32 KiB of each.
/// - Others, which a Gateway may have put there (`spec.infrastructure`): up to 32 KiB of each, of kinds that
///   this controller makes; of other kinds none.
/// - Of a value the first 16 KiB.
template <Resource T>
struct cached : T {
    cached() = default;
    BOOST_DESCRIBE_CLASS(cached, (T), (), (), ())
};

/// Whether a label or annotation is one that this controller or an announcer knows.
bool is_known_key(std::string_view key);

/// ObjectMeta, trimmed.
const json::detail::type_info& trimmed_metadata() noexcept;
/// The same for kinds that this controller makes.
const json::detail::type_info& trimmed_metadata_of_made() noexcept;

/// Whether this controller makes objects of the kind.
constexpr bool is_made(std::string_view plural) { return plural == "services" || plural == "endpointslices"; }

} // namespace gwctl::gateway::detail

namespace gwctl::json::detail {

/// The members of T, with another metadata.
template <class T>
struct table<gateway::detail::cached<T>> {
    static constexpr auto members = [] {
        std::array<member_info, table<T>::info.members.size()> all{};
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = table<T>::info.members[i];
            if (all[i].name == "metadata")
                all[i].type = gateway::detail::is_made(T::type.plural)
                                  ? &gateway::detail::trimmed_metadata_of_made
                                  : &gateway::detail::trimmed_metadata;
        }
        return all;
    }();
    static constexpr type_info info{shape::object, members};
};

} // namespace gwctl::json::detail
