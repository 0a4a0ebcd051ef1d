#include "cluster.hpp"

#include <algorithm>

namespace gwctl::gateway::detail {

core_v1::ObjectReference reference_to(const cluster_view& cluster, const route_view& route) {
    core_v1::ObjectReference about;
    about.apiVersion = route.kind->type.api_version(cluster.served_version(route.kind->type));
    about.kind = route.kind->type.kind;
    about.namespace_ = route.metadata->namespace_;
    about.name = route.metadata->name;
    about.uid = route.metadata->uid;
    return about;
}

bool changes_routing(const std::optional<route_view>& old, const std::optional<route_view>& now) {
    if (!old || !now)
        return true;
    const ObjectMeta& a = *old->metadata;
    const ObjectMeta& b = *now->metadata;
    return a.uid != b.uid || a.generation != b.generation || a.labels != b.labels ||
           a.finalizers != b.finalizers || a.deletionTimestamp != b.deletionTimestamp;
}

bool changes_class(const change<GatewayClass>& c) {
    if (!c.old || !c.now)
        return true;
    const ObjectMeta& a = c.old->metadata;
    const ObjectMeta& b = c.now->metadata;
    return a.uid != b.uid || a.generation != b.generation || a.annotations != b.annotations ||
           a.deletionTimestamp != b.deletionTimestamp;
}

/// Drops what was judged before something that attachments depend on changed.
void cluster::follow_attachments() {
    gateways.on_change([this](const change<Gateway>& c) { judged_.erase(key_of(c.now ? *c.now : *c.old)); });
    listener_sets.on_change([this](const change<ListenerSet>& c) {
        if (!changes_listeners(c))
            return; // our own writes of its status, first of all
        for (const auto& set : {c.old, c.now})
            if (set)
                judged_.erase(parent_gateway(*set));
    });
    if (secrets != nullptr) {
        const auto forget_users = [this](std::string_view index, const std::string& value) {
            for (const auto& gateway : gateways.by_index(index, value))
                judged_.erase(key_of(*gateway));
            for (const auto& set : listener_sets.by_index(index, value))
                judged_.erase(parent_gateway(*set));
        };
        secrets->on_change([forget_users](const change<certificate_secret>& c) {
            forget_users("certificate", to_string(key_of(c.now ? *c.now : *c.old)));
        });
        reference_grants.on_change([forget_users](const change<ReferenceGrant>& c) {
            forget_users("certificate-namespace", (c.now ? c.now : c.old)->metadata.namespace_);
        });
    }
    namespaces.on_change([this](const change<core_v1::Namespace>& c) {
        if (c.old && c.now && c.old->metadata.labels == c.now->metadata.labels)
            return;
        for (const auto& source : routes)
            for (const route_view& route : source->in_namespace((c.now ? c.now : c.old)->metadata.name))
                for (const object_key& parent : parent_gateways(route, *this))
                    judged_.erase(parent);
        for (const auto& set : listener_sets.list((c.now ? c.now : c.old)->metadata.name))
            judged_.erase(parent_gateway(*set));
    });
    namespaces.on_state([this](store_state) { judged_.clear(); });
    for (const auto& source : routes)
        source->on_change([this](const std::optional<route_view>& old, const std::optional<route_view>& now) {
            if (!changes_routing(old, now))
                return;
            for (const auto& route : {old, now})
                if (route)
                    for (const object_key& parent : parent_gateways(*route, *this))
                        judged_.erase(parent);
        });
}

/// The same for what parameters decide: by which behaviour a route is served.
void cluster::follow_parameters() {
    classes.on_change([this](const change<GatewayClass>& c) {
        if (!c.now)
            changes.forget(gwctl::describe(*c.old));
        if (changes_class(c))
            forget_judged_of((c.now ? c.now : c.old)->metadata.name);
    });
    parameters.on_change([this](const change<parameter_map>& c) {
        const std::string key = to_string(key_of(c.now ? *c.now : *c.old));
        for (const auto& gateway_class : classes.by_index("parameters", key))
            forget_judged_of(gateway_class->metadata.name);
        for (const auto& gateway : gateways.by_index("parameters", key))
            judged_.erase(key_of(*gateway));
    });
    parameters.on_state([this](store_state now) {
        judged_.clear();
        if (now == store_state::denied)
            log::info(
                "parameters cannot be read, which concerns classes and Gateways with a parametersRef only; "
                "manifests/parameters-rbac.yaml has the permission");
    });
}

void cluster::forget_judged_of(const std::string& gateway_class) {
    for (const auto& gateway : gateways.by_index("class", gateway_class))
        judged_.erase(key_of(*gateway));
}

parameter_source cluster::source() const {
    parameter_source source;
    source.find = [this](const object_key& key) { return parameters.get(key); };
    // A store that fails holds what it held, if it ever held something.
    const auto& table = parameters.table();
    if (!table.synced() && table.resource_version().empty())
        source.unreadable = table.reason().empty() ? "not yet" : table.reason();
    if (table.state() == store_state::denied)
        source.unreadable = table.reason();
    return source;
}

judged_parameters cluster::parameters_of(const GatewayClass& gateway_class) const {
    return judge_parameters(gateway_class, opts, source(), named);
}

gateway_settings cluster::settings_of(const Gateway& gateway) const {
    const auto its_class = classes.get(object_key(gateway.spec.gatewayClassName));
    if (!its_class)
        return {opts, {}, {}, ""};
    return gateway::settings_of(gateway, *its_class, opts, source(), named);
}

std::shared_ptr<const judged_gateway> cluster::judge(const std::shared_ptr<const Gateway>& gateway) {
    std::shared_ptr<const judged_gateway>& known = judged_[key_of(*gateway)];
    if (!known || known->state.gateway != gateway) {
        const stopwatch watch;
        auto fresh = std::make_shared<judged_gateway>();
        fresh->settings = settings_of(*gateway);
        fresh->state = snapshot_of(gateway, fresh->settings);
        fresh->attached = attach_all(fresh->state, fresh->settings.effective.default_behaviour);
        known = std::move(fresh);
        costs.worked(gwctl::describe(*gateway), watch.elapsed(), time.now());
    }
    return known;
}

std::optional<std::chrono::nanoseconds>
cluster::rest_of(const std::shared_ptr<const Gateway>& gateway) const {
    const auto known = judged_.find(key_of(*gateway));
    if (known != judged_.end() && known->second && known->second->state.gateway == gateway)
        return std::nullopt;
    return costs.rest_of(gwctl::describe(*gateway), time.now());
}

void cluster::publish(const object_key& gateway, std::vector<route_outcome> outcomes) {
    std::map<std::string, route_outcome>& known = outcomes_[gateway];
    std::map<std::string, route_outcome> before = std::exchange(known, {});
    std::vector<const route_outcome*> news;
    for (route_outcome& o : outcomes) {
        const std::string id = gwctl::describe(o.kind->type, o.key);
        const auto old = before.find(id);
        const bool is_news = old == before.end() || old->second != o;
        const auto at = known.insert_or_assign(id, std::move(o)).first;
        if (is_news)
            news.push_back(&at->second);
    }
    for (const route_outcome* o : news)
        wake_route(*o->kind, o->key);
}

const route_outcome* cluster::outcome(const object_key& gateway, const route_view& route) const {
    const auto known = outcomes_.find(gateway);
    if (known == outcomes_.end())
        return nullptr;
    const auto found = known->second.find(describe(route));
    return found == known->second.end() ? nullptr : &found->second;
}

void cluster::follow_addresses() {
    // Until the first assignment the stores may be incomplete; then the book starts from all of them at once.
    gateways.on_change([this](const change<Gateway>& c) {
        if (!c.now)
            waiting.erase(key_of(*c.old));
        if (!book_ready_)
            return;
        bool freed = !c.now;
        if (c.now)
            freed = book_.observe(*c.now, is_ours(*c.now));
        else
            book_.forget_gateway(key_of(*c.old));
        // Its Services count by it as long as it is there, and for themselves once it is not.
        for (const auto& service : services.by_index("gateway", to_string(key_of(c.now ? *c.now : *c.old))))
            freed = book_.observe(*service) || freed;
        if (freed)
            address_freed();
    });
    classes.on_change([this](const change<GatewayClass>& c) {
        if (!book_ready_ || !changes_class(c))
            return;
        bool freed = false;
        for (const auto& gateway : gateways.by_index("class", (c.now ? c.now : c.old)->metadata.name))
            freed = book_.observe(*gateway, is_ours(*gateway)) || freed;
        if (freed)
            address_freed();
    });
    services.on_change([this](const change<core_v1::Service>& c) {
        if (!book_ready_)
            return;
        if (!c.now)
            book_.forget_service(key_of(*c.old));
        if (!c.now || book_.observe(*c.now))
            address_freed();
    });
    if (pools == nullptr)
        return;
    pools->on_change([this](const change<core_v1::ConfigMap>& c) {
        for (const std::string& complaint : book_.configure(c.now.get()))
            log::warn("address pools have a mistake",
                      {{"configmap", to_string(opts.ipam_config)}, {"problem", complaint}});
        for (const object_key& key : book_.take_concerned())
            if (gateways.get(key))
                wake_gateway(key);
    });
}

address_book& cluster::addresses() {
    if (book_ready_)
        return book_;
    std::vector<address_book::known_gateway> known;
    for (const auto& gateway : gateways.list())
        known.push_back({gateway, is_ours(*gateway), settings_of(*gateway).effective});
    book_.rebuild(known, services.list());
    book_ready_ = true;
    return book_;
}

bool cluster::is_granted(const std::string& address) const {
    const auto having = gateways.by_index("address", address);
    return std::any_of(having.begin(), having.end(), [&](const auto& g) { return is_ours(*g); });
}

std::string cluster::labels_unknown() const {
    if (namespaces.synced())
        return {};
    return namespaces.reason().empty() ? std::string(to_string(namespaces.state())) : namespaces.reason();
}

bool cluster::is_ours(const object_key& key) const {
    const auto found = gateways.get(key);
    return found && is_ours(*found);
}

bool cluster::is_ours(const Gateway& g) const {
    const auto found = classes.get(object_key(g.spec.gatewayClassName));
    return found && found->spec.controllerName == opts.controller_name;
}

std::string cluster::served_version(const resource_type& type) const {
    if (type == Gateway::type)
        return gateways.version();
    for (const auto& source : routes)
        if (source->kind().type == type)
            return source->table().version();
    return std::string(type.version);
}

bool cluster::lets_in(const ListenerSet& set) const {
    const auto found = gateways.get(parent_gateway(set));
    return found && is_ours(*found) && judge_set(set, *found, *this).holds;
}

std::optional<std::string> cluster::certificate_problem(const object_key& key) const {
    const auto found = secrets == nullptr ? nullptr : secrets->get(key);
    return found ? std::optional(problem_of(*found)) : std::nullopt;
}

snapshot cluster::snapshot_of(std::shared_ptr<const Gateway> g, const gateway_settings& settings) const {
    const object_key key = key_of(*g);
    snapshot s = remains_of(key);
    for (auto& set : sets_of(key))
        if (set->metadata.deletionTimestamp.empty())
            s.sets.push_back(std::move(set));
    std::sort(s.sets.begin(), s.sets.end(), [](const auto& a, const auto& b) { return precedes(*a, *b); });
    const auto add = [&](std::vector<route_view> found) {
        for (route_view& route : found)
            if (route.metadata->deletionTimestamp.empty())
                s.routes.push_back(std::move(route));
    };
    for (const auto& source : routes) {
        add(source->by_index("gateway", to_string(key)));
        for (const auto& set : s.sets)
            add(source->by_index("listener-set", to_string(key_of(*set))));
    }
    std::sort(s.routes.begin(), s.routes.end(),
              [](const route_view& a, const route_view& b) { return precedes(a, b); });
    const auto is_same = [](const route_view& a, const route_view& b) {
        return !precedes(a, b) && !precedes(b, a);
    };
    s.routes.erase(std::unique(s.routes.begin(), s.routes.end(), is_same), s.routes.end());
    std::map<object_key, std::shared_ptr<const core_v1::Service>> left;
    for (const route_view& route : s.routes)
        for (const auto& service : services.by_index("leftover-route", describe(route)))
            left[key_of(*service)] = service;
    for (const auto& address : g->status.addresses)
        for (const auto& service : services.by_index("leftover-address", address.value.value_or("")))
            left[key_of(*service)] = service;
    for (auto& [name, service] : left)
        s.leftovers.push_back(std::move(service));
    s.gateway = std::move(g);
    s.class_parameters = settings.class_accepted;
    s.parameters = settings.accepted;
    return s;
}

snapshot cluster::remains_of(const object_key& key) const {
    snapshot s;
    s.managed_services = services.by_index("gateway", to_string(key));
    s.managed_slices = endpoint_slices.by_index("gateway", to_string(key));
    s.kinds = kinds_;
    s.cluster = this;
    return s;
}

bool cluster::is_blocked(const object_log& log) {
    std::string blocked = blocked_by();
    if (!blocked.empty() && blocked != told_blocked_)
        log.warn("nothing is decided until all sources are readable", {{"blocked", blocked}});
    told_blocked_ = std::move(blocked);
    return !told_blocked_.empty();
}

std::string cluster::blocked_by() const {
    std::vector<const gwctl::detail::object_table*> tables{
        &classes,    &gateways.table(),         &services.table(),      &endpoint_slices.table(),
        &namespaces, &reference_grants.table(), &listener_sets.table(), pools,
        secrets};
    for (const auto& source : routes)
        tables.push_back(&source->table());
    for (const auto* table : tables)
        if (table != nullptr && !table->usable())
            return std::string(table->type().qualified_name())
                .append(" is ")
                .append(to_string(table->state()))
                .append(table->reason().empty() ? "" : ": ")
                .append(table->reason());
    // Parameters that are denied, or fail, concern those who refer to them; until the first list no one
    // knows.
    if (parameters.table().state() == store_state::starting)
        return "the ConfigMaps of parameters are starting";
    return {};
}

} // namespace gwctl::gateway::detail
