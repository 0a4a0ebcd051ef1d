#include "resource_version.hpp"

#include <gwctl/runtime/object_table.hpp>

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

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
    std::map<std::string, objects_by_key, std::less<>> entries; ///< none of them empty

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
    std::string namespace_;
    std::function<void()> then;
};

/// What one reflector keeps current.
struct part {
    std::string namespace_; ///< empty: all
    std::string version;
    store_state state = store_state::starting;
    std::string reason;
    bool listed = false;

    bool has_seen(std::string_view wanted) const noexcept {
        return state == store_state::not_served || at_least(version, wanted);
    }
};

/// The one furthest from synced first.
constexpr store_state by_distance[] = {store_state::starting, store_state::denied, store_state::failing,
                                       store_state::synced, store_state::not_served};

} // namespace

struct object_table::contents {
    objects_by_key objects;
    std::map<std::string, index, std::less<>> indexes;
    std::vector<std::shared_ptr<handler>> handlers;
    std::vector<state_handler> state_handlers;
    std::vector<std::function<void()>> version_handlers;
    std::vector<awaited_version> awaited;

    /// The objects under a value; null: none.
    const objects_by_key* find(std::string_view index_name, std::string_view value,
                               const resource_type& type) const {
        const auto found = indexes.find(index_name);
        if (found == indexes.end())
            throw api_error(errc::precondition, "store of " + type.qualified_name() + " has no index \"" +
                                                    std::string(index_name) + "\"; call add_index first");
        const auto entry = found->second.entries.find(value);
        return entry == found->second.entries.end() ? nullptr : &entry->second;
    }
    std::uint64_t changes = 0;
    std::vector<part> parts;

    objects_by_key::iterator begin_of(const part& p) {
        return p.namespace_.empty() ? objects.begin() : objects.lower_bound(object_key(p.namespace_, ""));
    }
    objects_by_key::iterator end_of(const part& p) {
        auto end = begin_of(p);
        if (p.namespace_.empty())
            return objects.end();
        while (end != objects.end() && end->first.namespace_ == p.namespace_)
            ++end;
        return end;
    }

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
        if (awaited.empty())
            return;
        const auto still = [&](const awaited_version& a) { return !table.has_seen(a.version, a.namespace_); };
        const auto first = std::stable_partition(awaited.begin(), awaited.end(), still);
        std::move(first, awaited.end(), std::back_inserter(reached));
        awaited.erase(first, awaited.end());
        for (awaited_version& a : reached)
            a.then();
    }
};

object_table::object_table(resource_type type, cache_scope scope)
    : type_(type), scope_(std::move(scope)), version_(type.version), contents_(std::make_unique<contents>()) {
    for (const std::string& namespace_ : scope_.namespaces)
        contents_->parts.emplace_back().namespace_ = namespace_;
    if (contents_->parts.empty())
        contents_->parts.emplace_back();
}
object_table::~object_table() = default;

std::size_t object_table::size() const noexcept { return contents_->objects.size(); }

bool object_table::has_seen(std::string_view version, std::string_view namespace_) const noexcept {
    return std::all_of(contents_->parts.begin(), contents_->parts.end(), [&](const part& p) {
        const bool matters = namespace_.empty() || p.namespace_.empty() || p.namespace_ == namespace_;
        return !matters || p.has_seen(version);
    });
}

std::size_t object_table::parts() const noexcept { return contents_->parts.size(); }
const std::string& object_table::namespace_of(std::size_t part) const {
    return contents_->parts.at(part).namespace_;
}
store_state object_table::state_of(std::size_t part) const { return contents_->parts.at(part).state; }
const std::string& object_table::reason_of(std::size_t part) const {
    return contents_->parts.at(part).reason;
}
bool object_table::was_listed(std::size_t part) const { return !contents_->parts.at(part).version.empty(); }

/// What the parts come to together.
void object_table::combine() {
    const std::vector<part>& parts = contents_->parts;
    resource_version_ = parts.front().version;
    for (const part& p : parts)
        if (!at_least(p.version, resource_version_))
            resource_version_ = p.version;
    for (const store_state s : by_distance) {
        const auto first =
            std::find_if(parts.begin(), parts.end(), [&](const part& p) { return p.state == s; });
        if (first == parts.end())
            continue;
        state_ = s;
        reason_ = first->reason;
        break;
    }
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
    std::vector<any_object> out;
    if (const objects_by_key* under = contents_->find(name, value, type_))
        for (const auto& [key, o] : *under)
            out.push_back(o);
    return out;
}

bool object_table::has_index_value(std::string_view name, std::string_view value) const {
    return contents_->find(name, value, type_) != nullptr;
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

void object_table::when_at_least(std::string version, std::string namespace_, std::function<void()> then) {
    if (has_seen(version, namespace_))
        then();
    else
        contents_->awaited.push_back({std::move(version), std::move(namespace_), std::move(then)});
}

void object_table::replace(std::vector<any_object> objects, std::string version, std::size_t number) {
    part& p = contents_->parts.at(number);
    objects_by_key next;
    for (any_object& o : objects) {
        object_key key = key_of(*o.metadata);
        next.insert_or_assign(std::move(key), std::move(o));
    }

    std::vector<numbered_change> made;
    const bool initial = !std::exchange(p.listed, true);
    const auto begin = contents_->begin_of(p);
    const auto end = contents_->end_of(p);
    auto old = begin;
    for (const auto& [key, now] : next) {
        for (; old != end && old->first < key; ++old)
            contents_->note(made, old->second, {}, true, false);
        if (old != end && old->first == key) {
            const ObjectMeta& before = *old->second.metadata;
            if (before.resourceVersion != now.metadata->resourceVersion || before.uid != now.metadata->uid)
                contents_->note(made, old->second, now, true, false);
            ++old;
        } else {
            contents_->note(made, {}, now, false, initial);
        }
    }
    for (; old != end; ++old)
        contents_->note(made, old->second, {}, true, false);

    for (auto& [name, i] : contents_->indexes) {
        for (auto o = begin; o != end; ++o)
            i.erase(o->first, o->second);
        for (const auto& [key, o] : next)
            i.insert(key, o);
    }
    contents_->objects.erase(begin, end);
    contents_->objects.merge(next);
    p.version = std::move(version);
    combine();
    contents_->tell(made);
    contents_->reach(*this);
}

void object_table::apply(watch_event_type event, any_object object, bool keep_version, std::size_t number) {
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
    if (!keep_version) {
        contents_->parts.at(number).version = std::move(version);
        combine();
    }
    contents_->tell(made);
    contents_->reach(*this);
}

void object_table::set_state(store_state state, std::string reason, std::size_t number) {
    part& p = contents_->parts.at(number);
    const bool changes = std::exchange(p.state, state) != state;
    p.reason = std::move(reason);
    const store_state before = state_;
    combine();
    if (changes)
        contents_->reach(*this);
    if (state_ == before)
        return;
    for (std::size_t i = 0; i < contents_->state_handlers.size(); ++i) {
        const state_handler call = contents_->state_handlers[i];
        call(state_);
    }
}

} // namespace detail
} // namespace gwctl
