/// What an `object_table` holds, and how changes get to those who asked for them.
#pragma once

#include "resource_version.hpp"
#include "table_index.hpp"

#include <gwctl/runtime/object_table.hpp>

#include <cstdint>
#include <utility>

namespace gwctl::detail {

struct table_handler {
    object_table::change_handler call;
    /// Changes up to this one were part of what it was told to catch up.
    std::uint64_t caught_up = 0;
};

struct numbered_change {
    any_change change;
    std::uint64_t number = 0;
};

struct awaited_version {
    std::string version;
    std::string namespace_;
    std::function<void()> then;
};

/// What one reflector keeps current.
struct table_part {
    std::string namespace_; ///< empty: all
    std::string version;
    store_state state = store_state::starting;
    std::string reason;
    bool listed = false;

    bool has_seen(std::string_view wanted) const noexcept {
        return state == store_state::not_served || at_least(version, wanted);
    }
};

struct object_table::contents {
    explicit contents(resource_type t) : type(t) {}

    resource_type type;
    objects_by_key objects;
    std::map<object_key, any_unreadable> unreadable; ///< no key is in `objects`, too
    std::map<std::string, table_index, std::less<>> indexes;
    std::vector<std::shared_ptr<table_handler>> handlers;
    std::vector<state_handler> state_handlers;
    std::vector<std::function<void()>> version_handlers;
    std::vector<awaited_version> awaited;
    std::uint64_t changes = 0;
    std::vector<table_part> parts;

    /// The objects under a value; null: none. Throws `errc::precondition` when there is no such index.
    const objects_by_key* find(std::string_view index_name, std::string_view value) const;

    /// What is known of a key: an object, the part of one that can be read, or neither.
    any_object known(const object_key& key) const;
    /// The keys of a part, readable or not.
    std::vector<object_key> keys_of(const table_part& p) const;

    // Both note the changes that handlers are to hear of.
    /// Makes `now` what is known of `key`.
    void put(const object_key& key, received_object now, bool initial, std::vector<numbered_change>& made);
    /// `last` is the object's last state, or null when that is unknown.
    void remove(const object_key& key, const any_object& last, std::vector<numbered_change>& made);

    void tell(const std::vector<numbered_change>& made);
    void reach(const object_table& table);

private:
    void note(std::vector<numbered_change>& made, any_change c) { made.push_back({std::move(c), ++changes}); }
};

} // namespace gwctl::detail
