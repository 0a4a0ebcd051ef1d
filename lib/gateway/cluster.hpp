// The stores of the gateway controller, and what follows from them: snapshots for the pure core, and which
// objects depend on which.
#pragma once

#include "certificates.hpp"
#include "change_log.hpp"
#include "judged.hpp"
#include "pace.hpp"
#include "sources.hpp"
#include "trimmed_store.hpp"

#include <gwctl/gateway/addresses.hpp>
#include <gwctl/gateway/parameters.hpp>
#include <gwctl/gateway/plan.hpp>
#include <gwctl/gateway/route_source.hpp>

#include <set>

namespace gwctl::gateway::detail {

/// For Events about a route.
core_v1::ObjectReference reference_to(const cluster_view& cluster, const route_view& route);

/// Status writes of ours and of others do not change where a route goes.
bool changes_routing(const std::optional<route_view>& old, const std::optional<route_view>& now);

/// The same for a class; its annotations remember parameters.
bool changes_class(const change<GatewayClass>& c);

class cluster final : public cluster_view {
public:
    cluster(manager& mgr, options o, std::vector<std::unique_ptr<served_route_source>> routes);

    // cluster_view
    std::shared_ptr<const core_v1::Service> service(const object_key& key) const override {
        return services.get(key);
    }
    std::vector<std::shared_ptr<const discovery_v1::EndpointSlice>>
    slices(const object_key& service) const override {
        return endpoint_slices.by_index("service", to_string(service));
    }
    std::shared_ptr<const core_v1::Namespace> namespace_(const std::string& name) const override {
        return namespaces.get(object_key(name));
    }
    std::vector<std::shared_ptr<const ReferenceGrant>> grants(const std::string& namespace_) const override {
        return reference_grants.list(namespace_);
    }
    std::shared_ptr<const Gateway> gateway(const object_key& key) const override { return gateways.get(key); }
    std::shared_ptr<const ListenerSet> listener_set(const object_key& key) const override {
        return listener_sets.get(key);
    }
    std::optional<std::string> certificate_problem(const object_key& secret) const override;
    bool is_ours(const object_key& gateway) const override;
    bool is_ours(const Gateway& gateway) const;
    bool is_granted(const std::string& address) const override;
    bool reads(const std::string& namespace_) const override {
        return opts.namespaces.empty() || opts.namespaces.contains(namespace_);
    }
    std::string labels_unknown() const override;

    std::string served_version(const resource_type& type) const override;

    /// The ListenerSets that name a Gateway, whether it lets them in or not, in the order of names.
    std::vector<std::shared_ptr<const ListenerSet>> sets_of(const object_key& gateway) const {
        return listener_sets.by_index("gateway", to_string(gateway));
    }
    /// Whether the set's Gateway, as it is now, lets it in.
    bool lets_in(const ListenerSet& set) const;

    /// What holds for a Gateway: flags, and its class's parameters and its own.
    gateway_settings settings_of(const Gateway& gateway) const;
    judged_parameters parameters_of(const GatewayClass& gateway_class) const;

    snapshot snapshot_of(std::shared_ptr<const Gateway> gateway, const gateway_settings& settings) const;
    /// What exists for a Gateway that may itself be gone.
    snapshot remains_of(const object_key& gateway) const;

    /// Judged once for all of the Gateway's routes, and again when one of them, it, or a namespace changes.
    /// Its managed Services and slices may be old. Pauses.
    task<std::shared_ptr<const judged_gateway>> judge(std::shared_ptr<const Gateway> gateway);
    /// How long `judge` should not be called for it, since it would have to judge anew, and somebody does that now or
    /// did so lately at great cost; nothing when it may be called.
    std::optional<std::chrono::nanoseconds> rest_of(const std::shared_ptr<const Gateway>& gateway) const;

    // The source that a decision reads and that is unknown: it waits then, since nothing may be deleted or emptied
    // because of what cannot be told. Nothing when all that it reads is as it should be.

    /// That a Gateway of this name is there, or not, and what was made for it.
    std::optional<unknown_source> unknown_of(const object_key& gateway) const;
    /// All that becomes of a Gateway of ours, but for new addresses.
    task<std::optional<unknown_source>> unknown_for(std::shared_ptr<const Gateway> gateway);
    task<std::optional<unknown_source>> unknown_for(const ListenerSet& set);
    task<std::optional<unknown_source>> unknown_for(const route_view& route);
    /// Which addresses are free.
    std::optional<unknown_source> unknown_addresses() const;
    /// Whether a source is denied for good, as far as can be told, and not one of many that come back one by one.
    bool stands(const unknown_source& source) const;
    /// Once for each source until the state of any changes.
    void log_wait(const object_log& log, const std::string& message, const unknown_source& source);

