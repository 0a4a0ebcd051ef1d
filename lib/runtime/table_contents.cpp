#include "table_contents.hpp"

#include "user_code.hpp"

#include <algorithm>

namespace gwctl::detail {
namespace {

template <class Map>
void add_keys(const Map& all, const std::string& namespace_, std::vector<object_key>& out) {
    auto o = namespace_.empty() ? all.begin() : all.lower_bound(object_key(namespace_, ""));
    for (; o != all.end() && (namespace_.empty() || o->first.namespace_ == namespace_); ++o)
        out.push_back(o->first);
}

} // namespace

const objects_by_key* object_table::contents::find(std::string_view index_name,
                                                   std::string_view value) const {
    const auto found = indexes.find(index_name);
    if (found == indexes.end())
        throw api_error(errc::precondition, "store of " + type.qualified_name() + " has no index \"" +
                                                std::string(index_name) + "\"; call add_index first");
    return found->second.find(value);
}

any_object object_table::contents::known(const object_key& key) const {
    if (const auto o = objects.find(key); o != objects.end())
        return o->second;
    const auto u = unreadable.find(key);
    return u == unreadable.end() ? any_object() : u->second.partial;
}

std::vector<object_key> object_table::contents::keys_of(const table_part& p) const {
    std::vector<object_key> keys;
    add_keys(objects, p.namespace_, keys);
    add_keys(unreadable, p.namespace_, keys);
    std::sort(keys.begin(), keys.end());
    return keys;
}

void object_table::contents::put(const object_key& key, received_object received, bool initial,
                                 std::vector<numbered_change>& made) {
    const any_object now = received.object;
    const bool readable = received.misfit.empty();
    // Whatever of the user's code runs, runs before anything changes.
    std::vector<std::vector<std::string>> values;
    if (readable)
        for (const auto& [name, i] : indexes)
            values.push_back(i.values_of(type, now));

    if (const any_object before = known(key); before && before.metadata->uid != now.metadata->uid)
        remove(key, any_object(), made); // made again under its name: a deletion and an addition

    any_change c;
    c.initial = initial;
    (readable ? c.now : c.partial) = now;
    const auto at = objects.lower_bound(key);
    const bool was_readable = at != objects.end() && at->first == key;
    if (was_readable) {
        c.old = at->second;
        for (auto& [name, i] : indexes)
            i.erase(key, at->second);
    }
    if (readable) {
        unreadable.erase(key);
        if (was_readable)
            at->second = now;
        else
            objects.emplace_hint(at, key, now);
        std::size_t n = 0;
        for (auto& [name, i] : indexes)
            i.insert(key, now, values[n++]);
    } else {
        if (was_readable)
            objects.erase(at);
        unreadable[key] = {now, std::move(received.misfit)};
    }
    note(made, std::move(c));
}

void object_table::contents::remove(const object_key& key, const any_object& last,
                                    std::vector<numbered_change>& made) {
    any_change c;
    c.old = known(key);
    if (!c.old)
        return;
    const bool same = last && last.metadata->uid == c.old.metadata->uid;
    if (same)
        c.old = last;
    c.final_state_unknown = !same;
    unreadable.erase(key);
    if (const auto o = objects.find(key); o != objects.end()) {
        for (auto& [name, i] : indexes)
            i.erase(key, o->second);
        objects.erase(o);
    }
    note(made, std::move(c));
}

void object_table::contents::tell(const std::vector<numbered_change>& made) {
    for (const numbered_change& c : made) {
        // By position: a handler may add another one. That one has caught up on all of these already.
        for (std::size_t i = 0; i < handlers.size(); ++i) {
            const std::shared_ptr<table_handler> h = handlers[i];
            if (c.number <= h->caught_up)
                continue;
            const auto fields = [&] {
                return std::vector<log::field>{{"object", describe(type, key_of(c.change.metadata()))}};
            };
            guard_user_code("a handler of changes threw: it misses this change", fields,
                            [&] { h->call(c.change); });
        }
    }
}

void object_table::contents::reach(const object_table& table) {
    if (awaited.empty())
        return;
    std::vector<awaited_version> reached;
    const auto still = [&](const awaited_version& a) { return !table.has_seen(a.version, a.namespace_); };
    const auto first = std::stable_partition(awaited.begin(), awaited.end(), still);
    std::move(first, awaited.end(), std::back_inserter(reached));
    awaited.erase(first, awaited.end());
    for (awaited_version& a : reached)
        a.then();
}

} // namespace gwctl::detail
