#include <gwctl/gateway/http_listeners.hpp>
#include <gwctl/gateway/listener_sets.hpp>

#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <support/catch.hpp>
#include <support/gateway_world.hpp>
#include <support/messages.hpp>

namespace gwctl::gateway::testing {
namespace {

using core_v1::ConfigMap;
using core_v1::Service;
using discovery_v1::EndpointSlice;
using gateway_v1::TCPRoute;
using gateway_v1::UDPRoute;

const route_kind* const installed[] = {&route_kind_of<tcp>, &route_kind_of<udp>, &http_route_kind};

} // namespace

std::string show(const std::vector<Condition>& conditions, std::string_view type) {
    const Condition* c = find_condition(conditions, type);
    return c == nullptr ? "absent" : c->status + "/" + c->reason;
}

std::string show(const verdict& v) { return (v.holds ? "True/" : "False/") + v.reason; }

options world::with_pools() {
    options o;
    o.ipam_config = {"default", "pools"};
    return o;
}

options world::with_http() {
    options o = with_pools();
    o.http = http_listeners::status;
    return o;
}

std::vector<route_view> world::routes_and_counted() const {
    std::vector<route_view> all = routes();
    if (opts.http == http_listeners::status)
        for (const auto& r : list<gateway_v1::HTTPRoute>())
            all.push_back(view_of_http(r));
    return all;
}

std::vector<route_view> world::routes() const {
    std::vector<route_view> all;
    for (const auto& r : list<TCPRoute>())
        all.push_back(view_of<tcp>(r));
    for (const auto& r : list<UDPRoute>())
        all.push_back(view_of<udp>(r));
    return all;
}

snapshot world::snapshot_of(const object_key& k) const {
    snapshot s;
    s.gateway = get<Gateway>(k);
    if (s.gateway != nullptr) {
        const gateway_settings holds = settings(k);
        s.class_parameters = holds.class_accepted;
        s.parameters = holds.accepted;
    }
    s.kinds = std::span(installed).first(opts.http == http_listeners::status ? 3 : 2);
    s.cluster = this;
    for (const auto& set : list<ListenerSet>())
        if (parent_gateway(*set) == k && set->metadata.deletionTimestamp.empty())
            s.sets.push_back(set);
    std::sort(s.sets.begin(), s.sets.end(), [](const auto& a, const auto& b) { return precedes(*a, *b); });
    for (const route_view& route : routes_and_counted()) {
        const auto parents = parent_gateways(route, *this);
        if (route.metadata->deletionTimestamp.empty() &&
            std::find(parents.begin(), parents.end(), k) != parents.end())
            s.routes.push_back(route);
    }
    std::sort(s.routes.begin(), s.routes.end(),
              [](const route_view& a, const route_view& b) { return precedes(a, b); });
    const auto is_managed = [&](const auto& object) {
        const auto found = object->metadata.annotations.find(named.gateway());
        return found != object->metadata.annotations.end() && found->second == to_string(k);
    };
    for (const auto& object : list<Service>())
        if (is_managed(object))
            s.managed_services.push_back(object);
    for (const auto& object : list<EndpointSlice>())
        if (is_managed(object))
            s.managed_slices.push_back(object);
    for (const auto& object : list<Service>()) {
        const auto names_route = [&](const route_view& r) { return describe(r) == leftover_route(*object); };
        const auto has_address = [&](const gateway_v1::GatewayAddress& a) {
            return a.value == object->spec.loadBalancerIP;
        };
        const auto& addresses =
            s.gateway ? s.gateway->status.addresses : std::vector<gateway_v1::GatewayAddress>();
        if (s.gateway && is_leftover(*object, named) &&
            (std::any_of(s.routes.begin(), s.routes.end(), names_route) ||
             std::any_of(addresses.begin(), addresses.end(), has_address)))
            s.leftovers.push_back(object);
    }
    if (shuffle != nullptr) {
        std::shuffle(s.managed_services.begin(), s.managed_services.end(), *shuffle);
        std::shuffle(s.managed_slices.begin(), s.managed_slices.end(), *shuffle);
    }
    return s;
}

parameter_source world::parameters() const {
    parameter_source source;
    source.find = [this](const object_key& k) {
        const auto map = get<ConfigMap>(k);
        if (map == nullptr || !map->metadata.labels.contains(named.parameters()))
            return std::shared_ptr<const parameter_map>();
        return std::make_shared<const parameter_map>(parameters_in(*map));
    };
    return source;
}

judged_parameters world::class_settings(std::string_view name) const {
    return judge_parameters(*get<GatewayClass>(object_key(std::string(name))), opts, parameters(), named);
}

gateway_settings world::settings(const object_key& k) const {
    const auto live = get<Gateway>(k);
    const auto its_class = get<GatewayClass>(object_key(live->spec.gatewayClassName));
    if (its_class == nullptr)
        return {opts, {}, {}, ""};
    return settings_of(*live, *its_class, opts, parameters(), named);
}

assignment world::assign(const object_key& k) const {
    if (get<Gateway>(k)->status.addresses.empty()) {
        const snapshot s = snapshot_of(k);
        const attachments a = attach_all(s, settings(k).effective.default_behaviour);
        if (!may_get_address(s, a, named))
            return no_assignment();
    }
    address_book book(opts);
    book.configure(get<ConfigMap>(opts.ipam_config).get());
    std::vector<address_book::known_gateway> known;
    for (const auto& g : list<Gateway>())
        known.push_back({g, is_ours(key_of(*g)), settings(key_of(*g)).effective});
    auto services = list<Service>();
    if (shuffle != nullptr) {
        std::shuffle(known.begin(), known.end(), *shuffle);
        std::shuffle(services.begin(), services.end(), *shuffle);
    }
    book.rebuild(known, services);
    return book.assign(*get<Gateway>(k), settings(k).effective);
}

addressing world::addresses_of(const object_key& k) {
    assignment a = assign(k);
    if (!a.record.empty())
        merge<Gateway>(k, a.record);
    return std::move(a.result);
}

attached_gateway world::attached(std::string_view gateway) const {
    attached_gateway g;
    g.s = snapshot_of(key(gateway));
    g.a = attach_all(g.s, settings(key(gateway)).effective.default_behaviour);
    return g;
}

desired_state world::plan_for(std::string_view gateway) {
    const addressing addresses = addresses_of(key(gateway));
    const snapshot s = snapshot_of(key(gateway));
    desired_state desired = plan(s, addresses, settings(key(gateway)).effective, now);
    for (problem& p : desired.problems)
        p.route = nullptr; // it would point into the snapshot
    return desired;
}

std::vector<parent_verdict> world::judge(const route_view& route, bool* complete) const {
    std::vector<parent_verdict> all;
    for (const object_key& k : parent_gateways(route, *this)) {
        if (!get<Gateway>(k) || !is_ours(k))
            continue;
        const snapshot s = snapshot_of(k);
        const attachments a = attach_all(s, settings(k).effective.default_behaviour);
        std::vector<parent_verdict> verdicts = judge_route(route, s, a, opts);
        bool known = false;
        if (const auto planned = outcomes_.find(k); planned != outcomes_.end())
            for (const route_outcome& o : planned->second)
                if (o.kind == route.kind && o.key == key_of(*route.metadata))
                    known = add_outcome(verdicts, route, o);
        if (!known && complete != nullptr)
            *complete = false;
        for (parent_verdict& v : verdicts)
            all.push_back(std::move(v));
    }
    return all;
}

void world::apply(const desired_state& desired, const object_key& gateway) {
    for (const EndpointSlice& slice : desired.slices)
        apply_object(slice);
    for (const service_write& w : desired.writes) {
        if (w.what == service_write::verb::remove)
            remove<Service>(w.key);
        else if (w.what == service_write::verb::apply)
            apply_object(w.applied);
        else
            merge<Service>(w.key, w.patch);
    }
    for (const object_key& k : desired.unwanted_slices)
        remove<EndpointSlice>(k);
    if (const auto live = get<Gateway>(gateway); live && !(live->status == desired.status)) {
        Gateway written = *live;
        written.status = desired.status;
        tests::check_messages(written.status.conditions);
        for (const auto& listener : written.status.listeners)
            tests::check_messages(listener.conditions);
        store(std::move(written), "status of");
    }
}

void world::reconcile_gateway(const object_key& k) {
    const auto live = get<Gateway>(k);
    if (!live || !live->metadata.deletionTimestamp.empty() || !is_ours(k)) {
        desired_state removal = plan_removal(snapshot_of(k), opts);
        if (live)
            removal.status = live->status;
        outcomes_.erase(k);
        apply(removal, k);
        return;
    }
    if (const std::string record = render_parameters_record(live->metadata, settings(k).record, named);
        !record.empty())
        merge<Gateway>(k, record);
    const addressing addresses = addresses_of(k);
    const snapshot s = snapshot_of(k); // the plan's problems refer to its routes
    desired_state desired = plan(s, addresses, settings(k).effective, now);
    for (const problem& p : desired.problems)
        tests::check_message(p.message);
    for (const notice& n : desired.notices)
        tests::check_message(n.message);
    outcomes_changed_ = outcomes_changed_ || outcomes_[k] != desired.outcomes; // which wakes the routes
    outcomes_[k] = std::move(desired.outcomes);
    apply(desired, k);
}

void world::reconcile_class(std::string_view name) {
    const object_key k{std::string(name)};
    const auto live = get<GatewayClass>(k);
    if (const std::string record =
            render_parameters_record(live->metadata, class_settings(name).record, named);
        !record.empty())
        merge<GatewayClass>(k, record);
}

template <class Change>
void world::change_route(const route_view& route, Change change) {
    const auto write = [&](auto object) {
        change(object);
        store(std::move(object), "write");
    };
    if (route.kind == &route_kind_of<tcp>)
        write(*get<TCPRoute>(key_of(*route.metadata)));
    else
        write(*get<UDPRoute>(key_of(*route.metadata)));
}

namespace {
void check_verdicts(const parent_verdict& v) {
    condition_writer conditions({}, 1, {});
    conditions.set("Accepted", v.accepted);
    conditions.set("ResolvedRefs", v.resolved_refs);
    if (v.programmed)
        conditions.set("Programmed", *v.programmed);
    if (v.weights)
        conditions.set("WeightsApplied", *v.weights);
    tests::check_messages(std::move(conditions).take());
}
} // namespace

void world::reconcile_route(const route_view& route) {
    const bool leaving = !route.metadata->deletionTimestamp.empty();
    bool complete = true;
    const auto verdicts = leaving ? std::vector<parent_verdict>() : judge(route, &complete);
    bool wanted = std::any_of(verdicts.begin(), verdicts.end(), [&](const parent_verdict& v) {
        object_key gateway(v.parent->namespace_.value_or(route.metadata->namespace_), v.parent->name);
        if (v.parent->kind == "ListenerSet")
            gateway = parent_gateway(*get<ListenerSet>(gateway));
        const auto served_by = behaviour_of(route, settings(gateway).effective.default_behaviour);
        return v.accepted.holds && served_by.has_value() && *served_by == behaviour::update;
    });
    for (const auto& s : list<Service>())
        for (const std::string& borrower : borrowers(*s, named))
            wanted = wanted || borrower == describe(route);
    auto finalizers = route.metadata->finalizers;
    const auto found = std::find(finalizers.begin(), finalizers.end(), named.cleanup_finalizer());
    if (wanted != (found != finalizers.end())) {
        if (wanted)
            finalizers.push_back(named.cleanup_finalizer());
        else
            finalizers.erase(found);
        return change_route(route, [&](auto& r) { r.metadata.finalizers = finalizers; });
    }
    if (leaving || !complete)
        return;
    for (const parent_verdict& v : verdicts)
        check_verdicts(v);
    if (const auto parents = route_parents(route, verdicts, opts.controller_name, now))
        change_route(route, [&](auto& r) { r.status.parents = *parents; });
}

void world::reconcile_set(const object_key& k) {
    const auto set = get<ListenerSet>(k);
    const object_key parent = parent_gateway(*set);
    const auto gateway = get<Gateway>(parent);
    std::optional<ListenerSet::Status> wanted;
    if (!gateway)
        wanted = orphan_status(*set, now);
    else if (is_ours(parent)) {
        const snapshot s = snapshot_of(parent);
        const attachments a = attach_all(s, settings(parent).effective.default_behaviour);
        wanted = listener_set_status(*set, a, *gateway, s.managed_services, s.kinds, now);
    }
    if (!wanted)
        return;
    ListenerSet written = *set;
    written.status = *wanted;
    tests::check_messages(written.status.conditions);
    for (const auto& listener : written.status.listeners)
        tests::check_messages(listener.conditions);
    store(std::move(written), "status of");
}

void world::announce() {
    for (const auto& live : list<Service>()) {
        if (live->spec.type != "LoadBalancer")
            continue;
        Service announced = *live;
        auto& ingress = announced.status.loadBalancer.ingress;
        const announcer_profile& profile = profile_of(running.value_or(opts.announced_by));
        if (!profile.reports)
            continue;
        std::string wanted = profile.spec_address ? live->spec.loadBalancerIP : "";
        if (const auto a = live->metadata.annotations.find(std::string(profile.addresses_key));
            a != live->metadata.annotations.end())
            wanted = a->second;
        if (!profile.takes_requests)
            wanted = "172.16.0.1,172.16.0.2"; // the nodes'
        if (wanted.empty() && !ingress.empty())
            continue;
        if (wanted.empty())
            wanted = fmt::format("203.0.113.{}", live->metadata.uid.substr(4));
        ingress.clear();
        for (std::size_t at = 0; at <= wanted.size();) {
            const std::size_t comma = std::min(wanted.find(',', at), wanted.size());
            ingress.emplace_back().ip = wanted.substr(at, comma - at);
            at = comma + 1;
        }
        store(std::move(announced), "announce");
    }
}

void world::settle() {
    constexpr int enough = 30;
    std::vector<std::string> last;
    std::set<object_key> seen; // also those that are gone by now
    for (const auto& s : list<Service>())
        if (const auto a = s->metadata.annotations.find(named.gateway()); a != s->metadata.annotations.end())
            seen.insert(key(a->second));
    for (int round = 0; round < enough; ++round) {
        const std::size_t before = writes().size();
        outcomes_changed_ = false;
        const auto reconcile_sets = [&] {
            for (const auto& set : list<ListenerSet>())
                reconcile_set(key_of(*set));
        };
        for (const auto& g : list<Gateway>())
            seen.insert(key_of(*g));
        std::vector<object_key> order(seen.begin(), seen.end());
        std::vector<route_view> all = routes();
        if (reverse_order) {
            std::reverse(order.begin(), order.end());
            std::reverse(all.begin(), all.end());
        }
        for (const auto& c : list<GatewayClass>())
            if (c->spec.controllerName == opts.controller_name)
                reconcile_class(c->metadata.name);
        if (gateways_first)
            for (const object_key& k : order)
                reconcile_gateway(k);
        for (const route_view& r : all)
            reconcile_route(r);
        if (reverse_order)
            reconcile_sets();
        for (const object_key& k : order)
            reconcile_gateway(k);
        if (!reverse_order)
            reconcile_sets();
        if (announcer_runs)
            announce();
        last.assign(writes().begin() + static_cast<std::ptrdiff_t>(before), writes().end());
        if (last.empty() && !outcomes_changed_)
            return;
        now += std::chrono::seconds(1);
    }
    std::string text;
    for (const std::string& write : last)
        text += "\n  " + write;
    INFO("still writing after " << enough << " rounds:" << text);
    REQUIRE(last.empty());
}

std::string world::programmed(std::string_view gateway) const {
    return show(get<Gateway>(gateway)->status.conditions, "Programmed");
}

std::string world::accepted(std::string_view gateway) const {
    return show(get<Gateway>(gateway)->status.conditions, "Accepted");
}

std::string world::set_status(std::string_view set) const {
    const auto& conditions = get<ListenerSet>(set)->status.conditions;
    return fmt::format("Accepted={}, Programmed={}", show(conditions, "Accepted"),
                       show(conditions, "Programmed"));
}

std::vector<std::string> world::addresses(std::string_view gateway) const {
    std::vector<std::string> values;
    for (const auto& a : get<Gateway>(gateway)->status.addresses)
        values.push_back(a.value.value_or(""));
    return values;
}

/// Our n-th entry in a route's status.
std::optional<gateway_v1::RouteParentStatus> world::entry_of(std::string_view kind, std::string_view route,
                                                             std::size_t n) const {
    const RouteStatus& status =
        kind == "TCPRoute" ? get<TCPRoute>(route)->status : get<UDPRoute>(route)->status;
    std::size_t at = 0;
    for (const json::value& entry : status.parents.value_or(std::vector<json::value>())) {
        auto decoded = json::decode<gateway_v1::RouteParentStatus>(boost::json::serialize(entry)).value();
        if (decoded.controllerName == opts.controller_name && at++ == n)
            return decoded;
    }
    return std::nullopt;
}

std::string world::shown(std::string_view kind, std::string_view route, std::size_t n) const {
    const auto entry = entry_of(kind, route, n);
    return entry ? fmt::format("Accepted={}, ResolvedRefs={}", show(entry->conditions, "Accepted"),
                               show(entry->conditions, "ResolvedRefs"))
                 : "no entry";
}

std::string world::said(std::string_view kind, std::string_view route, std::string_view type,
                        std::size_t n) const {
    const auto entry = entry_of(kind, route, n);
    const Condition* c = entry ? find_condition(entry->conditions, type) : nullptr;
    return c == nullptr ? "absent" : fmt::format("{}/{}: {}", c->status, c->reason, c->message);
}

std::vector<std::string> world::clashes() const {
    port_claims seen;
    std::vector<std::string> twice;
    for (const auto& s : list<Service>()) {
        if (!s->metadata.annotations.contains(named.gateway()) && !is_leftover(*s, named))
            continue;
        for (const port_claim& c : claims_of(*s))
            if (!seen.insert(c).second)
                twice.push_back(
                    fmt::format("{} {} {} by {}", c.address, c.protocol, c.port, to_string(key_of(*s))));
    }
    return twice;
}

} // namespace gwctl::gateway::testing
