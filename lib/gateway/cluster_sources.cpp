// What decisions about Gateways, ListenerSets and routes read.
#include "cluster.hpp"
#include "listener_status.hpp"

#include <gwctl/gateway/listener_sets.hpp>

#include <algorithm>

namespace gwctl::gateway::detail {
namespace {

using gwctl::detail::object_table;

std::string from_of(const gateway_v1::RouteNamespaces& rule) {
    return rule.from.empty() ? "Same" : rule.from;
}

/// How many routes the status says are attached to a listener.
std::int32_t shown_routes(const std::vector<gateway_v1::ListenerStatus>& listeners, const std::string& name) {
    const auto found =
        std::find_if(listeners.begin(), listeners.end(), [&](const auto& l) { return l.name == name; });
    return found == listeners.end() ? 0 : found->attachedRoutes;
}

} // namespace

void cluster::follow_sources() {
    sources_ = {&classes,    &gateways.table(),         &services.table(),     &endpoint_slices.table(),
                &namespaces, &reference_grants.table(), &listener_sets.table()};
    const auto note = [this](store_state) {
        last_state_change_ = time.now();
        logged_waits_.clear();
    };
    classes.on_state(note);
    gateways.on_state(note);
    services.on_state(note);
    endpoint_slices.on_state(note);
    namespaces.on_state(note);
    reference_grants.on_state(note);
    listener_sets.on_state(note);
    parameters.on_state(note);
    for (const auto& source : routes) {
        sources_.push_back(&source->table());
        source->on_state(note);
    }
    if (pools != nullptr) {
        sources_.push_back(pools);
        pools->on_state(note);
    }
    if (secrets != nullptr) {
        sources_.push_back(secrets);
        secrets->on_state(note);
    }
}

bool cluster::all_known() const {
    return parameters.table().state() != store_state::starting &&
           std::all_of(sources_.begin(), sources_.end(), [](const auto* table) { return table->synced(); });
}

/// Namespaces that are denied, and labels, add nothing here; see `read_lost`.
void cluster::read_listeners(reading& r, const std::vector<Listener>& listeners,
                             const std::string& namespace_) const {
    for (const Listener& l : listeners) {
        const std::string from = from_of(l.allowedRoutes.namespaces);
        for (const auto& source : routes) {
            if (!source->kind().accepts(l))
                continue;
            if (from == "Same")
                r.of(source->table(), namespace_);
            else if (from == "All" || from == "Selector")
                r.all_permitted(source->table());
        }
        if (from == "Selector" && namespaces.state() != store_state::denied)
            r.all(namespaces);
        if (secrets == nullptr || !l.tls)
            continue;
        for (const auto& ref : l.tls->certificateRefs) {
            const std::string& where = ref.namespace_ ? *ref.namespace_ : namespace_;
            r.of(*secrets, where);
            if (where != namespace_)
                r.of(reference_grants.table(), where);
        }
    }
}

void cluster::read_backends(reading& r, const route_view& route) const {
    const std::string& own = route.metadata->namespace_;
    r.of(services.table(), own);
    for (const auto& rule : route.spec->rules)
        for (const BackendRef& ref : rule.backendRefs) {
            const std::string& where = ref.namespace_ ? *ref.namespace_ : own;
            r.of(services.table(), where);
            r.of(endpoint_slices.table(), where);
            if (where != own)
                r.of(reference_grants.table(), where);
        }
}

std::optional<unknown_source> cluster::unknown_of(const object_key& gateway) const {
    if (all_known())
        return std::nullopt;
    reading r;
    r.all(classes);
    r.of(gateways.table(), gateway.namespace_);
    r.of(services.table(), gateway.namespace_);
    r.of(endpoint_slices.table(), gateway.namespace_);
    return r.unknown();
}

std::optional<unknown_source> cluster::unknown_for(const std::shared_ptr<const Gateway>& gateway) {
    if (all_known())
        return std::nullopt;
    const object_key key = key_of(*gateway);
    if (auto unknown = unknown_of(key))
        return unknown;
    reading r;
    read_parameters(r, *gateway);
    const auto rule = gateway->spec.allowedListeners.value_or(gateway_v1::AllowedListeners()).namespaces;
    if (rule.from == "Same")
        r.of(listener_sets.table(), key.namespace_);
    else if (rule.from == "All" || rule.from == "Selector")
        r.all_permitted(listener_sets.table());
    if (rule.from == "Selector" && namespaces.state() != store_state::denied)
        r.all(namespaces);
    read_listeners(r, gateway->spec.listeners, key.namespace_);
    if (r.is_known())
        for (const auto& set : sets_of(key))
            if (judge_set(*set, *gateway, *this).holds)
                read_listeners(r, set->spec.listeners, set->metadata.namespace_);
    if (!r.is_known())
        return r.unknown();
    const auto judged = judge(gateway);
    if (!outcomes_.contains(key)) // since then the stores have lost nothing that is only denied
        read_lost(r, *judged);
    for (const attachments::entry* winner : judged->attached.winners) {
        if (winner == nullptr)
            continue;
        read_backends(r, *winner->route);
        if (winner->served_by !=
            behaviour::merge) // another Gateway may serve it, or have borrowed its Service
            for (const object_key& parent : parent_gateways(*winner->route, *this))
                r.of(gateways.table(), parent.namespace_);
    }
    return r.unknown();
}

/// What a status shows to have been attached, and the stores do not have: it may be in a namespace that is denied.
void cluster::read_lost(reading& r, const judged_gateway& judged) const {
    const Gateway& gateway = *judged.state.gateway;
    const attachments& a = judged.attached;
    if (gateway.status.attachedListenerSets.value_or(0) > attached_sets(a)) {
        r.all(listener_sets.table());
        r.all(namespaces);
    }
    for (std::size_t i = 0; i < a.listeners.size(); ++i) {
        const ListenerSet* set = a.set_of(i);
        const Listener& l = *a.listeners[i].listener;
        if (from_of(l.allowedRoutes.namespaces) == "Same" ||
            shown_routes(set == nullptr ? gateway.status.listeners : set->status.listeners, l.name) <=
                a.attached[i])
            continue;
        for (const auto& source : routes)
            if (source->kind().accepts(l))
                r.all(source->table());
        if (l.allowedRoutes.namespaces.from == "Selector")
            r.all(namespaces);
    }
}

/// What is refused of parameters stops nobody who is served. Until the first answer nobody knows.
void cluster::read_parameters(reading& r, const Gateway& gateway) const {
    const auto read = [&](const std::optional<object_key>& map) {
        if (map && parameters.table().state() == store_state::starting)
            r.of(parameters.table(), map->namespace_);
    };
    read(gateway::parameters_of(gateway));
    if (const auto its_class = classes.get(object_key(gateway.spec.gatewayClassName)))
        read(gateway::parameters_of(*its_class));
}

std::optional<unknown_source> cluster::unknown_for(const ListenerSet& set) {
    if (all_known())
        return std::nullopt;
    const object_key parent = parent_gateway(set);
    if (auto unknown = unknown_of(parent))
        return unknown;
    const auto gateway = gateways.get(parent);
    return gateway && is_ours(*gateway) ? unknown_for(gateway) : std::nullopt;
}

std::optional<unknown_source> cluster::unknown_for(const route_view& route) {
    if (all_known())
        return std::nullopt;
    reading r;
    r.of(services.table(), route.metadata->namespace_); // what was borrowed for it
    if (!route.metadata->deletionTimestamp.empty())
        return r.unknown();
    r.all(classes);
    for (const object_key& parent : parent_gateways(route))
        r.of(gateways.table(), parent.namespace_);
    for (const object_key& set : parent_sets(route))
        r.of(listener_sets.table(), set.namespace_);
    for (const object_key& parent : parent_gateways(route, *this)) {
        r.of(gateways.table(), parent.namespace_);
        const auto gateway = gateways.get(parent);
        if (!r.is_known() || !gateway || !is_ours(*gateway))
            continue;
        if (auto unknown = unknown_for(gateway))
            return unknown;
        read_backends(r, route);
    }
    return r.unknown();
}

std::optional<unknown_source> cluster::unknown_addresses() const {
    if (all_known())
        return std::nullopt;
    reading r;
    r.all(classes);
    if (pools != nullptr)
        r.all(*pools);
    r.all_permitted(gateways.table());
    r.all_permitted(services.table());
    return r.unknown();
}

bool cluster::stands(const unknown_source& source) const {
    constexpr std::chrono::seconds long_enough(5); // half of `blocked_interval`
    return source.state == store_state::denied && last_state_change_ &&
           time.now() - *last_state_change_ >= long_enough;
}

void cluster::log_wait(const object_log& log, const std::string& message, const unknown_source& source) {
    if (logged_waits_.insert(source.name).second)
        log.warn(message);
}

} // namespace gwctl::gateway::detail
