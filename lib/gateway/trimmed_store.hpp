// A store of trimmed objects, used like one of whole objects.
#pragma once

#include <gwctl/gateway/cached.hpp>
#include <gwctl/runtime/manager.hpp>

namespace gwctl::gateway::detail {

template <Resource T>
class trimmed_store {
public:
    using pointer = std::shared_ptr<const T>;

    trimmed_store(manager& mgr, cache_scope scope) : store_(mgr.cache<cached<T>>(std::move(scope))) {}

    const gwctl::detail::object_table& table() const noexcept { return store_; }
    const std::string& version() const noexcept { return store_.version(); }

    pointer get(const object_key& key) const { return store_.get(key); }
    std::vector<pointer> list() const { return plain(store_.list()); }
    /// As `list`, with what can be read of objects that do not fit their struct: an address that such an object has is
    /// in use all the same.
    std::vector<pointer> list_tolerantly() const {
        std::vector<pointer> all = list();
        for (const auto& u : store_.unreadable())
            all.push_back(u.partial);
        return all;
    }
    std::vector<pointer> list(std::string_view namespace_) const { return plain(store_.list(namespace_)); }
    void add_index(std::string name, std::function<std::vector<std::string>(const T&)> values) {
        store_.add_index(std::move(name), std::move(values));
    }
    std::vector<pointer> by_index(std::string_view name, std::string_view value) const {
        return plain(store_.by_index(name, value));
    }
    bool any_by_index(std::string_view name, std::string_view value) const {
        return store_.any_by_index(name, value);
    }

    /// An object that does not fit its struct is told as far as it fits. It is no deletion: what followed from the
    /// object still holds.
    void on_change(std::function<void(const change<T>&)> handler) {
        store_.on_change_any([f = std::move(handler)](const gwctl::detail::any_change& c) {
            const auto typed = [](const gwctl::detail::any_object& o) {
                return std::static_pointer_cast<const cached<T>>(o.object);
            };
            f(change<T>{typed(c.old), typed(c.partial ? c.partial : c.now), c.final_state_unknown, c.initial,
                        bool(c.partial)});
        });
    }
    void on_state(std::function<void(store_state)> handler) { store_.on_state(std::move(handler)); }
    void on_version(std::function<void()> handler) { store_.on_version(std::move(handler)); }

private:
    static std::vector<pointer> plain(std::vector<std::shared_ptr<const cached<T>>> objects) {
        return {std::make_move_iterator(objects.begin()), std::make_move_iterator(objects.end())};
    }

    store<cached<T>>& store_;
};

} // namespace gwctl::gateway::detail
