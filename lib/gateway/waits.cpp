#include "waits.hpp"

#include "writer.hpp"

#include <gwctl/gateway/listener_sets.hpp>
#include <gwctl/gateway/status.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace gwctl::gateway::detail {
namespace {

using gateway_v1::RouteParentStatus;

/// Says it in the conditions of the object's own status.
template <Resource T>
task<void> tell_wait(cluster& c, context& ctx, std::shared_ptr<const T> live, std::string reason,
                     std::string message) {
    writer writes(c, ctx, gwctl::describe(*live));
    std::vector<Condition> conditions = live->status.conditions;
    say_waiting(conditions, live->metadata.generation.value_or(0), reason, message, ctx.time.wall_now());
    if (conditions == live->status.conditions)
        co_return;
    json::object status{{"conditions", json::to_value(conditions)}};
    const bool is_written = co_await writes.patch_status(*live, std::move(status));
    if (!is_written)
        co_return;
    c.changes.forget(gwctl::describe(*live)); // what the next decision says is no drift
    ctx.event(*live, event_type::warning, find_condition(conditions, condition_programmed)->reason, message);
}

/// Those of the route's parents that are Gateways of ours.
std::vector<const ParentReference*> our_parents(const cluster& c, const route_view& route) {
    std::vector<const ParentReference*> ours;
    for (const ParentReference& parent : route.spec->parentRefs)
        for (const object_key& gateway : parent_gateways(route))
            if (names_gateway(parent, route.metadata->namespace_, gateway) && c.is_ours(gateway))
                ours.push_back(&parent);
    return ours;
}

/// `status.parents` with what Programmed says of a wait; others' entries stay as they are.
std::vector<json::value> waiting_parents(const cluster& c, const route_view& route,
                                         const std::string& message, wall_time now) {
    const std::int64_t generation = route.metadata->generation.value_or(0);
    std::vector<json::value> parents = route.status->parents.value_or(std::vector<json::value>());
    for (json::value& entry : parents) {
        if (!written_by(entry, c.opts.controller_name))
            continue;
        auto decoded = json::decode<RouteParentStatus>(boost::json::serialize(entry));
        if (decoded.has_error())
            continue;
        const RouteParentStatus before = *decoded;
        say_waiting(decoded->conditions, generation, "Pending", message, now);
        if (!(*decoded == before))
            entry = json::to_value(*decoded);
    }
    for (const ParentReference* parent : our_parents(c, route)) {
        if (find_entry(route, *parent, c.opts.controller_name))
            continue;
        RouteParentStatus added;
        added.parentRef = *parent;
        if (!added.parentRef.group)
            added.parentRef.group = std::string(gateway_v1::group);
        if (!added.parentRef.kind)
            added.parentRef.kind = std::string(Gateway::type.kind);
        added.controllerName = c.opts.controller_name;
        say_waiting(added.conditions, generation, "Pending", message, now);
        parents.push_back(json::to_value(added));
    }
    return parents;
}

} // namespace

task<action> wait_for_source(cluster& c, context& ctx, std::shared_ptr<const Gateway> gateway,
                             unknown_source source, std::string reason) {
    std::string message = describe_wait(gwctl::describe(Gateway::type, ctx.key()), source);
    c.log_wait(ctx.log, message, source);
    const bool is_told = c.stands(source) && c.classes.synced() && gateway && c.is_ours(*gateway) &&
                         gateway->metadata.deletionTimestamp.empty();
    if (is_told)
        co_await tell_wait<Gateway>(c, ctx, std::move(gateway), std::move(reason), std::move(message));
    co_return requeue_after(blocked_interval);
}

task<action> wait_for_source(cluster& c, context& ctx, std::shared_ptr<const ListenerSet> set,
                             unknown_source source) {
    std::string message = describe_wait(gwctl::describe(*set), source);
    c.log_wait(ctx.log, message, source);
    const bool is_told = c.stands(source) && c.classes.synced() && c.is_ours(parent_gateway(*set));
    if (is_told) {
        std::string reason = "Pending";
        co_await tell_wait<ListenerSet>(c, ctx, std::move(set), std::move(reason), std::move(message));
    }
    co_return requeue_after(blocked_interval);
}

task<action> wait_for_source(cluster& c, served_route_source& routes, context& ctx, route_view route,
                             unknown_source source) {
    const std::string id = describe(route);
    const std::string message = describe_wait(id, source);
    c.log_wait(ctx.log, message, source);
    if (!c.stands(source) || !c.classes.synced() || !route.metadata->deletionTimestamp.empty())
        co_return requeue_after(blocked_interval);
    const std::vector<json::value> before = route.status->parents.value_or(std::vector<json::value>());
    const std::vector<json::value> parents = waiting_parents(c, route, message, ctx.time.wall_now());
    if (parents == before)
        co_return requeue_after(blocked_interval);
    writer writes(c, ctx, id);
    const json::value body{{"metadata", {{"resourceVersion", route.metadata->resourceVersion}}},
                           {"status", {{"parents", json::array(parents.begin(), parents.end())}}}};
    const bool is_meant = writes.may("patch status of", id, [&] {
        const json::value live{{"status", {{"parents", json::array(before.begin(), before.end())}}}};
        return patch_differences(live, json::value{{"status", body.at("status")}});
    });
    if (!is_meant)
        co_return requeue_after(blocked_interval);
    object_key key = key_of(*route.metadata);
    auto change = gwctl::patch::merge_patch(boost::json::serialize(body));
    co_await routes.patch_status(ctx, std::move(key), std::move(change));
    c.changes.forget(id);
    c.events.record(reference_to(c, route), event_type::warning, "Pending", message);
    co_return requeue_after(blocked_interval);
}

} // namespace gwctl::gateway::detail
