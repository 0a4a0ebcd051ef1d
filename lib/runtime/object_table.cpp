#include "notifier.hpp"

#include <gwctl/runtime/object_table.hpp>
#include <gwctl/runtime/resource_version.hpp>

#include <algorithm>
#include <cstdint>
#include <set>

namespace gwctl {

std::string_view to_string(store_state s) noexcept {
    switch (s) {
    case store_state::starting:
        return "starting";
    case store_state::synced:
        return "synced";
    case store_state::not_served:
        return "not_served";
    case store_state::denied:
        return "denied";
    case store_state::failing:
        return "failing";
    }
    return "unknown";
}

namespace detail {
namespace {

using objects_by_key = std::map<object_key, any_object>;

struct index {
    object_table::index_function values;
    std::map<std::string, std::map<object_key, any_object>, std::less<>> entries;

    void insert(const object_key& key, const any_object& o) {
        for (const std::string& v : values(o.object.get()))
            entries[v][key] = o;
    }
    void erase(const object_key& key, const any_object& o) {
        for (const std::string& v : values(o.object.get())) {
            const auto found = entries.find(v);
            if (found != entries.end() && found->second.erase(key) > 0 && found->second.empty())
                entries.erase(found);
        }
    }
};

struct handler {
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
    std::function<void()> then;
};

} // namespace

struct object_table::contents {
    objects_by_key objects;
    std::map<std::string, index, std::less<>> indexes;
    std::vector<std::shared_ptr<handler>> handlers;
    std::vector<state_handler> state_handlers;
    std::vector<std::function<void()>> version_handlers;
    std::vector<awaited_version> awaited;
    std::uint64_t changes = 0;
    bool listed = false;

    void tell(const std::vector<numbered_change>& changes_made) {
        for (const numbered_change& c : changes_made) {
            // By position: a handler may add another one. That one has caught up on all of these already.
            for (std::size_t i = 0; i < handlers.size(); ++i) {
                const std::shared_ptr<handler> h = handlers[i];
                if (c.number > h->caught_up)
                    h->call(c.change);
            }
        }
    }

    /// Updates and additions; a new uid under an old key is a deletion and an addition.
    void note(std::vector<numbered_change>& out, const any_object& old, const any_object& now,
              bool final_state_unknown, bool initial) {
        any_change c;
        c.initial = initial;
        if (old && now && old.metadata->uid != now.metadata->uid) {
            c.old = old;
            c.final_state_unknown = final_state_unknown;
            out.push_back({c, ++changes});
            c.old = any_object();
            c.final_state_unknown = false;
            c.now = now;
            out.push_back({c, ++changes});
            return;
        }
        c.old = old;
        c.now = now;
        c.final_state_unknown = final_state_unknown && !now;
        out.push_back({c, ++changes});
    }

