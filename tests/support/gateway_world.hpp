/// The gateway controller without its I/O, on a cluster in memory: plans are carried out, an announcer
/// answers.
#pragma once

#include <gwctl/gateway/addresses.hpp>
#include <gwctl/gateway/adoption.hpp>
#include <gwctl/gateway/parameters.hpp>
#include <gwctl/gateway/plan.hpp>

#include <random>
#include <support/fake_cluster.hpp>

namespace gwctl::gateway::testing {

/// "True/Accepted", or "absent".
std::string show(const std::vector<Condition>& conditions, std::string_view type);
std::string show(const verdict& v);

/// A Gateway's attachments with the snapshot that they point into.
struct attached_gateway {
    snapshot s{};
    attachments a{};
};

/// Reconciles as the controller does: every reconcile starts from a snapshot, and its plan is carried out in
/// the controller's order.
class world final : public fake_cluster {
public:
    explicit world(options o = with_pools()) : fake_cluster(o.controller_name), opts(std::move(o)) {}
    static options with_pools();
    static options without_pools() { return {}; }
    static options with_http();

    snapshot snapshot_of(const object_key& gateway) const;
    /// Those that are served.
    std::vector<route_view> routes() const;
    std::vector<route_view> routes_and_counted() const;
    attached_gateway attached(std::string_view gateway) const;

    /// What holds for a Gateway of a class of ours: the options as flags, and its and its class's parameters.
    gateway_settings settings(const object_key& gateway) const;
    judged_parameters class_settings(std::string_view name) const;
    parameter_source parameters() const;

    /// As after a restart: the address book starts from what the cluster shows.
    assignment assign(const object_key& gateway) const;
    /// Assigns, and writes the record.
    addressing addresses_of(const object_key& gateway);
    desired_state plan_for(std::string_view gateway);
    /// `complete`: set to false when a Gateway has not planned for the route as it is.
    std::vector<parent_verdict> judge(const route_view& route, bool* complete = nullptr) const;
    template <class K>
    std::vector<parent_verdict> judge(std::string_view name) const {
        return judge(view_of<K>(get<typename K::route>(name)));
    }

    /// Forgets what is in memory only.
    void restart() { outcomes_.clear(); }
    void apply_one(const discovery_v1::EndpointSlice& slice) { apply_object(slice); }
    void apply(const desired_state& desired, const object_key& gateway);
    void reconcile_gateway(const object_key& gateway);
    void reconcile_class(std::string_view name);
    void reconcile_route(const route_view& route);
    void reconcile_set(const object_key& set);
    /// What an announcer does: each LoadBalancer Service gets the addresses it asks for, or one of
    /// 203.0.113.0/24; from servicelb those of two nodes.
    void announce();
    /// Reconciles everything until nothing is written any more. Fails the test when that does not come.
    void settle();

    // What a settled world says.
    std::string programmed(std::string_view gateway) const;
    std::string accepted(std::string_view gateway) const;
    std::vector<std::string> addresses(std::string_view gateway) const;
    /// "Accepted=..., Programmed=..." of a ListenerSet.
    std::string set_status(std::string_view set) const;
    /// Our n-th entry: "Accepted=..., ResolvedRefs=...".
    std::string shown(std::string_view kind, std::string_view route, std::size_t n = 0) const;
    /// A condition of our n-th entry: "False/NoEndpoints: MESSAGE", or "absent".
    std::string said(std::string_view kind, std::string_view route, std::string_view type,
                     std::size_t n = 0) const;
    /// What two Services for Gateways both ask for: "10.0.0.1 TCP 80".
    std::vector<std::string> clashes() const;

    options opts;
    names named{opts.controller_name};
    std::mt19937* shuffle = nullptr; ///< shuffles what a snapshot gives without promising an order
    bool reverse_order = false;      ///< reconciles in the opposite order
    bool gateways_first = false;     ///< reconciles Gateways before their routes
    bool announcer_runs = true;
    std::optional<announcer> running{}; ///< another announcer than the options say

private:
    std::optional<gateway_v1::RouteParentStatus> entry_of(std::string_view kind, std::string_view route,
                                                          std::size_t n) const;
    /// What the last plan of each Gateway made of its routes.
    std::map<object_key, std::vector<route_outcome>> outcomes_{};
    bool outcomes_changed_ = false;

    template <class Change>
    void change_route(const route_view& route, Change change);
};

} // namespace gwctl::gateway::testing
