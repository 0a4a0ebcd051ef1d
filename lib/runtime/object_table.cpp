#include "resource_version.hpp"
#include "table_contents.hpp"
#include "table_writer.hpp"
#include "user_code.hpp"

#include <gwctl/runtime/object_table.hpp>

#include <algorithm>
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

/// The one furthest from synced first.
constexpr store_state by_distance[] = {store_state::starting, store_state::denied, store_state::failing,
                                       store_state::synced, store_state::not_served};

} // namespace

object_table::object_table(resource_type type, cache_scope scope)
    : type_(type), scope_(std::move(scope)), version_(type.version),
      contents_(std::make_unique<contents>(type)) {
    for (const std::string& namespace_ : scope_.namespaces)
        contents_->parts.emplace_back().namespace_ = namespace_;
    if (contents_->parts.empty())
        contents_->parts.emplace_back();
}
object_table::~object_table() = default;

std::size_t object_table::size() const noexcept { return contents_->objects.size(); }

bool object_table::has_seen(std::string_view version, std::string_view namespace_) const noexcept {
    return std::all_of(contents_->parts.begin(), contents_->parts.end(), [&](const table_part& p) {
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

const any_unreadable* object_table::unreadable_any(const object_key& key) const {
    const auto found = contents_->unreadable.find(key);
    return found == contents_->unreadable.end() ? nullptr : &found->second;
}
std::map<object_key, any_unreadable> object_table::unreadable_any() const { return contents_->unreadable; }
std::size_t object_table::unreadable_count() const noexcept { return contents_->unreadable.size(); }

/// What the parts come to together.
void object_table::combine() {
    const std::vector<table_part>& parts = contents_->parts;
    resource_version_ = parts.front().version;
    for (const table_part& p : parts)
        if (!at_least(p.version, resource_version_))
            resource_version_ = p.version;
    for (const store_state s : by_distance) {
        const auto first =
            std::find_if(parts.begin(), parts.end(), [&](const table_part& p) { return p.state == s; });
        if (first == parts.end())
            continue;
        state_ = s;
        reason_ = first->reason;
        break;
    }
}

bool object_table::has_caught_up(const std::vector<received_object>& listed, std::string_view version) const {
    if (has_seen(version))
        return true;
    // What the list does not show must be newer than it. What it shows and the store lacks was deleted later,
    // which would have moved the store on to a newer version.
    std::set<object_key> keys;
    for (const received_object& o : listed) {
        const object_key key = key_of(*o.object.metadata);
        const any_object mine = contents_->known(key);
        if (!mine || !at_least(mine.metadata->resourceVersion, o.object.metadata->resourceVersion))
            return false;
        keys.insert(key);
    }
    const auto shown = [&](const object_key& key) {
        return keys.contains(key) || !at_least(version, contents_->known(key).metadata->resourceVersion);
    };
    const auto all_shown = [&](const table_part& p) {
        const std::vector<object_key> mine = contents_->keys_of(p);
        return std::all_of(mine.begin(), mine.end(), shown);
    };
    return std::all_of(contents_->parts.begin(), contents_->parts.end(), all_shown);
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
    if (const objects_by_key* under = contents_->find(name, value))
        for (const auto& [key, o] : *under)
            out.push_back(o);
    return out;
}

bool object_table::has_index_value(std::string_view name, std::string_view value) const {
    return contents_->find(name, value) != nullptr;
}

void object_table::add_index_any(std::string name, index_function values) {
    table_index i(name, std::move(values));
    for (const auto& [key, o] : contents_->objects)
        i.insert(key, o, i.values_of(type_, o));
    contents_->indexes.insert_or_assign(std::move(name), std::move(i));
}

void object_table::on_change_any(change_handler call) {
    auto h = std::make_shared<table_handler>();
    h->call = std::move(call);
    h->caught_up = contents_->changes;
    contents_->handlers.push_back(h);
    std::vector<any_change> there;
    for (const auto& [key, o] : contents_->objects)
        there.emplace_back().now = o;
    for (const auto& [key, u] : contents_->unreadable)
        there.emplace_back().partial = u.partial;
    for (any_change& c : there) {
        c.initial = true;
        const auto fields = [&] {
            return std::vector<log::field>{{"object", describe(type_, key_of(c.metadata()))}};
        };
        guard_user_code("a handler of changes threw: it misses this object", fields, [&] { h->call(c); });
    }
}

void object_table::on_version(std::function<void()> call) {
    contents_->version_handlers.push_back(std::move(call));
}

void object_table::on_state(state_handler call) { contents_->state_handlers.push_back(std::move(call)); }

void object_table::when_at_least(std::string version, std::string namespace_, std::function<void()> then) {
    if (has_seen(version, namespace_))
        then();
    else
        contents_->awaited.push_back({std::move(version), std::move(namespace_), std::move(then)});
}

void table_writer::set_version(std::string version) {
    if (table_.version_ == version)
        return;
    table_.version_ = std::move(version);
    auto& handlers = table_.contents_->version_handlers;
    const auto fields = [this] {
        return std::vector<log::field>{{"kind", table_.type_.qualified_name()}, {"version", table_.version_}};
    };
    for (std::size_t i = 0; i < handlers.size(); ++i) // by position: a handler may add another one
        guard_user_code("a handler of a kind's version threw", fields, [call = handlers[i]] { call(); });
}

void table_writer::replace(std::vector<received_object> objects, std::string version, std::size_t number) {
    object_table::contents& contents = *table_.contents_;
    table_part& part = contents.parts.at(number);
    std::map<object_key, received_object> next;
    for (received_object& o : objects)
        next.insert_or_assign(key_of(*o.object.metadata), std::move(o));

    std::vector<numbered_change> made;
    const bool initial = !part.listed;
    const std::vector<object_key> known = contents.keys_of(part);
    auto old = known.begin();
    for (auto& [key, o] : next) {
        for (; old != known.end() && *old < key; ++old)
            contents.remove(*old, any_object(), made);
        old += old != known.end() && *old == key ? 1 : 0;
        const any_object before = contents.known(key);
        const ObjectMeta& now = *o.object.metadata;
        if (!before || before.metadata->resourceVersion != now.resourceVersion ||
            before.metadata->uid != now.uid)
            contents.put(key, std::move(o), initial && !before, made);
    }
    for (; old != known.end(); ++old)
        contents.remove(*old, any_object(), made);
    part.listed = true;
    part.version = std::move(version);
    table_.combine();
    contents.tell(made);
    contents.reach(table_);
}

void table_writer::apply(watch_event_type event, received_object received, bool keep_version,
                         std::size_t number) {
    object_table::contents& contents = *table_.contents_;
    const ObjectMeta& metadata = *received.object.metadata;
    std::string version = metadata.resourceVersion;
    const object_key key = key_of(metadata);
    std::vector<numbered_change> made;
    if (event == watch_event_type::deleted)
        contents.remove(key, received.object, made);
    else if (event != watch_event_type::bookmark)
        contents.put(key, std::move(received), false, made);
    if (!keep_version) {
        contents.parts.at(number).version = std::move(version);
        table_.combine();
    }
    contents.tell(made);
    contents.reach(table_);
}

void table_writer::set_state(store_state state, std::string reason, std::size_t number) {
    object_table::contents& contents = *table_.contents_;
    table_part& part = contents.parts.at(number);
    const bool changes = std::exchange(part.state, state) != state;
    part.reason = std::move(reason);
    const store_state before = table_.state_;
    table_.combine();
    if (changes)
        contents.reach(table_);
    if (table_.state_ == before)
        return;
    const auto fields = [this] {
        return std::vector<log::field>{{"kind", table_.type_.qualified_name()},
                                       {"state", to_string(table_.state_)}};
    };
    auto& handlers = contents.state_handlers;
    for (std::size_t i = 0; i < handlers.size(); ++i) // by position: a handler may add another one
        guard_user_code("a handler of a store's state threw", fields,
                        [this, call = handlers[i]] { call(table_.state_); });
}

} // namespace detail
} // namespace gwctl