    /// The address book, up to date with the stores. As long as `unknown_addresses` there is nothing new in it.
    address_book& addresses();

    const options opts;
    const names named;
    event_recorder& events;
    clock& time;
    change_log changes;
    cost_limit costs;          ///< of Gateways: judging and planning
    repair_limit repair_rests; ///< of objects, and of "status of" objects

    store<GatewayClass>& classes;
    trimmed_store<Gateway> gateways;
    trimmed_store<core_v1::Service> services;
    trimmed_store<discovery_v1::EndpointSlice> endpoint_slices;
    store<core_v1::Namespace>& namespaces;
    trimmed_store<ReferenceGrant> reference_grants;
    trimmed_store<ListenerSet> listener_sets;
    store<certificate_secret>* secrets = nullptr; ///< only with http_listeners::status
    store<core_v1::ConfigMap>* pools = nullptr;   ///< none when addresses are left to the announcer
    trimmed_store<parameter_map> parameters;      ///< those that carry the label `names::parameters()`
    store<apiextensions_v1::CustomResourceDefinition>& definitions; ///< nothing but SupportedVersion needs it
    /// Those that are served come first.
    std::vector<std::unique_ptr<route_source>> routes;
    std::vector<served_route_source*> served_routes;

    /// Gateways that want an address and have none; tried again whenever one may have become free.
    std::set<object_key> waiting;
    /// Called then.
    std::function<void()> address_freed = [] {};
    /// Called for a Gateway whose address lies in other pools now.
    std::function<void(const object_key&)> wake_gateway = [](const object_key&) {};
    /// What was said of each Gateway already, so that it is not said at every reconcile.
    std::map<object_key, std::set<std::string>> told;

    /// Takes over what a Gateway's plan makes of its routes, and wakes those for which that is news.
    void publish(const object_key& gateway, std::vector<route_outcome> outcomes);
    void forget_outcomes(const object_key& gateway) { outcomes_.erase(gateway); }
    /// Null before the Gateway's first plan with this route.
    const route_outcome* outcome(const object_key& gateway, const route_view& route) const;
    /// Called for each route that `publish` wakes.
    std::function<void(const route_kind&, const object_key&)> wake_route;

private:
    void add_indexes();
    void follow_addresses();
    void follow_attachments();
    void follow_parameters();
    void follow_sources();
    bool all_known() const;
    void read_listeners(reading& r, const std::vector<Listener>& listeners,
                        const std::string& namespace_) const;
    void read_lost(reading& r, const judged_gateway& judged) const;
    void read_backends(reading& r, const route_view& route) const;
    void read_parameters(reading& r, const Gateway& gateway) const;
    void forget_judged_of(const std::string& gateway_class);
    parameter_source source() const;

    std::vector<const route_kind*> kinds_;
    std::vector<const gwctl::detail::object_table*> sources_; ///< without parameters
    std::optional<steady_time> last_state_change_;
    std::set<std::string> logged_waits_;
    address_book book_;
    bool book_ready_ = false;
    bool book_complete_ = false; ///< what it was made from was all known
    judged_gateways judged_;
    std::map<object_key, std::map<std::string, route_outcome>> outcomes_; ///< by "TCPRoute default/web"
};

/// Whether something about listeners changed; a status write of ours changes nothing.
template <class T>
bool changes_listeners(const change<T>& c) {
    if (!c.old || !c.now)
        return true;
    return c.old->metadata.uid != c.now->metadata.uid ||
           c.old->metadata.generation != c.now->metadata.generation ||
           c.old->metadata.deletionTimestamp != c.now->metadata.deletionTimestamp;
}

/// How long to wait where nothing can be decided: no change tells that a source is readable again.
constexpr std::chrono::seconds blocked_interval(10);

/// Makes changes in the stores lead to reconciles, in proportion to what depends on the change.
struct controllers {
    controller* gateway_class = nullptr;
    controller* gateway = nullptr;
    controller* listener_set = nullptr;
    std::vector<controller*> routes{}; ///< in the order of cluster::served_routes
};
void connect(cluster& c, controllers targets);

task<action> reconcile_gateway_class(cluster& c, context& ctx, const GatewayClass& gateway_class);
task<action> reconcile_gateway(cluster& c, context& ctx, object_key key);
task<action> reconcile_listener_set(cluster& c, context& ctx, object_key key);
task<action> reconcile_route_status(cluster& c, served_route_source& source, context& ctx, object_key key);

} // namespace gwctl::gateway::detail
