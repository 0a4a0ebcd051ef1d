/// The store behind `store<T>`, without its type.
#pragma once

#include <gwctl/api/resource.hpp>
#include <gwctl/client/options.hpp>
#include <gwctl/core/task.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gwctl {

/// How much of a kind a store holds. The default is all of it. Set it member by member, as all options of the
/// library: `cache_scope s; s.label_selector = "app=web";`.
struct cache_scope {
    cache_scope() = default;
    /// Empty: all namespaces. Each is listed and watched by itself, so that permissions there suffice. For
    /// namespaced kinds only.
    std::set<std::string> namespaces{};
    std::string label_selector{};
    std::string field_selector{};
    /// Whether one can do without: a store that is denied then keeps neither controllers nor readiness
    /// waiting. Whoever reads it must ask for its `state()`.
    bool may_be_denied = false;
    friend auto operator<=>(const cache_scope&, const cache_scope&) = default;
};

/// What is known about the completeness of a store.
enum class store_state {
    starting,   ///< the first list has not arrived
    synced,     ///< holds what the API server holds, give or take the watch's delay
    not_served, ///< the API server's discovery has said that there is no such kind: rightly empty
    denied,     ///< the API server refuses the list or watch: what the store holds means nothing
    failing,    ///< several tries in a row failed, or none has watched for a minute: the content may be old
};

/// The name of the state, as in the enumeration: "not_served".
std::string_view to_string(store_state s) noexcept;

namespace detail {

/// An object whose type its table knows.
struct any_object {
    std::shared_ptr<const void> object{};
    const ObjectMeta* metadata = nullptr; ///< a member of `object`
    explicit operator bool() const noexcept { return object != nullptr; }
};

struct any_change {
    any_object old{};
    any_object now{};
    /// The object as it is now, when it cannot be read; `now` is null then. What fits of it is set.
    any_object partial{};
    bool final_state_unknown = false;
    bool initial = false;

    /// Of the object as it is, or of the last state before it went. Never null.
    const ObjectMeta& metadata() const noexcept { return *(now ? now : partial ? partial : old).metadata; }
};

/// An object as a list or an event shows it.
struct received_object {
    any_object object{};
    /// Why the object cannot be read: the first field that does not fit; "" when all fit.
    std::string misfit{};
};

/// An object that exists, and of which some field does not fit the struct.
struct any_unreadable {
    any_object partial{};
    std::string error{};
};

class object_table {
public:
    using change_handler = std::function<void(const any_change&)>;
    using state_handler = std::function<void(store_state)>;
    using index_function = std::function<std::vector<std::string>(const void* object)>;

    object_table(resource_type type, cache_scope scope);
    virtual ~object_table();
    object_table(const object_table&) = delete;
    object_table& operator=(const object_table&) = delete;

    const resource_type& type() const noexcept { return type_; }
    const cache_scope& scope() const noexcept { return scope_; }
    /// Of the objects that can be read.
    std::size_t size() const noexcept;

    /// What cannot be read; null: no such object.
    const any_unreadable* unreadable_any(const object_key& key) const;
    std::map<object_key, any_unreadable> unreadable_any() const;
    std::size_t unreadable_count() const noexcept;

    any_object get_any(const object_key& key) const;
    /// In the order of their keys.
    std::vector<any_object> list_any() const;
    std::vector<any_object> list_any(std::string_view namespace_) const;
    std::vector<any_object> by_index_any(std::string_view index, std::string_view value) const;
    /// Whether an index finds anything.
    bool has_index_value(std::string_view index, std::string_view value) const;
    void add_index_any(std::string name, index_function values);
    void on_change_any(change_handler handler);

    /// The version in which the API server serves the kind, which references to its objects have to name;
    /// `type().version` before the first list.
    const std::string& version() const noexcept { return version_; }
    /// Calls back whenever the version changes; objects that are the same in both give no change.
    void on_version(std::function<void()> handler);

    /// "" before the first list. Of several namespaces' the oldest.
    const std::string& resource_version() const noexcept { return resource_version_; }
    /// Of several namespaces' the one that is the furthest from synced.
    store_state state() const noexcept { return state_; }
    /// Why the state is what it is, for people: the last error of a store that is denied or failing.
    const std::string& reason() const noexcept { return reason_; }
    /// Whether decisions may rely on what the store holds, and on what it does not hold.
    bool synced() const noexcept {
        return state_ == store_state::synced || state_ == store_state::not_served;
    }
    /// Whether those who read it need not wait any more: synced, or denied where that may be.
    bool usable() const noexcept {
        return synced() || (state_ == store_state::denied && scope_.may_be_denied);
    }
    /// Calls back whenever the state changes.
    void on_state(state_handler handler);

    /// Whether the store has seen `resource_version` or a newer one. A kind that is not served has nothing to
    /// see. With a namespace, only what is known of that one counts: a watch without changes lags behind.
    bool has_seen(std::string_view resource_version, std::string_view namespace_ = {}) const noexcept;
    /// Whether the store shows everything that a complete list of its scope showed, or what came after it.
    /// Other than `has_seen` it needs no bookmark when nothing changed.
    bool has_caught_up(const std::vector<received_object>& listed, std::string_view resource_version) const;
    /// Calls `then` once, as soon as the store has seen `resource_version` or a newer one; perhaps at once.
    void when_at_least(std::string resource_version, std::string namespace_, std::function<void()> then);

    // A table has one part for each namespace of its scope, in their order, or a single one.

    std::size_t parts() const noexcept;
    /// The namespace that a part is limited to; empty: none.
    const std::string& namespace_of(std::size_t part) const;
    store_state state_of(std::size_t part) const;
    /// Why the part's state is what it is, as `reason()`.
    const std::string& reason_of(std::size_t part) const;
    /// Whether a part has ever been listed; what it holds may be old.
    bool was_listed(std::size_t part) const;

private:
    /// Fills tables: for reflectors, and for tests of what reads tables.
    friend class table_writer;
    struct contents;
    void combine();

    resource_type type_;
    cache_scope scope_;
    std::string version_;
    std::string resource_version_;
    store_state state_ = store_state::starting;
    std::string reason_;
    std::unique_ptr<contents> contents_;
};

} // namespace detail
} // namespace gwctl
