// Which change leads to which reconciles.
#include "bundle_versions.hpp"
#include "cluster.hpp"

#include <gwctl/gateway/adoption.hpp>
#include <gwctl/gateway/backends.hpp>

namespace gwctl::gateway::detail {
namespace {

/// Whether a Gateway's own Service may now have this one's name, which it could not have before.
bool may_free_name(const change<core_v1::Service>& c, const names& n) {
    if (!c.old || !c.now)
        return !c.now;
    const core_v1::Service& old = *c.old;
    const core_v1::Service& now = *c.now;
    const auto gateway_of = [&](const core_v1::Service& s) {
        const auto found = s.metadata.annotations.find(n.gateway());
        return found == s.metadata.annotations.end() ? std::string_view() : std::string_view(found->second);
    };
    if (is_leftover(old, n) || is_leftover(now, n)) // what they are is told by all that is on them
        return old.spec != now.spec || old.metadata.annotations != now.metadata.annotations ||
               old.metadata.labels != now.metadata.labels;
    return gateway_of(old) != gateway_of(now) || made_by_us(old, n) != made_by_us(now, n);
}

struct wiring {
    cluster& c;
    controllers to;

    void gateway(const object_key& key) const { to.gateway->enqueue(key); }
    void set(const ListenerSet& changed) const { to.listener_set->enqueue(key_of(changed)); }
    /// `source` is an index into cluster::routes.
    void status_of(std::size_t source, const route_view& route) const {
        if (source < to.routes.size())
            to.routes[source]->enqueue(key_of(*route.metadata));
    }
    template <class F>
    void each_route(std::string_view index, const std::string& value, F f) const {
        for (std::size_t i = 0; i < c.routes.size(); ++i)
            for (const route_view& route : c.routes[i]->by_index(index, value))
                f(i, route);
    }
    /// Those that name the Gateway or one of its ListenerSets.
    template <class F>
    void each_route_of(const object_key& gateway, F f) const {
        each_route("gateway", to_string(gateway), f);
        for (const auto& set : c.sets_of(gateway))
            each_route("listener-set", to_string(key_of(*set)), f);
    }
    void routes_of(const object_key& gateway) const {
        each_route_of(gateway, [&](std::size_t i, const route_view& route) { status_of(i, route); });
    }
    void sets_of(const object_key& gateway) const {
        for (const auto& one : c.sets_of(gateway))
            set(*one);
    }
    /// Which of its parents serves a route depends on all of them.
    void siblings_of(const object_key& gateway) const {
        each_route_of(gateway, [&](std::size_t, const route_view& route) { gateways_of(route); });
    }
    void gateways_of(const route_view& route) const {
        for (const object_key& key : parent_gateways(route, c))
            gateway(key);
    }
    /// Whatever counts the route.
    void parents_of(const route_view& route) const {
        gateways_of(route);
        for (const object_key& key : parent_sets(route))
            to.listener_set->enqueue(key);
    }
    /// What depends on a route found by an index: the Gateways that serve it, and its own status.
    void routes_by(std::string_view index, const std::string& value, bool with_status) const {
        each_route(index, value, [&](std::size_t i, const route_view& route) {
            gateways_of(route);
            if (with_status)
                status_of(i, route);
        });
    }
    void routes_by_set(const ListenerSet& changed) const {
        routes_by("listener-set", to_string(key_of(changed)), true);
    }
    /// The Gateway, and its other sets: a port may have become free or taken.
    void beside(const ListenerSet& changed) const {
        gateway(parent_gateway(changed));
        sets_of(parent_gateway(changed));
    }
    void class_with_gateways(const std::string& name) const {
        to.gateway_class->enqueue(object_key(name));
        for (const auto& each : c.gateways.by_index("class", name)) {
            gateway(key_of(*each));
            routes_of(key_of(*each));
            sets_of(key_of(*each));
        }
    }
    /// `route` is "TCPRoute default/web".
    void gateways_of(const std::string& route) const {
        for (const auto& source : c.routes) {
            const std::string prefix = std::string(source->kind().type.kind) + " ";
            if (!route.starts_with(prefix))
                continue;
            if (const auto found = source->get(parse_key(route.substr(prefix.size()))))
                parents_of(*found);
        }
    }
    /// Whether objects of a namespace can be a Gateway's: its own, and those of its routes. Anyone can write
    /// our annotations in his own. What is left of a route that is gone was looked at when it went.
    bool may_serve(const std::string& namespace_, const object_key& gateway) const {
        if (namespace_ == gateway.namespace_)
            return true;
        for (const auto& source : c.routes)
            for (const route_view& route : source->in_namespace(namespace_)) {
                const std::vector<object_key> parents = parent_gateways(route, c);
                if (std::find(parents.begin(), parents.end(), gateway) != parents.end())
                    return true;
            }
        return false;
    }
    /// The Gateway that an object of ours is for, which is woken.
    std::optional<object_key> gateway_of(const ObjectMeta& object) const {
        const auto named = object.annotations.find(c.named.gateway());
        if (named == object.annotations.end() || !may_serve(object.namespace_, parse_key(named->second)))
            return std::nullopt;
        gateway(parse_key(named->second));
        return parse_key(named->second);
    }
    void everything() const {
        for (const auto& gateway_class : c.classes.list())
            class_with_gateways(gateway_class->metadata.name);
    }
    void waiting() const {
        for (const object_key& key : c.waiting)
            gateway(key);
    }
};

void connect_services(const wiring& w) {
    w.c.services.on_change([w](const change<core_v1::Service>& ch) {
        for (const auto& service : {ch.old, ch.now}) {
            if (!service)
                continue;
            const auto gateway = w.gateway_of(service->metadata);
            if (gateway && (!ch.old || !ch.now || ch.old->spec != ch.now->spec))
                w.sets_of(*gateway);
            if (is_leftover(*service, w.c.named))
                w.gateways_of(leftover_route(*service));
            for (const std::string& borrower : borrowers(*service, w.c.named))
                for (std::size_t i = 0; i < w.to.routes.size(); ++i) {
                    const std::string prefix = std::string(w.c.routes[i]->kind().type.kind) + " ";
                    if (borrower.starts_with(prefix))
                        w.to.routes[i]->enqueue(parse_key(borrower.substr(prefix.size())));
                }
        }
        const core_v1::Service& any = ch.now ? *ch.now : *ch.old;
        w.routes_by("backend", to_string(key_of(any)), true);
        if (may_free_name(ch, w.c.named))
            w.waiting();
    });
    w.c.endpoint_slices.on_change([w](const change<discovery_v1::EndpointSlice>& ch) {
        for (const auto& slice : {ch.old, ch.now}) {
            if (!slice)
                continue;
            w.gateway_of(slice->metadata);
            const auto service = slice->metadata.labels.find(std::string(discovery_v1::label_service_name));
            if (service == slice->metadata.labels.end())
                continue;
            const object_key key(slice->metadata.namespace_, service->second);
            w.routes_by("backend", to_string(key), false);
            if (const auto made =
                    w.c.services.get(key)) // for a route, whose status says whether it has endpoints
                w.gateway_of(made->metadata);
        }
    });
}

void connect_parameters(const wiring& w) {
    w.c.parameters.on_change([w](const change<parameter_map>& ch) {
        const std::string key = to_string(key_of(ch.now ? *ch.now : *ch.old));
        for (const auto& gateway_class : w.c.classes.by_index("parameters", key))
            w.class_with_gateways(gateway_class->metadata.name);
        for (const auto& gateway : w.c.gateways.by_index("parameters", key)) {
            w.gateway(key_of(*gateway));
            w.routes_of(key_of(*gateway));
        }
    });
    w.c.parameters.on_state([w](store_state) { w.everything(); });
}

/// Owner references name versions, and SupportedVersion those of the definitions.
void connect_versions(const wiring& w) {
    const auto every_gateway = [w] {
        for (const auto& gateway : w.c.gateways.list())
            w.gateway(key_of(*gateway));
    };
    w.c.gateways.on_version(every_gateway);
    for (const auto& source : w.c.routes)
        source->on_version(every_gateway);

    const auto every_class = [w] {
        for (const auto& gateway_class : w.c.classes.list())
            w.to.gateway_class->enqueue(key_of(*gateway_class));
    };
    // What a class claims to support follows from the kinds that are served.
    const auto on_state = [every_class](store_state) { every_class(); };
    w.c.definitions.on_state(on_state);
    w.c.listener_sets.on_state(on_state);
    w.c.reference_grants.on_state(on_state);
    for (const auto& source : w.c.routes)
        source->on_state(on_state);
    w.c.definitions.on_change([every_class](const change<apiextensions_v1::CustomResourceDefinition>& ch) {
        if (!is_gateway_api(ch.now ? *ch.now : *ch.old))
            return;
        if (!ch.old || !ch.now || bundle_version(*ch.old) != bundle_version(*ch.now))
            every_class();
    });
}

void connect_permissions(const wiring& w) {
    w.c.namespaces.on_change([w](const change<core_v1::Namespace>& ch) {
        if (ch.old && ch.now && ch.old->metadata.labels == ch.now->metadata.labels)
            return;
        const std::string& name = (ch.now ? ch.now : ch.old)->metadata.name;
        for (std::size_t i = 0; i < w.c.routes.size(); ++i)
            for (const route_view& route : w.c.routes[i]->in_namespace(name)) {
                w.parents_of(route);
                w.status_of(i, route);
            }
        for (const auto& set : w.c.listener_sets.list(name)) {
            w.set(*set);
            w.routes_by_set(*set);
            w.beside(*set);
        }
    });
    w.c.namespaces.on_state([w](store_state state) {
        w.everything();
        if (state != store_state::synced)
            return;
        for (const std::string& name : w.c.opts.namespaces)
            if (!w.c.namespaces.get(object_key(name)))
                log::warn("a namespace that this controller is limited to does not exist; create it, or "
                          "correct the flag -namespace",
                          {{"namespace", name}});
    });
    w.c.reference_grants.on_change([w](const change<ReferenceGrant>& ch) {
        w.routes_by("backend-namespace", (ch.now ? ch.now : ch.old)->metadata.namespace_, true);
    });
}

void connect_sets(const wiring& w) {
    w.c.listener_sets.on_change([w](const change<ListenerSet>& ch) {
        if (!changes_listeners(ch))
            return;
        for (const auto& set : {ch.old, ch.now}) {
            if (!set)
                continue;
            w.routes_by_set(*set);
            if (w.c.lets_in(*set)) // else it changes nothing for anybody else
                w.beside(*set);
        }
    });
}

void connect_certificates(const wiring& w) {
    const auto users = [w](std::string_view index, const std::string& value) {
        for (const auto& gateway : w.c.gateways.by_index(index, value))
            w.gateway(key_of(*gateway));
        for (const auto& set : w.c.listener_sets.by_index(index, value)) {
            w.set(*set);
            w.gateway(parent_gateway(*set));
        }
    };
    w.c.secrets->on_change([users](const change<certificate_secret>& ch) {
        users("certificate", to_string(key_of(ch.now ? *ch.now : *ch.old)));
    });
    w.c.reference_grants.on_change([users](const change<ReferenceGrant>& ch) {
        users("certificate-namespace", (ch.now ? ch.now : ch.old)->metadata.namespace_);
    });
}

} // namespace

void connect(cluster& c, controllers targets) {
    const wiring w{c, std::move(targets)};
    c.wake_route = [w](const route_kind& kind, const object_key& key) {
        for (std::size_t i = 0; i < w.to.routes.size(); ++i)
            if (&w.c.routes[i]->kind() == &kind)
                w.to.routes[i]->enqueue(key);
    };
    c.address_freed = [w] { w.waiting(); };
    c.wake_gateway = [w](const object_key& key) { w.gateway(key); };
    c.classes.on_change([w](const change<GatewayClass>& ch) {
        if (!changes_class(ch))
            return;
        for (const auto& gateway :
             w.c.gateways.by_index("class", (ch.now ? ch.now : ch.old)->metadata.name)) {
            w.gateway(key_of(*gateway));
            w.routes_of(key_of(*gateway));
            w.sets_of(key_of(*gateway));
        }
    });
    c.gateways.on_change([w](const change<Gateway>& ch) {
        if (!ch.old || !ch.now || ch.old->spec.gatewayClassName != ch.now->spec.gatewayClassName)
            for (const auto& gateway : {ch.old, ch.now})
                if (gateway)
                    w.to.gateway_class->enqueue(object_key(gateway->spec.gatewayClassName));
        const object_key key = key_of(ch.now ? *ch.now : *ch.old);
        if (changes_listeners(ch)) {
            w.routes_of(key);
            w.siblings_of(key);
        }
        if (changes_listeners(ch) || ch.old->status.conditions != ch.now->status.conditions)
            w.sets_of(key); // theirs follow the Gateway's
    });
    for (std::size_t i = 0; i < c.routes.size(); ++i)
        c.routes[i]->on_change(
            [w](const std::optional<route_view>& old, const std::optional<route_view>& now) {
                if (!changes_routing(old, now))
                    return;
                // The Gateways wake the routes beside this one for which it changes something.
                for (const auto& route : {old, now})
                    if (route)
                        w.parents_of(*route);
            });
    connect_services(w);
    connect_permissions(w);
    connect_parameters(w);
    connect_versions(w);
    connect_sets(w);
    if (c.secrets != nullptr)
        connect_certificates(w);
    if (c.pools != nullptr)
        c.pools->on_change([w](const change<core_v1::ConfigMap>&) { w.waiting(); });
}

} // namespace gwctl::gateway::detail
