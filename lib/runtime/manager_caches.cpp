// The caches of a manager: how they are filled, what is known of them, and who hears of it.

#include "../client/status_error.hpp"
#include "manager_core.hpp"

#include <gwctl/core/log.hpp>

#include <fmt/ranges.h>

namespace gwctl {

detail::object_table& manager::core::table(const detail::kind_ops& kind, cache_scope scope) {
    for (const auto& k : caches_)
        if (k->kind == &kind && k->table->scope() == scope)
            return *k->table;
    auto k = std::make_unique<cached_kind>();
    k->kind = &kind;
    k->table = kind.make_store(std::move(scope));
    caches_.push_back(std::move(k));
    if (reflecting_)
        start_reflectors(*caches_.back());
    return *caches_.back()->table;
}

void manager::core::start_reflectors(cached_kind& k) {
    reflector_options options;
    options.may_go = !detail::is_built_in(k.kind->type);
    for (std::size_t part = 0; part < k.table->parts(); ++part) {
        detail::reflector_hooks hooks;
        hooks.progress = [this, &k] {
            count_unreadable(k);
            progress();
        };
        hooks.unreadable = [this, &k](const ObjectMeta& object, const std::string& error) {
            found_unreadable(k, object, error);
        };
        const std::size_t number = k.reflectors.size();
        hooks.recovered = [this, &k, number] { recovered(k.reflectors[number].get()); };
        auto& r = k.reflectors.emplace_back(std::make_unique<detail::reflector>(
            api_, time_, *k.kind, *k.table, part, options, ++seed_, std::move(hooks)));
        r->look_each_minute(!follows_crds());
        reflectors_.spawn("watch of " + k.kind->type.qualified_name(), r->run());
    }
}

std::string manager::core::state_of(const cached_kind& k) const {
    std::string text = fmt::format("{}: {}", k.kind->type.qualified_name(), to_string(k.table->state()));
    if (!k.table->reason().empty())
        text += ": " + k.table->reason();
    return text;
}

std::string manager::core::cache_name(const cached_kind& k) {
    const cache_scope& s = k.table->scope();
    std::string name = k.kind->type.qualified_name();
    for (const std::string& part :
         {fmt::format("{}", fmt::join(s.namespaces, ",")), s.label_selector, s.field_selector})
        if (!part.empty())
            name += "/" + part;
    return name;
}

/// "2 objects cannot be read: default/a: spec.size: expected an integer, got \"two\"; default/b: ..."
std::string manager::core::unreadable_text(const cached_kind& k) {
    constexpr std::size_t shown = 3;
    const std::size_t count = k.table->unreadable_count();
    if (count == 0)
        return {};
    std::string text = fmt::format("{} object{} cannot be read", count, count == 1 ? "" : "s");
    std::size_t n = 0;
    for (const auto& [key, u] : k.table->unreadable_any()) {
        if (n++ == shown) {
            text += "; ...";
            break;
        }
        text += fmt::format("{}{}: {}", n == 1 ? ": " : "; ", to_string(key), u.error);
    }
    return text;
}

void manager::core::publish_readiness() {
    for (const auto& k : caches_) {
        const store_state state = k->table->state();
        std::string told = state == store_state::synced ? std::string() : state_of(*k);
        if (const std::string unreadable = unreadable_text(*k); !unreadable.empty())
            told = told.empty() ? fmt::format("{}: {}", k->kind->type.qualified_name(), unreadable)
                                : told + "; " + unreadable;
        const auto [known, first] = readiness_.try_emplace(k.get(), told);
        if (!first && known->second == told)
            continue;
        known->second = told;
        const std::string check = "cache-" + cache_name(*k);
        if (k->optional || k->table->usable())
            health_.set_ready(check, {}, std::move(told));
        else
            health_.set_ready(check, std::move(told));
        changed_.notify_all();
    }
}

void manager::core::found_unreadable(const cached_kind& k, const ObjectMeta& object,
                                     const std::string& error) {
    // One who does not lead may not write; the leader has found the object, too.
    if (!options_.record_unreadable || (elector_ && !leading_))
        return;
    core_v1::ObjectReference about;
    about.apiVersion = k.kind->type.api_version(k.table->version());
    about.kind = k.kind->type.kind;
    about.namespace_ = object.namespace_;
    about.name = object.name;
    about.uid = object.uid;
    about.resourceVersion = object.resourceVersion;
    events_.record(
        std::move(about), event_type::warning, "Unreadable",
        fmt::format("{}; {} ignores this object until the field is corrected", error, options_.name));
}

/// Brings the metrics of unreadable objects up to date.
void manager::core::count_unreadable(cached_kind& k) {
    if (k.table->unreadable_count() == 0 && k.unreadable_gauges.empty() && k.unreadable_total == nullptr)
        return;
    const std::string cache = cache_name(k);
    if (k.unreadable_total == nullptr)
        k.unreadable_total = &cache_metrics_.unreadable.Add({{"cache", cache}});
    k.unreadable_total->Set(static_cast<double>(k.table->unreadable_count()));
    const auto now = k.table->unreadable_any();
    std::erase_if(k.unreadable_gauges, [&](const auto& named) {
        if (now.contains(named.first))
            return false;
        cache_metrics_.unreadable_object.Remove(named.second);
        return true;
    });
    for (const auto& [key, u] : now) {
        if (k.unreadable_gauges.size() >= detail::cache_metrics::most_named)
            break;
        if (k.unreadable_gauges.contains(key))
            continue;
        auto& gauge = cache_metrics_.unreadable_object.Add(
            {{"cache", cache}, {"namespace", key.namespace_}, {"name", key.name}});
        gauge.Set(1);
        k.unreadable_gauges[key] = &gauge;
    }
}

void manager::core::measure_silence() {
    for (const auto& k : caches_) {
        if (k->silence == nullptr)
            k->silence = &cache_metrics_.silence.Add({{"cache", cache_name(*k)}});
        std::chrono::nanoseconds longest{};
        for (const auto& r : k->reflectors)
            longest = std::max(longest, r->silent_for());
        const bool watched = k->table->state() != store_state::not_served;
        k->silence->Set(watched ? std::chrono::duration<double>(longest).count() : 0);
    }
}

/// The API server answers one reflector again: the others need not wait for their own turn.
void manager::core::recovered(const detail::reflector* by) {
    for (const auto& k : caches_)
        for (const auto& r : k->reflectors)
            if (r.get() != by)
                r->retry_soon();
}

/// Whether changes of CustomResourceDefinitions are seen.
bool manager::core::follows_crds() const {
    if (!following_crds_)
        return false;
    const auto shows = [](const auto& k) {
        return k->kind == &detail::ops_of<apiextensions_v1::CustomResourceDefinition> &&
               k->table->state() != store_state::denied;
    };
    return std::any_of(caches_.begin(), caches_.end(), shows);
}

detail::object_table& manager::core::follow_crds() {
    const detail::kind_ops& ops = detail::ops_of<apiextensions_v1::CustomResourceDefinition>;
    detail::object_table& definitions = table(ops, {});
    if (std::exchange(following_crds_, true))
        return definitions;
    for (const auto& k : caches_)
        if (k->table.get() == &definitions)
            k->optional = true;
    definitions.on_change_any([this](const detail::any_change& c) { definition_changed(c); });
    definitions.on_state([this](store_state s) {
        for (const auto& k : caches_)
            for (const auto& r : k->reflectors)
                r->look_each_minute(!follows_crds());
        if (s == store_state::denied)
            log::warn(
                "changes of CustomResourceDefinitions are not seen: which kinds are served is asked once a "
                "minute instead; let this controller list and watch "
                "customresourcedefinitions.apiextensions.k8s.io");
    });
    return definitions;
}

void manager::core::definition_changed(const detail::any_change& c) {
    const bool deleted = !c.now && !c.partial;
    for (const auto& k : caches_) {
        if (k->kind->type.qualified_name() != c.metadata().name)
            continue;
        // What was there at the start the reflectors have found; one that came just after they looked they
        // have not.
        if (c.initial && k->table->state() != store_state::not_served)
            continue;
        for (const auto& r : k->reflectors)
            deleted ? r->definition_deleted() : r->recheck();
    }
}

} // namespace gwctl