    void reach(const object_table& table) {
        std::vector<awaited_version> reached;
        const auto still = [&](const awaited_version& a) { return !table.has_seen(a.version); };
        const auto first = std::stable_partition(awaited.begin(), awaited.end(), still);
        std::move(first, awaited.end(), std::back_inserter(reached));
        awaited.erase(first, awaited.end());
        for (awaited_version& a : reached)
            a.then();
    }
};

object_table::object_table(resource_type type, cache_scope scope)
    : type_(type), scope_(std::move(scope)), version_(type.version), contents_(std::make_unique<contents>()) {
}
object_table::~object_table() = default;

std::size_t object_table::size() const noexcept { return contents_->objects.size(); }

bool object_table::has_seen(std::string_view version) const noexcept {
    return state_ == store_state::not_served || at_least(resource_version_, version);
}

bool object_table::has_caught_up(const std::vector<any_object>& listed, std::string_view version) const {
    if (has_seen(version))
        return true;
    // What the list does not show must be newer than it. What it shows and the store lacks was deleted later,
    // which would have moved the store on to a newer version.
    std::set<object_key> keys;
    for (const any_object& o : listed) {
        const object_key key = key_of(*o.metadata);
        const any_object mine = get_any(key);
        if (!mine || !at_least(mine.metadata->resourceVersion, o.metadata->resourceVersion))
            return false;
        keys.insert(key);
    }
    const auto shown = [&](const auto& o) {
        return keys.contains(o.first) || !at_least(version, o.second.metadata->resourceVersion);
    };
    return std::all_of(contents_->objects.begin(), contents_->objects.end(), shown);
}

any_object object_table::get_any(const object_key& key) const {
    const auto found = contents_->objects.find(key);
    return found == contents_->objects.end() ? any_object() : found->second;
}

std::vector<any_object> object_table::list_any() const {
    std::vector<any_object> out;
    out.reserve(contents_->objects.size());
    for (const auto& [key, o] : contents_->objects)
        out.push_back(o);
    return out;
}

std::vector<any_object> object_table::list_any(std::string_view namespace_) const {
    std::vector<any_object> out;
    auto o = contents_->objects.lower_bound(object_key(std::string(namespace_), std::string()));
    for (; o != contents_->objects.end() && o->first.namespace_ == namespace_; ++o)
        out.push_back(o->second);
    return out;
}

std::vector<any_object> object_table::by_index_any(std::string_view name, std::string_view value) const {
    const auto found = contents_->indexes.find(name);
    if (found == contents_->indexes.end())
        throw api_error(errc::precondition, "store of " + type_.qualified_name() + " has no index \"" +
                                                std::string(name) + "\"; call add_index first");
    std::vector<any_object> out;
    const auto entry = found->second.entries.find(value);
    if (entry != found->second.entries.end())
        for (const auto& [key, o] : entry->second)
            out.push_back(o);
    return out;
}

void object_table::add_index_any(std::string name, index_function values) {
    index& i = contents_->indexes[std::move(name)];
    i.values = std::move(values);
    i.entries.clear();
    for (const auto& [key, o] : contents_->objects)
        i.insert(key, o);
}

void object_table::on_change_any(change_handler call) {
    auto h = std::make_shared<handler>();
    h->call = std::move(call);
    h->caught_up = contents_->changes;
    contents_->handlers.push_back(h);
    const objects_by_key now = contents_->objects;
    for (const auto& [key, o] : now) {
        any_change c;
        c.now = o;
        c.initial = true;
        h->call(c);
    }
}

void object_table::on_version(std::function<void()> call) {
    contents_->version_handlers.push_back(std::move(call));
}

void object_table::set_version(std::string version) {
    if (version_ == version)
        return;
    version_ = std::move(version);
    for (std::size_t i = 0; i < contents_->version_handlers.size(); ++i) {
        const std::function<void()> call = contents_->version_handlers[i];
        call();
    }
}

void object_table::on_state(state_handler call) { contents_->state_handlers.push_back(std::move(call)); }

void object_table::when_at_least(std::string version, std::function<void()> then) {
    if (has_seen(version))
        then();
    else
        contents_->awaited.push_back({std::move(version), std::move(then)});
}

task<void> object_table::wait_for(std::string version) {
    if (has_seen(version))
        co_return;
    // Shared, because the table may call back after this coroutine was cancelled.
    const auto reached = std::make_shared<notifier>();
    when_at_least(std::move(version), [reached] { reached->notify_all(); });
    co_await reached->wait();
}

void object_table::replace(std::vector<any_object> objects, std::string version) {
    objects_by_key next;
    for (any_object& o : objects) {
        object_key key = key_of(*o.metadata);
        next.insert_or_assign(std::move(key), std::move(o));
    }

    std::vector<numbered_change> made;
    const bool initial = !contents_->listed;
    auto old = contents_->objects.begin();
    for (const auto& [key, now] : next) {
        for (; old != contents_->objects.end() && old->first < key; ++old)
            contents_->note(made, old->second, {}, true, false);
        if (old != contents_->objects.end() && old->first == key) {
            const ObjectMeta& before = *old->second.metadata;
            if (before.resourceVersion != now.metadata->resourceVersion || before.uid != now.metadata->uid)
                contents_->note(made, old->second, now, true, false);
            ++old;
        } else {
            contents_->note(made, {}, now, false, initial);
        }
    }
    for (; old != contents_->objects.end(); ++old)
        contents_->note(made, old->second, {}, true, false);

    for (auto& [name, i] : contents_->indexes) {
        i.entries.clear();
        for (const auto& [key, o] : next)
            i.insert(key, o);
    }
    contents_->objects.swap(next);
    contents_->listed = true;
    resource_version_ = std::move(version);
    contents_->tell(made);
    contents_->reach(*this);
}

void object_table::apply(watch_event_type event, any_object object, bool keep_version) {
    std::string version = object.metadata->resourceVersion;
    std::vector<numbered_change> made;
    if (event != watch_event_type::bookmark) {
        const object_key key = key_of(*object.metadata);
        const auto found = contents_->objects.find(key);
        const any_object old = found == contents_->objects.end() ? any_object() : found->second;
        const bool removal = event == watch_event_type::deleted;
        if (old)
            for (auto& [name, i] : contents_->indexes)
                i.erase(key, old);
        if (!removal) {
            for (auto& [name, i] : contents_->indexes)
                i.insert(key, object);
            contents_->objects.insert_or_assign(key, object);
            contents_->note(made, old, object, true, false);
        } else if (old) {
            contents_->objects.erase(found);
            // The event has the last state, the store the one before; unless it is another object's.
            const bool same = old.metadata->uid == object.metadata->uid;
            contents_->note(made, same ? object : old, {}, !same, false);
        }
    }
    if (!keep_version)
        resource_version_ = std::move(version);
    contents_->tell(made);
    contents_->reach(*this);
}

void object_table::set_state(store_state state, std::string reason) {
    reason_ = std::move(reason);
    if (state_ == state)
        return;
    state_ = state;
    contents_->reach(*this);
    for (std::size_t i = 0; i < contents_->state_handlers.size(); ++i) {
        const state_handler call = contents_->state_handlers[i];
        call(state);
    }
}

} // namespace detail
} // namespace gwctl
