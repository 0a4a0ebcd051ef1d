/// A live, indexed copy of a kind's objects.
#pragma once

#include <gwctl/runtime/object_table.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace gwctl {

/// One difference between a store's content before and after.
///
/// An object that was deleted and made again under the same name gives a deletion and an addition, never an
/// update. A deletion may also mean that the object no longer matches the store's selectors.
template <class T>
struct change {
    std::shared_ptr<const T> old{}; ///< null: added
    std::shared_ptr<const T> now{}; ///< null: deleted
    /// The deletion was noticed late, by a list; `old` may miss the object's last changes.
    bool final_state_unknown = false;
    /// Part of the first list, or of what a late handler is told to catch up.
    bool initial = false;
    /// The object is not deleted: it has changed so that it does not fit T any more. `now` is null.
    bool unreadable = false;
};

/// An object that exists, and of which some field does not fit T.
template <class T>
struct unreadable_object {
    /// The metadata, and of the rest what fits; members that do not fit have their initial value. Not null.
    std::shared_ptr<const T> partial{};
    /// What is wrong with the first field that does not fit: "spec.size: expected an integer, got \"two\"".
    std::string error{};
};

/// The objects of one kind and scope, kept current by reflectors. Get one from `manager::cache`.
///
/// Objects are shared and never change; keep a pointer as long as you like. What the store holds may be
/// complete or not: ask `synced()` before concluding anything from an object's absence.
///
/// An object that does not fit T is set aside: `get`, `list` and indexes do not show it, `unreadable` does. It comes
/// back with its next version that fits. Before concluding that an object is gone, ask `unreadable`, too.
///
/// Only the manager fills a store.
///
/// Thread safety: use from the manager's thread. Handlers run there, inside the change, and see the store as
/// it is afterwards.
template <Resource T>
class store final : public detail::object_table {
public:
    using pointer = std::shared_ptr<const T>;

    explicit store(cache_scope scope = {}) : object_table(T::type, std::move(scope)) {}

    /// Null when there is none.
    pointer get(const object_key& key) const { return typed(get_any(key)); }
    /// All objects, ordered by namespace and name.
    std::vector<pointer> list() const { return typed(list_any()); }
    std::vector<pointer> list(std::string_view namespace_) const { return typed(list_any(namespace_)); }

    /// The object, when it exists and does not fit T.
    std::optional<unreadable_object<T>> unreadable(const object_key& key) const {
        const detail::any_unreadable* u = unreadable_any(key);
        if (u == nullptr)
            return std::nullopt;
        return unreadable_object<T>{typed(u->partial), u->error};
    }
    /// All such objects, ordered by namespace and name.
    std::vector<unreadable_object<T>> unreadable() const {
        std::vector<unreadable_object<T>> out;
        for (const auto& [key, u] : unreadable_any())
            out.push_back({typed(u.partial), u.error});
        return out;
    }

    /// Lets `by_index(name, v)` find the objects for which `values` returns `v` among others. Objects already
    /// there are indexed at once. A second index of the same name replaces the first. An object for which `values`
    /// throws is in the store and not in this index; the log names it.
    void add_index(std::string name, std::function<std::vector<std::string>(const T&)> values) {
        add_index_any(std::move(name),
                      [f = std::move(values)](const void* o) { return f(*static_cast<const T*>(o)); });
    }
    /// Precondition: `add_index(name, ...)` was called. Errors: throws `errc::precondition`.
    std::vector<pointer> by_index(std::string_view name, std::string_view value) const {
        return typed(by_index_any(name, value));
    }
    /// Whether there is such an object, at no cost for each of them. Precondition and errors as `by_index`.
    bool any_by_index(std::string_view name, std::string_view value) const {
        return has_index_value(name, value);
    }

    /// Calls back for every change of what `get` shows from now on, after telling what is there as additions:
    /// exactly once each. A handler that throws misses that change; the log says so, and all others hear of it.
    void on_change(std::function<void(const change<T>&)> handler) {
        on_change_any([f = std::move(handler)](const detail::any_change& c) {
            if (c.old || c.now)
                f(change<T>{typed(c.old), typed(c.now), c.final_state_unknown, c.initial, bool(c.partial)});
        });
    }

private:
    static pointer typed(const detail::any_object& o) { return std::static_pointer_cast<const T>(o.object); }
    static std::vector<pointer> typed(const std::vector<detail::any_object>& objects) {
        std::vector<pointer> out;
        out.reserve(objects.size());
        for (const auto& o : objects)
            out.push_back(typed(o));
        return out;
    }
};

namespace detail {

/// What the reflector must know about a kind in order to list and watch it.
struct kind_ops {
    resource_type type{};
    const json::detail::type_info& (*object_info)() noexcept = nullptr;
    const json::detail::type_info& (*list_info)() noexcept = nullptr;
    std::shared_ptr<void> (*make_object)() = nullptr;
    std::shared_ptr<void> (*make_list)() = nullptr;
    any_object (*erase)(std::shared_ptr<const void> object) = nullptr;
    /// Moves the items of a list out and returns its metadata. An item that was null stays null.
    ListMeta (*take_list)(void* list, std::vector<received_object>& items) = nullptr;
    std::unique_ptr<object_table> (*make_store)(cache_scope scope) = nullptr;
};

template <Resource T>
any_object erase(std::shared_ptr<const void> object) {
    any_object erased;
    if (object)
        erased.metadata = &static_cast<const T*>(object.get())->metadata;
    erased.object = std::move(object);
    return erased;
}

template <Resource T>
ListMeta take_list(void* list, std::vector<received_object>& items) {
    auto& page = *static_cast<object_list<T>*>(list);
    items.reserve(items.size() + page.items.size());
    for (auto& item : page.items)
        items.push_back({erase<T>(std::move(item)), {}});
    return std::move(page.metadata);
}

template <Resource T>
inline constexpr kind_ops ops_of{
    T::type,
    &json::detail::type_of<T>,
    &json::detail::type_of<object_list<T>>,
    [] { return std::static_pointer_cast<void>(std::make_shared<T>()); },
    [] { return std::static_pointer_cast<void>(std::make_shared<object_list<T>>()); },
    &erase<T>,
    &take_list<T>,
    [](cache_scope scope) -> std::unique_ptr<object_table> {
        return std::make_unique<store<T>>(std::move(scope));
    },
};

} // namespace detail
} // namespace gwctl
